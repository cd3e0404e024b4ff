"""What answers' fixes come to, and what has to happen again to show that they help."""

import pytest

from layerfork.diagnose.causes.rule import REARRANGE
from layerfork.diagnose.causes.table import RULE_OF
from layerfork.diagnose.patterns import PATTERNS
from layerfork.hypothesis.fileedits import changes_of, with_lines
from layerfork.hypothesis.remedies import again_of, remedy_of
from layerfork.hypothesis.unappliable import UnappliableError
from layerfork.record.answer import Answer, CauseStatus, Edit, Fix, MissKind, Point, Side, Situation, Way
from layerfork.record.build import Builder
from layerfork.record.change import BuildArgIs, DockerfileIs, EntriesAre, PatternsAre
from layerfork.record.context import ContextEntry, ContextManifest, Digest, EntryType, Transport
from layerfork.record.fixing import Again
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, RecordedRequest

IGNORE = Edit(file=".dockerignore", after=(".git",))
MOVE = (Edit(file="Dockerfile", line=2, before=("ARG A",)), Edit(file="Dockerfile", line=4, after=("ARG A",)))

TREATMENTS = {each.code: each.treatment for each in PATTERNS}


def point(
    code: str,
    pattern: str = "",
    *,
    edits: tuple[Edit, ...] = (),
    command: str = "",
    paths: tuple[str, ...] = (),
) -> Point:
    return Point(
        culprit=f"{code} {pattern}",
        code=code,
        pattern=pattern,
        status=CauseStatus.PROVEN,
        causes=(0,),
        paths=paths,
        fix=Fix(sentence="do", edits=edits, command=command),
        treatment=TREATMENTS.get(pattern, REARRANGE) if pattern else RULE_OF[code].treatment,
    )


def answer(*points: Point) -> Answer:
    return Answer(
        writer=Side(name="before"),
        reader=Side(name="now"),
        situation=Situation.AGAIN,
        step=2,
        instruction="COPY . .",
        miss_kind=MissKind.KEY_CHANGED,
        points=points,
    )


def entry(path: str, content: str = "a", mode: int = 0o644) -> ContextEntry:
    return ContextEntry(name=path, type=EntryType.FILE, mode=mode, content=Digest(f"sha256:{content * 64}"))


def record(
    *entries: ContextEntry, args: tuple[tuple[str, str], ...] = (), text: str = "FROM a\nARG A\nRUN b\n"
) -> BuildRecord:
    return BuildRecord(
        id="r",
        recorded_at="2026-01-01T00:00:00Z",
        builder=Builder.BUILDKIT,
        request=RecordedRequest(dockerfile=text, build_args=args),
        context=ContextManifest(transport=Transport.FILE_SYNC, entries=entries, excludes=("tmp",)),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


def test_edits_of_one_way_are_one_remedy_and_the_rest_is_left() -> None:
    git = point("content", "git-copied", edits=(IGNORE,))
    moved = point("build-arg", "early-argument", edits=MOVE)
    source = point("content")
    found = remedy_of(answer(source, moved, git))
    assert found is not None
    assert (found.way, found.edits) == (Way.REBUILD, (*MOVE, IGNORE))
    assert found.left == ("content ",)


def test_two_edits_of_one_line_are_not_both_made() -> None:
    other = (Edit(file="Dockerfile", line=2, before=("ARG A",), after=("ARG B",)),)
    found = remedy_of(
        answer(point("build-arg", "early-argument", edits=MOVE), point("env", "early-variable", edits=other))
    )
    assert found is not None
    assert found.edits == MOVE


@pytest.mark.parametrize(
    ("code", "pattern", "command", "way", "by_hand"),
    [
        ("mode", "umask", "chmod u=rwX run.sh", Way.RESTORE, False),
        ("uid", "one-owner", "chown 0:0 a", Way.RESTORE, False),
        ("uid", "one-owner", "tar --owner=0 -cf ../context.tar .", Way.RESTORE, True),
        ("builder", "", "DOCKER_BUILDKIT=1 docker build .", Way.RESTORE, True),
    ],
)
def test_a_command_is_run_where_it_puts_back_what_was_there(
    code: str, pattern: str, command: str, way: Way, by_hand: bool
) -> None:
    found = remedy_of(answer(point(code, pattern, command=command)))
    assert found is not None
    assert (found.way, found.by_hand, found.command) == (way, by_hand, command)


@pytest.mark.parametrize(
    "one",
    [
        point("content", command="git checkout -- package-lock.json"),
        point("instruction", "line-edited", edits=MOVE),
        point("ignore-rule", edits=(IGNORE,)),
        point("target", command="docker build --target test ."),
        point("base-image", command="docker tag a b"),
        point("unexplained"),
    ],
    ids=lambda one: one.code,
)
def test_what_may_have_been_meant_is_left_alone(one: Point) -> None:
    assert remedy_of(answer(one)) is None


def test_what_changed_changes_again_and_what_came_goes() -> None:
    writer = record(entry("same"), entry("edited"), entry("gone", "c"), entry("mode", "d", 0o755))
    reader = record(entry("same"), entry("edited", "b"), entry("new"), entry("mode", "d", 0o600))
    one = point("entry-extra", edits=(IGNORE,), paths=("edited", "new", "gone", "mode"))
    changes = {
        each.path: each
        for each in again_of(answer(one), writer, reader).changes
        if isinstance(each, EntriesAre)
    }
    assert changes["new"].entries == ()
    assert changes["mode"].entries[0].mode == 0o755
    assert changes["mode"].entries[0].content == entry("mode", "d").content
    known = {entry("x", letter).content for letter in "abcd"}
    assert changes["edited"].entries[0].content not in known
    assert changes["gone"].entries[0].content not in known


def test_a_directory_that_is_left_out_gets_another_file() -> None:
    one = point("content", "git-copied", edits=(IGNORE,), paths=("web/.git/objects/aa", "web/.git/index"))
    (change,) = again_of(answer(one), record(), record()).changes
    assert isinstance(change, EntriesAre)
    assert change.path == "web/.git/layerfork-again"


def test_all_arguments_are_those_of_the_earlier_build() -> None:
    one = point("build-arg", "early-argument", edits=MOVE, paths=("A",))
    again = again_of(
        answer(one), record(args=(("A", "1"), ("B", "x"))), record(args=(("A", "2"), ("C", "y")))
    )
    assert again.asked == (
        BuildArgIs(name="A", value="1"),
        BuildArgIs(name="B", value="x"),
        BuildArgIs(name="C", value=None),
    )
    hidden = again_of(answer(one), record(args=(("A", "hidden:1f"),)), record(args=(("A", "2"),)))
    assert hidden.unknown == "the value of A is hidden in the record"


def test_a_line_reads_as_before() -> None:
    one = point("env", "early-variable", edits=MOVE, paths=("V",))
    was, now = record(text="FROM a\nENV V=1\nRUN b\n"), record(text="FROM a\nENV V=2\nRUN b\n")
    assert again_of(answer(one), was, now).lines == (("ENV V=2", "ENV V=1"),)
    other = record(text="FROM a\nRUN new\nENV V=2\nRUN b\n")
    assert again_of(answer(one), was, other).unknown


def test_what_an_ignore_file_leaves_out_is_sent_no_more_whatever_becomes_of_it() -> None:
    again = Again(changes=(EntriesAre(path=".git/x", entries=(entry(".git/x"),)),))
    changes = changes_of(
        record(entry(".git/HEAD"), entry("git")), (IGNORE,), {".dockerignore": ".git\n"}, again
    )
    assert changes == (
        EntriesAre(path=".git/x", entries=()),
        EntriesAre(path=".git/HEAD", entries=()),
        PatternsAre(patterns=("tmp", ".git")),
    )


def test_an_edited_dockerfile_is_another_one() -> None:
    again = Again(lines=(("ENV V=2", "ENV V=1"),))
    text = "FROM a\nRUN b\nENV V=2\n"
    assert changes_of(record(), MOVE, {"Dockerfile": text}) == (DockerfileIs(text=text),)
    assert changes_of(record(), MOVE, {"Dockerfile": text}, again) == (
        DockerfileIs(text="FROM a\nRUN b\nENV V=1\n"),
    )
    assert with_lines("FROM a\r\nENV V=2\r\n", again.lines) == "FROM a\r\nENV V=1\r\n"
    with pytest.raises(UnappliableError, match="no line"):
        changes_of(record(), MOVE, {"Dockerfile": "FROM a\n"}, again)
