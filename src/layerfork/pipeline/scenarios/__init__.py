"""Scenarios run and judged: `run --scenario`, `scenarios`, `merge`."""

from layerfork.pipeline.scenarios.choosing import list_scenarios
from layerfork.pipeline.scenarios.judging import exit_code
from layerfork.pipeline.scenarios.merging import merge_files
from layerfork.pipeline.scenarios.planning import CatalogueOptions, outline
from layerfork.pipeline.scenarios.running import run_catalogue

__all__ = ["CatalogueOptions", "exit_code", "list_scenarios", "merge_files", "outline", "run_catalogue"]
