"""Which exports and imports speak of one place, and what records say that an export lacks."""

from dataclasses import replace

import pytest
from unit.diagnose.makers import ENGINE, Line, build, from_line

from layerfork.diagnose import JudgedBuild, explain_pair
from layerfork.diagnose.compare.sharedcaches import exports, is_beside_result, place_of
from layerfork.record.build import Builder
from layerfork.record.record import RecordedRequest

DOCKERFILE = "FROM alpine AS s\nRUN one\nFROM s AS t\nRUN two\nFROM alpine AS u\nCOPY --from=t / /\n"


@pytest.mark.parametrize(
    ("exported", "imported", "one"),
    [
        ("type=registry,ref=h/c:1,mode=max", "type=registry,ref=h/c:1", True),
        ("type=registry,ref=h/c:1", "ref=h/c:1", True),
        ("type=registry,ref=h/c:1", "type=registry,ref=h/c:2", False),
        ("type=local,dest=/c", "type=local,src=/c", True),
        ("type=local,dest=/c", "type=local,src=/c,tag=other", False),
        ("type=local,dest=/c", "type=local,src=/d", False),
        ("type=gha,scope=main", "type=gha,scope=main", True),
        ("type=gha,scope=main", "type=gha,scope=branch", False),
        ("type=s3,bucket=b,name=n", "type=s3,bucket=b,name=n", True),
        ("type=s3,bucket=b,name=n", "type=s3,bucket=b,name=m", False),
    ],
)
def test_two_entries_of_one_place(exported: str, imported: str, one: bool) -> None:
    assert (place_of(exported) == place_of(imported)) is one
    assert place_of(exported) is not None


@pytest.mark.parametrize("entry", ["type=inline", "type=local", "type=gha", "type=new,ref=a", ""])
def test_a_place_that_nobody_knows(entry: str) -> None:
    assert place_of(entry) is None


@pytest.mark.parametrize(
    ("request_", "exported"),
    [
        (RecordedRequest(), False),
        (RecordedRequest(cache_to=("type=inline",)), True),
        (RecordedRequest(build_args=(("BUILDKIT_INLINE_CACHE", "1"),)), True),
        (RecordedRequest(build_args=(("BUILDKIT_INLINE_CACHE", "0"),)), False),
    ],
)
def test_who_exports(request_: RecordedRequest, exported: bool) -> None:
    assert exports(_build("w", request_).record) is exported


@pytest.mark.parametrize(
    ("target", "stage", "beside"),
    [("", 0, True), ("", 2, False), ("t", 0, False), ("t", 1, False), ("t", 2, True), ("s", 1, True)],
)
def test_stages_that_a_result_is_built_on(target: str, stage: int, beside: bool) -> None:
    record = _build("w", RecordedRequest(dockerfile=DOCKERFILE, target=target)).record
    step = Line(text="RUN", stage=stage)
    (made,) = build("x", (step,)).record.steps
    assert is_beside_result(record, made) is beside


_EXPORT = RecordedRequest(cache_to=("type=registry,ref=h/c,mode=max",))
_IMPORT = RecordedRequest(cache_from=("type=registry,ref=h/c",))


def _build(client: str, request: RecordedRequest, instance: str = "engine-1") -> JudgedBuild:
    lines = (from_line(), Line(text="RUN one"))
    engine = replace(ENGINE, instance=instance)
    return build(client, lines, builder=Builder.BUILDKIT, engine=engine, request=request)


def _import_fails_for(writer: JudgedBuild, over: tuple[str, ...] = ()) -> str:
    """What is said of a step that an import from another engine lacked."""
    (fork,) = explain_pair(replace(writer, exported_over=over), _build("r", _IMPORT, "engine-2"))
    (cause,) = fork.causes
    assert (cause.code, cause.status) == ("cache-not-imported", "SUSPECTED")
    return cause.text


def test_the_answer_says_who_exported_over_it() -> None:
    text = _import_fails_for(_build("w", _EXPORT), over=("the build of noon",))
    assert "did not contain this step: the build of noon exported to the same place and overwrote it" in text


def test_the_answer_says_that_nothing_was_exported() -> None:
    assert "did not contain this step, and w exported no cache" in _import_fails_for(
        _build("w", RecordedRequest())
    )


def test_an_export_to_elsewhere_is_no_reason() -> None:
    other = RecordedRequest(cache_to=("type=registry,ref=h/other",))
    assert _import_fails_for(_build("w", other), over=("x",)).endswith("did not contain this step")
