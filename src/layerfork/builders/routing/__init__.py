"""Leads the builders that a recorded command will find to recorders."""
