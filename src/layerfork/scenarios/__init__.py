"""The bundled scenarios, one folder each, and how any directory with a Dockerfile becomes one."""

from layerfork.scenarios.load import bundled_names, find_scenario

__all__ = ["bundled_names", "find_scenario"]
