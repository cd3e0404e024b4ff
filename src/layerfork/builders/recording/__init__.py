"""Builds recorded: behind a proxy, or from what a builder printed."""
