"""The balance of real builds against a stop-watch: a registry behind a link of known speed, and its log.

The stop-watch is this test's own clock: it reads the lines that the client prints as they come, and the
registry notes when which bytes passed. Both know nothing of what a record says.
"""

import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from engines.pacedregistry import ADDRESS, PacedRegistry, Passed, paced_registry
from engines.remotecaches import Desk, desk_on
from today import engines_of_today

from layerfork.app.compare.balances import balance_with
from layerfork.builders.caches.exported import exported_bytes
from layerfork.builders.recording.imagefacts import add_base_facts
from layerfork.builders.recording.recorder import Recorder
from layerfork.record.balance import Balance, TransferKind
from layerfork.record.record import BuildOutcome, BuildRecord, ClientInfo
from layerfork.record.store.recordfile import stored

pytestmark = pytest.mark.engine

BYTES_A_SECOND = 12 << 20
BIG, SMALL = 24 << 20, 6 << 20
LARGEST_CONFIG = 9_000
DOCKERFILE = """\
FROM alpine AS made
RUN sleep 2 && dd if=/dev/urandom of=/big bs=1M count={big}
RUN dd if=/dev/urandom of=/small bs=1M count={small}
FROM alpine
RUN sleep 1; dd if=/dev/urandom of=/own bs=1M count={small}
COPY --from=made /small /small
COPY a.txt /
"""
TEXT = DOCKERFILE.format(big=BIG >> 20, small=SMALL >> 20)
REGISTRY = f"type=registry,ref={ADDRESS}/app:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A build, and what was seen of it beside the recorder."""

    record: BuildRecord
    printed: Mapping[str, float]
    """Vertex to seconds between the line of its name and its last line, as they came."""
    passed: tuple[Passed, ...]
    began: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where builds are made."""

    desk: Desk
    registry: PacedRegistry

    def build(self, *flags: str, text: str = "a") -> Watched:
        self.desk.write(TEXT, **{"a.txt": text})
        began = time.time()
        record, printed = self._run(*flags)
        assert record.result.outcome is BuildOutcome.SUCCEEDED, record.result.error
        time.sleep(0.05)
        return Watched(record=record, printed=printed, passed=tuple(self.registry.passed(began)), began=began)

    def _run(self, *flags: str) -> tuple[BuildRecord, Mapping[str, float]]:
        toolchain, directory = self.desk.engine.toolchain, self.desk.directory
        with tempfile.TemporaryDirectory(prefix="lf-") as short:
            recorder = Recorder(self.desk.engine, Path(short) / "s", b"key")
            with recorder:
                env = {"PATH": os.defpath, "HOME": str(directory), "DOCKER_CONFIG": str(directory / "docker")}
                env["DOCKER_HOST"] = recorder.docker_host
                argv = [str(toolchain.docker), "buildx", "build", "--provenance=false", "--progress=plain"]
                printed = watch([*argv, "-t", "x", *flags, str(self.desk.context)], env)
            (record,) = recorder.records(ClientInfo())
            record = add_base_facts(record, recorder.image_facts)
        return replace(record, id=str(time.time())), printed


def watch(argv: list[str], env: Mapping[str, str]) -> Mapping[str, float]:
    """Run a build, and stop the time of each vertex by the lines that it prints."""
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    names: dict[str, str] = {}
    lines: list[str] = []
    with subprocess.Popen(argv, env=dict(env), stderr=subprocess.PIPE, text=True) as process:
        timer = threading.Timer(120, process.kill)
        timer.start()
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            found = re.fullmatch(r"#(\d+) (.*)", line.rstrip("\n"))
            if found:
                name = names.setdefault(found[1], found[2])
                first.setdefault(name, time.monotonic())
                last[name] = time.monotonic()
        timer.cancel()
    assert process.returncode == 0, "".join(lines)
    return {name: last[name] - began for name, began in first.items()}


@pytest.fixture(scope="module", params=engines_of_today("private:26.1+containerd", "private:28.5+containerd"))
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    directory = tmp_path_factory.mktemp("balance")
    with (
        desk_on(request.param, directory) as desk,
        paced_registry(desk.engine, desk.inside, BYTES_A_SECOND, directory) as registry,
    ):
        desk.write(TEXT, **{"a.txt": "a"})
        desk.build()  # writes the client's settings
        yield Bench(desk=desk, registry=registry)


def near(said: float | None, measured: float) -> bool:
    """Within a tenth, or 0.3 seconds."""
    return said is not None and abs(said - measured) <= max(0.3, measured / 10)


def part(balance: Balance | None, kind: TransferKind) -> tuple[float | None, int | None]:
    assert balance is not None
    (found,) = [each for each in balance.transfers if each.kind is kind]
    return found.seconds, found.size_bytes


def writing(balance: Balance | None) -> float | None:
    assert balance is not None
    return next(each.writing_s for each in balance.transfers if each.kind is TransferKind.EXPORT)


def between(passed: list[Passed]) -> float:
    return max(each.ended for each in passed) - min(each.began for each in passed)


def uploads(build: Watched) -> list[Passed]:
    """Everything from the first question about a blob to the end of the last manifest."""
    return [each for each in build.passed if each.method != "GET"]


def downloads(build: Watched) -> list[Passed]:
    """Layers: blobs that are no JSON."""
    blobs = [each for each in build.passed if each.method == "GET" and "/blobs/" in each.path]
    return [each for each in blobs if each.sent > LARGEST_CONFIG]


def printed(build: Watched, begin: str) -> float:
    (found,) = [seconds for name, seconds in build.printed.items() if name.startswith(begin)]
    return found


def test_exports_and_imports_of_a_registry(bench: Bench) -> None:
    for mode in ("max", "min"):
        bench.desk.engine.reset()
        cold = bench.build("--cache-to", f"{REGISTRY}{mode},mode={mode}", text=f"{mode} 1")
        balance = balance_with(stored(cold.record), ())
        assert near(part(balance, TransferKind.EXPORT)[0], printed(cold, "exporting cache to registry"))
        assert near(writing(balance), between(uploads(cold)))
        assert balance is not None
        assert (balance.reused, balance.saved_s) == (0, 0.0)
        sizes = sorted(each.received for each in uploads(cold) if each.received > SMALL)
        assert len(sizes) == (3 if mode == "max" else 2)
        place = f"type=registry,ref={bench.desk.outside}/app:{mode}"
        elsewhere = replace(cold.record.request, cache_to=(place,))
        size_there = exported_bytes(replace(cold.record, request=elsewhere), 5.0)
        new = sum(each.received for each in uploads(cold))
        assert size_there is not None
        assert size_there == new if mode == "max" else size_there >= new  # then the base is there already

        bench.desk.engine.reset()
        warm = bench.build("--cache-from", REGISTRY + mode, text=f"{mode} 2")
        balance = balance_with(stored(warm.record), (stored(cold.record),))
        seconds, size = part(balance, TransferKind.PULL)
        assert size == sum(each.sent for each in downloads(warm))
        assert near(seconds, between(downloads(warm)))
        assert near(part(balance, TransferKind.IMPORT)[0], printed(warm, "importing cache manifest"))
        assert balance is not None
        took = {step.index: step for step in cold.record.steps}
        reused = [step.index for step in warm.record.steps if step.status.value == "hit"]
        ran = [took[index] for index in reused if not took[index].instruction.startswith("FROM")]
        longest = max(step.seconds or 0.0 for step in ran)
        assert balance.untimed == 0
        assert balance.saved_s is not None
        assert longest <= balance.saved_s <= sum(step.seconds or 0.0 for step in ran) + 0.001


def test_an_export_of_what_is_there_costs_next_to_nothing(bench: Bench) -> None:
    bench.desk.engine.reset()
    bench.build("--cache-to", f"{REGISTRY}again,mode=max")
    again = bench.build("--cache-to", f"{REGISTRY}again,mode=max")
    assert near(part(balance_with(stored(again.record), ()), TransferKind.EXPORT)[0], 0.0)
    assert [each for each in again.passed if each.received > SMALL] == []


def test_a_local_cache_has_the_bytes_of_its_files(bench: Bench, tmp_path: Path) -> None:
    bench.desk.engine.reset()
    cold = bench.build("--cache-to", f"type=local,dest={tmp_path}/cache,mode=max")
    balance = balance_with(stored(cold.record), ())
    seconds, size = part(balance, TransferKind.EXPORT)
    assert size == sum(path.stat().st_size for path in (tmp_path / "cache" / "blobs" / "sha256").iterdir())
    assert near(seconds, printed(cold, "exporting cache to client directory"))
    bench.desk.engine.reset()
    warm = bench.build("--cache-from", f"type=local,src={tmp_path}/cache", text="b")
    balance = balance_with(stored(warm.record), (stored(cold.record),))
    assert near(part(balance, TransferKind.IMPORT)[0], printed(warm, "importing cache manifest"))
    layers = sorted(path.stat().st_size for path in (tmp_path / "cache" / "blobs" / "sha256").iterdir())
    pulled = part(balance, TransferKind.PULL)[1]
    assert pulled is not None
    assert pulled <= sum(layers)


def test_an_image_that_is_sent_to_the_client(bench: Bench, tmp_path: Path) -> None:
    sent = bench.build("--output", f"type=docker,dest={tmp_path}/image.tar")
    balance = balance_with(stored(sent.record), ())
    seconds, size = part(balance, TransferKind.LOAD)
    assert size == (tmp_path / "image.tar").stat().st_size
    assert near(seconds, printed(sent, "exporting to docker image format"))
    assert balance is not None
    assert not balance.has_cost
    assert balance.cost_s is None
