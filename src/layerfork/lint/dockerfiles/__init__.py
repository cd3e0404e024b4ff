"""Dockerfiles with the contexts that they are built with, and what their instructions read."""
