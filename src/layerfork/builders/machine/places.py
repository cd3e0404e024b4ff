"""The user, directories, the clock and the network."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from layerfork.builders.machine.programs import no_answer
from layerfork.record.machine import Health, HealthRow
from layerfork.userdirs import cache_directory, state_directory

AREA = "machine"
_LEAST_BYTES = 1 << 30
"""What an engine of ours takes, with some room."""
_EARLIEST_S = 1_735_689_600
"""2025-01-01: a clock that says less is wrong."""
_FETCHED_FROM = ("deb.debian.org", "pypi.org")
_PATIENCE_S = 3.0
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def examine_places() -> Iterator[HealthRow]:
    """How this user and machine stand."""
    yield _user()
    yield _umask()
    yield from _disks()
    yield _letters(Path.cwd())
    yield _clock()
    yield _network()


def _user() -> HealthRow:
    if os.geteuid() == 0:
        return _row("user", Health.OK, "root: engines of our own can run")
    what = "not root: engines of our own cannot run; an installed Docker can be used"
    return _row("user", Health.ABSENT, what, "run the same command as root (sudo)")


def _umask() -> HealthRow:
    mask = os.umask(0o022)
    os.umask(mask)
    if mask == 0o022:
        return _row("umask", Health.OK, "022")
    what = f"{mask:03o}: new files and checkouts have other modes, and keys, than under 022"
    return _row("umask", Health.NOTE, what, "umask 022, and check out again")


def _disks() -> Iterator[HealthRow]:
    for name, place in (("cache", cache_directory()), ("records", state_directory())):
        existing = next(each for each in (place, *place.parents) if each.exists())
        if not os.access(existing, os.W_OK):
            yield _row(
                name, Health.NOTE, f"{existing} cannot be written to", "make it writable for this user"
            )
            continue
        free = shutil.disk_usage(existing).free
        room = f"{free / (1 << 30):,.1f} GiB free at {existing}"
        if free < _LEAST_BYTES:
            yield _row(name, Health.NOTE, f"{room}: an engine takes about 1 GiB", "free some")
        else:
            yield _row(name, Health.OK, room)


def _letters(here: Path) -> HealthRow:
    """Whether names that differ in case only are one file here; nothing is written."""
    other = Path(str(here).swapcase())
    if str(other) != str(here) and other.exists() and other.samefile(here):
        what = "names that differ in case only are one file here: contexts may lack some"
        return _row("file names", Health.NOTE, what, "use a file system that tells them apart")
    return _row("file names", Health.OK, "names that differ in case are different files")


def _clock() -> HealthRow:
    now = time.time()
    if now < _EARLIEST_S:
        what = f"it is {time.strftime('%Y-%m-%d', time.gmtime(now))} here: certificates are not valid yet"
        return _row("clock", Health.NOTE, what, "set the clock")
    return _row("clock", Health.OK, time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now)))


def _network() -> HealthRow:
    if any(os.environ.get(name) for name in _PROXIES):
        return _row("network", Health.OK, "through a proxy; not tried")
    answers = _asked(_FETCHED_FROM, _PATIENCE_S)
    refused = [host for host in _FETCHED_FROM if answers.get(host) is False]
    silent = [host for host in _FETCHED_FROM if host not in answers]
    if refused:
        what = f"{' and '.join(refused)} cannot be reached: engines and clients cannot be fetched from there"
        return _row("network", Health.ABSENT, what, "what is fetched already works without")
    if silent:
        what = f"{' and '.join(silent)}: {no_answer(_PATIENCE_S)}"
        return _row("network", Health.UNKNOWN, what, "what is fetched already works without")
    return _row("network", Health.OK, f"{' and '.join(_FETCHED_FROM)} can be reached")


def _asked(hosts: Sequence[str], patience_s: float) -> dict[str, bool]:
    """Whether each host can be reached, as far as it is known in time; looking up a name may take longer."""
    answers: dict[str, bool] = {}
    threads = [
        threading.Thread(target=_reach, args=(each, patience_s, answers), daemon=True) for each in hosts
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + patience_s
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return dict(answers)


def _reach(host: str, patience_s: float, answers: dict[str, bool]) -> None:
    try:
        socket.create_connection((host, 443), timeout=patience_s).close()
    except TimeoutError:
        return
    except OSError:
        answers[host] = False
    else:
        answers[host] = True


def _row(name: str, health: Health, what: str, remedy: str = "") -> HealthRow:
    return HealthRow(area=AREA, name=name, health=health, what=what, remedy=remedy)
