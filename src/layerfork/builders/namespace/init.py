"""Part of the keeper: the first process of an engine's pid namespace. Sets its world up, starts the daemons.

    run(KEPT, [ROOT, RUN-DIRECTORY, OPTION..., ("--", SOCKET, PROGRAM, ARGUMENT...)...])

KEPT is a pipe that ends when the keeper dies. ROOT becomes ``/`` (read-only), with RUN-DIRECTORY on
``/run/layerfork``, and what is in its ``etc`` linked into ``/etc``. Each daemon starts once the socket of
the one before it exists. Options:

``in-memory``    puts ``/run/layerfork/data`` into memory
``data-at=PATH`` puts this machine's PATH there
``own-cgroup``   moves this process, and so all that it starts, into the cgroup with RUN-DIRECTORY's name
``host-files``   gives ROOT's programs this machine's files: only ``/usr``, ``/etc``, ``/run`` and the like
                 are the engine's own, so that a build without a socket finds its context where it is

SIGHUP ends all daemons, the last one first, and starts them again: in the same namespaces, on the same data.
What fails is reported on standard output, one line: ``refused CALL ERRNO`` or ``ended PROGRAM STATUS``.
It imports little, as `keeper` does, and nothing late: after the pivot there is no Python any more.
"""

# ruff: noqa: PTH102, PTH103, PTH108, PTH110, PTH112, PTH114, PTH115, PTH118, PTH119, PTH123, PTH208, PTH211

import ctypes
import os
import select
import signal
import sys
import time

from keeper import join_cgroups  # type: ignore[import-not-found]  # a sibling: see PROGRAM in launch.py

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNET = 0x20000, 0x4000000, 0x8000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18,
)  # fmt: skip
MNT_DETACH = 2
PR_SET_PDEATHSIG = 1
AF_INET, SOCK_DGRAM = 2, 2
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
AWAITED = (signal.SIGCHLD, signal.SIGHUP)

HOST_NAME = b"layerfork"

ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin",
    "HOME": "/run/layerfork/data/tmp",
    "TMPDIR": "/run/layerfork/data/tmp",
    "DOCKER_TMPDIR": "/run/layerfork/data/tmp",
    "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
}
IN_MEMORY = (("dev/shm", "1777"), ("run", "755"), ("tmp", "1777"), ("etc", "755"), ("var", "755"))
"""Places that a daemon writes to, with their modes."""
OWN = ("proc", "sys", "dev", "run", "etc", "var")
"""Directories of the engine's own beside ``/usr``, also where the rest are this machine's."""
MERGED = ("bin", "sbin", "lib", "lib64")
"""Links into ``/usr``."""
HIDDEN = {
    "/": ("boot", "lost+found"),
    "/var": ("run", "lock", "cache", "log", "lib"),
    "/var/lib": ("containers", "cni", "docker", "containerd", "dpkg", "apt"),
}
"""Directories of this machine that the engine must not meet; those that are not named here are shown."""
ETC = {
    "passwd": "root:x:0:0::/:/bin/sh\n",
    "group": "root:x:0:\n",
    "hosts": "127.0.0.1 localhost\n",
    "resolv.conf": "",
    "os-release": 'PRETTY_NAME="layerfork private engine"\n',
}

HYBRID = "sys/fs/cgroup/unified"
"""Version 2 beside version 1: there runc puts a container at the top, whoever started it, and crun gives up.
Source: opencontainers/runc libcontainer/cgroups/fs/paths.go @ v1.1.5; containers/crun src/libcrun/cgroup.c
@ 1.21."""

_libc = ctypes.CDLL(None, use_errno=True)


def run(kept: int, arguments: list[str]) -> int:
    """Set up, start the daemons, reap whatever ends; returns only when a daemon ended."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if _has_ended(kept):
        return 1
    os.setsid()  # a signal to the keeper's group is the keeper's to handle
    end = arguments.index("--")
    root, run_directory, *options = arguments[:end]
    try:
        if "own-cgroup" in options:
            join_cgroups(os.path.basename(run_directory))
        _enter_world(root, run_directory, options)
        return _run_daemons(_split(arguments[end:]))
    except OSError as error:
        os.write(1, f"refused {error.filename or 'start'} {error.errno}\n".encode())
        return 1


def _has_ended(pipe: int) -> bool:
    """Whether the pipe's other end is closed: the death signal does not cover deaths before it was set."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return bool(poll.poll(0))


def _enter_world(root: str, run_directory: str, options: list[str]) -> None:
    _call("unshare", CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
    # Mounts are shared with the host's namespace on systemd machines: without this ours would show up there.
    _mount("none", "/", flags=MS_REC | MS_PRIVATE)
    shows_host = "host-files" in options
    world = _shared_world(root, run_directory) if shows_host else _world_of(root)
    os.chdir(world)
    _mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount("/sys", "sys", flags=MS_BIND | MS_REC)
    _mount("/dev", "dev", flags=MS_BIND | MS_REC)
    # Hides AppArmor: dockerd would want to load its profile, and the root has no apparmor_parser.
    if os.path.isdir("sys/kernel/security"):
        _mount("tmpfs", "sys/kernel/security", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    if "own-cgroup" in options and os.path.exists(f"{HYBRID}/cgroup.controllers"):
        _call("umount2", HYBRID.encode(), MNT_DETACH)
    for place, mode in IN_MEMORY:
        if not (shows_host and place == "tmp"):
            _mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, f"mode={mode}")
    os.symlink("/run", "var/run")
    if shows_host:
        os.mkdir("var/lib")
        for place in ("/var", "/var/lib"):
            _show(place, place[1:])
    data = [option.partition("=")[2] for option in options if option.startswith("data-at=")]
    _fill(run_directory, in_memory="in-memory" in options, data=data[0] if data else "")
    _mount("none", world, flags=MS_REMOUNT | MS_BIND | MS_RDONLY)
    # Both roots at one place, the old one on top: no directory is needed to put it in. pivot_root(2), NOTES.
    _call("pivot_root", b".", b".")
    _call("umount2", b".", MNT_DETACH)
    os.chdir("/")
    _call("sethostname", HOST_NAME, len(HOST_NAME))
    _raise_loopback()


def _world_of(root: str) -> str:
    _mount(root, root, flags=MS_BIND | MS_REC)
    return root


def _shared_world(root: str, run_directory: str) -> str:
    """A new root with the engine's programs and this machine's files."""
    world = f"{run_directory}/world"
    os.mkdir(world)
    _mount("tmpfs", world, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    os.mkdir(f"{world}/usr")
    _mount(f"{root}/usr", f"{world}/usr", flags=MS_BIND)
    _mount("none", f"{world}/usr", flags=MS_REMOUNT | MS_BIND | MS_RDONLY)
    for name in MERGED:
        os.symlink(f"usr/{name}", f"{world}/{name}")
    for name in OWN:
        os.mkdir(f"{world}/{name}")
    _show("/", world)
    return world


def _show(source: str, target: str) -> None:
    """Bind the directories of ``source`` that ``target`` has not got, at the same names."""
    for name in sorted(os.listdir(source)):
        path, place = os.path.join(source, name), os.path.join(target, name)
        if name in HIDDEN[source] or os.path.lexists(place):
            continue
        if os.path.islink(path):
            os.symlink(os.readlink(path), place)
        elif os.path.isdir(path):
            os.mkdir(place)
            _mount(path, place, flags=MS_BIND | MS_REC)


def _fill(run_directory: str, in_memory: bool, data: str) -> None:
    """What the engine finds in ``/etc`` and ``/run/layerfork``."""
    for name, text in ETC.items():
        with open(f"etc/{name}", "w", encoding="ascii") as file:
            file.write(text)
    os.mkdir("run/layerfork")
    _mount(run_directory, "run/layerfork", flags=MS_BIND)
    if os.path.isdir("run/layerfork/etc"):
        for name in os.listdir("run/layerfork/etc"):
            os.symlink(f"/run/layerfork/etc/{name}", f"etc/{name}")
    os.makedirs("run/layerfork/data", exist_ok=True)
    if in_memory:
        _mount("tmpfs", "run/layerfork/data", "tmpfs")
    elif data:
        _mount(data, "run/layerfork/data", flags=MS_BIND)
    os.makedirs("run/layerfork/data/tmp", exist_ok=True)


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
    # A new network namespace has lo, but down; the root has no ip(8) to raise it.
    any_socket = _libc.socket(AF_INET, SOCK_DGRAM, 0)
    request = b"lo".ljust(16, b"\0") + (IFF_UP | IFF_RUNNING).to_bytes(2, sys.byteorder) + bytes(14)
    _call("ioctl", any_socket, ctypes.c_ulong(SIOCSIFFLAGS), request)
    os.close(any_socket)


def _split(arguments: list[str]) -> list[list[str]]:
    groups: list[list[str]] = []
    for argument in arguments:
        if argument == "--":
            groups.append([])
        else:
            groups[-1].append(argument)
    return groups


def _run_daemons(daemons: list[list[str]]) -> int:
    """Start the daemons, and all of them anew at each SIGHUP; reap orphans until a daemon ends by itself."""
    signal.pthread_sigmask(signal.SIG_BLOCK, AWAITED)  # what is blocked waits, even for a first process
    running: dict[int, str] = {}
    while _started(daemons, running) and _is_to_restart(running):
        _stop(running)
    return 1


def _started(daemons: list[list[str]], running: dict[int, str]) -> bool:
    """Start each daemon when the one before it listens; False when one ended meanwhile."""
    for awaited, program, *arguments in daemons:
        if os.path.lexists(awaited):
            os.unlink(awaited)  # of the one before a restart
        actions = [(os.POSIX_SPAWN_DUP2, 2, 1)]  # both outputs to the log; ours is the report
        pid = os.posix_spawn(
            f"/usr/{program}", [program, *arguments], ENVIRONMENT, file_actions=actions, setsigmask=()
        )
        running[pid] = program.rpartition("/")[2]
        while not os.path.exists(awaited):
            if _has_lost_one(running):
                return False
            time.sleep(0.002)
    return True


def _is_to_restart(running: dict[int, str]) -> bool:
    """Wait for a SIGHUP; False when a daemon ended first."""
    while signal.sigwait(AWAITED) != signal.SIGHUP:
        if _has_lost_one(running):
            return False
    return True


def _stop(running: dict[int, str]) -> None:
    """End the daemons, the last one first, each before the one that it needs."""
    for pid in list(reversed(running)):
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        del running[pid]


def _has_lost_one(running: dict[int, str]) -> bool:
    """Collect all that ended, daemons or orphans; whether one was a daemon."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return False
        if pid in running:
            os.write(1, f"ended {running[pid]} {os.waitstatus_to_exitcode(status)}\n".encode())
            return True
