import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.dockerfile import Instruction, parse_dockerfile, parse_instruction
from layerfork.errors import UsageError


def only(line: str) -> Instruction:
    """The one instruction after a FROM."""
    (instruction,) = parse_dockerfile(f"FROM a\n{line}\n").stages[0].instructions
    return instruction


def test_stages_and_arguments_before_them() -> None:
    parsed = parse_dockerfile(
        "ARG V=1\nFROM --platform=linux/arm64 alpine:$V AS Base\nRUN a\nFROM base\nFROM scratch as x.y-z\n"
    )
    assert [argument.pairs for argument in parsed.meta_args] == [(("V", "1"),)]
    assert [(s.index, s.name, s.base, s.platform) for s in parsed.stages] == [
        (0, "base", "alpine:$V", "linux/arm64"),
        (1, "", "base", ""),
        (2, "x.y-z", "scratch", ""),
    ]
    assert [(i.text, i.stage) for i in parsed.instructions] == [
        ("ARG V=1", -1),
        ("FROM --platform=linux/arm64 alpine:$V AS Base", 0),
        ("RUN a", 0),
        ("FROM base", 1),
        ("FROM scratch as x.y-z", 2),
    ]
    for name, index in (("BASE", 0), ("base", 0), ("1", 1), ("x.y-z", 2)):
        found = parsed.find_stage(name)
        assert found is not None
        assert found.index == index
    assert parsed.find_stage("9") is None


def test_directives_are_read_from_the_top_only() -> None:
    parsed = parse_dockerfile("\ufeff# Syntax = docker/dockerfile:1 x\n#escape=`\n# check=skip=all\nFROM a\n")
    assert dict(parsed.directives)["syntax"] == "docker/dockerfile:1 x"
    assert parsed.escape == "`"
    assert dict(parsed.directives)["check"] == "skip=all"
    late = parse_dockerfile("# a comment\n# escape=`\nFROM a\n")
    assert (late.escape, late.directives) == ("\\", ())


def test_lines_are_joined_as_docker_joins_them() -> None:
    parsed = parse_dockerfile("FROM a\nRUN  du \\\n# comment\n\n   -s / \\  \n  && x\t\n")
    run = parsed.stages[0].instructions[0]
    assert run.text == "RUN  du    -s /   && x"
    assert run.line == "RUN  du    -s /   && x\t"
    assert run.arguments == ("du    -s /   && x",)
    assert (run.first_line, run.last_line) == (2, 6)


def test_windows_line_ends_and_a_backtick_escape() -> None:
    parsed = parse_dockerfile("# escape=`\r\nFROM a\r\nRUN x `\r\n y \\\r\n")
    assert parsed.stages[0].instructions[0].arguments == ("x  y \\",)


@pytest.mark.parametrize(
    ("line", "pairs"),
    [
        ("ENV a=b c=\"d e\" f='g h' i=j\\ k", [("a", "b"), ("c", '"d e"'), ("f", "'g h'"), ("i", "j\\ k")]),
        ("ENV  old  style value ", [("old", "style value")]),
        ("LABEL a= b=c=d", [("a", ""), ("b", "c=d")]),
        ("ARG a b=c d=", [("a", None), ("b", "c"), ("d", "")]),
    ],
)
def test_pairs(line: str, pairs: list[tuple[str, str | None]]) -> None:
    assert list(only(line).pairs) == pairs


@pytest.mark.parametrize(
    ("line", "arguments", "is_json"),
    [
        ('COPY ["a b", "/c"]', ("a b", "/c"), True),
        ("COPY a  b\t/c", ("a", "b", "/c"), False),
        ('RUN ["x", "y"]', ("x", "y"), True),
        ("RUN [x]", ("[x]",), False),
        ("CMD echo  'a' ", ("echo  'a'",), False),
        ("HEALTHCHECK --interval=1s CMD  a b", ("CMD", "a b"), False),
        ('HEALTHCHECK CMD ["a"]', ("CMD", "a"), True),
        ("EXPOSE 80 443/tcp", ("80", "443/tcp"), False),
        ("MAINTAINER me  <m@x>", ("me  <m@x>",), False),
        ('VOLUME ["/a"]', ("/a",), True),
    ],
)
def test_arguments(line: str, arguments: tuple[str, ...], is_json: bool) -> None:
    instruction = only(line)
    assert instruction.arguments == arguments
    assert instruction.json is is_json


def test_flags() -> None:
    run = only("RUN --mount=type=cache,target=/c --mount=type=ssh --network=none make --all")
    assert run.flag_values("mount") == ("type=cache,target=/c", "type=ssh")
    assert run.flag("network") == "none"
    assert run.arguments == ("make --all",)
    copy = only('COPY --link --chown="a b" --exclude=*.x --exclude=y a /')
    assert copy.flags == (("link", "true"), ("chown", "a b"), ("exclude", "*.x"), ("exclude", "y"))


def test_heredocs() -> None:
    text = "FROM a\nCOPY <<one <<-'two' x /d/\n1 $A\none\n\ttabbed\n\ttwo\nRUN <<EOF\n\nEOF\nRUN [\"<<X\"]\n"
    copy, run, array = parse_dockerfile(text).stages[0].instructions
    assert [(h.name, h.content, h.expand, h.data) for h in copy.heredocs] == [
        ("one", "1 $A\n", True, "1 $A\n"),
        ("two", "\ttabbed\n", False, "tabbed\n"),
    ]
    assert copy.sources == ("x",)
    assert copy.last_line == 6
    assert run.heredocs[0].content == "\n"
    assert not array.heredocs


def test_onbuild_holds_an_instruction() -> None:
    trigger = only("ONBUILD  COPY --chown=1 a  b").trigger
    assert trigger is not None
    assert (trigger.keyword, trigger.flag("chown"), trigger.arguments) == ("COPY", "1", ("a", "b"))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "Dockerfile has no instructions", "write at least a FROM line"),
        ("# only a comment\n\n", "Dockerfile has no instructions", "FROM"),
        ("ARG a\n", "Dockerfile has no FROM", "add a FROM line"),
        ("RUN x\nFROM a", "Dockerfile:1: RUN comes before any FROM", "begin with a FROM line"),
        ("FROM a\nFRMO b", "Dockerfile:2: unknown instruction FRMO", "instructions are ADD, ARG"),
        ("FROM a\nRUN <<E\nx\n", "Dockerfile:2: unterminated heredoc", "a line that holds only E"),
        ("FROM a\nCOPY --frm=b c d", "Dockerfile:2: COPY has no flag --frm", "correct line 2"),
        ("FROM a\nCOPY --chown b c", "flag --chown lacks a value", "line 2"),
        ("FROM a\nCOPY --link=yes b c", "flag --link takes true or false", "line 2"),
        ("FROM a\nCOPY --from=a --from=b c d", "flag --from is given twice", "line 2"),
        ("FROM a\nCOPY b", "COPY needs a source and a destination", "line 2"),
        ("FROM a b", "FROM takes an image", "line 1"),
        ("FROM a AS 1st", "invalid stage name '1st'", "begin it with a letter"),
        ("FROM a\nENV b", "ENV needs a name and a value", "line 2"),
        ("FROM a\nENV a=b c", "'c' where name=value is needed", "line 2"),
        ("FROM a\nLABEL =x", "LABEL has a value without a name", "line 2"),
        ('FROM a\nRUN ["a", 1]', "arrays must be comprised of strings only", "line 2"),
        ("FROM a\nSHELL bash", "SHELL takes a JSON array", "line 2"),
        ("FROM a\nHEALTHCHECK NONE x", "HEALTHCHECK NONE takes no argument", "line 2"),
        ("FROM a\nHEALTHCHECK TEST x", "HEALTHCHECK takes CMD or NONE", "line 2"),
        ("FROM a\nONBUILD ONBUILD RUN x", "ONBUILD is not allowed as an ONBUILD trigger", "line 2"),
        ("FROM a\nWORKDIR", "WORKDIR needs an argument", "line 2"),
        ("# escape=x\nFROM a", "Dockerfile:1: invalid escape character 'x'", "use \\ or `"),
        ("# escape=`\n# escape=`\nFROM a", "only one escape parser directive", "line 2"),
    ],
)
def test_errors_name_the_line_and_the_next_step(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_dockerfile(text)
    assert message in raised.value.message
    assert hint in raised.value.hint


def test_one_instruction_alone() -> None:
    assert parse_instruction("RUN <<EOF cat").heredocs[0].name == "EOF"
    with pytest.raises(UsageError, match="unknown instruction FOO"):
        parse_instruction("FOO x")


def test_a_line_of_control_characters_is_refused_with_a_hint() -> None:
    """Python takes U+001C to U+001F for blanks; builders do not."""
    with pytest.raises(UsageError) as raised:
        parse_dockerfile("FROM a\n\x1c\x1f\n")
    assert "unknown instruction" in raised.value.message
    assert raised.value.hint.startswith("instructions are ADD")


def test_a_trigger_is_left_unchecked() -> None:
    triggers = [
        only(f"ONBUILD {text}").trigger for text in ("FOO x", "COPY --x --from=y a", "HEALTHCHECK TEST")
    ]
    assert [each.keyword for each in triggers if each is not None] == ["FOO", "COPY", "HEALTHCHECK"]
    assert triggers[1] is not None
    assert triggers[1].flags == (("x", "true"), ("from", "y"))


def test_a_trigger_keeps_its_here_document() -> None:
    onbuild = only("ONBUILD RUN <<EOF\nx\nEOF")
    assert [each.content for each in onbuild.heredocs] == ["x\n"]
    assert onbuild.trigger is not None
    assert (onbuild.trigger.first_line, onbuild.trigger.last_line) == (2, 4)


def test_sources_are_no_here_documents() -> None:
    assert only("COPY a 3<<E b /d/\nE").sources == ("a", "b")
    assert only("ADD a << /d/").sources == ("a", "<<")
    assert only('COPY ["<<E", "b", "/d/"]').sources == ("b",)


def test_flags_beyond_ascii_are_read_byte_by_byte() -> None:
    """The letter \xe9 has the bytes C3 A9, and \xe0 the bytes C3 A0: the last is a blank to builders."""
    assert only("COPY --chown=\xe9 a b").flags == (("chown", "\xc3\xa9"),)
    copy = only("COPY --chown=\xe0x a b")
    assert (copy.flags, copy.arguments) == ((("chown", "\xc3"),), ("x", "a", "b"))


@pytest.mark.parametrize(
    ("name", "index"),
    [("1", 1), ("+1", 1), ("01", 1), ("\u0661", None), ("-1", None), ("2", None), ("\u212a", 0)],
)
def test_stages_are_found_as_builders_find_them(name: str, index: int | None) -> None:
    found = parse_dockerfile("FROM a AS k\nFROM b\n").find_stage(name)
    assert (found.index if found is not None else None) == index


def test_of_stages_with_one_name_the_last_before_a_line_counts() -> None:
    parsed = parse_dockerfile("FROM a AS k\nFROM b AS k\nFROM k\n")
    found = [parsed.find_stage("k", before=before) for before in (0, 1, 2, None)]
    assert [each.base if each is not None else None for each in found] == [None, "a", "b", "b"]
    assert parsed.find_stage("2", before=2) is None


@given(st.lists(st.sampled_from(["RUN a", "ENV a=b", "COPY a b", "LABEL x=y", "USER u"]), max_size=6))
def test_comments_and_blank_lines_change_no_instruction(lines: list[str]) -> None:
    plain = parse_dockerfile("FROM a\n" + "\n".join(lines))
    airy = parse_dockerfile("# x\n\nFROM a\n" + "\n".join(f"\n# note\n  {line}\r\n" for line in lines))
    assert [i.text for i in plain.instructions] == [i.text for i in airy.instructions]
