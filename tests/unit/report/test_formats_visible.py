"""Nothing that others wrote acts on a terminal, in any format."""

import json
import re
import sys
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from layerfork.cli import call
from layerfork.cli.root import root
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, ContextManifest, EntryType, Transport
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    ClientInfo,
    RecordedRequest,
    StepRecord,
    StepStatus,
)
from layerfork.record.run import RecordReport
from layerfork.record.visible import visible, visible_but_colors, visible_in_json
from layerfork.report.formats import FORMATS, Format
from layerfork.report.rendering import Look
from layerfork.report.text.layout import print_lines

ATTACKS = (
    "\x1b[2J\x1b[31mred",
    "\x1b]0;title\x07",
    "\x1b]52;c;ZXZpbA==\x1b\\",
    "\x9b31m",
    "\x90q\x9c",
    "\x08\x08\x0d over",
    "\u202ereversed\u202c",
    "\u2066isolated\u2069",
    "\u200f\u061c",
    "\x7f\x00",
)
EVIL = "".join(ATTACKS)
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
COLORS = re.compile("\x1b\\[[0-9;]*m")


def report() -> RecordReport:
    entry = ContextEntry(name=f"file{EVIL}", type=EntryType.FILE, mode=0o644)
    record = BuildRecord(
        id="one",
        recorded_at="2026-01-02T03:04:05Z",
        client=ClientInfo(id=EVIL, argv=("docker", EVIL), user_agent=EVIL),
        builder=Builder.CLASSIC,
        request=RecordedRequest(dockerfile=f"FROM a\nRUN {EVIL}\n", build_args=((EVIL, EVIL),), tags=(EVIL,)),
        context=ContextManifest(transport=Transport.TAR, entries=(entry,)),
        steps=(StepRecord(index=1, instruction=f"RUN {EVIL}", status=StepStatus.MISS, error=EVIL),),
        result=BuildResult(outcome=BuildOutcome.FAILED, error=EVIL),
    )
    return RecordReport(record=record)


@pytest.mark.parametrize(
    "form", [form for form in FORMATS if form.renders("records")], ids=lambda form: form.name
)
@pytest.mark.parametrize("color", [False, True])
def test_no_format_lets_anything_through(form: Format, color: bool) -> None:
    text = form.render("records", [report()], Look(color=color, verbose=True))
    shown = COLORS.sub("", text) if color else text
    assert "31mred" in shown
    assert not ACTS.search(shown)
    assert "\x1b[31mred" not in text


def test_lines_keep_their_own_colours_alone() -> None:
    line = Text(f"file {EVIL} and ", style="bold").append(EVIL, style="red")
    shown = visible_but_colors(print_lines([line], Look(color=True)))
    assert not ACTS.search(COLORS.sub("", shown))
    assert "31mred" in COLORS.sub("", shown)
    assert set(COLORS.findall(shown)) <= {"\x1b[1m", "\x1b[0m", "\x1b[1;31m", "\x1b[31m"}
    assert shown.count("\x1b[31m") == 0, "red is bold here: the plain one is not ours"


def test_a_line_feed_begins_no_line_of_its_own() -> None:
    forged = "x\n::error::forged\nVerdict"
    printed = print_lines([Text(f"a {forged} b"), Text("c")], Look())
    assert printed.splitlines() == ["a x\\n::error::forged\\nVerdict b", "c"]

    made = report().record
    entries = (ContextEntry(name=forged, type=EntryType.FILE, mode=0o644),)
    other = replace(made, context=ContextManifest(transport=Transport.TAR, entries=entries))
    (form,) = (form for form in FORMATS if form.name == "text")
    shown = form.render("records", [RecordReport(record=other)], Look(verbose=True))
    assert "x\\n::error::forged" in shown
    assert not any(line.startswith(("::", "Verdict")) for line in shown.splitlines())


def test_json_means_the_same() -> None:
    (form,) = (form for form in FORMATS if form.name == "json")
    text = form.render("records", [report()], Look())
    decoded = msgspec.json.decode(text, type=BuildRecord)
    assert decoded == report().record


@given(st.text())
def test_what_is_visible_stays_and_json_stays_json(text: str) -> None:
    assert not ACTS.search(visible(text))
    assert visible(visible(text)) == visible(text)
    document = json.dumps({text: [text]}, ensure_ascii=False)
    assert json.loads(visible_in_json(document)) == {text: [text]}
    assert not ACTS.search(visible_in_json(document))


def test_errors_are_harmless(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(**_: object) -> None:
        raise UsageError(f"no {EVIL}", hint=EVIL, details=EVIL)

    monkeypatch.setattr(root, "main", fail)
    assert call([]) == 2
    assert not ACTS.search(capsys.readouterr().err)


def test_usage_and_bugs_are_harmless(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call([f"show{EVIL}"]) == 2
    assert not ACTS.search(capsys.readouterr().err)

    def fail(**_: object) -> None:
        raise ValueError(EVIL)

    monkeypatch.setattr(root, "main", fail)
    assert call([]) == 4
    printed = capsys.readouterr()
    assert not ACTS.search(printed.err)
    assert sys.stdout is not None
