"""What was predicted of generated repositories, held against real builds of them.

Every base image that a Dockerfile names is one image with programs of the usual names that only write the
files which a build of their kind leaves. So the Dockerfiles are built as they are written.
"""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from layerfork.app.study.clones import Built, Clone, find_built, make_clone
from layerfork.app.study.walking import Walker, references
from layerfork.builders.engines import RunningEngine
from layerfork.builders.process import run
from layerfork.errors import EngineError
from layerfork.record.build import Builder, Command
from research.histories.walk import BuildFailedError, Tally, Workshop, compare, git
from research.study.described import Description
from research.study.written import write_repository

_PROGRAMS = (
    *("npm", "yarn", "pip", "poetry", "go", "mvn", "gradle", "cargo", "dotnet", "cmake", "ctest", "bundle"),
    *("apt-get", "apk", "docker-php-ext-install", "useradd", "chown"),
)
_LEFT = (
    *("target/app.jar", "target/release/app", "build/libs/app.jar", "build/app", "public/index.html"),
    *("dist/app", ".venv/made"),
)
"""What the programs write in the directory that they run in, besides the file named after ``-o``."""
_SCRIPT = f"""#!/bin/sh
for file in {" ".join(_LEFT)}; do mkdir -p $(dirname $file); echo made > $file; done
while [ $# -gt 1 ]; do
  case "$1 $2" in "-o /"*) mkdir -p $(dirname $2); echo made > $2 ;; esac
  shift
done
"""
_DOCKERFILE = f"""FROM alpine
COPY program /usr/local/bin/program
RUN cd /usr/local/bin && for name in {" ".join(_PROGRAMS)}; do cp program $name; done
RUN mkdir -p /usr/bin && cp /usr/local/bin/program /usr/bin/composer
ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
"""


def check(
    engine: RunningEngine, builder: Builder, corpus: Mapping[str, Description], commits: int, directory: Path
) -> Tally:
    """Predict and build so many commits of each repository; the engine's cache is to be empty.

    ``directory`` has a short path: sockets lie in it. Raises: EngineError, UsageError.
    """
    tally = Tally()
    for name, description in corpus.items():
        written, place = directory / f"w-{name}", directory / f"c-{name}"
        write_repository(name, description, written)
        clone = make_clone(written, name, place, description.commits)
        for built in find_built(clone):
            if built.inside == "Dockerfile":
                engine.reset()
                workshop = Workshop(engine=engine, builder=builder, directory=directory)
                _check(workshop, clone, built, commits, tally)
    return tally


def _check(workshop: Workshop, clone: Clone, built: Built, most: int, tally: Tally) -> None:
    commits = clone.commits[: most + 1]
    give_images(workshop.engine, references(clone, built, commits))
    with tempfile.TemporaryDirectory() as caches:
        walker = Walker(builder=workshop.builder, caches=Path(caches))
        predicted = tuple(walker.walk(clone, built, commits))
    for each in predicted:
        git(clone.place, "checkout", "--quiet", "--force", each.id)
        try:
            record = workshop.build_directory(clone.place / built.context)
        except BuildFailedError as error:
            tally.not_built.append(f"{clone.name} {built.dockerfile} {each.id[:8]}: {error}")
            return
        compare(tally, f"{clone.name} {built.dockerfile}", each, record)


def give_images(engine: RunningEngine, names: Iterable[str]) -> None:
    """Build the one image under all of these names. Raises: EngineError."""
    assert engine.toolchain is not None
    with tempfile.TemporaryDirectory() as directory:
        context = Path(directory)
        (context / "Dockerfile").write_text(_DOCKERFILE)
        (context / "program").write_text(_SCRIPT)
        (context / "program").chmod(0o755)
        tags = [word for name in names for word in ("-t", name)]
        environment = {"DOCKER_HOST": engine.docker_host, "DOCKER_BUILDKIT": "0", "HOME": directory}
        argv = (str(engine.toolchain.docker), "build", *tags, directory)
        done = run(Command(argv=argv, env=environment), timeout_s=120)
    if not done.ok:
        raise EngineError("no base image for the corpus", details=done.stderr)
