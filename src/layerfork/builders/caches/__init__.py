"""Caches that BuildKit exported: where they lie, what they hold, and which steps of a build they have.

Manifests and configs are read, layers never.
"""
