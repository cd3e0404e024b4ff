"""The files that lint reads: which there are, of what kind, and their text."""
