"""What FROM gives, what is fetched, and formats of images."""

import struct
from typing import Any

from corpus.builds import CONTENT
from corpus.subjects import Build, Client, Fork, Node, Pair, file, idle, matters

ALL = "classic buildkit buildah"
ON_BASE = "FROM base\nCOPY a /\n"
LAYER = "FROM alpine\nRUN echo {} > /f\n"
CONFIG = "FROM alpine\nRUN echo base\nLABEL x={}\n"


def based(dockerfile: str, base: str, *values: str, **more: Any) -> tuple[Build, Build]:
    """One Dockerfile on an image that is another one for each of the two."""
    writer, reader = (
        Build(
            dockerfile=dockerfile, nodes=(file("a"),), bases=(("base", Build(dockerfile=base.format(value))),)
        )
        for value in values
    )
    return writer, reader


OTHER_STAGE = "FROM base AS s\nRUN echo s\nFROM alpine\nCOPY a /\n"
TWO_TAGS = (("one", Build(dockerfile=LAYER.format(1))), ("two", Build(dockerfile=LAYER.format(1))))

BASES = (
    *matters(ALL, "base-image", *based(ON_BASE, LAYER, "1", "2"), Fork("FROM", ("base-image",))),
    *matters(
        "classic buildah",
        "base-config",
        *based(ON_BASE, CONFIG, "1", "2"),
        Fork("FROM", ("base-config",)),
    ),
    *idle("buildkit", "base-config", *based(ON_BASE, CONFIG, "1", "2")),
    *idle(
        ALL,
        "base-image",
        Build(dockerfile="FROM one\nCOPY a /\n", nodes=(file("a"),), bases=TWO_TAGS),
        Build(dockerfile="FROM two\nCOPY a /\n", nodes=(file("a"),), bases=TWO_TAGS),
        what="other-name",
    ),
    *idle(
        "buildkit",
        "base-image",
        Build(
            dockerfile=OTHER_STAGE,
            nodes=(file("a", "one"),),
            bases=(("base", Build(dockerfile=LAYER.format(1))),),
        ),
        Build(
            dockerfile=OTHER_STAGE,
            nodes=(file("a", "two"),),
            bases=(("base", Build(dockerfile=LAYER.format(2))),),
        ),
        CONTENT,
        what="unneeded-stage",
    ),
    *idle(
        "classic",
        "base-image",
        Build(
            dockerfile=OTHER_STAGE,
            nodes=(file("a", "one"),),
            bases=(("base", Build(dockerfile=LAYER.format(1))),),
        ),
        Build(
            dockerfile=OTHER_STAGE,
            nodes=(file("a", "two"),),
            bases=(("base", Build(dockerfile=LAYER.format(2))),),
        ),
        Fork("FROM base", ("base-image",)),
        CONTENT,
        what="other-stage",
    ),
)

CONFIGS = (
    *idle(
        "classic",
        "base-config",
        Build(
            dockerfile=OTHER_STAGE,
            nodes=(file("a", "one"),),
            bases=(("base", Build(dockerfile=CONFIG.format(1))),),
        ),
        Build(
            dockerfile=OTHER_STAGE,
            nodes=(file("a", "two"),),
            bases=(("base", Build(dockerfile=CONFIG.format(2))),),
        ),
        Fork("FROM base", ("base-config",)),
        CONTENT,
        what="other-stage",
    ),
    *idle(
        "buildah",
        "base-config",
        Build(
            dockerfile=OTHER_STAGE,
            nodes=(file("a", "one"),),
            bases=(("base", Build(dockerfile=CONFIG.format(1))),),
        ),
        Build(
            dockerfile=OTHER_STAGE,
            nodes=(file("a", "two"),),
            bases=(("base", Build(dockerfile=CONFIG.format(2))),),
        ),
        CONTENT,
        what="unneeded-stage",
    ),
)


def exits() -> Node:
    """A program of 64 bits without any library, that ends at once: it runs whatever platform is asked for."""
    code = b"\x31\xff\xb8\x3c\x00\x00\x00\x0f\x05"
    start = 0x400000
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01" + bytes(9),
        *(2, 62, 1, start + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0),
    )
    size = 120 + len(code)
    program = struct.pack("<IIQQQQQQ", 1, 5, 0, start, start, size, size, 0x1000)
    data = header + program + code
    made = file("exits", mode=0o755, size=len(data))
    return Node(entry=made.entry, data=data)


SCRATCH = 'FROM scratch\nCOPY exits /\nRUN ["/exits"]\n'
SCRATCH_FILES = "FROM scratch\nCOPY exits /\n"


def platforms(dockerfile: str, writer: str, reader: str) -> tuple[Build, Build]:
    return (
        Build(dockerfile=dockerfile, nodes=(exits(),), platform=writer),
        Build(dockerfile=dockerfile, nodes=(exits(),), platform=reader),
    )


PLATFORMS = (
    *matters("buildkit", "platform", *platforms(SCRATCH, "", "linux/386"), Fork("RUN", ("platform",))),
    # buildah 1.39 passes over no image of another platform.
    *idle("buildah", "platform", *platforms(SCRATCH, "", "linux/386"), what="scratch"),
    *matters("classic", "platform", *platforms(SCRATCH, "", "linux/386"), Fork("FROM", ("platform",))),
    *idle(ALL, "platform", *platforms(SCRATCH, "", "linux/amd64"), what="default"),
    *idle("buildkit", "platform", *platforms(SCRATCH_FILES, "", "linux/386"), what="files"),
)

RUN = "FROM alpine\nRUN echo used\n"

FORMATS = (
    *matters(
        "buildah",
        "image-format",
        Build(dockerfile=RUN),
        Build(dockerfile=RUN, client=Client.PODMAN),
        Fork("RUN", ("image-format",)),
    ),
)

FETCHED = "FROM alpine\nADD http://127.0.0.1:8000/f /\n"
FETCHED_APART = "FROM alpine AS s\nADD http://127.0.0.1:8000/f /\nFROM alpine\nCOPY a /\n"


def serving(dockerfile: str, *nodes: str) -> tuple[Build, Build]:
    """The URL gives something else to the reader; ``a`` may as well."""
    one, two = nodes or ("a", "a")
    return (
        Build(dockerfile=dockerfile, nodes=(file("a", one),), served=(("f", "one"),)),
        Build(dockerfile=dockerfile, nodes=(file("a", two),), served=(("f", "two"),)),
    )


SOURCES = (
    *matters(
        "classic buildah",
        "remote-source",
        *serving(FETCHED),
        Fork("ADD", ("remote-source http://127.0.0.1:8000/f",)),
    ),
    # BuildKit tells nobody what it fetched.
    *matters(
        "buildkit",
        "remote-source",
        *serving(FETCHED),
        Fork("ADD", ("remote-source http://127.0.0.1:8000/f SUSPECTED",)),
    ),
    *idle(
        "buildkit buildah",
        "remote-source",
        *serving(FETCHED_APART, "one", "two"),
        CONTENT,
        what="unneeded-stage",
    ),
    *idle(
        "classic",
        "remote-source",
        *serving(FETCHED_APART, "one", "two"),
        Fork("ADD", ("remote-source http://127.0.0.1:8000/f",)),
        CONTENT,
        what="other-stage",
    ),
)

PAIRS: tuple[Pair, ...] = (*BASES, *CONFIGS, *PLATFORMS, *FORMATS, *SOURCES)
