"""Lines of a CI system's log, without what the CI put before them.

The first line that a builder surely printed shows what stands before it; what stands there in the same form
is taken off every line. Where jobs or branches write into one log, each is a stream of its own; what only
counts up is a clock. CircleCI and Bitbucket put nothing before a line, Azure Pipelines what GitHub puts.

Source: actions/runner src/Runner.Common/Logging.cs (time), cli/cli pkg/cmd/run/view (job, step),
gitlab-org/gitlab-runner common/buildlogger (time, stream, continuation) and docs of ``section_start``,
jenkinsci/timestamper-plugin, jenkinsci/workflow-cps-plugin (branch names), jenkinsci/jenkins
hudson/console/ConsoleNote.java; buildkite/agent process/timestamper.go (``_bk;t=``, milliseconds).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

_BUILDKITE_TIME = re.compile(r"\x1b_bk;t=(\d{1,14})\x07")
_ESCAPES = re.compile(
    r"\x1b\[8mha:[^\x1b]*\x1b\[0m"  # a note of Jenkins, hidden
    r"|\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]_][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[@-_]"
)
_SECTION = re.compile(r"section_(?:start|end):\d+:[\w.-]+(?:\[[^\]\r\n]*\])?\r?")
_MARK = re.compile(r"(?:##\[(?:group|endgroup|command|debug)\]|::(?:group|endgroup)::)")

MAX_LINES = 2_000_000
"""What comes after them is not read."""
_LONGEST = 1 << 16

_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)"
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d+)?"
_BRANCH = r"\[(?P<stream>[^\]\r\n]{1,80})\] "
_COUNTER = re.compile(r"[\d:., ]*\d[\d:., ]*")
_BARE_COUNTER = re.compile(rf"\[{_COUNTER.pattern}\] ")
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"",
        rf"(?P<time>{_TIME}) ?",  # GitHub Actions
        rf"(?P<stream>[^\t\r\n]*\t[^\t\r\n]*)\t\ufeff?(?:(?P<time>{_TIME}) ?)?",  # gh run view --log
        rf"(?P<time>{_TIME}) [0-9a-fA-F]{{2}}[OE](?P<more>[ +])",  # GitLab
        *(  # Jenkins: timestamper, parallel branches
            f"{time}{blanks}{branch}"
            for time in (rf"\[(?P<time>{_TIME})\]", _CLOCK)
            for blanks in (" ", "  ")
            for branch in ("", _BRANCH)
        ),
        _BRANCH,
    )
)
_BUILDERS = re.compile(
    r"#[0-9]+ (?:\[|building with |resolve image config|sha256:[0-9a-f]{64}$)"
    r"|Step [0-9]+/[0-9]+ : "
    r"|(?:\[[0-9]+/[0-9]+\] )?STEP [0-9]+(?:/[0-9]+)?: "
    r"|\{\"(?:vertexes|statuses|logs|warnings)\":"
    r"|  \"(?:vertexes|statuses|logs|warnings)\": \[$"
)

_ID = r"(?P<id>[0-9a-f]{7,64})"
_CHECKOUTS = tuple(
    re.compile(form)
    for form in (
        rf"HEAD is now at {_ID} ",  # git itself: checkout of a commit, reset
        rf"Checking out {_ID} as (?:detached HEAD|\S+\.\.\.)",  # GitLab
        rf"Checking out Revision {_ID}(?: |$)",  # Jenkins
        rf"(?:\$|\+|\[command\]\S*|##\[command\]) ?.*\b(?:checkout|reset) .*(?<= ){_ID}$",  # a command shown
        rf"'?{_ID}'?$",  # what GitHub's checkout asks at its end
    )
)
"""Lines that say which commit was checked out.
Source: git builtin/reset.c and builtin/checkout.c @ v2.47.0; gitlab-org/gitlab-runner shells/abstract.go
(writeCheckoutCmd) @ v17.0.0; jenkinsci/git-plugin GitSCM.java (checkout) @ 5.7.0; actions/checkout
src/git-source-provider.ts (``git log -1 --format=%H``) @ v4.2.2; buildkite/agent internal/job/checkout.go
@ v3.90.0; support.atlassian.com, "Git clone behavior" (``git reset --hard``)."""
_HINTS = ("HEAD is now at ", "hecking out ", "checkout ", "reset ", " log -1 ")
_ASKED = re.compile(r"\[command\]\S*git(?:\.exe)? log -1 --format='?%H'?")
_MAX_COMMITS = 20


@dataclass(slots=True)
class Stream:
    """What one job, step or branch wrote."""

    lines: list[str] = field(default_factory=list)
    began: str = ""
    """Time of the line that showed a builder, as the CI wrote it; empty without."""
    commits: tuple[str, ...] = ()
    """Commits that the whole log says were checked out, in their order; hexadecimal, often abbreviated."""


def read_streams(text: str) -> tuple[Stream, ...]:
    """The streams of a log that show a builder at work, in the order of their first such line."""
    form: re.Pattern[str] | None = None
    before: list[str] = []
    streams: dict[str, Stream] = {}
    for line in _lines(text):
        if form is None:
            form = _form_of(line)
            if form is None:
                before.append(line)
                continue
            if form is _FORMS[-1] and _only_counts_up(text):
                form = _BARE_COUNTER
            for earlier in before:
                _add(streams, form, earlier)
        _add(streams, form, line)
    found = tuple(stream for stream in streams.values() if any(map(_BUILDERS.match, stream.lines)))
    commits = _commits_in(text, form) if found and form is not None else ()
    for stream in found:
        stream.commits = commits
    return found


def _commits_in(text: str, form: re.Pattern[str]) -> tuple[str, ...]:
    """The commits that lines before the first build name; none where a later line names one as well, for
    then nothing says which build was made of it."""
    found: list[str] = []
    asked = built = False
    for line in _lines(text):
        match = form.match(line)
        rest = line[match.end() :] if match is not None else line
        if _BUILDERS.match(rest):
            built = True
        if not asked and not any(hint in line for hint in _HINTS):
            continue
        commit = _commit_of(rest, asked=asked)
        asked = _ASKED.match(rest) is not None
        if commit and built:
            return ()
        if commit and not any(each.startswith(commit) or commit.startswith(each) for each in found):
            found.append(commit)
    return tuple(found[:_MAX_COMMITS])


def _commit_of(line: str, *, asked: bool) -> str:
    forms = _CHECKOUTS[-1:] if asked else _CHECKOUTS[:-1]
    matches = filter(None, (form.match(line.strip()) for form in forms))
    return next((match["id"] for match in matches), "")


def _lines(text: str) -> Iterator[str]:
    """The lines without escape sequences and marks of sections, and of very long ones the beginning."""
    for line in text.removeprefix("\ufeff").split("\n", MAX_LINES)[:MAX_LINES]:
        plain = (line if "{" in line[:200] else line[:_LONGEST]).rstrip("\r")
        if "\x1b_bk;" in plain:
            plain = _BUILDKITE_TIME.sub(_as_time, plain, count=1)
        if "\x1b" in plain or "section_" in plain:
            plain = _SECTION.sub("", _ESCAPES.sub("", plain)).lstrip("\r")
        yield plain


def _as_time(match: re.Match[str]) -> str:
    time = datetime.fromtimestamp(int(match[1]) / 1000, UTC) if len(match[1]) < 14 else None
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S.%fZ')} " if time is not None else ""


def _form_of(line: str) -> re.Pattern[str] | None:
    """The form of what stands before a builder's line; None for any other line."""
    for form in _FORMS:
        match = form.match(line)
        if match is not None and _BUILDERS.match(line, match.end()):
            return form
    return None


def _only_counts_up(text: str) -> bool:
    """Whether what stands in brackets before the lines of a log is a clock: numbers that never go back."""
    latest: tuple[float, ...] = ()
    for line in _lines(text):
        match = _FORMS[-1].match(line)
        if match is None:
            continue
        if not _COUNTER.fullmatch(match["stream"]):
            return False
        now = tuple(
            float(number) for number in re.findall(r"\d+(?:[.,]\d+)?", match["stream"].replace(",", "."))
        )
        if now < latest:
            return False
        latest = now
    return True


def _add(streams: dict[str, Stream], form: re.Pattern[str], line: str) -> None:
    match = form.match(line)
    if match is None and "stream" in form.groupindex:
        return  # the CI's own line, of no branch
    groups = match.groupdict() if match is not None else {}
    rest = line[match.end() :] if match is not None else line
    stream = streams.setdefault(groups.get("stream") or "", Stream())
    if groups.get("more") == "+" and stream.lines:
        stream.lines[-1] += rest
        return
    mark = _MARK.match(rest)
    rest = rest[mark.end() :] if mark is not None else rest
    if not stream.began and groups.get("time") and _BUILDERS.match(rest):
        stream.began = groups["time"]
    stream.lines.append(rest)
