"""Part of the keeper: the first process of an engine's pid namespace. Sets its world up, starts the daemons.

    run(KEPT, [ROOT, RUN-DIRECTORY, DATA, ("--", SOCKET, PROGRAM, ARGUMENT...)...])

KEPT is a pipe that ends when the keeper dies. ROOT becomes ``/`` (read-only), with RUN-DIRECTORY on
``/run/layerfork``; DATA is ``disk``, or ``tmpfs`` to put ``/run/layerfork/data`` into memory. Each daemon
starts once the socket of the one before it exists.

What fails is told on standard output, one line: ``refused CALL ERRNO`` or ``ended PROGRAM STATUS``.
It imports little, as `keeper` does, and nothing late: after the pivot there is no Python any more.
"""

# ruff: noqa: PTH102, PTH110, PTH112, PTH123, PTH211

import ctypes
import os
import select
import signal
import sys
import time

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNET = 0x20000, 0x4000000, 0x8000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18,
)  # fmt: skip
MNT_DETACH = 2
PR_SET_PDEATHSIG = 1
AF_INET, SOCK_DGRAM = 2, 2
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40

HOST_NAME = b"layerfork"

ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin",
    "HOME": "/tmp",
    "TMPDIR": "/run/layerfork/data/tmp",
    "DOCKER_TMPDIR": "/run/layerfork/data/tmp",
}
IN_MEMORY = (("dev/shm", "1777"), ("run", "755"), ("tmp", "1777"), ("etc", "755"), ("var", "755"))
"""Places that a daemon writes to, with their modes."""
ETC = {
    "passwd": "root:x:0:0::/:/bin/sh\n",
    "group": "root:x:0:\n",
    "hosts": "127.0.0.1 localhost\n",
    "resolv.conf": "",
    "os-release": 'PRETTY_NAME="layerfork private engine"\n',
}

_libc = ctypes.CDLL(None, use_errno=True)


def run(kept: int, arguments: list[str]) -> int:
    """Set up, start the daemons, reap whatever ends; returns only when a daemon ended."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if _has_ended(kept):
        return 1
    os.setsid()  # a signal to the keeper's group is the keeper's to handle
    root, run_directory, data = arguments[:3]
    try:
        _enter_world(root, run_directory, in_memory=data == "tmpfs")
        return _run_daemons(_split(arguments[3:]))
    except OSError as error:
        os.write(1, f"refused {error.filename or 'start'} {error.errno}\n".encode())
        return 1


def _has_ended(pipe: int) -> bool:
    """Whether the pipe's other end is closed: the death signal does not cover deaths before it was set."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return bool(poll.poll(0))


def _enter_world(root: str, run_directory: str, in_memory: bool) -> None:
    _call("unshare", CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
    _mount("none", "/", flags=MS_REC | MS_PRIVATE)
    _mount(root, root, flags=MS_BIND | MS_REC)
    os.chdir(root)
    _mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount("/sys", "sys", flags=MS_BIND | MS_REC)
    _mount("/dev", "dev", flags=MS_BIND | MS_REC)
    if os.path.isdir(
        "sys/kernel/security"
    ):  # else dockerd wants to load its AppArmor profile, and has no tool
        _mount("tmpfs", "sys/kernel/security", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for place, mode in IN_MEMORY:
        _mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, f"mode={mode}")
    for name, text in ETC.items():
        with open(f"etc/{name}", "w", encoding="ascii") as file:
            file.write(text)
    os.symlink("/run", "var/run")
    os.mkdir("run/layerfork")
    _mount(run_directory, "run/layerfork", flags=MS_BIND)
    os.mkdir("run/layerfork/data")
    if in_memory:
        _mount("tmpfs", "run/layerfork/data", "tmpfs")
    os.mkdir("run/layerfork/data/tmp")
    _mount("none", root, flags=MS_REMOUNT | MS_BIND | MS_RDONLY)
    _call("pivot_root", b".", b".")
    _call("umount2", b".", MNT_DETACH)
    os.chdir("/")
    _call("sethostname", HOST_NAME, len(HOST_NAME))
    _raise_loopback()


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), "", name)


def _mount(source: str, target: str, kind: str = "none", flags: int = 0, options: str = "") -> None:
    arguments = (
        os.fsencode(source),
        os.fsencode(target),
        kind.encode(),
        ctypes.c_ulong(flags),
        options.encode(),
    )
    if _libc.mount(*arguments) != 0:
        raise OSError(ctypes.get_errno(), "", f"mount:{target}")


def _raise_loopback() -> None:
    any_socket = _libc.socket(AF_INET, SOCK_DGRAM, 0)
    request = b"lo".ljust(16, b"\0") + (IFF_UP | IFF_RUNNING).to_bytes(2, sys.byteorder) + bytes(14)
    _call("ioctl", any_socket, ctypes.c_ulong(SIOCSIFFLAGS), request)
    os.close(any_socket)


def _split(words: list[str]) -> list[list[str]]:
    groups: list[list[str]] = []
    for word in words:
        if word == "--":
            groups.append([])
        else:
            groups[-1].append(word)
    return groups


def _run_daemons(daemons: list[list[str]]) -> int:
    """Start each daemon when the one before it listens, then reap orphans until a daemon ends."""
    running: dict[int, str] = {}
    for awaited, program, *words in daemons:
        actions = [(os.POSIX_SPAWN_DUP2, 2, 1)]  # both outputs to the log; ours is the report
        pid = os.posix_spawn(f"/usr/{program}", [program, *words], ENVIRONMENT, file_actions=actions)
        running[pid] = program.rpartition("/")[2]
        while not os.path.exists(awaited):
            if _reap(running, os.WNOHANG):
                return 1
            time.sleep(0.002)
    while not _reap(running, 0):
        pass
    return 1


def _reap(running: dict[int, str], options: int) -> bool:
    """Collect one ended process, if there is one; whether it was a daemon."""
    pid, status = os.waitpid(-1, options)
    if pid not in running:
        return False
    os.write(1, f"ended {running[pid]} {os.waitstatus_to_exitcode(status)}\n".encode())
    return True
