"""Remedies tried and made: on a copy of a project first, then in its own files."""
