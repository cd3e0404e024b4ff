"""The ignore file that an archive holds."""

from collections.abc import Callable, Iterable

from layerfork.context.ignore.ignorefile import read_containers_ignorefile, read_docker_ignorefile
from layerfork.record.build import Builder
from layerfork.wire.tar.stream import TarDecoder


def ignore_patterns(
    tar: TarDecoder, builder: Builder, names: Iterable[str], clean: Callable[[str], str]
) -> tuple[str, ...]:
    """Patterns of the first of several ignore files that is there, as the builder reads them, secrets hidden.

    The decoder has to keep files of these names.
    """
    read = read_containers_ignorefile if builder is Builder.BUILDAH else read_docker_ignorefile
    contents = (tar.captured_also(name) for name in names)
    content = next((each for each in contents if each is not None), b"")
    return tuple(map(clean, read(content.decode("utf-8", errors="replace"))))
