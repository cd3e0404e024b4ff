"""Scenarios built by the workers of a Dask scheduler; only ``--dask`` imports what needs Dask."""
