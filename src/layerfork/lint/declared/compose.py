"""The builds of compose files.

Source: docs.docker.com, Compose Build Specification (context, dockerfile, target, args, platforms, tags,
cache_from, cache_to).
"""

from collections.abc import Iterator

from layerfork.lint.declared.build import DeclaredBuild
from layerfork.lint.declared.cacheentry import read_entries
from layerfork.lint.declared.node import Node
from layerfork.lint.declared.yamlfile import read_yaml
from layerfork.lint.files.reading import Source


def compose_builds(source: Source) -> Iterator[DeclaredBuild]:
    """The services that are built. Raises: UnreadableError."""
    for document in read_yaml(source.text):
        for name, service in document.get("services").fields.items():
            if build := service.get("build"):
                yield _build(source, name, service, build)


def _build(source: Source, name: str, service: Node, build: Node) -> DeclaredBuild:
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
        platforms=tuple(each.word for each in build.get("platforms").items),
        arguments=(*pairs, *(each.word for each in arguments.items)),
        tags=(*filter(None, [image]), *(each.word for each in build.get("tags").items)),
        reads=read_entries(build.get("cache_from")),
        writes=read_entries(build.get("cache_to")),
    )
