"""One text, read as builders of different versions read it."""

import pytest

from layerfork.dockerfile import Dockerfile, Instruction, parse_dockerfile
from layerfork.dockerfile.recorded import dockerfile_of, grammar_of
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, RecordedRequest
from layerfork.releases import GRAMMARS, NEWEST, grammar_of_buildkit, grammar_of_engine


def read(text: str, engine: str = "") -> Dockerfile:
    return parse_dockerfile("FROM a\n" + text, grammar=grammar_of_engine(engine))


def only(text: str, engine: str = "") -> Instruction:
    (instruction,) = read(text, engine).stages[0].instructions
    return instruction


@pytest.mark.parametrize(
    ("engine", "buildkit", "number"),
    [
        ("29.7.2", "v0.32.1", 0),
        ("28.5.2+dfsg4", "0.22.0", 0),
        ("28.1.1", "0.21.0", 1),
        ("28.0.4", "0.20.2", 2),
        ("27.1.0", "v0.15.0", 2),
        ("27.0.3", "0.14.1", 3),
        ("26.1.5+dfsg1", "v0.13.2", 3),
        ("20.10.24+dfsg1", "0.8.4", 4),
    ],
)
def test_versions_have_a_grammar(engine: str, buildkit: str, number: int) -> None:
    assert grammar_of_engine(engine) is grammar_of_buildkit(buildkit) is GRAMMARS[number]


def test_what_has_no_version_has_no_grammar() -> None:
    assert grammar_of_engine("") is None
    assert grammar_of_buildkit("unknown") is None


def test_text_behind_an_array() -> None:
    assert (only('CMD ["a"] b').json, only('CMD ["a"] b').arguments) == (False, ('["a"] b',))
    assert (only('CMD ["a"] b', "27.0.3").json, only('CMD ["a"] b', "27.0.3").arguments) == (True, ("a",))
    assert only('CMD ["a"]\t ', "28.5.2") == only('CMD ["a"]\t ', "26.1.5")


def test_blanks_before_the_name_of_a_here_document() -> None:
    text = "RUN cat << EOF\nLABEL x=y\nEOF\n"
    (run,) = read(text, "28.5.2").stages[0].instructions
    assert (run.heredocs[0].name, run.heredocs[0].content) == ("EOF", "LABEL x=y\n")
    older = read("RUN cat << EOF\nLABEL x=y\n", "26.1.5")
    assert [each.keyword for each in older.instructions] == ["FROM", "RUN", "LABEL"]


def test_a_shift_with_blanks_is_one_to_builders_that_find_its_end_nowhere() -> None:
    assert only("RUN echo $((1 << 2))").heredocs == ()
    assert only("RUN echo $((1<<N))").heredocs == ()


def test_a_here_document_without_an_end_is_none_before_they_were_known() -> None:
    assert only("RUN cat <<EOF").heredocs == ()
    assert only("COPY x<<EOF /", "20.10.24").sources == ("x<<EOF",)
    with pytest.raises(UsageError, match="unterminated heredoc"):
        read("RUN --device=a cat <<EOF\n")


def record_of(builder: Builder, engine: EngineInfo | None, **request: str) -> BuildRecord:
    text = 'FROM a\nRUN ["a"] b\n'
    return BuildRecord(
        id="r",
        recorded_at="2026-11-25T00:00:00Z",
        builder=builder,
        engine=engine,
        request=RecordedRequest(dockerfile=text, **request),  # type: ignore[arg-type]
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


def engine_of(version: str, buildkit: str = "") -> EngineInfo:
    return EngineInfo(
        kind="private", version=version, api_version="1.45", image_store="", buildkit_version=buildkit
    )


def test_a_record_is_read_by_its_builders_grammar() -> None:
    old, new = engine_of("26.1.5"), engine_of("28.5.2", buildkit="0.13.2")
    assert grammar_of(record_of(Builder.CLASSIC, new)) is NEWEST
    assert grammar_of(record_of(Builder.BUILDKIT, new)) is grammar_of_buildkit("0.13.2")
    assert grammar_of(record_of(Builder.BUILDKIT, old, syntax="docker/dockerfile:1")) is None
    assert grammar_of(record_of(Builder.BUILDAH, old)) is None
    assert grammar_of(record_of(Builder.CLASSIC, None)) is None


def test_the_dockerfile_of_a_record_is_what_its_builder_read() -> None:
    read = [dockerfile_of(record_of(Builder.CLASSIC, engine_of(version))) for version in ("26.1.5", "28.5.2")]
    assert [each.instructions[1].json for each in read if each is not None] == [True, False]


@pytest.mark.parametrize(
    ("engine", "target", "owner"),
    [
        ("26.1.5", "target=C:dir", "ab"),
        ("28.0.4", "target=C:dir", "ab"),
        ("28.1.1", "target=C:\\dir", "a\\b"),
        ("28.5.2", "target=C:\\dir", "a\\b"),
    ],
)
def test_a_backslash_in_flags_where_another_character_escapes(engine: str, target: str, owner: str) -> None:
    """Measured with 26.1.5 and 28.5.2; between them by the source."""
    text = '# escape=`\nFROM a\nRUN --mount=type=cache,target=C:\\dir x\nCOPY --chown="a\\b" c d\n'
    run, copy = parse_dockerfile(text, grammar=grammar_of_engine(engine)).stages[0].instructions
    assert run.flag("mount") == f"type=cache,{target}"
    assert copy.flag("chown") == owner
