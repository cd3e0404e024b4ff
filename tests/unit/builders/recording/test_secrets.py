"""What is kept of a record holds no secret that came to light, wherever it stood."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from layerfork.builders.recording.secrets import NAMES_HIDDEN, sealed
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, ContextManifest, EntryType, Transport
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, ClientInfo, RecordedRequest
from layerfork.wire.redact import Redactor

SECRET = 'Head77;Tail"55\nxyz'


def record(**values: Any) -> BuildRecord:
    made = BuildRecord(
        id="0", recorded_at="", builder=Builder.CLASSIC, result=BuildResult(outcome=BuildOutcome.FAILED)
    )
    return replace(made, **values)


def context(*entries: ContextEntry) -> ContextManifest:
    return ContextManifest(transport=Transport.TAR, entries=entries)


def entry(name: str, **values: Any) -> ContextEntry:
    return ContextEntry(name=name, type=EntryType.FILE, mode=0o644, **values)


@pytest.fixture
def redactor() -> Redactor:
    made = Redactor(b"key")
    made.secret(SECRET)
    return made


def test_what_was_read_before_the_secret_came_to_light_is_hidden_too(redactor: Redactor) -> None:
    early = record(
        client=ClientInfo(argv=("docker", "build", "-t", f"x:{SECRET}")),
        request=RecordedRequest(tags=(SECRET,), target=SECRET, options=((SECRET, SECRET),)),
        result=BuildResult(outcome=BuildOutcome.FAILED, error=f"it was {SECRET}"),
    )
    kept = sealed(early, redactor)
    assert kept.request.target == redactor.stand_in(SECRET)
    assert b"Head77" not in msgspec.json.encode(kept)
    assert b"Tail" not in msgspec.json.encode(kept)


def test_names_of_files_are_looked_at_and_a_gap_says_so(redactor: Redactor) -> None:
    made = record(
        context=context(entry("a"), entry(f"dir/{SECRET}"), entry("b", xattrs=(("user.x", SECRET.encode()),)))
    )
    kept = sealed(made, redactor)
    assert kept.context is not None
    assert made.context is not None
    assert b"Head77" not in msgspec.json.encode(kept)
    assert kept.context.entries[0] == made.context.entries[0]
    assert kept.context.entries[2].xattrs == ()
    assert kept.gaps == (NAMES_HIDDEN,)


def test_what_holds_none_stays_the_same_object(redactor: Redactor) -> None:
    made = record(context=context(entry("a")))
    assert sealed(made, redactor).context is made.context
    assert sealed(made, Redactor(b"key")) is made


def test_what_only_begins_as_a_digest_is_looked_at(redactor: Redactor) -> None:
    digest = "sha256:" + "0" * 64
    made = record(request=RecordedRequest(target=f"sha256:0 {SECRET}", tags=(digest,)))
    kept = sealed(made, redactor)
    assert kept.request.target == f"sha256:0 {redactor.stand_in(SECRET)}"
    assert kept.request.tags == (digest,)


def test_words_of_ours_stay(redactor: Redactor) -> None:
    redactor.secret("classic")
    redactor.secret("failed")
    kept = sealed(record(), redactor)
    assert (kept.builder, kept.result.outcome) == (Builder.CLASSIC, BuildOutcome.FAILED)
