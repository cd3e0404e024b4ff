"""What the page is made of: a file of a real run, as small as it can be and without places of the machine."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import zstandard

from layerfork.app.experiment.findscenarios import bundled_names
from layerfork.app.experiment.judging import NOT_ASKED
from layerfork.errors import EvidenceError
from layerfork.record.store.blocks import numbered_lines
from layerfork.record.store.recordfile import NOTE_START, check_header

DOCS = Path(__file__).parents[2] / "docs"
SEED = DOCS / "evidence" / "seed.jsonl"
"""Every client on every engine, one Dockerfile."""
SCENARIOS = DOCS / "evidence" / "scenarios.jsonl"
"""Phases of scenarios; there only after such a run was kept."""
_FOOTER = b'{"complete"'
_NOT_ASKED = [outcome.value for outcome in NOT_ASKED]
_LEVEL, _WINDOW = 19, 26
"""It is written once and lies in the repository: as small as readers of record files take it."""
_FOLDERS = re.compile(r"(?<![\w./:-])/(?:[\w.@+,-]+/)+")


def keep(source: Path, target: Path) -> None:
    """Write what a finished run left, without places of the machine and without what no report reads.

    Left out are rows of relays that are whole, for these say the same; and records that nothing names, those
    of second builds that were reused. Raises: EvidenceError, also for a run that did not come to its end.
    """
    _write(_finished(source), target)


def keep_cells(source: Path, target: Path) -> None:
    """As `keep`, of a run of scenarios: its cells replace those of ``target`` that have their names.

    Left out are cells of scenarios that are gone, and of clients that cannot build there, whom nothing
    was built with. Raises: EvidenceError.
    """
    lines = [line for line in _finished(source) if not _cannot_build(line)]
    measured = {name for line in lines if (name := _name_of_cell(line))}
    earlier = [line for _, line in numbered_lines(target)][1:-1] if target.is_file() else []
    there = bundled_names()
    stay = [
        line
        for line in earlier
        if not (name := _name_of_cell(line)) or (name not in measured and name[0] in there)
    ]
    _write([lines[0], *stay, *lines[1:]], target)


def _finished(source: Path) -> list[bytes]:
    """Raises: EvidenceError."""
    lines = [line for _, line in numbered_lines(source)]
    check_header(source, lines[0])
    notes = _notes(lines)
    whole = {note["relay"]["key"] for note in notes if "relay" in note}
    if not lines[-1].startswith(_FOOTER) or any(
        note["row"]["key"] not in whole for note in notes if "row" in note
    ):
        raise EvidenceError(
            f"{source} is of a run that did not come to its end", hint=f"layerfork run … --resume {source}"
        )
    return lines


def _notes(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line)["note"] for line in lines if line.startswith(NOTE_START)]


def _name_of_cell(line: bytes) -> tuple[str, ...]:
    """Scenario, content, engine, client, builder of a cell's line; empty for any other."""
    if not line.startswith(NOTE_START + b':{"cell"'):
        return ()
    name = json.loads(line)["note"]["cell"]["name"]
    return tuple(name.get(field) or "" for field in ("scenario", "content", "engine", "client", "builder"))


def _cannot_build(line: bytes) -> bool:
    builds = json.loads(line)["note"]["cell"]["builds"] if _name_of_cell(line) else []
    return bool(builds) and all(build["outcome"] in _NOT_ASKED for build in builds)


def _write(lines: list[bytes], target: Path) -> None:
    named = {
        name
        for note in _notes(lines)
        for each in note.values()
        for name in (*each.get("record_ids", ()), *each.get("control_ids", ()))
    }
    text = b"".join(line + b"\n" for line in _kept(lines, named))
    smallest = zstandard.ZstdCompressionParameters.from_level(_LEVEL, window_log=_WINDOW, enable_ldm=True)
    target.write_bytes(zstandard.ZstdCompressor(compression_params=smallest).compress(text))


def _kept(lines: list[bytes], named: set[str]) -> Iterator[bytes]:
    blocks: list[bytes] = []
    written: set[str] = set()
    yield lines[0].rstrip(b"\n")
    for line in lines[1:]:
        document = json.loads(line)
        if "block" in document:
            blocks.append(line.rstrip(b"\n"))
        elif "note" in document:
            yield from [_written(_without_places(document))] if "row" not in document["note"] else []
        elif "id" in document:
            if document["id"] in named and document["id"] not in written:
                yield from (*blocks, _written(_without_places(document)))
                written.add(document["id"])
            blocks = []
    yield _written({"complete": True, "records": len(written)})


def _without_places(document: dict[str, Any]) -> dict[str, Any]:
    """Command lines with the names of programs and files alone; no directory that anything was built in."""
    if "client" in document:
        document["client"]["argv"] = [_FOLDERS.sub("", word) for word in document["client"]["argv"]]
        document["place"] = {}
    for relay in [document.get("note", {}).get("relay")]:
        if relay is not None:
            relay["scenario_path"] = ""
    return document


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape")
