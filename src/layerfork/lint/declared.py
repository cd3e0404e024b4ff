"""Builds that files declare: bake and compose files are read here, those of CI in `ci`."""

from collections.abc import Callable, Iterator, Mapping

from layerfork.lint.ci import github_builds, gitlab_builds
from layerfork.lint.declaredbuilds import DeclaredBuild, Node, read_entries
from layerfork.lint.lintedfiles import FileKind, SourceFile
from layerfork.lint.syntax import read_hcl, read_yaml

# The builds of bake files, in HCL or JSON.
#
# Source: docker/buildx bake/bake.go:{ResolveTarget,target,Target.Merge} @ 00cc36c4029a: a target takes what
# it lacks from those that it inherits, the later of them first.


def bake_builds(source: SourceFile) -> Iterator[DeclaredBuild]:
    """The targets that are built: not those that others only inherit. Raises: UnreadableError."""
    targets, groups = _targets_and_groups(source)
    inherited = {word for target in targets.values() for word in target.get("inherits").words}
    grouped = {word for group in groups for word in group.get("targets").words}
    only_inherited = inherited - grouped
    for name, target in targets.items():
        if name not in only_inherited:
            yield _target(source, name, target, targets)


def _targets_and_groups(source: SourceFile) -> tuple[dict[str, Node], list[Node]]:
    targets: dict[str, Node] = {}
    groups: list[Node] = []
    if source.path.suffix == ".json":
        for document in read_yaml(source.text.replace("\t", " ")):
            targets |= document.get("target").fields
            groups += document.get("group").fields.values()
        return targets, groups
    for kind, label, attributes in read_hcl(source.text):
        if kind == "target":
            targets[label] = attributes
        elif kind == "group":
            groups.append(attributes)
    return targets, groups


def _whole(name: str, targets: Mapping[str, Node], seen: frozenset[str] = frozenset()) -> dict[str, Node]:
    """The fields of a target with those that it inherits."""
    target = targets.get(name)
    if target is None or name in seen:
        return {}
    fields: dict[str, Node] = {}
    for word in target.get("inherits").words:
        fields |= _whole(word, targets, seen | {name})
    return fields | dict(target.fields)


def _target(source: SourceFile, name: str, target: Node, targets: Mapping[str, Node]) -> DeclaredBuild:
    whole = Node(line=target.line, fields=_whole(name, targets))
    matrix = whole.get("matrix").fields
    return DeclaredBuild(
        source=source,
        line=target.line,
        name=f"target {name}",
        directory=str(source.path.parent),
        context=whole.get("context").word or ".",
        dockerfile=whole.get("dockerfile").word,
        target=whole.get("target").word,
        platforms=whole.get("platforms").words,
        arguments=tuple(f"{key}={value.word}" for key, value in whole.get("args").fields.items()),
        tags=whole.get("tags").words,
        reads=read_entries(whole.get("cache-from")),
        writes=read_entries(whole.get("cache-to")),
        varies=bool(matrix),
        variables=frozenset(matrix),
    )


# The builds of compose files.
#
# Source: docs.docker.com, Compose Build Specification (context, dockerfile, target, args, platforms, tags,
# cache_from, cache_to).


def compose_builds(source: SourceFile) -> Iterator[DeclaredBuild]:
    """The services that are built. Raises: UnreadableError."""
    for document in read_yaml(source.text):
        for name, service in document.get("services").fields.items():
            if build := service.get("build"):
                yield _service(source, name, service, build)


def _service(source: SourceFile, name: str, service: Node, build: Node) -> DeclaredBuild:
    arguments = build.get("args")
    pairs = (f"{key}={value.word}" for key, value in arguments.fields.items())
    image = service.get("image").word
    return DeclaredBuild(
        source=source,
        line=build.line,
        name=f"service {name}",
        directory=str(source.path.parent),
        context=build.word or build.get("context").word or ".",
        dockerfile=build.get("dockerfile").word,
        target=build.get("target").word,
        platforms=build.get("platforms").words,
        arguments=(*pairs, *arguments.words),
        tags=(*filter(None, [image]), *build.get("tags").words),
        reads=read_entries(build.get("cache_from")),
        writes=read_entries(build.get("cache_to")),
    )


# The builds of any file that declares some.

READERS: Mapping[FileKind, Callable[[SourceFile], Iterator[DeclaredBuild]]] = {
    FileKind.BAKE: bake_builds,
    FileKind.COMPOSE: compose_builds,
    FileKind.GITHUB: github_builds,
    FileKind.GITLAB: gitlab_builds,
}
"""By the kinds of files that declare builds."""
