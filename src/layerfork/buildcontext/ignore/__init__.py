"""Ignore files, in the dialect of each client."""
