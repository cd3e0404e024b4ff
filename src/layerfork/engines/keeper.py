"""Program: outlives the tool that started it, ends the engine's namespace, removes every trace.

    python -I -S keeper.py BASE NAME LIFELINE LOCK INIT-ARGUMENT...

BASE/NAME is the engine's run directory, BASE/NAME.lock its lock file and NAME its cgroup. LIFELINE is a
pipe whose other end only the tool holds: end-of-file there means that the tool is gone, whatever way it
went. LOCK is the locked lock file; it stays locked while the keeper or the namespace's first process
lives. The rest is handed to `init.py`, the first process of a new pid namespace.

Imports nothing of the package: it runs without it, and has to start within milliseconds.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

CLONE_NEWPID = 0x20000000
CGROUPS = Path("/sys/fs/cgroup")
RMDIR_LIMIT_S = 5.0
"""How long a cgroup may stay busy after its last process ended."""
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Keep one engine until the tool ends, a signal says so, or the engine ends: only then 1."""
    base, name, lifeline, lock = Path(arguments[0]), arguments[1], int(arguments[2]), int(arguments[3])
    wake = _wake_on_signals()
    os.set_inheritable(lifeline, False)
    init = None
    try:
        init = _start_init([str(lock), *arguments[4:]])
        return _watch(init, lifeline, wake)
    except OSError as error:
        os.write(1, f"refused {error.filename or 'start'} {error.errno}\n".encode())
        return 1
    finally:
        if init is not None:
            _end(init, name)
        remove_traces(base, name)


def _wake_on_signals() -> int:
    """Descriptor that becomes readable with the numbers of arrived signals."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    for number in (*ENDINGS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writer)
    return reader


def _start_init(arguments: list[str]) -> int:
    """Start `init.py` as pid 1 of a new pid namespace and return its pid out here."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWPID) != 0:
        raise OSError(ctypes.get_errno(), "", "unshare")
    kept, _our_end = os.pipe()  # our end closes with us: init sees it should we die before it is set up
    os.set_inheritable(kept, True)
    program = [sys.executable, "-I", "-S", str(Path(__file__).with_name("init.py")), str(kept), *arguments]
    init = os.posix_spawn(sys.executable, program, os.environ)
    os.close(kept)
    return init


def _watch(init: int, lifeline: int, wake: int) -> int:
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    poll.register(wake, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if lifeline in ready:
            return 0
        arrived = os.read(wake, 512)
        if any(number in arrived for number in ENDINGS):
            return 0
        if os.waitid(os.P_PID, init, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return 1


def _end(init: int, name: str) -> None:
    """Kill the namespace's first process, hence all of it, and wait for the last one."""
    os.kill(init, signal.SIGKILL)
    while os.waitpid(init, os.WNOHANG) == (0, 0):
        thaw(name)
        time.sleep(0.002)


def cgroups(name: str) -> Iterator[Path]:
    """The top directories of a cgroup: one per hierarchy (version 1, hybrid) or one in all (version 2)."""
    seen = set()
    for top in (CGROUPS / name, *CGROUPS.glob(f"*/{name}")):
        if top.is_dir() and top.resolve() not in seen:
            seen.add(top.resolve())
            yield top


def thaw(name: str) -> None:
    """Let frozen processes of version 1 cgroups run: until then even SIGKILL waits."""
    for top in cgroups(name):
        for path, _, files in os.walk(top):  # unlike glob, it bears directories that vanish meanwhile
            if "freezer.state" in files:
                with contextlib.suppress(OSError):
                    Path(path, "freezer.state").write_text("THAWED")


def remove_cgroups(name: str) -> None:
    """Remove a cgroup and all below it; the kernel may call it busy for a moment after the last exit."""
    give_up = time.monotonic() + RMDIR_LIMIT_S
    while left := [path for top in cgroups(name) for path, _, _ in os.walk(top, topdown=False)]:
        for path in left:
            with contextlib.suppress(OSError):
                Path(path).rmdir()
        if time.monotonic() > give_up:
            return
        if any(cgroups(name)):
            time.sleep(0.01)


def remove_traces(base: Path, name: str) -> None:
    """Remove the cgroups, then the run directory, and last the lock file that leads to both."""
    import shutil  # late: it would cost a tenth of the start

    remove_cgroups(name)
    shutil.rmtree(base / name, ignore_errors=True)
    if (base / name).exists() or any(cgroups(name)):
        return
    (base / f"{name}.lock").unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        base.rmdir()  # only works when this was the last engine


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
