"""The builds of bake files, in HCL or JSON.

Source: docker/buildx bake/bake.go:{ResolveTarget,target,Target.Merge} @ 00cc36c4029a: a target takes what it
lacks from those that it inherits, the later of them first.
"""

from collections.abc import Iterator, Mapping

from layerfork.lint.declared.build import DeclaredBuild
from layerfork.lint.declared.cacheentry import read_entries
from layerfork.lint.declared.hclfile import read_hcl
from layerfork.lint.declared.node import Node
from layerfork.lint.declared.yamlfile import read_yaml
from layerfork.lint.files.reading import Source


def bake_builds(source: Source) -> Iterator[DeclaredBuild]:
    """The targets that are built: not those that others only inherit. Raises: UnreadableError."""
    targets, groups = _read(source)
    inherited = {each.word for target in targets.values() for each in target.get("inherits").items}
    grouped = {each.word for group in groups for each in group.get("targets").items}
    for name, target in targets.items():
        if name in grouped or name not in inherited:
            yield _build(source, name, target, targets)


def _read(source: Source) -> tuple[dict[str, Node], list[Node]]:
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
    for each in target.get("inherits").items:
        fields |= _whole(each.word, targets, seen | {name})
    return fields | dict(target.fields)


def _build(source: Source, name: str, target: Node, targets: Mapping[str, Node]) -> DeclaredBuild:
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
        platforms=tuple(each.word for each in whole.get("platforms").items),
        arguments=tuple(f"{key}={value.word}" for key, value in whole.get("args").fields.items()),
        tags=tuple(each.word for each in whole.get("tags").items),
        reads=read_entries(whole.get("cache-from")),
        writes=read_entries(whole.get("cache-to")),
        varies=bool(matrix),
        variables=frozenset(matrix),
    )
