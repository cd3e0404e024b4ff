"""The whole program as a few functions: run the experiment, record, compare, render.

`experiment`   `layerfork run`
`comparison`   `layerfork record`, `show`, `diff` and `why`
`preparation`  `layerfork setup`
"""

from layerfork.pipeline.comparison import (
    diff_files,
    explain_builds,
    record_builds,
    render_diffs,
    show_records,
)
from layerfork.pipeline.experiment import (
    exit_code,
    judge_rows,
    plan_experiment,
    render_plans,
    render_runs,
    run_experiment,
)
from layerfork.pipeline.preparation import prepare_all
from layerfork.reporters.progress import progress

__all__ = [
    "diff_files",
    "exit_code",
    "explain_builds",
    "judge_rows",
    "plan_experiment",
    "prepare_all",
    "progress",
    "record_builds",
    "render_diffs",
    "render_plans",
    "render_runs",
    "run_experiment",
    "show_records",
]
