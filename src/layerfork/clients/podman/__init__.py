"""Podman's programs."""
