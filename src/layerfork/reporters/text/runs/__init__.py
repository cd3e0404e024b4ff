"""Runs of the experiment and of scenarios: planned, measured, held against an earlier one."""
