"""Caches that BuildKit exported: where they lie, what they hold, and which steps would find themselves there.

Manifests and configs are read, layers never.
"""
