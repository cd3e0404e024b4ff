"""Scenarios run and judged: `run --scenario`, `scenarios`, `merge`."""

from layerfork.app.scenarios.choosing import list_scenarios
from layerfork.app.scenarios.judging import exit_code
from layerfork.app.scenarios.merging import merge_files
from layerfork.app.scenarios.planning import CatalogueOptions, outline
from layerfork.app.scenarios.running import run_catalogue

__all__ = ["CatalogueOptions", "exit_code", "list_scenarios", "merge_files", "outline", "run_catalogue"]
