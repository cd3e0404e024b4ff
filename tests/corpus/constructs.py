"""What people write into Dockerfiles, each construct once: builds that judge our model of the frontend.

    PYTHONPATH=tests .venv/bin/python -m corpus.constructs

builds them on real engines and writes `tests/vectors/constructs/`. The base images are stand-ins: a busybox
under the names of images that people use, with variables, a user or a directory set and programs that do
nothing, because only what the frontend makes of the lines is asked.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from corpus.building import BuildFailedError, Workplace
from corpus.subjects import Build, Client, directory, file

from layerfork.builders.engines import open_engine
from layerfork.errors import LayerforkError
from layerfork.record.store.recordfile import RecordFile

VECTORS = Path(__file__).parents[1] / "vectors" / "constructs"
ENGINES = ("private:26.1", "private:26.1+containerd", "private:28.5", "private:28.5+containerd")
PROGRAMS = "apt-get apk npm yarn pnpm pip python go cargo mvn gradle dotnet composer bundle make curl useradd"
NODES = (
    file(".dockerignore", "**/*.log\n.git\n"),
    file("package.json"),
    file("package-lock.json"),
    file("requirements.txt"),
    file("go.mod"),
    file("go.sum"),
    file("Cargo.toml"),
    file("pom.xml"),
    file("entrypoint.sh", "#!/bin/sh\n", mode=0o755),
    file("a file.txt"),
    directory("src"),
    file("src/main.go"),
    file("src/app.py"),
    directory("src/sub"),
    file("src/sub/x.txt"),
    directory("conf"),
    file("conf/nginx.conf"),
    file("conf/app.conf"),
)


def _base(more: str = "") -> Build:
    stubs = f"for p in {PROGRAMS}; do printf '#!/bin/sh\\n' > /bin/$p; chmod 755 /bin/$p; done"
    users = "printf 'app:x:1000:1000::/:/bin/sh\\n' >> /etc/passwd; printf 'app:x:1000:\\n' >> /etc/group"
    prepare = f"RUN mkdir -p /etc; touch /etc/passwd /etc/group; {users}; {stubs}\n"
    return Build(dockerfile=f"FROM alpine\n{prepare}{more}")


BASES = (
    ("debian:bookworm-slim", _base()),
    ("node:20", _base('ENV NODE_VERSION=20.11.1 YARN_VERSION="1.22"\n')),
    ("python:3.12-slim", _base("ENV PATH=/usr/local/bin:$PATH LANG=C.UTF-8\n")),
    ("golang:1.22", _base("ENV GOPATH=/go PATH=/go/bin:/usr/local/go/bin:$PATH\nWORKDIR /go\n")),
    ("nginx:alpine", _base("ENV NGINX_VERSION=1.25\nSTOPSIGNAL SIGQUIT\n")),
    ("app-base", _base('WORKDIR /srv/app\nUSER app\nSHELL ["/bin/sh", "-ec"]\nENV MODE=base\n')),
    ("onbuild-base", _base("WORKDIR /usr/src/app\nONBUILD COPY package.json .\nONBUILD RUN npm install\n")),
)

TEXT = r"""
### apt in one line
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
### apt over lines with comments
FROM debian:bookworm-slim
RUN apt-get update \
 # what is needed
 && apt-get install -y \
      curl \

      git \
 && true
### apt with cache mounts
FROM debian:bookworm-slim
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    apt-get update && apt-get install -y git
### apk with a virtual package
FROM alpine:latest
ENV TOOLS="git make"
RUN true add --no-cache --virtual .deps $TOOLS
### node in two copies
FROM node:20
WORKDIR /app
COPY package*.json ./
RUN npm ci
COPY . .
EXPOSE 3000
CMD ["npm", "start"]
### node with a bind and a cache mount
FROM node:20
WORKDIR /app
RUN --mount=type=bind,source=package.json,target=package.json \
    --mount=type=bind,source=package-lock.json,target=package-lock.json \
    --mount=type=cache,target=/root/.npm npm ci --omit=dev
USER app
COPY --chown=app:app . .
### a user by name in WORKDIR
FROM node:20
USER app
WORKDIR /home/app/work
RUN echo $HOME
### python with a private directory
FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /code
COPY requirements.txt /code/
RUN pip install -r requirements.txt
COPY ./src /code/src
ENTRYPOINT ["python", "src/app.py"]
### python with an environment of its own
FROM python:3.12-slim AS build
RUN python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
COPY requirements.txt .
RUN pip install -r requirements.txt
FROM python:3.12-slim
COPY --from=build /bin /opt/venv
ENV PATH="/opt/venv/bin:${PATH}"
CMD ["python"]
### go in two stages
FROM golang:1.22 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -ldflags "-X main.v=${VERSION}" -o /bin/app ./src && touch /bin/app
FROM scratch
COPY --from=build /bin/app /app
ENTRYPOINT ["/app"]
### go for a target platform
FROM --platform=$BUILDPLATFORM golang:1.22 AS build
ARG TARGETOS TARGETARCH
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /out
FROM alpine
COPY --from=build /etc/passwd /passwd
### go with cache mounts and a bind from the context
FROM golang:1.22
WORKDIR /src
RUN --mount=type=bind,target=. --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,id=gobuild,target=/root/.cache/go-build go build
### rust with a private cache
FROM debian:bookworm-slim
WORKDIR /app
COPY Cargo.toml .
RUN --mount=type=cache,target=/app/target,sharing=private \
    --mount=type=cache,id=reg,target=/usr/local/cargo,uid=1000,gid=1000,mode=0755 cargo build
### a cache that begins with a stage
FROM alpine AS seed
RUN mkdir /warm
FROM alpine
RUN --mount=type=cache,from=seed,source=/warm,target=/c true
### java
FROM debian:bookworm-slim AS build
COPY pom.xml /
RUN --mount=type=cache,target=/root/.m2 mvn -q package
FROM debian:bookworm-slim
COPY --from=build /pom.xml /app.xml
VOLUME /data
### nginx with a configuration
FROM nginx:alpine
COPY conf/*.conf /etc/nginx/conf.d/
RUN rm -f /etc/nginx/none && ln -sf /dev/stdout /log
EXPOSE 80/tcp 443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s CMD true
### static files from a stage by number
FROM node:20
RUN mkdir /dist
FROM nginx:alpine
COPY --from=0 /dist /usr/share/nginx/html
### COPY from an image
FROM alpine
COPY --from=nginx:alpine /etc/passwd /p
### a mount from an image
FROM alpine
RUN --mount=from=golang:1.22,source=/etc,target=/e cat /e/passwd
### a mount from a stage, writable
FROM alpine AS files
RUN echo x > /f
FROM alpine
RUN --mount=type=bind,from=files,target=/m,rw touch /m/y
### tmpfs
FROM alpine
RUN --mount=type=tmpfs,target=/t,size=64m df /t
### secrets
FROM alpine
RUN --mount=type=secret,id=tok true
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc,required=false,mode=0400,uid=7 true
RUN --mount=type=secret,id=b,dst=/run/b true
### network and security
FROM alpine
RUN --network=none true
RUN --network=default true
### shell forms
FROM alpine
RUN ["echo", "a b", "$HOME"]
RUN echo "two  blanks"   and 'quotes' \$x
SHELL ["/bin/sh", "-euxc"]
RUN echo after
run echo lower case
### arguments before FROM
ARG TAG=latest
ARG IMAGE=alpine
FROM ${IMAGE}:${TAG} AS x
ARG TAG
RUN echo $TAG
### expansions
FROM alpine
ARG A=one
ARG B
ENV C=${A:-x} D=${B:-none} E=${B:+set} F=$A$A
ENV G a value with blanks
ENV H="q \"q\"" I='$A'
RUN env
WORKDIR /w/$A
COPY src/${B:-main}* /d-$D/
### patterns in expansions
FROM alpine
ARG F=file.tar.gz
ENV A=${F%.gz} B=${F%%.*} C=${F#file.} D=${F/tar/zip}
RUN echo $A $B $C $D
### arguments hide and are hidden
FROM alpine
ENV V=env
ARG V=arg
RUN echo $V
ENV V=again
RUN echo $V
### a stage on a stage
FROM alpine AS base
ENV X=1
ARG Y=2
WORKDIR /b
USER 1000
FROM base AS next
RUN echo $X $Y
WORKDIR sub
COPY package.json .
### the base image's own settings
FROM app-base
COPY package.json .
RUN echo $MODE
WORKDIR sub
ADD src .
USER root
WORKDIR /x
### WORKDIR forms
FROM alpine
WORKDIR a
WORKDIR b/../c
WORKDIR /
WORKDIR "/with blank"
WORKDIR /end/
RUN pwd
### COPY forms
FROM alpine
COPY package.json /
COPY ./package.json /one
COPY src /two
COPY src/ /three/
COPY src/. /four/
COPY package.json go.mod /five/
COPY ["a file.txt", "/six/"]
COPY *.json /seven/
COPY src/*/x.txt /eight/
COPY /src/../go.sum /nine
COPY src /ten/../eleven/
COPY . .
### COPY owners and modes
FROM debian:bookworm-slim
COPY --chown=app:app package.json /a
COPY --chown=1000 package.json /b
COPY --chown=:7 package.json /c
COPY --chown=root package.json /d
COPY --chmod=755 entrypoint.sh /e
COPY --chmod=0644 --chown=1:2 entrypoint.sh /f
### COPY modes in letters
FROM alpine
COPY --chmod=u+x,g-w entrypoint.sh /f
### COPY links
FROM alpine
COPY --link package.json /a
COPY --link --chown=1:2 src /b/
COPY --link --chmod=700 entrypoint.sh /c
COPY --link=false package.json /d
ADD --link go.mod /e
RUN true
### a link into nothing
FROM scratch
COPY --link package.json /a
COPY --link go.mod /b
### COPY but for
FROM alpine
COPY --exclude=*.py --exclude=sub src /a/
### ADD forms
FROM alpine
ADD src /a/
ADD --chown=5:6 package.json go.mod /b/
ADD ["a file.txt", "/c/"]
### ADD from a URL
FROM alpine
ADD http://127.0.0.1:8000/some/tool.tgz /opt/
ADD --chmod=644 http://127.0.0.1:8000/x?y=1 /named
### here-documents
FROM alpine
ARG N=3
RUN <<EOF
echo $N
echo done
EOF
RUN <<-"STOP" sh -e
	echo tabs
STOP
COPY <<EOF /etc/one
n=$N
EOF
COPY --chmod=600 <<"RAW" /etc/two
n=$N
RAW
COPY <<A <<B /dir/
first
A
second
B
### a here-document that is a program
FROM alpine
RUN <<EOF
#!/bin/sh
echo program
EOF
### here-documents beside files
FROM alpine
COPY package.json <<X /both/
text
X
RUN cat <<ONE <<TWO
1
ONE
2
TWO
### triggers of the base image
FROM onbuild-base
RUN npm test
### triggers of a stage
FROM alpine AS parent
ENV P=1
ONBUILD RUN echo $P
ONBUILD COPY package.json /t/
FROM parent
RUN true
### an escape character
# escape=`
FROM alpine
RUN echo a `
  && echo b
COPY package.json C:\\x\\
### unneeded stages
FROM alpine AS never
RUN false
FROM alpine AS dev
RUN echo dev
FROM alpine AS prod
COPY --from=dev /etc/passwd /p
### two equal lines in two stages
FROM alpine AS one
RUN echo same
FROM alpine AS two
RUN echo same
COPY --from=one /etc /etc1
### labels and the rest
FROM alpine
LABEL a=b c="d e"
MAINTAINER somebody
EXPOSE 1/udp
VOLUME ["/v"]
ENTRYPOINT exec top
CMD echo hi
RUN true
### proxies
FROM alpine
ARG HTTP_PROXY
ARG http_proxy=none
RUN true
### names of stages in capitals
FROM alpine AS Build
RUN echo x > /x
FROM alpine AS Final
COPY --from=BUILD /x /y
RUN --mount=from=build,source=/x,target=/x cat /x
### a user by arguments
FROM debian:bookworm-slim
ARG UID=1000
ARG GID=1000
ENV HOME=/home/u
USER $UID:${GID}
WORKDIR $HOME
COPY --chown=${UID}:$GID package.json .
RUN id
### a directory by default
FROM alpine
WORKDIR ${APP_DIR:-/app}
COPY src ${APP_DIR:-src}/
### platform arguments
FROM --platform=linux/amd64 alpine AS fixed
ARG TARGETPLATFORM
ARG BUILDPLATFORM
ARG TARGETARCH
ARG TARGETVARIANT
RUN echo $TARGETPLATFORM $BUILDPLATFORM $TARGETARCH
### two platforms
FROM --platform=$BUILDPLATFORM alpine AS build
RUN echo once > /once
ARG TARGETARCH
RUN echo $TARGETARCH > /arch
FROM scratch
ARG TARGETOS
COPY --from=build /once /arch /$TARGETOS/
COPY package.json /
### a checksum
FROM alpine
ADD --checksum=sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 \
    http://127.0.0.1:8000/x /x
### a secret as a variable
FROM alpine
RUN --mount=type=secret,id=tok,env=TOKEN true
### archives kept as they are
FROM alpine
ADD --unpack=false package.json /a
ADD --unpack package.json /b
### mounts in any order
FROM alpine
WORKDIR /work
RUN --mount=type=cache,target=/z --mount=type=bind,source=src,target=in --mount=type=tmpfs,target=/a true
RUN --mount=type=cache,target=cache true
RUN --mount=type=bind,source=/conf/../src,target=/s,ro=true true
### a loop over lines
FROM alpine
RUN set -eux; \
    for i in 1 2 3; do \
        echo "$i"; \
    done; \
    unset i
### quotes
FROM alpine
ENV A="with \"quotes\" and \$dollar" B='single $A' C=a\ b
ARG D="x y"
RUN echo "$A" '$B' \
      "$C"
COPY "package.json" '/q/'
### a long chain of stages
FROM alpine AS a
ENV N=1
FROM a AS b
RUN echo b
FROM b AS c
ARG N
FROM c AS d
ENV N=${N}1
RUN echo $N
FROM alpine
COPY --from=d /etc /d
COPY --from=b /etc /b
### a system from an archive
FROM scratch AS system
ADD package.json /
FROM system
COPY go.mod /
WORKDIR /w
### a command of the base image's shell
FROM app-base
RUN echo $MODE && pwd
RUN ["pwd"]
USER 1000:1000
RUN id
WORKDIR deeper/still
### no cache of its own for what only changes the image
FROM alpine
ENV A=1
ENV A=2 B=$A
RUN echo $A $B
ENV A=
ENV C=${A:-empty}${B:+full}
RUN echo $A $C
### many sources
FROM alpine
COPY package.json package-lock.json requirements.txt go.mod go.sum /many/
COPY --chown=1:1 --chmod=444 src/main.go src/app.py /some/
ADD package.json http://127.0.0.1:8000/x /mixed/
### blanks and tabs
FROM   alpine
  COPY	package.json	/x
RUN  	echo   a	b
"""
MORE = {
    "arguments before FROM": {"args": {"TAG": "latest"}},
    "go in two stages": {"args": {"VERSION": "1.2"}},
    "shell forms": {"args": {"UNUSED": "1"}},
    "network and security": {"flags": ("--add-host=db:10.0.0.2", "--ulimit=nofile=64:128")},
    "tmpfs": {"flags": ("--shm-size=64m",)},
    "a stage on a stage": {"target": "next"},
    "here-documents": {"network": "host"},
    "ADD from a URL": {"served": (("some/tool.tgz", "tool"), ("x?y=1", "x"))},
    "labels and the rest": {"labels": {"l": "1"}},
    "two platforms": {"platform": "linux/amd64,linux/arm64"},
    "a checksum": {"served": (("x", "x"),)},
    "many sources": {"served": (("x", "x"),)},
    "a directory by default": {"args": {"UNUSED": "x"}},
    "mounts in any order": {"flags": ("--shm-size=1m",)},
    "WORKDIR forms": {"args": {"SOURCE_DATE_EPOCH": "1700000000"}},
}
"""What else is asked for, by construct."""


def constructs() -> Iterator[tuple[str, Build]]:
    """Every construct by its name."""
    for piece in re.split(r"(?m)^### ", TEXT)[1:]:
        name, _, text = piece.partition("\n")
        yield name, Build(dockerfile=text, nodes=NODES, **MORE.get(name, {}))  # type: ignore[arg-type]


def main() -> None:
    """Build every construct on every engine."""
    VECTORS.mkdir(exist_ok=True)
    for spec in ENGINES:
        with open_engine(spec).start(os.environ, lambda text: click.echo(text, err=True)) as engine:
            path = VECTORS / f"{spec.replace(':', '-')}.jsonl"
            path.unlink(missing_ok=True)
            bases = list(BASES)
            with RecordFile(path) as kept:
                for name, build in constructs():
                    with tempfile.TemporaryDirectory(prefix="lf-", dir="/tmp") as base:
                        place, shared = Path(base) / "work", Path(base) / "shared"
                        place.mkdir()
                        shared.mkdir()
                        workplace = Workplace(engine=engine, directory=place, shared=shared)
                        while bases:
                            workplace.make_base(*bases.pop(0))
                        try:
                            kept.add(workplace.build(build, Client.BUILDX))
                        except (BuildFailedError, LayerforkError) as error:
                            click.echo(f"{spec} {name}: {str(error).splitlines()[0]}", err=True)


if __name__ == "__main__":
    main()
