"""The bundled scenarios, one folder each, and how any directory with a Dockerfile becomes one."""

from layerfork.scenarios.load import bundled_names, find_scenario
from layerfork.scenarios.read import FILE_NAME

__all__ = ["FILE_NAME", "bundled_names", "find_scenario"]
