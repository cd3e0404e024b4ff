"""The whole program as a few functions: run, record, diff, why, render."""
