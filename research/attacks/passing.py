"""No builds, builds over links that dribble, refusals: all pass a recorder as they do without one."""

import contextlib
import hashlib
import io
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.record.record import BuildOutcome, BuildRecord
from layerfork.record.store.recordfile import read_records
from research.attacks.fronts import dribbling, in_front_of, refusing, tls_in_front_of
from research.attacks.outcome import Outcome

LAYERFORK = (sys.executable, "-c", "from layerfork.cli import main; main()")
MARK = "LAYERFORK_ATTACK_PASSING"
ENGINE = "26.1"
MAY_GROW_BYTES = 160 << 20
LATE_S = 0.5
"""How much later than written a line may be seen."""
LONGEST_S = 300.0
SETTLE_S = 20.0
KEYS = b"echo from the $((40+2))nd pty\nstty size\nexit 7\n"
LINES = 30
FOLLOWED = f"i=0; while [ $i -lt {LINES} ]; do i=$((i+1)); date +%s.$i; sleep 0.5; done; exit 5"


@dataclass(kw_only=True)
class _Passing:
    """The attack while it goes on."""

    engine: RunningEngine
    place: Path
    outcome: Outcome
    environment: dict[str, str]
    calls: int = 0
    peaks: dict[str, int] = field(default_factory=dict)
    """Most memory that a recorder had, by what passed it."""

    def recorded(self, *words: str) -> tuple[str, ...]:
        """A command behind a recorder."""
        return (*LAYERFORK, "record", "--engine", "host", "-o", str(self.place / "o.jsonl"), "--", *words)

    def check(self, name: str, fine: object, told: object) -> None:
        """Count something that has to hold."""
        self.calls += 1
        if not fine:
            self.outcome.failures.append(f"{name}: {told}")

    def both(
        self,
        name: str,
        words: Sequence[str],
        stdin: bytes = b"",
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """The same output and exit code, with a recorder and without one."""
        plain = self.run(words, stdin, more)
        through = self.run(self.recorded(*words), stdin, more, measure=name)
        told = [(done.returncode, done.stdout[-200:], done.stderr[-300:]) for done in (plain, through)]
        same = plain.returncode == through.returncode and plain.stdout == through.stdout
        self.check(name, same and b"Traceback" not in through.stderr, told)

    def run(
        self,
        words: Sequence[str],
        stdin: bytes = b"",
        more: Mapping[str, str] = MappingProxyType({}),
        measure: str = "",
    ) -> "subprocess.CompletedProcess[bytes]":
        process = subprocess.Popen(
            words,
            cwd=self.place,
            env={**self.environment, **more},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with _watched(process.pid) as peak:
            try:
                out, error = process.communicate(stdin, LONGEST_S)
            except subprocess.TimeoutExpired:
                process.kill()
                out, error = process.communicate()
                error += b" it hung"
        if measure:
            self.peaks[measure] = peak()
        return subprocess.CompletedProcess(words, process.returncode, out, error)

    def build(self, name: str, host: Mapping[str, str]) -> None:
        """A build that succeeds, with a record that lacks nothing."""
        done = self.run(self.recorded("docker", "build", "c"), more=host, measure=name)
        record = self.record()
        whole = record is not None and len(record.steps) == 3 and not record.gaps
        self.check(name, done.returncode == 0 and whole, (done, record))

    def record(self) -> BuildRecord | None:
        """The last record that was written; None where none was."""
        path = self.place / "o.jsonl"
        records = read_records(path) if path.exists() else ()
        path.unlink(missing_ok=True)
        return records[-1] if records else None


@contextlib.contextmanager
def _watched(pid: int) -> Iterator[Callable[[], int]]:
    """The most memory that a process has had while the block runs."""
    ended, most = threading.Event(), [0]

    def watch() -> None:
        while not ended.wait(0.05):
            with contextlib.suppress(OSError, IndexError):
                status = Path(f"/proc/{pid}/status").read_text()
                most[0] = max(most[0], int(status.partition("VmHWM:")[2].split()[0]) << 10)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: most[0]
    finally:
        ended.set()
        thread.join()


def attack_passing(load_mib: int) -> Outcome:
    """Everything over a real engine; an image of so many MiB is loaded."""
    outcome = Outcome(what="Commands that are no builds, links that dribble, refusals, TLS and ssh")
    with (
        tempfile.TemporaryDirectory(prefix="lfp-", dir="/tmp") as directory,
        open_engine(ENGINE).start(os.environ, lambda _: None) as engine,
    ):
        toolchain = engine.toolchain
        assert toolchain is not None
        place = Path(directory)
        (place / "tmp").mkdir()
        (place / "c").mkdir()
        (place / "c" / "Dockerfile").write_text("FROM alpine\nCOPY Dockerfile /\nRUN echo one\n")
        config = place / "config"
        config.mkdir()
        if toolchain.cli_plugins is not None:
            (config / "config.json").write_text(
                json.dumps({"cliPluginsExtraDirs": [str(toolchain.cli_plugins)]})
            )
        attack = _Passing(
            engine=engine,
            place=place,
            outcome=outcome,
            environment={
                **{name: value for name, value in os.environ.items() if not name.startswith("DOCKER")},
                MARK: place.name,
                "DOCKER_HOST": engine.docker_host,
                "DOCKER_CONFIG": str(config),
                "HOME": directory,
                "LAYERFORK_VERIFY": "1",
                "PATH": f"{toolchain.docker.parent}:{os.environ['PATH']}",
                "TMPDIR": str(place / "tmp"),
                "XDG_STATE_HOME": str(place / "state"),
            },
        )
        for part in (
            _containers,
            _copies,
            _loads(load_mib << 20),
            _dribbles,
            _refusals,
            _tls,
            _ssh,
            _leftovers,
        ):
            part(attack)
        least = min(attack.peaks.values())
        for name, peak in attack.peaks.items():
            attack.check(
                name, peak - least < MAY_GROW_BYTES, f"its recorder grew by {peak - least >> 20} MiB"
            )
        outcome.numbers = {
            "checks": str(attack.calls),
            "MiB the largest recorder": str(max(attack.peaks.values()) >> 20),
            "MiB the smallest": str(least >> 20),
            **outcome.numbers,
        }
    return outcome


def _containers(attack: _Passing) -> None:
    """Logs that are followed, processes with a terminal and without one, input that ends."""
    attack.run(("docker", "run", "-d", "--network", "none", "--name", "held", "alpine", "sleep", "100000"))
    attack.both("an exit code", ("docker", "exec", "held", "sh", "-c", "echo out; echo err >&2; exit 42"))
    attack.both(
        "input that ends", ("docker", "exec", "-i", "held", "sh", "-c", "md5sum; exit 3"), b"x" * (32 << 20)
    )
    attack.both("one that fails", ("docker", "exec", "absent", "true"))
    attack.both(
        "a container with input",
        ("docker", "run", "--rm", "-i", "--network", "none", "alpine", "wc", "-c"),
        b"y" * 3_000_000,
    )
    _follow(attack, ("docker", "logs", "-f"))
    _follow(attack, ("docker", "attach", "--no-stdin"))
    for name, words in (
        ("exec -it", ("docker", "exec", "-it", "held", "sh")),
        ("run -it", ("docker", "run", "--rm", "-it", "--network", "none", "alpine", "sh")),
    ):
        code, seen = _typed(attack, words)
        through, seen_through = _typed(attack, attack.recorded(*words))
        attack.check(
            name,
            code == through == 7 and b"from the 42nd pty" in seen_through and b"37 111" in seen_through,
            (code, seen[-300:], through, seen_through[-300:]),
        )
    for ending in (signal.SIGINT, signal.SIGTERM):
        code, through = _ended(attack, ending, ()), _ended(attack, ending, attack.recorded())
        attack.check(f"events until {ending.name}", code == through, (code, through))


def _follow(attack: _Passing, words: Sequence[str]) -> None:
    """Every line, when it was written, and the code of the command."""
    name = f"followed-{words[1]}"
    attack.run(("docker", "run", "-d", "--network", "none", "--name", name, "alpine", "sh", "-c", FOLLOWED))
    process = subprocess.Popen(
        attack.recorded(*words, name),
        cwd=attack.place,
        env=attack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    seen: list[tuple[float, bytes]] = []
    with _watched(process.pid) as peak, process.stdout:
        seen = [(time.monotonic(), line) for line in process.stdout]
        code = process.wait(LONGEST_S)
    attack.peaks[words[1]] = peak()
    pauses = [later - earlier for (earlier, _), (later, _) in zip(seen[-5:], seen[-4:], strict=False)]
    expected = 5 if words[1] == "attach" else 0
    late = max(pauses, default=0) - 0.5
    attack.outcome.numbers[f"s late of {words[1]}"] = f"{late:.2f}"
    attack.check(words[1], code == expected and len(seen) >= 3 and late < LATE_S, (code, seen, pauses))
    if words[1] == "logs":
        attack.check("every line", len(seen) == LINES, seen)


def _typed(attack: _Passing, words: Sequence[str]) -> tuple[int, bytes]:
    """What a terminal shows of a command that a person types into, and its exit code."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(attack.place)
        os.execvpe(words[0], list(words), attack.environment)
    _resize(terminal)
    seen, typed, until = b"", False, time.monotonic() + 60
    with contextlib.suppress(OSError):
        while time.monotonic() < until:
            if select.select([terminal], [], [], 0.2)[0]:
                if not (data := os.read(terminal, 1 << 16)):
                    break
                seen += data
            if not typed and b"# " in seen:
                time.sleep(0.5)  # the size of the terminal is sent after the start
                os.write(terminal, KEYS)
                typed = True
    with contextlib.suppress(ProcessLookupError):
        if time.monotonic() >= until:
            os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return code, seen


def _resize(terminal: int) -> None:
    termios.tcsetwinsize(terminal, (37, 111))


def _ended(attack: _Passing, ending: signal.Signals, before: Sequence[str]) -> int:
    """The exit code of a command that waits for ever, when it gets a signal."""
    process = subprocess.Popen(
        [*before, "docker", "events"],
        cwd=attack.place,
        env=attack.environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(4)
    os.killpg(process.pid, ending)
    try:
        code = process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        return -process.wait() - 1_000
    return 128 - code if code < 0 else code


def _copies(attack: _Passing) -> None:
    """Files into a container and out of it."""
    (attack.place / "large").write_bytes(os.urandom(1 << 20) * 200)
    attack.both("cp into", ("docker", "cp", "large", "held:/large"))
    attack.both("cp out of", ("docker", "cp", "held:/large", "-"))
    attack.both("cp of a stream", ("docker", "cp", "-", "held:/tmp"), _tar(b"x" * 5_000_000))
    attack.both("cp of nothing", ("docker", "cp", "held:/absent", "."))
    done = attack.run(attack.recorded("docker", "cp", "held:/large", "back"))
    back = attack.place / "back"
    same = back.exists() and _digest(back) == _digest(attack.place / "large")
    attack.check("cp both ways", done.returncode == 0 and same, done)


def _tar(content: bytes) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        info = tarfile.TarInfo("file")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return held.getvalue()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _loads(size: int) -> Callable[[_Passing], None]:
    def load(attack: _Passing) -> None:
        """An image of so many bytes, in and out again."""
        archive = attack.place / "image.tar"
        _write_image(archive, size)
        started = time.monotonic()
        done = attack.run(attack.recorded("docker", "load", "-q", "-i", str(archive)), measure="load")
        seconds = time.monotonic() - started
        attack.check("load", done.returncode == 0 and b"Loaded image: large" in done.stdout, done)
        attack.outcome.numbers["MiB loaded"] = str(archive.stat().st_size >> 20)
        attack.outcome.numbers["MiB/s of the load"] = f"{archive.stat().st_size / seconds / 2**20:.0f}"
        archive.unlink()
        saved = (
            "sh",
            "-c",
            "docker save large | tar -xO --wildcards '*.tar' --wildcards 'blobs/*' | sha256sum",
        )
        attack.both("save", saved)
        attack.run(("docker", "rmi", "large"))

    return load


def _write_image(archive: Path, size: int) -> None:
    """An image of one layer of one file, which takes no room on the disk until it is sent."""
    layer = archive.with_suffix(".layer")
    info = tarfile.TarInfo("file")
    info.size = size
    with layer.open("wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.seek(size, os.SEEK_CUR)
        file.truncate(512 + size + -size % 512 + 1024)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": ["large:latest"], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as out:
        for name, value in (("config.json", config), ("manifest.json", manifest)):
            content = json.dumps(value).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            out.addfile(entry, io.BytesIO(content))
        entry = tarfile.TarInfo("layer.tar")
        entry.size = layer.stat().st_size
        with layer.open("rb") as file:
            out.addfile(entry, file)
    layer.unlink()


BUILDERS = {"classic": "0", "BuildKit": "1"}


def _dribbles(attack: _Passing) -> None:
    """Builds over a link that dribbles are recorded like others."""
    target = attack.engine.socket
    assert target is not None
    with in_front_of(target, attack.place / "d.sock", dribbling(0.002, 2_000)) as front:
        for name, builder in BUILDERS.items():
            host = {"DOCKER_HOST": f"unix://{front}", "DOCKER_BUILDKIT": builder}
            attack.build(f"a dribbling build, {name}", host)


def _refusals(attack: _Passing) -> None:
    """Upgrades that are refused end as without a recorder, and no record is whole."""
    target = attack.engine.socket
    assert target is not None
    for number, (path, status) in enumerate(
        (path, status)
        for path in ("grpc", "session")
        for status in (b"403 Forbidden", b"500 Internal Server Error", b"426 Upgrade Required")
    ):
        with in_front_of(target, attack.place / f"r{number}.sock", refusing(path, status)) as front:
            host = {"DOCKER_HOST": f"unix://{front}"}
            words = ("docker", "build", "--progress", "plain", "c")
            plain = attack.run(words, more=host)
            through = attack.run(attack.recorded(*words), more=host)
            record = attack.record()
            said = through.stderr.decode(errors="replace")
            honest = record is None or (record.result.outcome is BuildOutcome.SUCCEEDED) == (
                not plain.returncode
            )
            attack.check(
                f"{path} refused with {status.decode()}",
                plain.returncode == through.returncode and honest and "Traceback" not in said,
                (plain.returncode, through.returncode, record and record.result, said[-500:]),
            )
            attack.outcome.numbers[f"the end of a build when /{path} answers {status.decode()}"] = str(
                plain.returncode
            )


def _tls(attack: _Passing) -> None:
    target = attack.engine.socket
    assert target is not None
    with tls_in_front_of(target, attack.place) as port:
        secured = {
            "DOCKER_HOST": f"tcp://localhost:{port}",
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(attack.place),
        }
        _elsewhere(attack, "TLS", secured)


def _elsewhere(attack: _Passing, name: str, host: Mapping[str, str]) -> None:
    """What has to work over any way to an engine."""
    attack.both(f"{name}: exec", ("docker", "exec", "held", "sh", "-c", "echo out; exit 42"), more=host)
    attack.both(
        f"{name}: exec -i",
        ("docker", "exec", "-i", "held", "sh", "-c", "md5sum; exit 3"),
        b"x" * (4 << 20),
        host,
    )
    attack.both(f"{name}: cp", ("docker", "cp", "held:/large", "-"), more=host)
    pings = ("sh", "-c", "for i in $(seq 30); do docker version -f '{{.Server.Version}}'; done")
    attack.both(f"{name}: thirty questions", pings, more=host)
    for builder, variable in BUILDERS.items():
        more = {**host, "DOCKER_BUILDKIT": variable}
        attack.build(f"{name}: a build, {builder}", more)


def _ssh(attack: _Passing) -> None:
    """A real sshd on this machine, for the test alone, where there is one."""
    with _sshd(attack) as host:
        if host is None:
            attack.outcome.numbers["ssh"] = "no sshd:"
            return
        _elsewhere(attack, "ssh", host)


@contextlib.contextmanager
def _sshd(attack: _Passing) -> Iterator[Mapping[str, str] | None]:
    """What makes docker reach the engine over ssh; None without the programs."""
    sshd = os.environ.get("SSHD") or shutil.which("sshd") or "/usr/sbin/sshd"
    if not Path(sshd).exists() or shutil.which("ssh") is None:
        yield None
        return
    home = attack.place / "ssh"
    home.mkdir(mode=0o700)
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / key], check=True)
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    docker = attack.engine.toolchain.docker if attack.engine.toolchain else ""
    (home / "run").write_text(
        f"#!/bin/sh\nexport DOCKER_HOST={attack.engine.docker_host}\nexec {docker} system dial-stdio\n"
    )
    (home / "run").chmod(0o700)
    keys = (home / "user.pub").read_text()
    (home / "authorized").write_text(f'command="{home / "run"}" {keys}')
    extra = os.environ.get("SSHD_OPTIONS", "")
    (home / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {home / 'host'}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {home / 'authorized'}\nStrictModes no\nMaxStartups 100\n{extra}\n"
    )
    (home / "ssh_config").write_text(
        f"Host *\n  Port {port}\n  User root\n  IdentityFile {home / 'user'}\n  IdentitiesOnly yes\n"
        f"  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n"
    )
    programs = home / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {home / "ssh_config"} "$@"\n')
    (programs / "ssh").chmod(0o700)
    with (home / "log").open("wb") as log:
        server = subprocess.Popen([sshd, "-D", "-e", "-f", home / "config"], stderr=log)
    try:
        time.sleep(1)
        yield {"DOCKER_HOST": "ssh://127.0.0.1", "PATH": f"{programs}:{attack.environment['PATH']}"}
    finally:
        server.terminate()
        server.wait()


def _leftovers(attack: _Passing) -> None:
    """No process of ours, and nothing where nothing is kept."""
    mark, until = f"{MARK}={attack.place.name}".encode(), time.monotonic() + SETTLE_S
    while (left := list(_processes(mark))) and time.monotonic() < until:
        time.sleep(0.1)
    attack.check("processes that are left", not left, left)
    files = [str(path) for path in (attack.place / "tmp").iterdir() if re.match("layerfork|lf", path.name)]
    attack.check("files that are left", not files, files)


def _processes(mark: bytes) -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(process.name) != os.getpid() and mark in (process / "environ").read_bytes():
                yield (process / "cmdline").read_bytes().replace(bytes(1), b" ").decode(errors="replace")
