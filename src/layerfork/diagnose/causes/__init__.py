"""Causes in families: how each is found, undone, said and fixed. `table` lists them in order of blame."""
