"""Cache traps that files show by themselves: no engine is asked, and no record."""
