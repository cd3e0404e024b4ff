"""What a scenario.toml may say, and what is said of one that is wrong."""

from pathlib import Path

import pytest

from layerfork.app.experiment.findscenarios import find_scenario
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.scenario import EntryKind, Event

HEAD = """\
title = "t"
question = "q?"
family = "modes"
dockerfile = '''
FROM alpine
COPY a  /
'''
"""
PHASE = """
[[phase]]
title = "p"
"""
EXPECT = """
[[phase.expect]]
why = "it is"
"""


def write(folder: Path, text: str) -> str:
    (folder / "scenario.toml").write_text(text)
    return str(folder)


def test_a_phase_changes_what_it_names_and_keeps_the_rest(tmp_path: Path) -> None:
    text = f"""{HEAD}
build_args = {{ A = "1" }}
[context]
"d/a" = {{ text = "x", mode = "0600", uid = 5, mtime = 2021-01-01T00:00:00Z }}
"d/link" = {{ link = "a" }}
"hard" = {{ hardlink = "d/a" }}
"bad" = {{ name_hex = "ff2e", size = 10, seed = 3 }}
"gone" = {{}}
{PHASE}
context = {{ "d/a" = {{ mode = "0640" }}, "gone" = false, "d/link" = {{ fifo = true }} }}
dockerfile = '''
FROM alpine
COPY d  /d
'''
[[phase.expect]]
builder = ["classic", "buildkit"]
clients = ["docker_py-*"]
missed = "COPY  d /d"
causes = ["mode"]
why = "modes count"
{EXPECT}"""
    before, after = find_scenario(write(tmp_path, text)).phases

    entries = {entry.name: entry for entry in before.entries}
    assert list(entries) == [b"\xff.", b"d", b"d/a", b"d/link", b"gone", b"hard"]
    file = entries[b"d/a"]
    assert (file.mode, file.uid, file.gid, file.mtime, file.content) == (0o600, 5, 0, 1_609_459_200, b"x")
    assert (entries[b"d"].kind, entries[b"d"].mode) == (EntryKind.DIRECTORY, 0o755)
    assert (entries[b"hard"].kind, entries[b"hard"].target) == (EntryKind.HARDLINK, b"d/a")
    changed = {entry.name: entry for entry in after.entries}
    assert b"gone" not in changed
    assert changed[b"d/link"].kind is EntryKind.FIFO
    assert (changed[b"d/a"].mode, changed[b"d/a"].uid, changed[b"d/a"].content) == (0o640, 5, b"x")
    assert (after.build_args, after.title) == ((("A", "1"),), "p")
    special = after.expects(Builder.CLASSIC, "docker_py-build", "private:26.1")
    assert special is not None
    assert (special.missed, special.causes) == ("COPY d /d", ("mode",))
    plain = after.expects(Builder.BUILDAH, "docker_py-build", "podman:5.4")
    assert plain is not None
    assert (plain.missed, plain.why) == ("", "it is")


def test_events_and_no_cache_are_of_their_phase_alone_and_a_platform_stays(tmp_path: Path) -> None:
    text = f"""{HEAD}{PHASE}
before = ["remove-image", "prune"]
platform = "linux/arm64"
labels = {{ a = "1" }}
[[phase.expect]]
missed = 'LABEL "a"="1"'
why = "of the option"
builder = "buildah"
{EXPECT}{PHASE}{EXPECT}"""
    first, second, third = find_scenario(write(tmp_path, text)).phases

    assert [phase.platform for phase in (first, second, third)] == ["", "linux/arm64", "linux/arm64"]
    assert [phase.before for phase in (first, second, third)] == [(), (Event.REMOVE_IMAGE, Event.PRUNE), ()]


def test_attributes_that_are_no_text(tmp_path: Path) -> None:
    entry = '"a" = { xattrs = { "user.a" = "b" }, xattrs_hex = { "security.capability" = "01ff" } }'
    text = f"{HEAD}[context]\n{entry}\n{PHASE}{EXPECT}"
    (file,) = find_scenario(write(tmp_path, text)).phases[0].entries
    assert file.xattrs == (("user.a", b"b"), ("security.capability", b"\x01\xff"))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "missing: `title`", "docs"),
        ("title = ", "is not TOML", "docs"),
        (f"{HEAD}quest = 1", "there is no key `quest`", "did you mean"),
        (f'{HEAD}[context]\n"a" = {{ txt = "x" }}', "there is no key `txt`", "text"),
        (f'{HEAD}[context]\n"../a" = {{}}', "leaves the context", ""),
        (f'{HEAD}[context]\n"/a" = {{}}', "leaves the context", ""),
        (f'{HEAD}[context]\n"a//b" = {{}}', "leaves the context", ""),
        (f'{HEAD}[context]\n"a" = {{ mode = "9" }}', "octal digits", ""),
        (f'{HEAD}[context]\n"a" = {{ mode = 420 }}', "Expected `str", ""),
        (f'{HEAD}[context]\n"a" = {{ link = "b", text = "c" }}', "a is two things: text and link", ""),
        (f'{HEAD}[context]\n"a" = {{}}\n"a/b" = {{}}', "a/b lies in a, which is a file", ""),
        (f'{HEAD}[context]\n"a" = {{ hardlink = "b" }}', "is not a file here", ""),
        (f'{HEAD}[context]\n"a/" = {{ text = "b" }}', "is a directory, which has no text", ""),
        (f'{HEAD}[context]\n"a" = {{ name_hex = "2f" }}', "is not a file name", ""),
        (f'{HEAD}[context]\n"a" = {{ size = 9999999999999 }}', "size is 0 to", ""),
        (f'{HEAD}[context]\n"a" = {{ uid = -1 }}', "are numbers from 0", ""),
        (f'{HEAD}[context]\n"{"n" * 256}" = {{}}', "a name of more than 255 bytes", ""),
        (f'{HEAD}[context]\n"a" = {{ name_hex = "{"61" * 256}" }}', "is not a file name", ""),
        (f'{HEAD}[context]\n"a" = {{ xattrs_hex = {{ x = "0g" }} }}', "xattrs_hex is not hexadecimal", ""),
        (
            f'{HEAD}[context]\n"a" = {{ xattrs = {{ x = "" }}, xattrs_hex = {{ x = "" }} }}',
            "a: x is in xattrs and in xattrs_hex",
            "",
        ),
        (f'{HEAD}{PHASE}before = ["prun"]{EXPECT}', "nothing happens that is called 'prun'; prune?", ""),
        (f'{HEAD}{PHASE}before = ["zz"]{EXPECT}', "there are prune, prune-images, remove-image", ""),
        (f"{HEAD}{PHASE}", "missing: `expect`", ""),
        (f"{HEAD}{PHASE}expect = []", "nothing is expected of classic, buildkit, buildah", ""),
        (f'{HEAD}{PHASE}context = {{ "a" = false }}{EXPECT}', "phase 1 (p): a cannot be removed", ""),
        (f'{HEAD}{PHASE}{EXPECT}missed = "COPY b /"', "has no instruction 'COPY b /'", ""),
        (f'{HEAD}{PHASE}{EXPECT}causes = ["mod"]', "there is no cause 'mod'; mode?", ""),
        (f'{HEAD}{PHASE}{EXPECT}builder = "kaniko"', "there is no builder 'kaniko'", ""),
        (f'{HEAD}{PHASE}{EXPECT}fails = true\ncauses = ["mode"]', "misses nothing", ""),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_scenario(write(tmp_path, text))
    assert message in str(caught.value)
    assert str(tmp_path / "scenario.toml") in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_a_context_is_served_where_the_scenario_says_so(tmp_path: Path) -> None:
    assert not find_scenario(write(tmp_path, HEAD)).served
    assert find_scenario(write(tmp_path, f"{HEAD}served = true\n")).served


def test_a_cache_is_imported_and_exported_in_one_phase_alone(tmp_path: Path) -> None:
    caches = 'cache_to = "type=local,dest={cache}"\ncache_from = "{image}"\n'
    text = HEAD + PHASE + caches + EXPECT + PHASE + EXPECT
    phases = find_scenario(write(tmp_path, text)).phases
    assert [(phase.cache_to, phase.cache_from) for phase in phases] == [
        ("", ""),
        ("type=local,dest={cache}", "{image}"),
        ("", ""),
    ]


@pytest.mark.parametrize("place", ["{base}", "{cache"])
def test_a_place_that_nothing_fills_in(tmp_path: Path, place: str) -> None:
    text = HEAD + PHASE + f'cache_to = "type=local,dest={place}"' + EXPECT
    with pytest.raises(UsageError) as raised:
        find_scenario(write(tmp_path, text))
    assert f"nothing is filled in for {place}, but for {{cache}} and {{image}}" in str(raised.value)
