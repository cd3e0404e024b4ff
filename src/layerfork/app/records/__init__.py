"""Builds recorded, imported, kept and shown."""
