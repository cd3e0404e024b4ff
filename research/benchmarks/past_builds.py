"""What `layerfork history` costs as people type it: 500 builds of 12 steps, with the files of their commits.

    python research/benchmarks/past_builds.py [--builds N] [--files N] [--engine NAME]

A repository of 200 files gets one commit for each build, which changes a document, a source or the lock file.
A private engine builds one commit of each kind. Each other build is its kind's, as BuildKit kept it, under a
name, time and commit of its own: what was rebuilt is what the commit's files decide. The command reads them
all, compares each with the earlier one that it could have reused, and writes list and page. Then the same
runs are fetched from a server that speaks GitHub's API, interrupted after a fifth, and fetched again.

Prints wall and CPU seconds and the largest resident size; ends with 1 where a limit is broken (20 s of CPU,
300 MB, a line of progress at least every 10 s), where a cause is not that of its commit, or where the second
call asks for a run that the first one had read.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from fakes.apiserver import serving
from fakes.githubruns import TOKEN, GitHubRuns, Run
from history.exports import export_of

from layerfork.builders.api.buildhistory import RememberedBuild, read_build_history
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.wire.buildkit import control_pb2 as pb
from layerfork.wire.buildkit import ops_pb2 as ops

CPU_LIMIT_S, MEMORY_LIMIT_MB, SILENCE_LIMIT_S = 20.0, 300.0, 10.0
LAYERFORK = str(Path(sys.executable).with_name("layerfork"))
DOCKERFILE = """\
FROM alpine
WORKDIR /app
RUN mkdir -p /app/tools
RUN echo tools > /app/tools/made
COPY lock.txt /app/
RUN cp /app/lock.txt /app/installed
RUN echo checked >> /app/installed
COPY src /app/src
RUN cat /app/src/package0/* > /app/one
RUN cat /app/one > /app/two
RUN echo three > /app/three
RUN echo four > /app/four
RUN echo five > /app/five
"""
KINDS = ("document", "source", "source", "lock", "source")
"""What the commits change, in turn."""
FIRST_MISSED = {"source": "COPY src /app/src", "lock": "COPY lock.txt /app/"}
_BEGAN_S = 1_780_000_000
_EVERY_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run of a command took."""

    seconds: float
    cpu_s: float
    memory_mb: float
    silence_s: float
    """The longest time between two lines of its standard error, from its start to its end."""


def main(arguments: Sequence[str]) -> int:
    """Make the builds, measure; 1 when a limit is broken or an answer is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--builds", type=int, default=500)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--engine", default="private:28.5+containerd")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lf-") as directory:
        place = Path(directory)
        commits = write_repository(place / "top", options.builds, options.files)
        with open_engine(options.engine).start(os.environ, lambda _: None) as engine:
            kept = build_kinds(engine, place / "top", commits)
        exports = [export_of(build) for build in spread(kept, commits)]
        (place / "exports").mkdir()
        for number, data in enumerate(exports):
            (place / "exports" / f"{number:04}.dockerbuild").write_bytes(data)
        wrong = [*measure_files(place), *measure_runs(place, commits, exports)]
    for each in wrong:
        print(f"wrong: {each}")
    return 1 if wrong else 0


def kind_of(number: int) -> str:
    return "first" if number == 0 else KINDS[number % len(KINDS)]


def write_repository(top: Path, commits: int, files: int) -> list[str]:
    """A commit for each build; their ids."""
    top.mkdir()
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    git = ("git", "-C", str(top))
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True, env=environment)
    asked = "".join(_commit(number, files) for number in range(commits)) + "done\n"
    words = [*git, "fast-import", "--quiet", "--done"]
    subprocess.run(words, check=True, input=asked.encode(), env=environment)
    subprocess.run([*git, "reset", "-q", "--hard", "main"], check=True, env=environment)
    shown = subprocess.run(
        [*git, "rev-list", "--reverse", "main"], check=True, capture_output=True, text=True, env=environment
    )
    return shown.stdout.split()


def _commit(number: int, files: int) -> str:
    """Source: git Documentation/git-fast-import.adoc, "INPUT FORMAT", v2.47."""
    said = f"{kind_of(number)} {number}"
    head = f"commit refs/heads/main\ncommitter a <a@example.org> {_BEGAN_S + number} +0000\n"
    changed = {"document": "README", "source": f"app/src/package{number % 7}/file", "lock": "app/lock.txt"}
    written = (
        {changed[kind_of(number)]: f"{number}\n"} if number else {"app/lock.txt": "0\n", "README": "0\n"}
    )
    if not number:
        written["app/Dockerfile"] = DOCKERFILE
        written |= {f"app/src/package{at % 20}/file{at}": f"{at}\n" for at in range(files)}
    parts = (f"M 100644 inline {name}\ndata {len(text)}\n{text}\n" for name, text in written.items())
    return f"{head}data {len(said)}\n{said}\n{''.join(parts)}"


def build_kinds(engine: RunningEngine, top: Path, commits: Sequence[str]) -> Mapping[str, RememberedBuild]:
    """The first commits as BuildKit kept their builds, the last of each kind."""
    assert engine.toolchain is not None
    assert engine.toolchain.cli_plugins is not None
    environment = {**os.environ, "DOCKER_HOST": engine.docker_host}
    words = [str(engine.toolchain.cli_plugins / "docker-buildx"), "build", "-q", "app"]
    for commit in commits[: len(KINDS) + 1]:
        subprocess.run(["git", "-C", str(top), "checkout", "-q", commit], check=True)
        subprocess.run(words, check=True, cwd=top, env=environment, stdout=subprocess.DEVNULL)
    subprocess.run(["git", "-C", str(top), "checkout", "-q", "main"], check=True)
    way = Path(engine.docker_host.removeprefix("unix://"))
    found = reversed(read_build_history(way, engine.docker_host))
    return {kind_of(number): build for number, build in enumerate(found)}


def spread(kept: Mapping[str, RememberedBuild], commits: Sequence[str]) -> list[RememberedBuild]:
    """A build for each commit, one after the other."""
    return [_at(kept[kind_of(number)], number, commit) for number, commit in enumerate(commits)]


def _at(build: RememberedBuild, number: int, commit: str) -> RememberedBuild:
    record = pb.BuildHistoryRecord.FromString(build.record.SerializeToString())
    took = record.completed_at.seconds - record.created_at.seconds
    record.ref = f"b{number:05}".ljust(25, "0").encode()
    record.created_at.seconds = _BEGAN_S + number * _EVERY_S
    record.completed_at.seconds = record.created_at.seconds + took
    attributes = [pair for pair in record.frontend_attrs if pair.key != b"vcs:revision"]
    del record.frontend_attrs[:]
    record.frontend_attrs.extend([*attributes, ops.Pair(key=b"vcs:revision", value=commit.encode())])
    return replace(build, record=record)


def measure_files(place: Path) -> list[str]:
    """The exports of a directory; what is wrong."""
    words = ("exports", "--limit", "100000", "--report", "html:page.html", "--report", "json:found.json")
    costs = [run_one(place, *words) for _ in range(2)]
    found = json.loads((place / "found.json").read_text("utf-8"))["builds"]
    print(f"{len(found)} exports, page of {(place / 'page.html').stat().st_size / 1e6:.1f} MB")
    return [*_limits(("files, cold", "files, warm"), costs), *_wrong_causes(found)]


def _wrong_causes(builds: Sequence[Mapping[str, object]]) -> list[str]:
    """Builds whose first miss is not that of what the commit changed."""
    statuses: Counter[str] = Counter()
    wrong: list[str] = []
    for build in builds:
        kind = kind_of(int(str(build["id"])[1:6]))
        report = build["report"]
        answers = report["answers"] if isinstance(report, Mapping) else []
        first = f"{answers[0]['instruction']}" if answers else ""
        statuses.update(point["status"] for answer in answers[:1] for point in answer["points"][:1])
        if first != FIRST_MISSED.get(kind, ""):
            wrong.append(f"{build['id']}, whose commit changed a {kind}, missed first: {first or 'nothing'}")
    print(", ".join(f"{count} {status}" for status, count in statuses.most_common()))
    return wrong[:5]


def measure_runs(place: Path, commits: Sequence[str], exports: Sequence[bytes]) -> list[str]:
    """The same as artifacts of runs: interrupted, then fetched again; what is wrong."""
    hub = GitHubRuns(
        runs=[
            Run(sha=sha, artifacts={f"a~{number}.dockerbuild": data})
            for number, (sha, data) in reversed(list(enumerate(zip(commits, exports, strict=True))))
        ]
    )
    words = ("github:owner/project", "--runs", str(len(commits)), "--report", "json:found.json")
    with serving(hub.answer) as url:
        environment = {"GITHUB_API_URL": url, "GH_TOKEN": TOKEN}
        interrupted = _interrupt(place, hub, len(commits) // 5, *words, **environment)
        read = {path for path in hub.paths() if path.endswith("/zip")}
        hub.asked.clear()
        cost = run_one(place, *words, **environment)
        again = read & {path for path in hub.paths() if path.endswith("/zip")}
        warm = run_one(place, *words, **environment)
    found = json.loads((place / "found.json").read_text("utf-8"))["builds"]
    print(f"{len(read)} of {len(commits)} runs were read when it was interrupted (exit code {interrupted})")
    wrong = [] if interrupted == 130 and 0 < len(read) < len(commits) else ["it was not interrupted midway"]
    # The one that was under way when the signal came was not kept.
    wrong += [f"{len(again)} runs were asked for twice"] if len(again) > 1 else []
    wrong += [f"{len(found)} builds were found"] if len(found) != len(commits) else []
    return [*wrong, *_limits(("runs, second call", "runs, kept"), [cost, warm])]


def _interrupt(place: Path, hub: GitHubRuns, runs: int, *words: str, **environment: str) -> int:
    """Press Ctrl-C when so many runs were read; the exit code."""
    process = _start(place, words, environment)
    deadline = time.monotonic() + 120
    while sum(path.endswith("/zip") for path in hub.paths()) < runs and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    return process.returncode


def _start(place: Path, words: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    whole = {
        **os.environ,
        "XDG_CACHE_HOME": str(place / "cache"),
        "XDG_STATE_HOME": str(place / "state"),
        **environment,
    }
    argv = [LAYERFORK, "history", "--repo", str(place / "top"), *words]
    return subprocess.Popen(argv, cwd=place, env=whole, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def run_one(place: Path, *words: str, **environment: str) -> Cost:
    """Run the command, which ends well."""
    started = last = time.perf_counter()
    silence = 0.0
    process = _start(place, words, environment)
    assert process.stderr is not None
    for _line in process.stderr:
        silence, last = max(silence, time.perf_counter() - last), time.perf_counter()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    ended = time.perf_counter()
    return Cost(
        seconds=ended - started,
        cpu_s=usage.ru_utime + usage.ru_stime,
        memory_mb=usage.ru_maxrss / 1024,
        silence_s=max(silence, ended - last),
    )


def _limits(names: Sequence[str], costs: Sequence[Cost]) -> list[str]:
    """Print what was measured; the limits that are broken."""
    wrong = []
    for name, cost in zip(names, costs, strict=True):
        print(
            f"{name:<18}{cost.seconds:>8.2f} s{cost.cpu_s:>8.2f} s CPU{cost.memory_mb:>6.0f} MB, "
            f"silent for {cost.silence_s:.1f} s at most"
        )
        if cost.cpu_s > CPU_LIMIT_S or cost.memory_mb > MEMORY_LIMIT_MB or cost.silence_s > SILENCE_LIMIT_S:
            wrong.append(f"{name}: a limit is broken")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
