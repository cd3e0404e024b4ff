"""Kinds of engines: the host's, private ones, podman."""
