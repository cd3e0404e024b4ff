"""Lines of a CI system's log, without what the CI put before them.

The first line that a builder surely printed shows what stands before it; what stands there in the same form
is taken off every line. Where jobs or branches write into one log, each is a stream of its own; what only
counts up is a clock. CircleCI and Bitbucket put nothing before a line, Azure Pipelines what GitHub puts.

A log may have any number of lines: of what commands print only the first lines are kept.

Source: actions/runner src/Runner.Common/Logging.cs (time), cli/cli pkg/cmd/run/view (job, step),
gitlab-org/gitlab-runner common/buildlogger (time, stream, continuation) and docs of ``section_start``,
jenkinsci/timestamper-plugin, jenkinsci/workflow-cps-plugin (branch names), jenkinsci/jenkins
hudson/console/ConsoleNote.java; buildkite/agent process/timestamper.go (``_bk;t=``, milliseconds).
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache

_BUILDKITE_TIME = re.compile(r"\x1b_bk;t=(\d{1,14})\x07")
_ESCAPES = re.compile(
    r"\x1b\[8mha:[^\x1b]*\x1b\[0m"  # a note of Jenkins, hidden
    r"|\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]_][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[@-_]"
)
_SECTION = re.compile(r"section_(?:start|end):\d+:[\w.-]+(?:\[[^\]\r\n]*\])?\r?")
_MARK = re.compile(r"(?:##\[(?:group|endgroup|command|debug)\]|::(?:group|endgroup)::)")

_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)"
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d+)?"
_BRANCH = r"\[(?P<stream>[^\]\r\n]{1,80})\] "
_COUNTER = re.compile(r"[\d:., ]*\d[\d:., ]*")
_BARE_COUNTER = re.compile(rf"\[{_COUNTER.pattern}\] ")
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"",
        rf"\ufeff?(?P<time>{_TIME}) ?",  # GitHub Actions
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
        rf"\[command\].*\bimage\.build\.sourceversion={_ID}\b",  # a label of Azure's Docker task
        rf"'?{_ID}'?$",  # what GitHub's checkout asks at its end
    )
)
"""Lines that say which commit was checked out.
Source: git builtin/reset.c and builtin/checkout.c @ v2.47.0; gitlab-org/gitlab-runner shells/abstract.go
(writeCheckoutCmd) @ v17.0.0; jenkinsci/git-plugin GitSCM.java (checkout) @ 5.7.0; actions/checkout
src/git-source-provider.ts (``git log -1 --format=%H``) @ v4.2.2; buildkite/agent internal/job/checkout.go
@ v3.90.0; support.atlassian.com, "Git clone behavior" (``git reset --hard``);
microsoft/azure-pipelines-tasks, labels that DockerV2 adds."""
_HINTS = ("HEAD is now at ", "hecking out ", "checkout ", "reset ", " log -1 ", ".sourceversion=")
_ASKED = re.compile(r"\[command\]\S*git(?:\.exe)? log -1 --format='?%H'?")
_MAX_COMMITS = 20

# What is kept of a log.

MAX_CHARACTERS = 64 << 20
"""Of the lines that are kept; what comes after them is not read."""
_LONGEST = 1 << 16
_MOST_BEFORE = 10_000
"""Lines before the first one that surely is a builder's: it may have begun before the log does."""
_MOST_OUTPUT = 1000
"""Lines in a row, or of one vertex, that nothing is read from."""
_OUTPUT = re.compile(
    r"(?:#(\d+) (?:\d+\.\d+ |\.\.\.$|(sha256:[0-9a-f]{64}|extracting|transferring) )|\{\"logs\":)"
)
"""What a command prints, and statuses, of a vertex that plain progress names before, or of any in rawjson,
where other facts come before logs.
Source: moby/buildkit client/graph.go (SolveStatus) @ v0.13.2 and v0.25.2."""
_BEGINS = ("#0 ", "#1 [")
_READ = re.compile(
    r"#\d|\{|\}"  # BuildKit
    r"|Step \d| ---> |Removing |Successfully built |The command '|COPY failed|ADD failed|pull access denied "
    r"|manifest for |(?:\[\d+/\d+\] )?(?:STEP \d|COMMIT)|--> |[0-9a-f]{64}$|Error|ERR|error "
)
"""How lines begin that the readers of `plainprogress` and `logs` look for."""
_FAILED = "failed to "

Log = Callable[[], Iterable[str]]
"""Gives the lines of a log, from the first one on whenever it is called."""


class Stream:
    """What one job, step or branch wrote, from one checkout to the next."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.times: list[str] = []
        """When each line was written, as the CI wrote it; empty where it wrote none."""
        self.began = ""
        """Time of the line that showed a builder, as the CI wrote it; empty without."""
        self.commits: tuple[str, ...] = ()
        """Commits that earlier lines say were checked out, in their order; hexadecimal, often abbreviated."""
        self.cut = False
        """The log was too large: its end is missing."""
        self.has_builder = False
        """A line was surely a builder's."""
        self.marks_output = False
        """The builder puts a mark before what commands print, so it cannot be taken for the CI's own."""
        self._output: dict[str | None, int] = {}
        self._others = 0
        self._in_message = False
        self._has_last = False

    def add(self, line: str, time: str) -> bool:
        """Keep a line, unless enough of its kind are kept; whether it is the first that is surely a
        builder's."""
        first = not self.has_builder and _BUILDERS.match(line) is not None
        if first:
            self.has_builder, self.marks_output = True, line.startswith(("#", "{", " "))
        self._has_last = first or self._is_wanted(line)
        if self._has_last:
            self.lines.append(line)
            self.times.append(time)
        return first

    def go_on(self, rest: str) -> None:
        """The last line came in pieces: this is the next one."""
        if self._has_last:
            self.lines[-1] += rest

    def _is_wanted(self, line: str) -> bool:
        if (output := _OUTPUT.match(line)) is not None:
            kept = self._output[output[1]] = self._output.get(output[1], 0) + 1
            return kept <= _MOST_OUTPUT or (output[2] is not None and line.endswith(" done"))
        if line.startswith(_BEGINS):
            self._output.clear()
        self._in_message = line == "{" or (self._in_message and line.startswith(" "))
        if self._in_message or _READ.match(line) or _FAILED in line:
            self._others = 0
            return True
        self._others += 1
        return self._others <= _MOST_OUTPUT


def read_streams(log: Log) -> tuple[Stream, ...]:
    """The streams of a log that show a builder at work, in the order of their first such line."""
    reader: _Reader | None = None
    before: deque[str] = deque()
    checkouts: list[str] = []
    for line in _lines(log()):
        if reader is not None:
            if not reader.take(line):
                break
            continue
        form = _form_of(line)
        if form is None:
            before.append(line)
            if len(before) > _MOST_BEFORE:
                _keep_checkout(checkouts, before.popleft())
            continue
        reader = _Reader(_BARE_COUNTER if form is _FORMS[-1] and _only_counts_up(log()) else form)
        for each in (*checkouts, *before, line):
            reader.take(each)
    return tuple(reader.found()) if reader is not None else ()


def _keep_checkout(kept: list[str], line: str) -> None:
    """Keep a line that may name a commit, or the answer to one."""
    if _may_name_commit(line) or (kept and _ASKED.search(kept[-1])):
        kept.append(line)
        del kept[:-_MOST_BEFORE]


def _may_name_commit(line: str) -> bool:
    return any(hint in line for hint in _HINTS)


class _Reader:
    """Takes what stands before the lines off, and puts them into streams."""

    def __init__(self, form: re.Pattern[str]) -> None:
        self._form = form
        self._has_streams = "stream" in form.groupindex
        self._streams: dict[str, list[Stream]] = {}
        """By name; the last one of a name goes on."""
        self._commits: dict[str, list[str]] = {}
        """By job; without a name those of all jobs."""
        self._asked = False
        self._left = MAX_CHARACTERS

    def found(self) -> Iterator[Stream]:
        """The streams with a builder."""
        return (each for own in self._streams.values() for each in own if each.has_builder)

    def take(self, line: str) -> bool:
        """The next line; False when no more can be kept."""
        match = self._form.match(line)
        name, rest = "", line
        if match is not None:
            name = (self._has_streams and match["stream"]) or ""
            rest = line[match.end() :]
        if not rest.startswith("#") or rest.startswith("##["):
            if self._asked or _may_name_commit(rest):
                self._look_for_checkout(name.partition("\t")[0], rest)
            if (mark := _MARK.match(rest)) is not None:
                rest = rest[mark.end() :]
        if match is not None or not self._has_streams:  # else it is the CI's own line, of no branch
            self._put(name, rest, match.groupdict() if match is not None else {})
        return self._left > 0

    def _put(self, name: str, rest: str, groups: Mapping[str, str | None]) -> None:
        own = self._streams.get(name) or self._streams.setdefault(name, [Stream()])
        stream, kept, time = own[-1], len(own[-1].lines), groups.get("time") or ""
        if groups.get("more") == "+" and stream.lines:
            stream.go_on(rest)
        elif stream.add(rest, time):
            stream.began = time
            stream.commits = self._commits_of(name.partition("\t")[0])
        self._left -= len(rest) if len(stream.lines) > kept else 0
        if self._left <= 0:
            for each in self.found():
                each.cut = True

    def _commits_of(self, job: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._commits.get("", ()), *self._commits.get(job, ()))))

    def _look_for_checkout(self, job: str, line: str) -> None:
        commit = _commit_of(line, asked=self._asked)
        self._asked = _ASKED.match(line) is not None
        if not commit:
            return
        names = [name for name in self._streams if job in ("", name.partition("\t")[0])]
        built = [self._streams[name] for name in names if self._streams[name][-1].has_builder]
        own = self._commits.setdefault(job, [])
        if built:
            own.clear()
        if not all(each[-1].marks_output for each in built):
            # A command of the build may have printed it, so nothing says which commit is whose.
            for each in built:
                each[-1].commits = ()
            return
        for each in built:
            each.append(Stream())
        if len(own) < _MAX_COMMITS and not any(_are_one(commit, each) for each in own):
            own.append(commit)


def _are_one(commit: str, other: str) -> bool:
    return commit.startswith(other) or other.startswith(commit)


def _commit_of(line: str, *, asked: bool) -> str:
    forms = _CHECKOUTS[-1:] if asked else _CHECKOUTS[:-1]
    matches = filter(None, (form.match(line.strip()) for form in forms))
    return next((match["id"] for match in matches), "")


def _lines(log: Iterable[str]) -> Iterator[str]:
    """The lines without escape sequences and marks of sections, and of very long ones the beginning."""
    for line in log:
        plain = (line if "{" in line[:200] else line[:_LONGEST]).rstrip("\r")
        if "\x1b_bk;" in plain:
            plain = _BUILDKITE_TIME.sub(_as_time, plain, count=1)
        if "\x1b" in plain or "section_" in plain:
            plain = _SECTION.sub("", _ESCAPES.sub("", plain)).lstrip("\r")
        yield plain


def _as_time(match: re.Match[str]) -> str:
    if len(match[1]) == 14:
        return ""
    seconds, milliseconds = divmod(int(match[1]), 1000)
    return f"{_second(seconds)}.{milliseconds:03d}000Z "


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _form_of(line: str) -> re.Pattern[str] | None:
    """The form of what stands before a builder's line; None for any other line."""
    for form in _FORMS:
        match = form.match(line)
        if match is not None and _BUILDERS.match(line, match.end()):
            return form
    return None


def _only_counts_up(log: Iterable[str]) -> bool:
    """Whether what stands in brackets before the lines of a log is a clock: numbers that never go back."""
    latest: tuple[float, ...] = ()
    for line in _lines(log):
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
