"""Whatever is in a record file by its schema, every command that reads one answers, or says what is wrong."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from damagedrecords import damaged
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layerfork.cli import call
from layerfork.record.context import Digest
from layerfork.record.llb import Definition, ExecMount, ExecOp, FileAction, LLBInput, LLBOp
from layerfork.record.record import BuildPlace, BuildRecord, StepRecord, StepStatus, Vertex
from layerfork.record.store.blocks import numbered_lines
from layerfork.record.store.recordfile import RecordFile, read_records

CORPUS = Path(__file__).parents[2] / "corpus" / "records"
FILES = sorted(CORPUS.glob("*.jsonl"))
FORMATS = ("text", "json", "html", "svg", "markdown", "junit", "sarif", "gitlab", "github")
COMMANDS: tuple[tuple[str, ...], ...] = (
    *(("show", "FILE", *more) for more in ((), ("-v",), ("--format", "json"))),
    *(("predict", "--record", "FILE#2", *more) for more in ((), ("--format", "json"))),
    *(("diff", "FILE#1", "FILE#2", "--format", each) for each in FORMATS),
    ("diff", "FILE#2", "FILE#1", "-v"),
    *(("report", "FILE", "--format", each) for each in FORMATS),
    *(("explain", *more) for more in ((), ("content",), ("content", "--format", "json"))),
)
"""What reads a record file, in every format. `explain` reads none: it stands here for the whole set."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kept(path: Path, records: Sequence[BuildRecord]) -> Path:
    """A record file of them."""
    path.unlink(missing_ok=True)
    with RecordFile(path) as file:
        for each in records:
            file.add(each)
    return path


def run(command: Sequence[str], path: Path) -> int:
    return call([word.replace("FILE", str(path)) for word in command])


def read(name: str) -> tuple[BuildRecord, BuildRecord]:
    writer, reader = read_records(CORPUS / f"{name}.jsonl")[:2]
    return writer, reader


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_command_reads_any_record(
    data: st.DataObject, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    writer, reader, *_ = read_records(data.draw(st.sampled_from(FILES), label="file"))
    other = damaged(reader, data.draw)
    if data.draw(st.booleans(), label="one id"):
        other = replace(other, id=writer.id)
    orders = ([writer, other], [other, writer], [writer, other, reader])
    path = kept(home / "records", data.draw(st.sampled_from(orders), label="records"))
    for command in data.draw(st.lists(st.sampled_from(COMMANDS), min_size=3, max_size=3), label="commands"):
        code = run(command, path)
        said = capfd.readouterr()
        assert code in (0, 1, 2, 3), said.err


def with_definition(record: BuildRecord, *ops: LLBOp) -> BuildRecord:
    """The record with these in the places of its definition's last operations."""
    assert record.definition is not None
    return replace(record, definition=Definition(ops=(*record.definition.ops, *ops)))


def of_work(number: int, *, mount: str = "bind", user: str = "", inputs: tuple[LLBInput, ...] = ()) -> LLBOp:
    """An operation that copies for a user, or runs with a mount."""
    digest = Digest(f"sha256:{number:064x}")
    if user:
        return LLBOp(digest=digest, kind="file", inputs=inputs, file=(FileAction(kind="copy", owner=user),))
    mounts = (ExecMount(type=mount, dest="/"),)
    run = ExecOp(args=("x",), env=(), cwd="/", mounts=mounts, ulimits=("nofile=1:many",))
    return LLBOp(digest=digest, kind="exec", inputs=inputs, exec=run)


def step_of(record: BuildRecord, op: LLBOp) -> BuildRecord:
    """The record with the operation as its last step."""
    step = StepRecord(
        index=record.steps[-1].index + 1, instruction="RUN x", status=StepStatus.MISS, vertices=(op.digest,)
    )
    return replace(with_definition(record, op), steps=(*record.steps, step))


@pytest.mark.parametrize(
    "op",
    [of_work(1, mount="other"), of_work(2, user="2 x"), of_work(3, user="@x"), of_work(4)],
    ids=["a newer mount", "a user that is none", "a user of no input", "a limit that is no number"],
)
def test_what_a_newer_builder_may_send_is_read(home: Path, op: LLBOp) -> None:
    path = kept(home / "records", [step_of(each, op) for each in read("buildkit-content")])
    for command in COMMANDS:
        assert run(command, path) in (0, 1, 3), command


CLASSIC, BUILDKIT = read("classic-content")[0], read("buildkit-content")[0]
FIRST, SECOND = of_work(1), of_work(2)
ON_FIRST, ON_SECOND = (LLBInput(digest=each.digest) for each in (FIRST, SECOND))


def vertex(number: int, on: int) -> Vertex:
    return Vertex(digest=of_work(number).digest, name="", inputs=(of_work(on).digest,))


@pytest.mark.parametrize(
    ("named", "record"),
    [
        ("recorded_at", replace(CLASSIC, recorded_at="yesterday")),
        ("recorded_at", replace(CLASSIC, recorded_at="2026-01-02T03:04:05")),
        ("order of their index", replace(CLASSIC, steps=CLASSIC.steps[::-1])),
        ("a stage or a line", replace(CLASSIC, steps=(replace(CLASSIC.steps[0], stage=-2),))),
        ("too large", replace(CLASSIC, seconds=1e300)),
        ("NUL", replace(CLASSIC, place=BuildPlace(directory="/a\0b"))),
        (
            "before one of its inputs",
            with_definition(BUILDKIT, of_work(1, inputs=(ON_SECOND,)), of_work(2, inputs=(ON_FIRST,))),
        ),
        ("an op twice", with_definition(BUILDKIT, FIRST, FIRST)),
        ("build on themselves", replace(BUILDKIT, vertices=(vertex(1, 2), vertex(2, 1)))),
    ],
)
def test_what_no_recorder_writes_is_refused_and_named(
    home: Path, named: str, record: BuildRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    path = kept(home / "records", [record, record])
    for command in COMMANDS:
        if "FILE" in "".join(command):
            assert run(command, path) == 2
            assert named in capsys.readouterr().err


@pytest.mark.parametrize("file", ["classic-content", "buildkit-content", "buildah-content"])
def test_a_file_that_another_program_wrote_anew_says_the_same(home: Path, file: str) -> None:
    """`python -m json.tool --json-lines` and the like put blanks between words."""
    spaced = home / "spaced"
    lines = (json.loads(line) for _, line in numbered_lines(CORPUS / f"{file}.jsonl"))
    spaced.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert read_records(spaced) == read_records(CORPUS / f"{file}.jsonl")
    for command in COMMANDS:
        assert run(command, spaced) in (0, 1, 3), command


@pytest.mark.parametrize(
    "block",
    [
        '{"block": 1, "entries": []}',
        '{"block":{"context":-1},"entries":[]}',
        '{"block":{"context":7},"entries":[]}',
        '{"block":{"context":0}}',
        '{"block":{"context":0},"entries":[1]}',
    ],
)
def test_a_block_that_is_none_is_refused(home: Path, block: str) -> None:
    path = home / "records"
    kept(path, read("classic-content"))
    data = zstandard.ZstdDecompressor().stream_reader(path.read_bytes(), read_across_frames=True).read()
    lines = data.decode().splitlines()
    path.write_text("".join(f"{line}\n" for line in (lines[0], block, *lines[1:])))
    for command in COMMANDS[3:]:
        if "FILE" in "".join(command):
            assert run(command, path) == 2, command


def test_a_long_chain_of_steps_needs_no_deep_stack(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many that a function which calls itself for each of them would end the program."""
    count = 400
    pair = []
    for record in read("buildkit-content"):
        first, *_ = record.steps
        names = [f"ARG A{number}=1" for number in range(count)]
        steps = [
            StepRecord(index=number, instruction=name, line=number, status=StepStatus.MISS)
            for number, name in enumerate(names, start=2)
        ]
        text = "\n".join(["FROM base", *names])
        request = replace(record.request, dockerfile=text)
        pair.append(replace(record, request=request, steps=(replace(first, index=1, line=1), *steps)))
    path = kept(home / "records", pair)
    depth = sys.getrecursionlimit()
    sys.setrecursionlimit(_depth() + 250)
    try:
        for command in COMMANDS[:4]:
            assert run(command, path) in (0, 1, 3), command
    finally:
        sys.setrecursionlimit(depth)


def _depth() -> int:
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth
