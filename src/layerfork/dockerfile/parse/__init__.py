"""Dockerfile text to stages and instructions: the one parser."""
