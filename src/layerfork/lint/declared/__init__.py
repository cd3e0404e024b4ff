"""Builds that bake, compose and CI files declare: what is built, and which caches that reads and writes."""
