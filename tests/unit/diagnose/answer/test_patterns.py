"""Patterns group what they are literally true of, and nothing else. Expectations are written by hand."""

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.diagnose.answer import answer_fork
from layerfork.diagnose.causes.scene import AnswerSources, FileLook, Index, Look, have_nothing, see_nothing
from layerfork.record.answer import (
    Answer,
    Cause,
    CauseStatus,
    ChangedPart,
    Fix,
    Fork,
    MissKind,
    Point,
    Side,
    Situation,
)
from layerfork.record.build import Builder
from layerfork.record.context import (
    ContentSource,
    ContextEntry,
    ContextManifest,
    Digest,
    EntryType,
    Transport,
)
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    ClientInfo,
    RecordedRequest,
    StepRecord,
    StepStatus,
)

DOCKERFILE = "FROM alpine\nCOPY . /all\nRUN echo end\n"


def cause(code: str, *parts: tuple[str, str | None, str | None], status: str = "PROVEN") -> Cause:
    return Cause(
        code=code,
        status=CauseStatus(status),
        path=parts[0][0] if parts else "",
        field=code,
        writer=parts[0][1] or "" if parts else "",
        reader=parts[0][2] or "" if parts else "",
        text=f"COPY . forked: {code}",
        remedy=f"mend {code}",
        more=max(0, len(parts) - 1),
        parts=tuple(ChangedPart(path, code, writer, reader) for path, writer, reader in parts),
    )


def digest(text: str) -> Digest:
    return Digest(f"sha256:{text:0>64}")


def entry(path: str, content: str = "") -> ContextEntry:
    return ContextEntry(
        name=path,
        type=EntryType.FILE,
        mode=0o644,
        size=10,
        content=digest(content) if content else None,
        content_source=ContentSource.SENT if content else ContentSource.NONE,
    )


def record(
    entries: Sequence[ContextEntry] = (),
    dockerfile: str = DOCKERFILE,
    argv: tuple[str, ...] = (),
    statuses: str = "hmm",
) -> BuildRecord:
    lines = dockerfile.splitlines()
    return BuildRecord(
        id="id",
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.BUILDKIT,
        client=ClientInfo(argv=argv),
        request=RecordedRequest(dockerfile=dockerfile, dockerfile_name="Dockerfile"),
        context=ContextManifest(transport=Transport.FILE_SYNC, entries=tuple(entries)),
        steps=tuple(
            StepRecord(
                index=number,
                instruction=line,
                line=number,
                status=StepStatus.HIT if status == "h" else StepStatus.MISS,
            )
            for number, (line, status) in enumerate(zip(lines, statuses, strict=True), 1)
        ),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


def answer(
    *causes: Cause,
    writer: BuildRecord | None = None,
    reader: BuildRecord | None = None,
    situation: Situation = Situation.AGAIN,
    look: Look = see_nothing,
    index: Index = have_nothing,
    step: int = 2,
    after: tuple[int, ...] = (3,),
) -> Answer:
    reader = reader or record()
    fork = Fork(
        writer="w",
        reader="r",
        step=step,
        writer_step=step,
        instruction=reader.steps[step - 1].instruction,
        miss_kind=MissKind.KEY_CHANGED,
        causes=causes,
        consequences=after,
        seconds_lost=1.25,
    )
    names = (
        (Side(name="before"), Side(name="now"))
        if situation is Situation.AGAIN
        else (Side(name="ci"), Side(name="laptop"))
    )
    return answer_fork(
        fork,
        AnswerSources(
            writer=writer or reader, reader=reader, sides=names, situation=situation, look=look, index=index
        ),
    )


def only(made: Answer) -> Point:
    (point,) = made.points
    return point


def test_a_umask_needs_two_modes_that_it_explains() -> None:
    two = answer(cause("mode", ("a", "0644", "0600")), cause("mode", ("d", "0755", "0700")))
    assert only(two).culprit == "2 modes follow umask 077, followed 022"
    assert only(two).fix.command == "chmod u=rwX,g=rX,o=rX a d"
    assert only(two).causes == (0, 1)
    one = answer(cause("mode", ("a", "0644", "0600")))
    assert only(one).culprit == "mode of a is 0600, was 0644"
    assert only(one).fix.command == "chmod 0644 a"


def test_modes_that_no_umask_explains_are_not_called_one() -> None:
    made = answer(cause("mode", ("a", "0644", "0600")), cause("mode", ("b", "0600", "0640")))
    assert [point.pattern for point in made.points] == ["", ""]


def test_an_executable_bit_is_nothing_else() -> None:
    assert only(answer(cause("mode", ("a", "0755", "0644")))).culprit == "a lost the executable bit"
    assert only(answer(cause("mode", ("a", "0644", "0755")))).culprit == "a gained the executable bit"
    both = only(answer(cause("mode", ("a", "0755", "0640"))))
    assert both.culprit == "mode of a is 0640, was 0755"


@pytest.mark.parametrize(
    ("modes", "command"),
    [
        (("0755", "0644"), "chmod a+x a"),
        (("0644", "0755"), "chmod a-x a"),
        (("0744", "0644"), "chmod u+x a"),
        (("0754", "0644"), "chmod ug+x a"),
    ],
)
def test_executable_bits_become_those_that_were_there_under_any_umask(
    modes: tuple[str, str], command: str, tmp_path: Path
) -> None:
    made = only(answer(cause("mode", ("a", *modes))))
    assert made.fix.command == command
    (tmp_path / "a").touch()
    (tmp_path / "a").chmod(int(modes[1], 8))
    subprocess.run(["sh", "-c", f"umask 077; {command}"], cwd=tmp_path, check=True)
    assert f"{(tmp_path / 'a').stat().st_mode & 0o777:04o}" == modes[0]


def test_files_of_other_executable_bits_are_told_apart() -> None:
    made = answer(cause("mode", ("a", "0755", "0644"), ("b", "0744", "0644")))
    assert [point.fix.command for point in made.points] == ["chmod a+x a", "chmod u+x b"]


def test_a_command_for_all_files_says_so() -> None:
    many = [(f"f{number}", "0644", "0600") for number in range(9)]
    fix = only(answer(cause("mode", *many))).fix
    assert (fix.command, "every file" in fix.warning) == ("chmod -R u=rwX,g=rX,o=rX .", True)


@pytest.mark.parametrize(("uid", "whole"), [(0, True), (5, False)])
def test_a_tar_of_one_owner_is_none_where_others_have_their_own(uid: int, whole: bool) -> None:
    entries = [replace(entry(path), uid=own) for path, own in (("a", 7), ("b", 7), ("c", uid))]
    reader = record(entries)
    assert reader.context is not None
    sent = replace(reader, context=replace(reader.context, transport=Transport.TAR))
    fix = only(answer(cause("uid", ("a", "0", "7"), ("b", "0", "7")), reader=sent)).fix
    assert fix.command == ("tar --owner=0 -cf ../context.tar $(ls -A)" if whole else "")
    assert (
        only(answer(cause("uid", ("a", "0", "7"), ("b", "0", "7")), reader=reader)).fix.command
        == "chown -h 0 a b"
    )


def test_git_is_told_after_what_else_changed() -> None:
    """Leaving it out would not have saved this build."""
    made = answer(cause("content", (".git/HEAD", "1", "2"), (".gitignore", "1", "2")))
    assert [point.culprit for point in made.points] == [".gitignore changed", ".git changed, and is copied"]
    assert made.culprit == ".gitignore changed, and 1 more"
    assert made.points[1].fix.edits[0].after == (".git",)


def test_a_build_that_reads_git_is_warned() -> None:
    text = DOCKERFILE.replace("RUN echo end", "RUN git describe")
    made = answer(cause("content", (".git/HEAD", "1", "2")), reader=record(dockerfile=text))
    assert only(made).fix.warning == "line 3 may read .git: `RUN git describe`"


LF, CRLF, OTHER = "1", "2", "3"


def looking(content: str) -> Look:
    return lambda asked, each: (
        FileLook(with_lf=digest(LF), with_crlf=digest(CRLF)) if each.content == digest(content) else None
    )


@pytest.mark.parametrize(
    ("writer", "reader", "said"),
    [
        (LF, CRLF, "lines of a end in CRLF, ended in LF"),
        (CRLF, LF, "lines of a end in LF, ended in CRLF"),
        (OTHER, CRLF, "a changed"),
    ],
)
def test_line_endings_are_said_where_both_digests_are_the_converted_files(
    writer: str, reader: str, said: str
) -> None:
    made = answer(
        cause("content", ("a", writer, reader)),
        writer=record([entry("a", writer)]),
        reader=record([entry("a", reader)]),
        look=looking(reader),
    )
    assert only(made).culprit == said


def test_line_endings_are_not_said_where_the_file_is_gone() -> None:
    made = answer(
        cause("content", ("a", LF, CRLF)), writer=record([entry("a", LF)]), reader=record([entry("a", CRLF)])
    )
    assert only(made).culprit == "a changed"


def test_one_owner_is_one_pair_of_values() -> None:
    same = cause("uid", ("a", "0", "7"), ("b", "0", "7")), cause("gid", ("a", "0", "8"), ("b", "0", "8"))
    assert only(answer(*same)).culprit == "owner of 2 entries is 7:8, was 0:0"
    other = cause("uid", ("a", "0", "7"), ("b", "0", "9"))
    assert only(answer(other)).culprit == "owner id of a and b changed"


def test_a_pattern_is_no_surer_than_its_weakest_cause() -> None:
    made = answer(
        cause("mode", ("a", "0644", "0600")), cause("mode", ("d", "0755", "0700"), status="SUSPECTED")
    )
    assert made.status is CauseStatus.SUSPECTED


def test_what_is_proven_is_told_first() -> None:
    made = answer(cause("mode", ("a", "0644", "0640"), status="SUSPECTED"), cause("content", ("b", "1", "2")))
    assert [point.code for point in made.points] == ["content", "mode"]


INSTALL = "FROM alpine\nCOPY . .\nRUN npm ci\nRUN echo end\n"


def test_an_install_step_goes_above_the_copy() -> None:
    reader = record([entry("package.json"), entry("a.js")], INSTALL, statuses="hmmm")
    made = answer(cause("content", ("a.js", "1", "2")), reader=reader, after=(3, 4))
    fix = only(made).fix
    assert fix.sentence == "install before copying: put `COPY package.json ./` and line 3 above line 2"
    assert [(edit.line, edit.before, edit.after) for edit in fix.edits] == [
        (2, (), ("COPY package.json ./", "RUN npm ci")),
        (3, ("RUN npm ci",), ()),
    ]


@pytest.mark.parametrize(
    ("dockerfile", "paths", "changed"),
    [
        (INSTALL, ("package.json", "a.js"), "package.json"),  # it is what is installed
        (INSTALL, ("a.js",), "a.js"),  # nothing says what is installed
        (INSTALL.replace("RUN npm", "WORKDIR /w\nRUN npm"), ("package.json", "a.js"), "a.js"),  # in its way
        (INSTALL.replace("COPY . .", "COPY a.js ."), ("package.json", "a.js"), "a.js"),  # copies one file
    ],
)
def test_an_install_step_stays_where_moving_it_would_not_help(
    dockerfile: str, paths: tuple[str, ...], changed: str
) -> None:
    statuses = "h" + "m" * (len(dockerfile.splitlines()) - 1)
    reader = record([entry(path) for path in paths], dockerfile, statuses=statuses)
    after = tuple(range(3, len(statuses) + 1))
    made = answer(cause("content", (changed, "1", "2")), reader=reader, after=after)
    assert only(made).pattern == ""
    assert not only(made).fix.edits


@pytest.mark.parametrize(
    ("run", "moved"),
    [
        ("npm ci --omit=dev && npm cache clean --force", True),
        ("apt-get update && apt-get install -y curl && npm ci && rm -rf /var/lib/apt/lists/*", True),
        ("--mount=type=cache,target=/root/.npm npm ci", True),
        ("pip install -r ./requirements.txt", True),
        ("npm ci && npm run build", False),  # it reads the sources
        ("npm ci; make", False),
        ("npm ci --prefix client", False),  # other files than those at the top
        ("cd client && npm ci", False),
        ("npm ci && pip install -r requirements.txt", False),  # files of both
        ("pip install -r requirements.txt -r dev.txt", False),
        ("pip install -r requirements.txt .", False),
        ("pip install -r requirements.txt -e .", False),
        ("pip install -r requirements.txt -c constraints.txt", False),
        ("npm ci --tag $(cat tag)", False),
    ],
)
def test_a_step_that_does_more_than_install_stays_where_it_is(run: str, moved: bool) -> None:
    paths = ("package.json", "requirements.txt", "a.js")
    reader = record([entry(path) for path in paths], INSTALL.replace("npm ci", run), statuses="hmmm")
    made = answer(cause("content", ("a.js", "1", "2")), reader=reader, after=(3, 4))
    assert bool(only(made).fix.edits) == moved


def test_two_machines_are_called_by_their_names() -> None:
    made = answer(cause("mode", ("a", "0644", "0600")), situation=Situation.MACHINES)
    assert made.headline == ("Dockerfile:2  COPY . /all  missed: mode of a is 0600 for laptop, 0644 for ci")
    assert made.cost == "1.2 s, 1 more step"
    assert made.fix.sentence == "`chmod 0644 a` on laptop (--chmod in COPY does not help)"


def test_chmod_in_copy_helps_with_buildah() -> None:
    """It looks at the files as --chmod makes them: the scenario mode-chmod-flag builds that."""
    mode = cause("mode", ("a", "0644", "0600"))
    made = answer(mode, reader=replace(record([entry("a")]), builder=Builder.BUILDAH))
    assert made.fix.sentence == "`chmod 0644 a`"


def test_hidden_values_stay_hidden() -> None:
    argv = ("docker", "build", "--build-arg", "TOKEN=hidden:12", ".")
    text = "FROM alpine\nARG TOKEN\nCOPY a /$TOKEN\n"
    reader = record((), text, argv, "hhm")
    made = answer(cause("build-arg", ("TOKEN", "hidden:12", "hidden:34")), reader=reader, step=3, after=())
    assert made.culprit == "build argument TOKEN has another value (hidden)"
    assert made.fix.command == ""
    assert "hidden:" not in str(made)


def test_what_clients_run_in_a_relay_is_nothing_to_type() -> None:
    argv = ("/tmp/x/docker", "build", "--no-cache", ".")
    text = "FROM alpine\nRUN echo a\n"
    made = answer(
        cause("cache-off"),
        reader=record((), text, argv, "hm"),
        situation=Situation.CLIENTS,
        after=(),
    )
    assert made.fix.command == ""


EARLY = "FROM alpine\nARG {0}\nRUN echo a\nRUN echo ${0}\n"


@pytest.mark.parametrize(("name", "moved"), [("GIT_SHA", True), ("http_proxy", False), ("PATH", False)])
def test_lines_that_programs_read_stay_where_they_are(name: str, moved: bool) -> None:
    reader = record((), EARLY.format(name), statuses="hhmm")
    made = answer(cause("build-arg", (name, "1", "2")), reader=reader, step=3, after=(4,))
    assert bool(made.fix.edits) == moved


def test_a_variable_that_another_is_made_of_stays_above_it() -> None:
    reader = record((), "FROM alpine\nARG SHA\nENV V=$SHA\nRUN make\n", statuses="hhhm")
    made = answer(cause("build-arg", ("SHA", "1", "2")), reader=reader, step=4, after=())
    assert made.fix.edits == ()


def test_no_link_is_made_inside_a_directory() -> None:
    def fix_of(kind: EntryType) -> Fix:
        writer = replace(entry("d"), type=EntryType.SYMLINK, linkname="x")
        reader = replace(entry("d"), type=kind)
        made = answer(cause("entry-type", ("d", "a", "b")), writer=record([writer]), reader=record([reader]))
        return only(made).fix

    assert fix_of(EntryType.FILE).command == "ln -sfn x d"
    assert fix_of(EntryType.DIRECTORY).command == ""


@pytest.mark.parametrize(
    ("writer", "reader", "edited"), [(("a", "b"), ("b",), True), (("*", "!b"), ("!b",), False)]
)
def test_patterns_with_exceptions_are_not_put_at_the_end(
    writer: tuple[str, ...], reader: tuple[str, ...], edited: bool
) -> None:
    def ignoring(patterns: tuple[str, ...]) -> BuildRecord:
        context = ContextManifest(transport=Transport.FILE_SYNC, entries=(), excludes=patterns)
        return replace(record(), context=context)

    made = answer(cause("ignore-rule", ("c", None, "x")), writer=ignoring(writer), reader=ignoring(reader))
    assert made.fix.sentence == f"put `{writer[0]}` back into .dockerignore"
    assert bool(made.fix.edits) == edited


def test_git_of_a_submodule_is_left_out_wherever_it_is() -> None:
    made = answer(cause("content", ("vendor/x/.git", "1", "2")))
    assert made.culprit == "files in .git changed, and are copied"
    assert made.fix.edits[0].after == ("**/.git",)


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ("hmh", "no later step was built again"),
        ("hmm", "the later steps that were built again have a cause of their own as well"),
    ],
)
def test_nothing_is_said_to_have_followed_only_where_nothing_did(statuses: str, said: str) -> None:
    made = answer(
        cause("content", ("a", "1", "2")),
        writer=record([entry("a", "1")]),
        reader=record([entry("a", "2")], statuses=statuses),
        after=(),
    )
    assert only(made).fix.sentence == f"nothing to fix: this step reads the edited files, and {said}"
