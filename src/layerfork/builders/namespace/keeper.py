"""Program: outlives the tool that started it, ends the engine's namespace, removes every trace.

    main([BASE, NAME, LIFELINE, LOCK, INIT-ARGUMENT...])

BASE/NAME is the engine's run directory, BASE/NAME.lock its lock file and NAME its cgroup. LIFELINE is a
pipe whose other end only the tool holds: end-of-file there means that the tool is gone, whatever way it
went. LOCK is the locked lock file; it stays locked while the keeper or the namespace's first process
lives. The rest is for `init.py`, the first process of a new pid namespace.

It is part of every start, so it imports little: neither the package nor `pathlib`.
"""

# ruff: noqa: PTH103, PTH104, PTH110, PTH112, PTH123, PTH208

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable

CLONE_NEWPID = 0x20000000
CGROUPS = "/sys/fs/cgroup"
RMDIR_LIMIT_S = 5.0
"""How long a cgroup may stay busy after its last process ended."""
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Keep one engine until the tool ends, a signal says so, or the engine ends: only then 1."""
    base, name, lifeline, lock = arguments[0], arguments[1], int(arguments[2]), int(arguments[3])
    for descriptor in (lifeline, lock):
        os.set_inheritable(descriptor, False)
    wake = _wake_on_signals()
    init = 0
    try:
        init = _fork_init(arguments[4:], lifeline)
        return _watch(init, lifeline, wake)
    except OSError as error:
        os.write(1, f"refused {error.filename or 'start'} {error.errno}\n".encode())
        return 1
    finally:
        if init:
            _end(init, name)
        remove_traces(base, name)


def _wake_on_signals() -> int:
    """Descriptor that becomes readable with the numbers of arrived signals.

    One poll then waits for signals and the lifeline alike; a handler that acts by itself could race with it.
    """
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    for number in (*ENDINGS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writer)
    return reader


def _fork_init(arguments: list[str], lifeline: int) -> int:
    """Start `init.py` as pid 1 of a new pid namespace; its pid out here. The lock stays open in it."""
    libc = ctypes.CDLL(None, use_errno=True)
    # unshare(2) moves only children into the new pid namespace, so the next fork is its pid 1.
    if libc.unshare(CLONE_NEWPID) != 0:
        raise OSError(ctypes.get_errno(), "", "unshare")
    # The kernel closes our end when we die. PR_SET_PDEATHSIG alone would miss a death before init sets it.
    kept, our_end = os.pipe()
    init = os.fork()
    if init:
        os.close(kept)
        return init
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (*ENDINGS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.close(our_end)
        os.close(lifeline)
        from init import run  # type: ignore[import-not-found]  # late: a sibling, see PROGRAM in launch.py

        status = run(kept, arguments)
    finally:
        os._exit(status)


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
        if _has_ended(init):
            return 1


def _has_ended(init: int) -> bool:
    if sys.platform != "linux":
        raise NotImplementedError("only Linux has pid namespaces")
    # WNOWAIT leaves the zombie: its pid cannot be reused before `_end` kills and collects it.
    return bool(os.waitid(os.P_PID, init, os.WEXITED | os.WNOHANG | os.WNOWAIT))


def _end(init: int, name: str) -> None:
    """Kill the namespace's first process, hence all of it, and wait for the last one."""
    # The kernel kills a pid namespace with its pid 1, and reports pid 1 as ended only after all the others.
    os.kill(init, signal.SIGKILL)
    while os.waitpid(init, os.WNOHANG) == (0, 0):
        thaw(name)
        time.sleep(0.002)


def cgroups(name: str) -> list[str]:
    """The top directories of a cgroup: one per hierarchy (version 1, hybrid) or one in all (version 2)."""
    if not os.path.isdir(CGROUPS):
        return []
    places = [f"{CGROUPS}/{name}", *(f"{CGROUPS}/{entry}/{name}" for entry in os.listdir(CGROUPS))]
    return sorted({os.path.realpath(place) for place in places if os.path.isdir(place)})


def join_cgroups(name: str) -> None:
    """Move this process into a cgroup of that name in every hierarchy, made first where it is missing.

    In a version 2 hierarchy it goes one deeper, also where that stands beside version 1: runc puts a
    container beside the cgroup of the process that starts it.
    Source: opencontainers/runc libcontainer/cgroups/fs2/defaultpath.go @ v1.1.15. A hierarchy that this
    user may not change is left out: the engine itself will say what it misses there.
    """
    one_for_all = os.path.exists(f"{CGROUPS}/cgroup.procs")
    tops = [CGROUPS] if one_for_all else [f"{CGROUPS}/{entry}" for entry in os.listdir(CGROUPS)]
    for top in {os.path.realpath(top) for top in tops if os.path.exists(f"{top}/cgroup.procs")}:
        is_second = os.path.exists(f"{top}/cgroup.controllers")
        place = f"{top}/{name}/engine" if is_second else f"{top}/{name}"
        try:
            os.makedirs(place, exist_ok=True)
            # A new cpuset of version 1 is empty, and the kernel lets no process into an empty one.
            for setting in ("cpuset.cpus", "cpuset.mems"):
                if not is_second and os.path.exists(f"{place}/{setting}"):
                    _copy_text(f"{top}/{setting}", f"{place}/{setting}")
            _write(f"{place}/cgroup.procs", "0")
        except OSError:
            continue


def _copy_text(source: str, target: str) -> None:
    with open(source) as file:
        text = file.read().strip()
    if text:
        _write(target, text)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def thaw(name: str) -> None:
    """Let frozen processes of version 1 cgroups run: until then even SIGKILL waits."""
    for top in cgroups(name):
        for directory, _, files in os.walk(top):
            if "freezer.state" in files:
                try:
                    _write(f"{directory}/freezer.state", "THAWED")
                except OSError:
                    continue  # gone meanwhile


def remove_cgroups(name: str) -> None:
    """Remove a cgroup and all below it; the kernel may call it busy for a moment after the last exit."""
    give_up = time.monotonic() + RMDIR_LIMIT_S
    while True:
        for top in cgroups(name):
            for directory, _, _ in os.walk(top, topdown=False):
                _remove(os.rmdir, directory)
        if not cgroups(name) or time.monotonic() > give_up:
            return
        time.sleep(0.005)


def remove_traces(base: str, name: str) -> None:
    """Remove the cgroups, then the run directory, and last the lock file that leads to both."""
    remove_cgroups(name)
    remove_tree(f"{base}/{name}")
    if os.path.lexists(f"{base}/{name}") or cgroups(name):
        return
    _remove(os.unlink, f"{base}/{name}.lock")
    _remove(os.rmdir, base)  # only works when this was the last engine


def remove_tree(top: str) -> None:
    """Remove a directory and all below it, however deep; what cannot be removed stays.

    What lies deeper is moved up first: so no path gets too long, and nothing has to be called in itself.
    """
    pending, moved = [top], 0
    while pending:
        directory = pending.pop()
        try:
            found = list(os.scandir(directory))
        except OSError:
            continue
        for entry in found:
            if not entry.is_dir(follow_symlinks=False):
                _remove(os.unlink, entry.path)
            elif directory == top:
                pending.append(entry.path)
            else:
                moved += 1
                raised = f"{top}/.moved-{os.getpid()}-{moved}"
                try:
                    os.rename(entry.path, raised)
                except OSError:
                    raised = entry.path
                pending.append(raised)
        if directory != top:
            _remove(os.rmdir, directory)
    _remove(os.rmdir, top)


def _remove(how: Callable[[str], None], path: str) -> None:
    try:
        how(path)
    except OSError:
        return  # still busy, or gone already
