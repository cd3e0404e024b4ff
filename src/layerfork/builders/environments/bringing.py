"""Images that the user loads into an engine without a network, because a Dockerfile needs them."""

import contextlib
import json
import os
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import chain
from pathlib import Path

from layerfork.builders.engines import RunningEngine
from layerfork.builders.engines.baseimage import ensure_base_archive
from layerfork.builders.environments.privatedir import private_directory
from layerfork.diagnose.failure import missing_frontend, missing_image
from layerfork.dockerfile.bases import base_references
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.dockerfile.substitution import BadSubstitutionError
from layerfork.errors import EngineError, UsageError
from layerfork.record.engine import Brought
from layerfork.record.progress import Say
from layerfork.record.record import BuildRecord

_MANIFEST = "manifest.json"
_FAMILIAR = ("docker.io/library/", "docker.io/")


@contextlib.contextmanager
def bringing(engine: RunningEngine, brought: Brought, say: Say) -> Iterator[None]:
    """Load the named images. A stand-in loses its name on leaving, so no later build uses it by accident.

    Raises: EngineError; UsageError for an engine that is not ours.
    """
    made: list[str] = []
    try:
        _bring(engine, brought, made, say)
        yield
    finally:
        with contextlib.suppress(EngineError):
            engine.remove_images(made)


def _bring(engine: RunningEngine, brought: Brought, made: list[str], say: Say) -> None:
    if brought.options and not engine.info.ours:
        raise UsageError(
            f"{' and '.join(brought.options)} would change your own engine",
            hint="load images into it yourself (docker load), or add --engine private",
        )
    for path in brought.load:
        engine.load(Path(path))
    for reference in brought.stand_ins:
        if _has(engine, reference):
            say(f"{reference} is on the engine already: no stand-in is made")
            continue
        with private_directory() as private:
            archive = private / "stand-in.tar"
            archive.write_bytes(_named(ensure_base_archive(os.environ, say), reference))
            engine.load(archive)
        made.append(_tagged(reference))
        say(
            f"{reference} is a stand-in made of busybox: it has only a shell and a few "
            "programs, and its keys differ from those of the real image"
        )


def _named(base: Path, reference: str) -> bytes:
    """The base image's archive under another name."""
    target = BytesIO()
    with tarfile.open(base) as source, tarfile.open(fileobj=target, mode="w") as written:
        for member in source:
            stream = source.extractfile(member)
            content = stream.read() if stream is not None else b""
            if member.name == _MANIFEST:
                rows = [{**row, "RepoTags": [_tagged(reference)]} for row in json.loads(content)]
                content = json.dumps(rows).encode()
                member.size = len(content)
            written.addfile(member, BytesIO(content) if member.isfile() else None)
    return target.getvalue()


def _tagged(reference: str) -> str:
    """Raises: UsageError for a digest, which no stand-in has."""
    if "@" in reference:
        raise UsageError(
            f"{reference} cannot have a stand-in: only the image itself has its digest",
            hint="save the image where you have it (docker save), and add --load",
        )
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"


def _has(engine: RunningEngine, reference: str) -> bool:
    try:
        engine.image_facts(reference)
    except EngineError:
        return False
    return True


def how_to_go_on(records: Sequence[BuildRecord], engine: RunningEngine) -> Iterator[str]:
    """What to do about builds that found no image, on an engine without a network; a line each."""
    if not engine.info.ours:
        return
    failed = [record for record in records if missing_image(record) or missing_frontend(record)]
    frontends = _absent(engine, map(missing_frontend, failed))
    bases = _absent(engine, chain.from_iterable(map(_bases, failed)))
    if wanted := (*frontends, *bases):
        yield f"not on the engine: {', '.join(wanted)}; {engine.how_to_bring(' '.join(wanted))}"
    if frontends:
        yield (
            f"{' and '.join(frontends)}, from the `# syntax=` line: docker pull it before docker save; "
            "without that line the engine's own frontend reads the Dockerfile"
        )
    if options := " ".join(f"--stand-in {each}" for each in bases if "@" not in each):
        yield f"if the build needs only a shell from it, {options} makes a stand-in of busybox"


def _bases(record: BuildRecord) -> tuple[str, ...]:
    dockerfile = dockerfile_of(record)
    known: tuple[str, ...] = ()
    if dockerfile is not None:
        try:
            known = base_references(dockerfile, dict(record.request.build_args), record.request.target)
        except BadSubstitutionError:
            known = ()
    return known or (missing_image(record),)


def _absent(engine: RunningEngine, references: Iterable[str]) -> tuple[str, ...]:
    found = dict.fromkeys(familiar(each) for each in references if each)
    return tuple(each for each in found if not _has(engine, each))


def familiar(reference: str) -> str:
    """``node:20`` of ``docker.io/library/node:20``."""
    for prefix in _FAMILIAR:
        if reference.startswith(prefix):
            return reference.removeprefix(prefix)
    return reference
