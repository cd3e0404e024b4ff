"""A Dockerfile whose ``# syntax=`` line names an image that an engine without a network does not have.

The engine's own frontend is of the same source as the image, and reads the Dockerfile where no line names
another. No option asks for it: ``BUILDKIT_SYNTAX`` names an image, too. So the command builds from a copy
without that line.
Source: moby/buildkit frontend/dockerfile/builder/build.go (Build: keySyntaxArg, DetectSyntax) @ v0.13.2;
measured with Docker Engine 26.1.5.
"""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePath

from layerfork.builders.engines import RunningEngine
from layerfork.dockerfile.logical_lines import find_syntax
from layerfork.errors import EngineError
from layerfork.record.build import Builder
from layerfork.record.context import Digest
from layerfork.record.progress import Say
from layerfork.record.record import BuildRecord

_OFFICIAL = re.compile(r"(?:docker\.io/)?docker/dockerfile(?::(?:latest|1(?:\.[0-4](?:\.\d+)?)?))?")
"""The stable frontend in releases that every engine of ours that has BuildKit by default is as new as: Docker
Engine 23.0 came with BuildKit 0.10, whose Dockerfile frontend was released as 1.4.
Source: moby/moby vendor.mod @ v23.0.0; github.com/moby/buildkit releases ("dockerfile/1.4.0")."""
_LEAST_MAJOR = 23
_LINE = re.compile(r"\A(?P<before>\ufeff?[ \t]*#[ \t]*)syntax[ \t]*=", re.IGNORECASE)
"""On the first line only: another one has more above it than a copy can keep."""
_VERBS = (("build",), ("buildx", "build"), ("image", "build"), ("builder", "build"))
_FILE = ("-f", "--file")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFrontend:
    """A command that builds from a copy."""

    argv: tuple[str, ...]
    original: Path
    copy: Path
    first_line: str
    """Of the original."""
    written: str
    """The first line of the copy."""

    def as_asked(self, record: BuildRecord) -> BuildRecord:
        """A record of its build, with the place and the first line that the file has where a person knows it;
        that no image was asked is in ``request.syntax``."""
        place, request = record.place, record.request
        if place.dockerfile == str(self.copy):
            place = replace(place, dockerfile=str(self.original))
        if request.dockerfile is not None and request.dockerfile.startswith(f"{self.written}\n"):
            text = self.first_line + request.dockerfile.removeprefix(self.written)
            digest = Digest(f"sha256:{sha256(text.encode()).hexdigest()}")
            request = replace(request, dockerfile=text, dockerfile_lines_sha256=digest)
        return replace(record, place=place, request=request)


def use_own_frontend(
    argv: Sequence[str], engine: RunningEngine, environment: Mapping[str, str], directory: Path, say: Say
) -> OwnFrontend | None:
    """The command with a copy of its Dockerfile in ``directory``; None where it builds as it stands, or where
    that is not known to be the same build."""
    if not (engine.info.ours and engine.builders.executing(Builder.BUILDKIT) and _is_new(engine)):
        return None
    original = _dockerfile(argv) if environment.get("DOCKER_BUILDKIT") != "0" else None
    if original is None:
        return None
    try:
        text = original.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
    image = _official(text)
    if not image or _has(engine, image):
        return None
    place = directory / "frontend"
    place.mkdir()
    copy = place / original.name
    copied = _LINE.sub(r"\g<before>no syntax=", text)
    copy.write_bytes(copied.encode())
    ignored = original.with_name(f"{original.name}.dockerignore")
    if ignored.is_file():
        shutil.copyfile(ignored, place / ignored.name)
    say(
        f"{image} is not on the engine, which has no network: its own frontend reads a copy of "
        f"{original.name} without the `# syntax=` line"
    )
    return OwnFrontend(
        argv=(*argv, "--file", str(copy)),
        original=original,
        copy=copy,
        first_line=text.partition("\n")[0],
        written=copied.partition("\n")[0],
    )


def _official(text: str) -> str:
    """The image of the first line, where the engine's own frontend does for it."""

    lines = text.split("\n")
    if not _LINE.match(text) or _is_directive(lines[1] if len(lines) > 1 else ""):
        return ""
    image = find_syntax(text)
    return image if _OFFICIAL.fullmatch(image) else ""


def _is_directive(line: str) -> bool:
    """Whether a line is a directive; the first other line ends them: ``# escape=``, ``# check=``."""
    return re.match(r"[ \t]*#[ \t]*[a-zA-Z]+[ \t]*=", line) is not None


def _is_new(engine: RunningEngine) -> bool:
    major = engine.info.version.partition(".")[0]
    return major.isdecimal() and int(major) >= _LEAST_MAJOR


def _has(engine: RunningEngine, reference: str) -> bool:
    try:
        engine.image_facts(reference)
    except EngineError:
        return False
    return True


def _dockerfile(argv: Sequence[str]) -> Path | None:
    """The absolute path of a `docker build`'s Dockerfile; None where that is not a file on disk, or the words
    are not known."""
    from layerfork.lint.ci import read_build  # late: start-up

    if not argv or PurePath(argv[0]).name != "docker":
        return None
    verb = next((verb for verb in _VERBS if tuple(argv[1 : len(verb) + 1]) == verb), None)
    if verb is None:
        return None
    build = read_build(argv[len(verb) + 1 :])
    context, file = build.context, build.value("--file")
    if not os.path.isdir(context) or file == "-":  # noqa: PTH112 - text of a command line
        return None
    return Path(os.path.abspath(file or os.path.join(context, "Dockerfile")))  # noqa: PTH100, PTH118
