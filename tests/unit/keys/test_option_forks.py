"""Every measured change of a Dockerfile or an option hits and misses as the classic model says."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from layerfork.keys import keys_of
from layerfork.keys.classic.tarsum import tarsum
from layerfork.record.context import ContextEntry, Digest, EntryType
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildRecord, RecordedRequest

MakeRecord = Callable[..., BuildRecord]
BASELINE = (
    "FROM base",
    "ARG FOO=1",
    "ENV A=1",
    "COPY a.txt /a.txt",
    "RUN echo $FOO",
    "COPY d /d/",
    "RUN echo tail",
)
FACTS = ImageFacts(image_id="sha256:" + "b" * 64, history=(), diff_ids=(), env=("PATH=/bin",))
OTHER = replace(FACTS, image_id="sha256:" + "c" * 64)
BASES = {"base": FACTS, "alias": FACTS, "labelled": OTHER}
NOT_KEYS = {"--no-cache"}
"""Every step misses, because nothing is looked up: the keys are the same."""


def line(old: str, new: str) -> str:
    """The baseline with one line written otherwise."""
    assert old in BASELINE
    return text(*(new if each == old else each for each in BASELINE))


def before_copy(new: str) -> str:
    return line("COPY a.txt /a.txt", f"{new}\nCOPY a.txt /a.txt")


def text(*lines: str) -> str:
    return "\n".join(lines) + "\n"


COPY_A, COPY_D, RUN_FOO, TAIL = "COPY a.txt /a.txt", "COPY d /d/", "RUN echo $FOO", "RUN echo tail"
DOCKERFILES = {
    "none": text(*BASELINE),
    "comment added": line(COPY_A, f"# why\n{COPY_A}"),
    "lowercase instruction": line(COPY_A, "copy a.txt /a.txt"),
    "src ./a.txt": line(COPY_A, "COPY ./a.txt /a.txt"),
    "src /a.txt": line(COPY_A, "COPY /a.txt /a.txt"),
    "dest a.txt (relative)": line(COPY_A, "COPY a.txt a.txt"),
    "dest / instead of /a.txt": line(COPY_A, "COPY a.txt /"),
    "double space in COPY": line(COPY_A, "COPY a.txt  /a.txt"),
    "json form COPY": line(COPY_A, 'COPY ["a.txt","/a.txt"]'),
    "ENV value before COPY": line("ENV A=1", "ENV A=2"),
    "ENV legacy syntax": line("ENV A=1", "ENV A 1"),
    "ENV added before COPY": before_copy("ENV B=1"),
    "LABEL added before COPY": before_copy("LABEL l=1"),
    "CMD added before COPY": before_copy('CMD ["x"]'),
    "ENTRYPOINT added before COPY": before_copy('ENTRYPOINT ["x"]'),
    "EXPOSE added before COPY": before_copy("EXPOSE 80"),
    "USER 0 added before COPY": before_copy("USER 0"),
    "WORKDIR / added before COPY": before_copy("WORKDIR /"),
    "WORKDIR /w added before COPY": before_copy("WORKDIR /w"),
    "SHELL same added": before_copy('SHELL ["/bin/sh","-c"]'),
    "VOLUME added": before_copy("VOLUME /v"),
    "HEALTHCHECK added": before_copy("HEALTHCHECK CMD x"),
    "ONBUILD added": before_copy("ONBUILD RUN x"),
    "MAINTAINER added": before_copy("MAINTAINER someone"),
    "STOPSIGNAL added": before_copy("STOPSIGNAL 9"),
    "ARG default changed": line("ARG FOO=1", "ARG FOO=2"),
    "ARG added unused": before_copy("ARG BAR=1"),
    "ARG added no default": before_copy("ARG BAR"),
    "ARG http_proxy declared+set": before_copy("ARG http_proxy"),
    "RUN double space": line(RUN_FOO, "RUN  echo $FOO"),
    "RUN trailing space": line(RUN_FOO, "RUN echo $FOO "),
    "RUN inner double space": line(RUN_FOO, "RUN echo  $FOO"),
    "RUN exec form": line(TAIL, 'RUN ["/bin/sh","-c","echo tail"]'),
    "RUN line continuation": line(TAIL, "RUN echo \\\n tail"),
    "COPY --chown=0:0": line(COPY_D, "COPY --chown=0:0 d /d/"),
    "ADD instead of COPY": line(COPY_D, "ADD d /d/"),
    "stage name added": line("FROM base", "FROM base AS st"),
    "base alias (same id)": line("FROM base", "FROM alias"),
    "base config-only change (LABEL)": line("FROM base", "FROM labelled"),
    "base config-only change (ENV)": line("FROM base", "FROM labelled"),
    "CRLF Dockerfile": text(*BASELINE).replace("\n", "\r\n"),
    "--target st (named)": line("FROM base", "FROM base AS st"),
}
REQUESTS = {
    "--build-arg FOO=2": RecordedRequest(build_args=(("FOO", "2"),)),
    "--build-arg FOO=1 (same as default)": RecordedRequest(build_args=(("FOO", "1"),)),
    "--build-arg undeclared": RecordedRequest(build_args=(("NOBODY", "1"),)),
    "--build-arg HTTP_PROXY": RecordedRequest(build_args=(("HTTP_PROXY", "http://p"),)),
    "ARG http_proxy declared+set": RecordedRequest(build_args=(("http_proxy", "http://p"),)),
    "--label": RecordedRequest(labels=(("l", "1"),)),
    "--target st (named)": RecordedRequest(target="st"),
    "--shm-size": RecordedRequest(options=(("shmsize", "134217728"),)),
    "--ulimit": RecordedRequest(options=(("ulimits", '[{"Name":"nofile","Hard":99,"Soft":99}]'),)),
    "--cgroup-parent": RecordedRequest(options=(("cgroupparent", "/x"),)),
    "--add-host": RecordedRequest(options=(("extrahosts", '["h:1.2.3.4"]'),)),
    "--network none": RecordedRequest(network="none"),
    "--memory": RecordedRequest(options=(("memory", "536870912"),)),
}
ENTRIES = tuple(
    replace(made, content=Digest("sha256:" + sha256(b"").hexdigest()), tarsum=tarsum(made, [b""]))
    if made.type is EntryType.FILE
    else replace(made, tarsum=tarsum(made))
    for made in (
        ContextEntry(name="a.txt", type=EntryType.FILE, mode=0o644),
        ContextEntry(name="d/", type=EntryType.DIRECTORY, mode=0o755, typeflag="5"),
        ContextEntry(name="d/x", type=EntryType.FILE, mode=0o644),
    )
)


def chains(record: BuildRecord) -> dict[str, Digest]:
    """Each step's text, and a digest over its key and the steps before it."""
    found: dict[int, Digest] = {}
    for step in keys_of(record).steps:
        assert not step.key.unknown
        below = "".join(found[parent] for parent in step.parents)
        found[step.index] = Digest(sha256(f"{below} {step.key.digest}".encode()).hexdigest())
    return {step.instruction.strip(): found[step.index] for step in record.steps}


@pytest.mark.parametrize("name", (DOCKERFILES | REQUESTS).keys())
def test_change(vectors: Any, classic_record: MakeRecord, name: str) -> None:
    measured = vectors["forks"]["dockerfile_and_option_changes"]["classic"][name]
    baseline = chains(classic_record(text(*BASELINE), ENTRIES, bases=BASES))
    dockerfile = DOCKERFILES.get(name, text(*BASELINE))
    request = REQUESTS.get(name, RecordedRequest())
    changed = chains(classic_record(dockerfile, ENTRIES, bases=BASES, request=request))
    found = {step: "HIT" if digest in baseline.values() else "miss" for step, digest in changed.items()}
    asked = list(measured)
    got = [step for step in found if step.split()[0].upper() in ("COPY", "ADD", "RUN")]
    assert dict(zip(asked, (found[step] for step in got), strict=True)) == measured


def test_every_measured_change_is_covered(vectors: Any) -> None:
    measured = vectors["forks"]["dockerfile_and_option_changes"]["classic"].keys()
    assert measured == DOCKERFILES.keys() | REQUESTS.keys() | NOT_KEYS
