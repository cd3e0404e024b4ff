"""The table of output formats: what it declares is what the formats' modules render."""

import subprocess
import sys
from typing import get_args

import pytest

from layerfork.report.formats import FORMATS, JSON, TEXT, Format
from layerfork.report.rendering import Kind, Renderers


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_format_renders_the_kinds_that_it_declares(form: Format) -> None:
    rendered = {kind: form.load(kind)[kind] for kind in form.kinds}
    assert all(map(callable, rendered.values()))
    assert {other for kind in form.kinds for other in form.load(kind)} == form.kinds
    assert form.colored <= form.kinds


def test_text_and_json_are_available_for_every_kind() -> None:
    assert TEXT.kinds == JSON.kinds == set(get_args(Kind)) == Renderers.__optional_keys__


def test_names_are_unique_and_text_is_the_default() -> None:
    names = [form.name for form in FORMATS]

    assert names[0] == "text"
    assert len(set(names)) == len(names)


def test_declarations_are_read_without_the_modules_of_the_formats() -> None:
    """`--help`, errors and completion need names alone."""
    program = (
        "import sys; from layerfork.report.formats import formats_for; formats_for('runs');"
        "print(*sys.modules, sep='\\n')"
    )
    imported = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    ours = {each for each in imported.stdout.split() if each.startswith("layerfork.report")}

    assert ours == {"layerfork.report", "layerfork.report.formats", "layerfork.report.rendering"}
    assert not {"jinja2", "markupsafe", "rich", "junitparser", "msgspec"} & set(imported.stdout.split())
