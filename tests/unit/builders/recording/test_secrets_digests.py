"""A hidden value cannot be found by trying values until a digest of the record is right."""

from dataclasses import replace
from hashlib import sha256

import msgspec

from layerfork.builders.recording.secrets import sealed
from layerfork.record.build import Builder
from layerfork.record.context import Digest
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    Gap,
    RecordedRequest,
    StepRecord,
    StepStatus,
    Vertex,
)
from layerfork.wire.buildkit import ops_pb2 as pb
from layerfork.wire.buildkit.definition import read_definition
from layerfork.wire.redact import Redactor

SECRET = "correct-horse-7"


def digest_of(raw: bytes) -> str:
    return "sha256:" + sha256(raw).hexdigest()


def built_on(raw: bytes) -> list[pb.Input]:
    return [pb.Input(digest=digest_of(raw).encode())]


def run(command: bytes, env: tuple[bytes, ...] = ()) -> pb.ExecOp:
    return pb.ExecOp(meta=pb.Meta(args=[b"/bin/sh", b"-c", command], env=env, cwd=b"/"))


BASE = pb.Op(source=pb.SourceOp(identifier=b"docker-image://docker.io/library/alpine")).SerializeToString()
LOGIN = pb.Op(
    inputs=built_on(BASE), exec=run(b"login", (f"API_TOKEN={SECRET}".encode(),))
).SerializeToString()
AFTER = pb.Op(inputs=built_on(LOGIN), exec=run(b"true")).SerializeToString()
BESIDE = pb.Op(inputs=built_on(BASE), exec=run(b"date")).SerializeToString()
NOTE = f"password = {SECRET}\n".encode()
DOCUMENT = pb.Op(
    file=pb.FileOp(actions=[pb.FileAction(mkfile=pb.FileActionMkFile(path=b"/note", data=NOTE))])
).SerializeToString()


def recorded(redactor: Redactor, *raw: bytes) -> BuildRecord:
    definition = read_definition([pb.Definition(ops=raw)], "Dockerfile", redactor)
    digests = [Digest(digest_of(each)) for each in raw]
    return BuildRecord(
        id="0",
        recorded_at="",
        builder=Builder.BUILDKIT,
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
        definition=definition.definition,
        vertices=tuple(Vertex(digest=each, name="step") for each in digests),
        steps=tuple(
            StepRecord(index=number, instruction="RUN x", status=StepStatus.MISS, vertices=(digest,))
            for number, digest in enumerate(digests, 1)
        ),
        gaps=tuple(Gap(where=f"vertex {each}", what="odd") for each in digests),
    )


def test_no_digest_of_an_operation_with_a_secret_stays_nor_of_what_builds_on_it() -> None:
    redactor = Redactor(b"key")
    kept = msgspec.json.encode(sealed(recorded(redactor, BASE, LOGIN, AFTER, BESIDE), redactor)).decode()
    assert SECRET not in kept
    assert digest_of(LOGIN) not in kept
    assert digest_of(AFTER) not in kept
    assert "sha256:" not in kept


def test_the_graph_is_still_the_same() -> None:
    redactor = Redactor(b"key")
    kept = sealed(recorded(redactor, BASE, LOGIN, AFTER), redactor)
    assert kept.definition is not None
    base, login, after = kept.definition.ops
    assert [each.digest for each in login.inputs] == [base.digest]
    assert [each.digest for each in after.inputs] == [login.digest]
    assert [step.vertices for step in kept.steps] == [(base.digest,), (login.digest,), (after.digest,)]
    assert [vertex.digest for vertex in kept.vertices] == [base.digest, login.digest, after.digest]
    assert login.digest in kept.gaps[1].where


def test_under_one_key_equal_operations_compare_and_others_do_not() -> None:
    here, again, elsewhere = Redactor(b"key"), Redactor(b"key"), Redactor(b"another")
    kept = [sealed(recorded(each, BASE, LOGIN), each) for each in (here, again, elsewhere)]
    assert kept[0] == kept[1]
    assert kept[0].vertices[1] != kept[2].vertices[1]
    other = pb.Op.FromString(LOGIN)
    other.exec.meta.env[0] = b"API_TOKEN=another-horse-7"
    different = sealed(recorded(here, BASE, other.SerializeToString()), here)
    assert different.vertices[1].digest != kept[0].vertices[1].digest


def test_data_of_a_here_document_with_a_secret_have_a_keyed_digest() -> None:
    redactor = Redactor(b"key")
    kept = msgspec.json.encode(sealed(recorded(redactor, DOCUMENT), redactor)).decode()
    assert digest_of(NOTE) not in kept
    assert digest_of(DOCUMENT) not in kept


def test_without_a_definition_every_vertex_of_a_build_that_was_given_a_secret_is_keyed() -> None:
    redactor = Redactor(b"key")
    shown = replace(recorded(redactor, BASE, LOGIN), definition=None)
    given = replace(shown, request=RecordedRequest(build_args=(("API_TOKEN", redactor.secret(SECRET)),)))
    kept = msgspec.json.encode(sealed(given, redactor)).decode()
    assert digest_of(LOGIN) not in kept
    assert sealed(shown, redactor) == shown


def test_a_build_without_a_secret_stays_as_it_is() -> None:
    redactor = Redactor(b"key")
    shown = recorded(redactor, BASE, BESIDE)
    assert sealed(shown, redactor) == shown
