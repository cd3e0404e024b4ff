"""What BuildKit's frontend makes of Dockerfiles, recorded from real engines.

    PYTHONPATH=tests .venv/bin/python -m corpus.definitions

writes `tests/vectors/definitions.json`: for each Dockerfile and engine the fields of the operations by line.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from corpus.building import Workplace
from corpus.subjects import Build, Client, directory, file

from layerfork.builders.engines import open_engine
from layerfork.record.llb import LLBOp
from layerfork.record.record import BuildRecord

VECTORS = Path(__file__).parents[1] / "vectors" / "definitions.json"
ENGINES = ("private:26.1", "private:28.5")
NODES = (file("a.txt"), directory("d"), file("d/x"))

TEXTS = """\
ARG BASE=alpine
ARG G=glob
FROM ${BASE} AS one
ARG A
ARG B=dflt
ARG G
ENV E=$A-$B F="x y" PATH=/x:$PATH
ENV B=envb
WORKDIR rel/$A
USER ${U:-1000}:${V:-5}
RUN echo $A
SHELL ["/bin/sh","-ec"]
RUN echo hi && \\
   true
RUN ["/bin/echo","$A"]
COPY --chown=root:0 a.txt d/ dest/
COPY --chown=$A a.txt ./
COPY --chmod=0755 a.txt .
ADD --chown=3 a.txt /x/$E/
USER root
RUN --network=none true
RUN <<EOT
echo hello $A
EOT
RUN <<EOT cat > /made
 text
EOT
COPY <<X <<"Y" /docs/
hello $A
X
raw $A
Y
WORKDIR /
WORKDIR /abs/./path/
FROM one AS two
ARG A
RUN env
COPY --from=one /made /y
COPY --from=one /docs/* /z/
FROM scratch
COPY --from=two / /
COPY a.txt sub
"""
ORDER = """\
ARG V=global
FROM alpine AS parent
ENV Z=1 A=2
ARG A=arg
ARG LATE
ENV LATE=env
ARG N
RUN one
ENV N=last
ARG Z
RUN two
FROM parent
RUN three
ARG V
ARG A
ENV Y=$A$V$LATE
RUN four
ARG TARGETARCH
ARG BUILDPLATFORM
ARG TARGETPLATFORM=fixed
ARG http_proxy
RUN five
"""
CONFIGURED = """\
FROM configured
RUN one
COPY a.txt b/
WORKDIR sub
COPY a.txt .
ENV PATH=$PATH:/more
RUN two
"""
BASE = """\
FROM alpine
ENV B=base PATH=/own
WORKDIR /work
USER 7
SHELL ["/bin/sh", "-ec"]
"""
ENDS = """\
FROM alpine
COPY a.txt /abs/.
COPY a.txt /.
ADD a.txt /abs/./
COPY a.txt rel/.
COPY a.txt .
COPY a.txt ""
COPY a.txt ..
WORKDIR /w
COPY a.txt rel/.
COPY a.txt ./.
COPY a.txt /
COPY a.txt /abs/..
RUN <<-EOF
\t#!/bin/sh
\techo indented
EOF
RUN <<EOF
#!/bin/sh
echo first
EOF
RUN <<-EOF
\techo none
EOF
"""
NUMBERED = """\
FROM alpine AS first
ENV S=stage
RUN true
FROM 0
RUN true
COPY --from=0 /etc/passwd /p/.
"""
PLAIN = "FROM alpine\nRUN true\nRUN --network=default true\n"
OPTIONS = ("--add-host=h:10.0.0.1", "--ulimit=nofile=1000:2000", "--cgroup-parent=x", "--shm-size=32m")

BUILDS = {
    "texts": Build(dockerfile=TEXTS, nodes=NODES, args={"A": "7"}),
    "order": Build(
        dockerfile=ORDER.replace("RUN ", "RUN true "),
        args={"N": "given", "Z": "given", "V": "given", "http_proxy": "http://proxy"},
    ),
    "configured": Build(
        dockerfile=CONFIGURED.replace("RUN ", "RUN true "),
        nodes=NODES,
        bases=(("configured", Build(dockerfile=BASE)),),
    ),
    "ends": Build(dockerfile=ENDS, nodes=NODES),
    "numbered": Build(dockerfile=NUMBERED, nodes=NODES, bases=(("0", Build(dockerfile=BASE)),)),
    "options": Build(dockerfile=PLAIN, flags=OPTIONS, network="none"),
}
RUN_FIELDS = ("args", "env", "cwd", "user", "network", "security", "hostname", "extra_hosts", "ulimits")
ACTION_FIELDS = ("src", "dest", "owner", "mode", "mode_str", "include_patterns", "exclude_patterns")


def main() -> None:
    """Record every Dockerfile on every engine."""
    found = {}
    for spec in ENGINES:
        with open_engine(spec).start(os.environ, lambda text: click.echo(text, err=True)) as engine:
            for name, build in BUILDS.items():
                engine.reset()
                with tempfile.TemporaryDirectory(prefix="lf-", dir="/tmp") as base:
                    place, shared = Path(base) / "work", Path(base) / "shared"
                    place.mkdir()
                    shared.mkdir()
                    workplace = Workplace(engine=engine, directory=place, shared=shared)
                    record = workplace.build(build, Client.BUILDX)
                found[f"{name} {spec}"] = vector(record)
    VECTORS.write_text(json.dumps(found, indent=1) + "\n")


def vector(record: BuildRecord) -> dict[str, Any]:
    """Inputs as they were asked for, and what came of every line."""
    assert record.definition is not None
    ops = {op.digest: op for op in record.definition.ops}
    lines: dict[str, Any] = {}
    for step in record.steps:
        for digest in step.vertices:
            lines.setdefault(str(step.line), {}).update(made(ops[digest]))
    images = {
        name: {"env": facts.env, "user": facts.user, "working_dir": facts.working_dir, "shell": facts.shell}
        for name, facts in record.base_images
    }
    return {"images": images, "lines": {line: fields for line, fields in lines.items() if fields}}


def made(op: LLBOp) -> dict[str, Any]:
    """The fields of an operation that text, variables and options decide."""
    if op.exec is not None:
        return {"run": dict(_exec(op))}
    actions = [
        {name: getattr(action, name) for name in ACTION_FIELDS}
        for action in op.file or ()
        if action.kind == "copy"
    ]
    documents = [
        {"data": action.data, "data_size": action.data_size}
        for action in op.file or ()
        if action.kind == "mkfile"
    ]
    made_directories = [
        {"dest": action.dest, "owner": action.owner} for action in op.file or () if action.kind == "mkdir"
    ]
    named = {"actions": actions, "documents": documents, "directories": made_directories}
    return {name: value for name, value in named.items() if value}


def _exec(op: LLBOp) -> Iterator[tuple[str, Any]]:
    assert op.exec is not None
    for name in (*RUN_FIELDS, "cgroup_parent"):
        yield name, getattr(op.exec, name)
    yield "shared memory", sum(each.tmpfs_size for each in op.exec.mounts if each.dest == "/dev/shm")


if __name__ == "__main__":
    main()
