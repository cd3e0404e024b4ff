"""The base image's archive, made once on this machine and kept in the cache directory."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from layerfork.builders.debian.cachedir import debian_architecture, making
from layerfork.builders.debian.packages import download
from layerfork.builders.debian.roots import root_path
from layerfork.builders.debian.unpack import unpack
from layerfork.builders.engines.baseimage import write_base_archive
from layerfork.builders.process import run
from layerfork.builders.suites import SUITES
from layerfork.errors import EngineError
from layerfork.record.build import Command
from layerfork.record.run import Say
from layerfork.userdirs import cache_directory

BUSYBOX = "usr/bin/busybox"
NEEDED_BYTES = 100_000_000
LAYOUT = 1
"""Part of the file name: raised when `baseimage` makes other bytes from the same busybox."""


def ensure_base_archive(environment: Mapping[str, str], say: Say) -> Path:
    """The base image's docker archive, made first when it is not there yet.

    Every generation gets the same one, whatever busybox its own suite has.

    Raises: EngineError.
    """
    path = cache_directory() / "base" / f"busybox-{debian_architecture()}-{LAYOUT}.tar"
    if not path.exists():
        with making(path, NEEDED_BYTES, say) as missing:
            if missing:
                _make(path, environment, say)
    return path


def _make(path: Path, environment: Mapping[str, str], say: Say) -> None:
    of_default_engine = root_path(SUITES[0].docker) / BUSYBOX
    if of_default_engine.exists():
        _write(of_default_engine, path)
        return
    say("fetching a static busybox for the base image")
    downloads = path.with_name(f".{path.name}.downloads")
    shutil.rmtree(downloads, ignore_errors=True)
    try:
        debs = download(SUITES[0].docker.suite, ("busybox-static",), downloads, environment, say)
        unpack(debs, downloads / "root")
        _write(downloads / "root" / BUSYBOX, path)
    finally:
        shutil.rmtree(downloads, ignore_errors=True)


def _write(busybox: Path, path: Path) -> None:
    listing = run(Command(argv=(str(busybox), "--list-full"), env={}), timeout_s=30)
    if not listing.ok:
        raise EngineError(f"{busybox} does not run", details=listing.stderr)
    write_base_archive(busybox, listing.stdout.split(), debian_architecture(), path)
