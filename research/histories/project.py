"""Synthetic projects: a first version and edits as people make them. One seed gives one history."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from layerfork.record.build import Builder

FILE, PROGRAM, LINK = 0o100644, 0o100755, 0o120000


@dataclass(frozen=True, slots=True)
class Node:
    """A file or a link."""

    data: bytes
    mode: int = FILE


@dataclass(slots=True)
class Project:
    """What is committed now."""

    rng: Random
    files: dict[str, Node] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    """Of the Dockerfile."""
    ignored: list[str] = field(default_factory=list)
    """Patterns of the ignore file."""
    before: list[dict[str, Node]] = field(default_factory=list)
    """Files of earlier versions."""
    serial: int = 0

    def version(self) -> dict[str, Node]:
        """Every file, the Dockerfile and the ignore file included."""
        texts = {"Dockerfile": self.lines} | ({".dockerignore": self.ignored} if self.ignored else {})
        return {
            **self.files,
            **{name: Node(("\n".join(lines) + "\n").encode()) for name, lines in texts.items()},
        }

    def change(self) -> str:
        """Make one to three edits; gives what they are called."""
        self.before.append(dict(self.files))
        edits = self.rng.choices(EDITS, WEIGHTS, k=self.rng.choice((1, 1, 1, 2, 3)))
        names = [edit.__name__.strip("_").replace("_", " ") for edit in edits if edit(self)]
        return ", ".join(names) or "nothing"

    def text(self) -> bytes:
        """Content that no other file has."""
        self.serial += 1
        return f"{self.serial} {self.rng.getrandbits(48):012x}\n".encode() * self.rng.choice((1, 1, 5))

    def some(self, below: str = "") -> str | None:
        """A file below a directory."""
        paths = sorted(
            each for each, node in self.files.items() if each.startswith(below) and node.mode != LINK
        )
        return self.rng.choice(paths) if paths else None


def new_project(seed: str, builder: Builder) -> Project:
    """The first version. Some have forms that only BuildKit knows."""
    rng = Random(seed)
    project = Project(rng)
    for path in (
        "src/main.py",
        "src/lib/a.py",
        "src/lib/b.py",
        "src/run.sh",
        "config/app.toml",
        "config/log.toml",
        "requirements.txt",
        "docs/index.md",
        "static/site.css",
        "tests/test_a.py",
        "README.md",
    ):
        project.files[path] = Node(project.text())
    project.files["src/run.sh"] = Node(project.text(), PROGRAM)
    project.files["static/latest"] = Node(b"site.css", LINK)
    project.files["config/default.toml"] = Node(b"app.toml", LINK)
    shapes = SHAPES[builder]
    project.lines = list(shapes[int(seed.rpartition("/")[2]) % len(shapes)])
    project.ignored = rng.choice(([], ["docs", "*.md"], ["tests", "**/*.log", "!src/keep.log"]))
    return project


_SIMPLE = """FROM alpine
ARG VERSION=1
ENV MODE=production
WORKDIR /app
COPY requirements.txt ./
RUN cat requirements.txt > installed
COPY config/*.toml config/
COPY src src
RUN echo $VERSION > version && cat src/main.py > built
LABEL maintainer=somebody
CMD ["cat", "built"]"""
_WHOLE = """# the whole tree
FROM alpine AS base
RUN echo tools > /tools
WORKDIR /app
COPY . .
RUN ls -R src > listed
ENV DONE=yes
ENTRYPOINT ["cat"]"""
_STAGES = """FROM alpine AS deps
WORKDIR /app
COPY requirements.txt .
RUN cat requirements.txt > deps
FROM deps AS build
ARG FLAVOR=plain
COPY src/ src/
COPY config config
RUN echo $FLAVOR > flavor; cat src/lib/* > out
FROM alpine
COPY static /static
COPY src/run.sh /usr/local/bin/run
ENV PATH=/app:$PATH
COPY --from=build /app/out /out
EXPOSE 80
CMD ["run"]"""
_ADDED = """ARG BASE=alpine
FROM $BASE
ARG VERSION=1
ADD requirements.txt static/ /srv/
ENV A=$VERSION B=two
WORKDIR /srv/$B
COPY --chown=1000:5 src/lib/ lib/
COPY ["static/site.css", "config/app.toml", "./"]
USER 1000
VOLUME /data
ONBUILD RUN echo later
HEALTHCHECK CMD true"""
_MOUNTED = """FROM alpine AS build
WORKDIR /app
RUN --mount=type=bind,source=src,target=/src cat /src/main.py > main
RUN --mount=type=bind,source=requirements.txt,target=/r --mount=type=cache,target=/cache cat /r > deps
COPY --link static /static
COPY --chmod=755 src/run.sh /run.sh
COPY <<EOF /greeting
hello
EOF
FROM scratch
COPY --from=build /app /app
COPY config/ /config/"""
SHAPES = {
    Builder.CLASSIC: tuple(text.splitlines() for text in (_SIMPLE, _WHOLE, _STAGES, _ADDED)),
    Builder.BUILDKIT: tuple(text.splitlines() for text in (_SIMPLE, _WHOLE, _STAGES, _ADDED, _MOUNTED)),
}


def _edit_source(project: Project) -> bool:
    return _write(project, project.some("src/"))


def _edit_dependencies(project: Project) -> bool:
    return _write(project, "requirements.txt")


def _edit_anything(project: Project) -> bool:
    return _write(project, project.some())


def _write(project: Project, path: str | None) -> bool:
    if path is None or path not in project.files:
        return False
    project.files[path] = Node(project.text(), project.files[path].mode)
    return True


def _add_file(project: Project) -> bool:
    directory = project.rng.choice(("src", "src/lib", "config", "docs", "static", "tests", "src/new"))
    suffix = project.rng.choice(("py", "toml", "md", "log"))
    project.files[f"{directory}/f{project.rng.randrange(100)}.{suffix}"] = Node(project.text())
    return True


def _remove_file(project: Project) -> bool:
    return _take(project) is not None


def _take(project: Project) -> Node | None:
    """Remove a file that no instruction names."""
    named = "\n".join(project.lines)
    path = project.some()
    if path is None or path in named or sum(each.startswith("src/lib/") for each in project.files) < 2:
        return None
    if path == "src/main.py" or path in ("static/site.css", "config/app.toml"):
        return None
    return project.files.pop(path)


def _rename_file(project: Project) -> bool:
    node = _take(project)
    if node is None:
        return False
    project.files[f"src/lib/moved{project.rng.randrange(50)}.py"] = node
    return True


def _change_mode(project: Project) -> bool:
    path = project.some()
    if path is None:
        return False
    node = project.files[path]
    project.files[path] = Node(node.data, FILE if node.mode == PROGRAM else PROGRAM)
    return True


def _turn_link(project: Project) -> bool:
    target = project.rng.choice((b"app.toml", b"./app.toml", b"../config/app.toml"))
    project.files["config/default.toml"] = Node(target, LINK)
    return True


def _revert_file(project: Project) -> bool:
    earlier = project.rng.choice(project.before)
    paths = sorted(path for path in project.files if path in earlier and earlier[path] != project.files[path])
    if not paths:
        return False
    path = project.rng.choice(paths)
    project.files[path] = earlier[path]
    return True


def _edit_ignore_file(project: Project) -> bool:
    pattern = project.rng.choice(
        ("docs", "*.md", "**/*.log", "tests/", "static/*.log", "!docs/index.md", "src/new")
    )
    if pattern in project.ignored:
        project.ignored.remove(pattern)
    else:
        project.ignored.insert(project.rng.randint(0, len(project.ignored)), pattern)
    return True


def _edit_run(project: Project) -> bool:
    at = _line(project, "RUN ")
    if at is None or "<<" in project.lines[at]:
        return False
    project.lines[at] = project.lines[at].partition(" # ")[0].partition(" && true")[0]
    project.lines[at] += f" && true {project.rng.randrange(100)}"
    return True


def _line(project: Project, start: str) -> int | None:
    found = [number for number, line in enumerate(project.lines) if line.startswith(start)]
    return project.rng.choice(found) if found else None


def _edit_argument(project: Project) -> bool:
    at = _line(project, "ARG ")
    if at is None or "BASE" in project.lines[at]:
        return False
    project.lines[at] = f"{project.lines[at].partition('=')[0]}={project.rng.randrange(3)}"
    return True


def _edit_variable(project: Project) -> bool:
    at = _line(project, "ENV ")
    if at is None or "PATH" in project.lines[at] or "$" in project.lines[at]:
        return False
    project.lines[at] = f"{project.lines[at].partition('=')[0]}={project.rng.randrange(3)}"
    return True


def _insert_line(project: Project) -> bool:
    number = project.rng.randrange(20)
    line = project.rng.choice(
        (
            f"ENV EXTRA{number}={number}",
            f"LABEL extra{number}={number}",
            f"# note {number}",
            "",
            f"RUN echo extra {number}",
            f"COPY requirements.txt /extra{number}",
        )
    )
    places = [at + 1 for at, each in enumerate(project.lines) if each.startswith(_WHOLE_LINES)]
    project.lines.insert(project.rng.choice(places), line)
    return True


_WHOLE_LINES = ("WORKDIR", "ENV", "LABEL", "COPY src", "COPY config", "COPY static")
"""Instructions of one line each: after them another may stand."""


def _remove_line(project: Project) -> bool:
    found = [
        at for at, line in enumerate(project.lines) if "xtra" in line or line.startswith("# note") or not line
    ]
    if not found:
        return False
    del project.lines[project.rng.choice(found)]
    return True


def _swap_lines(project: Project) -> bool:
    movable = (
        "ENV EXTRA",
        "LABEL",
        "RUN echo extra",
        "EXPOSE",
        "COPY requirements.txt /extra",
        "COPY config",
    )
    found = [
        at
        for at, (upper, lower) in enumerate(zip(project.lines, project.lines[1:], strict=False))
        if upper.startswith(movable) and lower.startswith((*movable, "COPY src"))
    ]
    if not found:
        return False
    at = project.rng.choice(found)
    project.lines[at : at + 2] = reversed(project.lines[at : at + 2])
    return True


EDITS: tuple[Callable[[Project], bool], ...] = (
    _edit_source,
    _edit_dependencies,
    _edit_anything,
    _add_file,
    _remove_file,
    _rename_file,
    _change_mode,
    _turn_link,
    _revert_file,
    _edit_ignore_file,
    _edit_run,
    _edit_argument,
    _edit_variable,
    _insert_line,
    _remove_line,
    _swap_lines,
)
WEIGHTS = (6, 2, 3, 2, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 1, 1)
