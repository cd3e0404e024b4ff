"""Scenarios run and judged: `run --scenario`, `scenarios`, `merge`."""
