"""Requests to an engine's API."""
