"""What stands at a line of a file: forks and failed builds, as formats for code review show them."""

from layerfork.report.findings.finding import Finding, Level
from layerfork.report.findings.gathering import Findings, of_checks, of_diffs, of_lints, of_runs

__all__ = ["Finding", "Findings", "Level", "of_checks", "of_diffs", "of_lints", "of_runs"]
