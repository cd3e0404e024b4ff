"""Program: `layerfork ARGUMENT...` in a Python that looks like the one of macOS.

What Python's documentation says is not there on macOS is taken away before anything else is imported; the C
library's calls of Linux are missing, and nothing below /proc and /sys can be opened. Without arguments it
imports every module, and prints how many.
"""

import ctypes
import fcntl
import importlib
import os
import platform
import select
import selectors
import signal
import socket
import sys
import time
import types
from pathlib import Path
from typing import Any

import truststore  # noqa: F401 - on macOS it loads libraries of the system, which nothing here can play

# Source: docs.python.org, "Availability" of each; 3.11 to 3.14.
ABSENT: dict[types.ModuleType, tuple[str, ...]] = {
    os: (
        *("O_PATH", "O_TMPFILE", "O_NOATIME", "O_DIRECT", "O_LARGEFILE", "O_RSYNC", "GRND_NONBLOCK"),
        *("pidfd_open", "P_PIDFD", "setns", "unshare", "memfd_create", "eventfd", "splice", "pipe2"),
        *("getxattr", "setxattr", "listxattr", "removexattr", "XATTR_CREATE", "XATTR_REPLACE"),
        *("copy_file_range", "posix_fadvise", "posix_fallocate", "fdatasync", "getrandom", "timerfd_create"),
        *("sched_getaffinity", "sched_setaffinity", "sched_setscheduler", "waitid", "P_PID", "WNOWAIT"),
        *("getresuid", "getresgid", "setresuid", "setresgid"),
    ),
    fcntl: ("F_SETPIPE_SZ", "F_GETPIPE_SZ", "F_ADD_SEALS", "F_GET_SEALS", "F_NOTIFY", "F_SETLEASE"),
    select: ("epoll", "EPOLLIN", "EPOLLOUT", "POLLRDHUP", "POLLMSG"),
    signal: ("pidfd_send_signal", "SIGPWR", "SIGPOLL", "SIGRTMIN", "SIGRTMAX", "sigwaitinfo", "sigtimedwait"),
    socket: (
        *("SO_PEERCRED", "SO_PASSCRED", "SO_DOMAIN", "SO_PROTOCOL", "SO_BINDTODEVICE", "SOCK_CLOEXEC"),
        *("SOCK_NONBLOCK", "AF_NETLINK", "AF_PACKET", "AF_ALG", "MSG_CMSG_CLOEXEC", "TCP_USER_TIMEOUT"),
    ),
    time: ("CLOCK_BOOTTIME", "CLOCK_TAI", "clock_settime", "pthread_getcpuclockid"),
}
CALLS = frozenset({"unshare", "setns", "prctl", "mount", "umount2", "inotify_init1", "inotify_add_watch"})
PROGRAMS = frozenset({"enter", "init", "keeper", "__main__"})
"""Files that a started engine runs by their names, beside each other."""


class Library(ctypes.CDLL):
    """A C library without what only Linux has."""

    def __getattr__(self, name: str) -> Any:
        if name in CALLS:
            raise AttributeError(f"dlsym: symbol not found: {name}")
        return super().__getattr__(name)


def without_linux_files(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook."""
    if event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], str | bytes):
        place = os.fsdecode(arguments[0])
        if place.startswith(("/proc/", "/sys/")):
            raise FileNotFoundError(2, "No such file or directory", place)


def become_darwin() -> None:
    for module, names in ABSENT.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    importlib.reload(selectors)  # which chose the kernel's best already
    ctypes.CDLL = Library  # type: ignore[misc]
    machine = os.uname_result(("Darwin", "mac", "25.1.0", "Darwin Kernel Version 25.1.0", "arm64"))
    os.uname = lambda: machine
    vars(platform)["_uname_cache"] = None  # truststore has asked already
    sys.platform = "darwin"
    proxies = types.ModuleType("_scproxy")  # what urllib asks there for proxies
    vars(proxies).update(_get_proxy_settings=dict, _get_proxies=dict)
    sys.modules["_scproxy"] = proxies
    sys.addaudithook(without_linux_files)


def import_everything() -> int:
    top = Path(importlib.import_module("layerfork").__file__ or "").parent
    count = 0
    for file in sorted(top.rglob("*.py")):
        place = file.relative_to(top.parent).with_suffix("")
        if "shims" in place.parts or (
            place.parent.name == "namespace" and place.name in PROGRAMS - {"keeper"}
        ):
            continue
        if place.name != "__main__":
            importlib.import_module(".".join(place.parts).removesuffix(".__init__"))
            count += 1
    return count


if __name__ == "__main__":
    if not sys.argv[1:]:
        importlib.import_module("distributed")  # psutil, which it needs, is compiled for each system
    become_darwin()
    if not sys.argv[1:]:
        sys.stdout.write(f"{import_everything()}\n")
        sys.exit()
    from layerfork.cli import main

    main(sys.argv[1:])
