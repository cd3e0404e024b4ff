"""Tar archives, decoded while they pass."""
