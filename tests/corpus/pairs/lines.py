"""The Dockerfile's own text: instructions, their order, labels, options of RUN."""

from typing import Any

from corpus.builds import CONTENT
from corpus.subjects import Build, Fork, directory, file, idle, matters

ALL = "classic buildkit buildah"
CHAINS = "classic buildah"
"""Builders for which every instruction is a step of a chain."""
SENT = (file("a"), directory("d"), file("d/x"))


def texts(writer: str, reader: str, **more: Any) -> tuple[Build, Build]:
    """Two Dockerfiles; the context has ``a`` and ``d``."""
    made = [Build(dockerfile=text, nodes=SENT, **more) for text in (writer, reader)]
    return made[0], made[1]


def copying(writer: str, reader: str, **more: Any) -> tuple[Build, Build]:
    """Two Dockerfiles, and another content of ``a``."""
    return (
        Build(dockerfile=writer, nodes=(file("a", "one"),), **more),
        Build(dockerfile=reader, nodes=(file("a", "two"),), **more),
    )


INSTRUCTIONS = (
    *matters(
        ALL,
        "instruction",
        *texts("FROM alpine\nRUN echo 1\n", "FROM alpine\nRUN echo 2\n"),
        Fork("RUN", ("instruction",)),
    ),
    *matters(
        ALL,
        "instruction",
        *texts("FROM alpine\nCOPY a /x\n", "FROM alpine\nCOPY a /y\n"),
        Fork("COPY", ("instruction",)),
        what="destination",
    ),
    # BuildKit did not ask the reader's client for ``a``: nothing that this build read.
    *matters(
        "classic buildkit buildkit-tar buildah",
        "instruction",
        *texts("FROM alpine\nCOPY a /x\n", "FROM alpine\nCOPY d/x /x\n"),
        Fork("COPY", ("instruction",)),
        what="source",
    ),
    *matters(
        "buildkit",
        "instruction",
        *texts("FROM alpine\nCOPY d /x\n", "FROM alpine\nCOPY a /x\n"),
        Fork("COPY", ("instruction",)),
        what="source-directory",
    ),
    *matters(
        "buildkit",
        "instruction",
        *texts("FROM alpine\nCOPY a /x\nCOPY d/x /y\n", "FROM alpine\nCOPY d/x /x\nCOPY d/x /y\n"),
        Fork("COPY d/x /x", ("instruction",)),
        what="source-read-below",
    ),
    # Two edits of one line's meaning: each alone would not do.
    *matters(
        "buildkit",
        "instruction",
        Build(dockerfile="FROM alpine\nARG T\nCOPY a /x$T\n", nodes=SENT, args={"T": "1"}),
        Build(dockerfile="FROM alpine\nARG T\nCOPY d/x /x$T\n", nodes=SENT, args={"T": "2"}),
        Fork("COPY", ("build-arg T", "instruction")),
        what="source-and-argument",
    ),
    # Had the line read as before, ``a`` would not have been sent: what the step would then be is not known.
    *matters(
        "buildkit",
        "instruction",
        Build(dockerfile="FROM alpine\nCOPY a /x\n", nodes=SENT),
        Build(dockerfile="FROM alpine\nCOPY d/x /x\n", nodes=(*SENT, file(".dockerignore", "a\n"))),
        Fork("COPY", ("instruction SUSPECTED",)),
        what="source-left-out",
    ),
    *matters(
        ALL,
        "instruction",
        *texts("FROM alpine\nWORKDIR /x\n", "FROM alpine\nWORKDIR /y\n"),
        Fork("WORKDIR", ("instruction",)),
        what="workdir",
    ),
    *matters(
        ALL,
        "instruction",
        *texts("FROM alpine\nRUN echo 2\n", "FROM alpine\nRUN echo 1\nRUN echo 2\n"),
        Fork("RUN echo 1", ("instruction",)),
        what="added",
    ),
    *matters(
        ALL,
        "instruction",
        *texts("FROM alpine\nRUN echo 1\nRUN echo 2\n", "FROM alpine\nRUN echo 2\n"),
        Fork("RUN echo 2", ("instruction",)),
        what="removed",
    ),
    *matters(
        ALL,
        "instruction",
        *texts("FROM alpine\nWORKDIR /x\nCOPY a b/\n", "FROM alpine\nCOPY a b/\n"),
        Fork("COPY", ("instruction",)),
        what="workdir-removed",
    ),
    *matters(
        "classic buildah",
        "instruction",
        *texts("FROM alpine\nUSER 1\nRUN id\n", "FROM alpine\nUSER 2\nRUN id\n"),
        Fork("USER", ("instruction",)),
        what="user",
    ),
    *matters(
        "buildkit",
        "instruction",
        *texts("FROM alpine\nUSER 1\nRUN id\n", "FROM alpine\nUSER 2\nRUN id\n"),
        Fork("RUN", ("instruction",)),
        what="user",
    ),
    *matters(
        "classic",
        "instruction",
        *texts(
            'FROM alpine\nSHELL ["/bin/sh", "-c"]\nRUN id\n',
            'FROM alpine\nSHELL ["/bin/sh", "-ec"]\nRUN id\n',
        ),
        Fork("SHELL", ("instruction",)),
        what="shell",
    ),
    *matters(
        "buildkit",
        "instruction",
        *texts(
            'FROM alpine\nSHELL ["/bin/sh", "-c"]\nRUN id\n',
            'FROM alpine\nSHELL ["/bin/sh", "-ec"]\nRUN id\n',
        ),
        Fork("RUN", ("instruction",)),
        what="shell",
    ),
    *idle(
        ALL,
        "instruction",
        *texts("FROM alpine\nCOPY a /\nRUN echo 1\n", "# a comment\nFROM alpine\n\nCOPY  a  /\nRUN echo 1\n"),
        what="blanks",
    ),
    *idle(
        ALL,
        "instruction",
        *copying("FROM alpine\nCOPY a /\n", "# other\nFROM alpine AS named\nCOPY a /\n"),
        CONTENT,
        what="below-content",
    ),
    *idle(
        "buildkit",
        "instruction",
        *copying(
            'FROM alpine\nCMD ["x"]\nEXPOSE 1\nCOPY a /\n', 'FROM alpine\nCMD ["y"]\nEXPOSE 2\nCOPY a /\n'
        ),
        CONTENT,
        what="config",
    ),
    *idle(
        "buildkit",
        "instruction",
        *texts("FROM alpine\nUSER 1\nCOPY a /\n", "FROM alpine\nUSER 2\nCOPY a /\n"),
        what="user-of-copy",
    ),
    *idle(
        "buildkit",
        "instruction",
        *texts(
            "FROM alpine AS s\nRUN echo 1\nFROM alpine\nRUN id\n",
            "FROM alpine AS s\nRUN echo 2\nFROM alpine\nRUN id\n",
        ),
        what="unneeded-stage",
    ),
)

STAGE_S = "FROM alpine AS s\nRUN echo 1\n"
STAGE_T = "FROM alpine AS t\nRUN echo 2\n"
FROM_BOTH = "FROM alpine\nCOPY --from=s /etc /s\nCOPY --from=t /etc /t\n"

ORDER = (
    *matters(
        ALL,
        "instruction-order",
        *texts("FROM alpine\nRUN echo 1\nRUN echo 2\n", "FROM alpine\nRUN echo 2\nRUN echo 1\n"),
        Fork("RUN echo 2", ("instruction-order",)),
    ),
    *matters(
        ALL,
        "instruction-order",
        *texts(
            "FROM alpine\nCOPY a /\nRUN echo 1\nRUN echo 2\n",
            "FROM alpine\nRUN echo 1\nCOPY a /\nRUN echo 2\n",
        ),
        Fork("RUN echo 1", ("instruction-order",)),
        what="up",
    ),
    *matters(
        "buildkit",
        "instruction-order",
        *texts("FROM alpine\nENV A=1\nENV B=2\nRUN id\n", "FROM alpine\nENV B=2\nENV A=1\nRUN id\n"),
        Fork("RUN", ("instruction-order",)),
        what="of-env",
    ),
    *idle(
        "buildkit",
        "instruction-order",
        *copying("FROM alpine\nENV A=1\nENV B=2\nCOPY a /\n", "FROM alpine\nENV B=2\nENV A=1\nCOPY a /\n"),
        CONTENT,
        what="of-env-below-content",
    ),
    *idle(
        ALL,
        "instruction-order",
        *texts(
            f"{STAGE_S}{STAGE_T}{FROM_BOTH}",
            f"{STAGE_T}{STAGE_S}{FROM_BOTH}",
        ),
        what="of-stages",
    ),
    *idle(
        "buildkit",
        "instruction-order",
        *texts("FROM alpine\nLABEL a=1\nCMD x\nRUN id\n", "FROM alpine\nCMD x\nRUN id\nLABEL a=1\n"),
        what="of-config",
    ),
)

LABELS = (
    *matters(
        CHAINS,
        "label",
        *texts("FROM alpine\nLABEL a=1\n", "FROM alpine\nLABEL a=2\n"),
        Fork("LABEL", ("label",)),
    ),
    *matters(
        CHAINS,
        "label",
        Build(dockerfile="FROM alpine\nRUN id\n", labels={"a": "1"}),
        Build(dockerfile="FROM alpine\nRUN id\n", labels={"a": "2"}),
        Fork("LABEL", ("label",)),
        what="of-request",
    ),
    *idle(
        CHAINS,
        "label",
        Build(dockerfile="FROM alpine\nRUN id\n"),
        Build(dockerfile="FROM alpine\nRUN id\n", labels={"a": "1"}),
        what="added",
        warnings=("added-label",),
    ),
    *idle(
        "buildkit", "label", *texts("FROM alpine\nLABEL a=1\nRUN id\n", "FROM alpine\nLABEL a=2\nRUN id\n")
    ),
    *idle(
        "buildkit",
        "label",
        Build(dockerfile="FROM alpine\nRUN id\n", labels={"a": "1"}),
        Build(dockerfile="FROM alpine\nRUN id\n", labels={"a": "2"}),
        what="of-request",
    ),
    *idle(
        "classic",
        "label",
        *copying("FROM alpine\nCOPY a /\nLABEL a=${X:-1}\n", "FROM alpine\nCOPY a /\nLABEL a=1\n"),
        CONTENT,
        what="written-otherwise",
    ),
)

PAIRS = (*INSTRUCTIONS, *ORDER, *LABELS)
