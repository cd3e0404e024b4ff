"""Several causes at one step, of which some may not matter; changed steps in several stages."""

from corpus.builds import two
from corpus.subjects import Build, Fork, Pair, file, idle, matters

ALL = "classic buildkit buildah"


def build(dockerfile: str, text: str = "a", **args: str) -> Build:
    return Build(dockerfile=dockerfile, nodes=(file("a", text),), args=args)


USED = "FROM alpine\nARG A\nARG B\nRUN echo used\n"
NAMED = "FROM alpine\nARG A\nARG B\nCOPY a /d${A}${B:+x}\n"
EITHER = "FROM alpine\nARG A\nARG B\nENV E=${A:+x}\nCOPY a /d${B}${E}\n"

SETS = (
    *matters(
        ALL,
        "build-arg",
        build(USED, A="1", B="10"),
        build(USED, A="2", B="20"),
        Fork("RUN", ("build-arg A", "build-arg B")),
        what="two-of-two",
    ),
    *matters(
        "classic buildkit",
        "build-arg",
        build(NAMED, "one", A="1", B="10"),
        build(NAMED, "two", A="2", B="20"),
        Fork("COPY", ("build-arg A", "content a")),
        what="two-of-three",
    ),
    *matters(
        "classic buildkit buildah",
        "build-arg",
        build(EITHER, A="1", B="10"),
        build(EITHER, A="2", B="20"),
        Fork("COPY", ("build-arg B",)),
        what="one-of-two-behind-env",
    ),
    *matters(
        "classic buildkit-tar",
        "content",
        *two(
            "FROM alpine\nCOPY a b /d/\n",
            (file("a", "one"), file("b"), file("c", "one")),
            (file("a", "two", mode=0o755), file("b", uid=7), file("c", "two")),
        ),
        Fork("COPY", ("content a", "mode a", "uid b")),
        what="three-of-four",
    ),
    *matters(
        "classic buildkit",
        "instruction",
        build("FROM alpine\nARG A\nRUN echo 1\n", A="1"),
        build("FROM alpine\nARG A\nRUN echo 2\n", A="2"),
        Fork("RUN", ("build-arg A", "instruction")),
        what="and-arg",
    ),
    *matters(
        "buildkit",
        "env",
        Build(dockerfile="FROM alpine\nENV E=1 F=1\nRUN echo 1\n"),
        Build(dockerfile="FROM alpine\nENV E=2 F=1\nRUN echo 1\nENV F=2\n"),
        Fork("RUN", ("env E",)),
        what="one-of-line",
    ),
)

S = "FROM alpine AS s\nCOPY a /a\nRUN echo s > /s\n"
T = "FROM alpine AS t\nRUN echo t > /t\n"
END = "FROM alpine\nCOPY --from=s /s /\nCOPY --from=t /t /\nRUN echo end\n"
SHORT_END = "FROM alpine\nCOPY --from=t /t /\n"
SWAPPED_END = "FROM alpine\nCOPY --from=t /t /\nCOPY --from=s /s /\nRUN echo end\n"

STAGES = (
    *matters(
        ALL,
        "content",
        build(S + T + END, "one"),
        build(S + T + END, "two"),
        Fork("COPY a", ("content a",)),
        what="in-stage",
    ),
    *matters(
        ALL,
        "instruction",
        build(S + T + SHORT_END),
        build(S + T.replace("RUN", "RUN echo new\nRUN") + SHORT_END),
        Fork("RUN echo new", ("instruction",)),
        what="added-in-stage",
    ),
    *matters(
        ALL,
        "instruction",
        build(S + T.replace("RUN", "RUN echo old\nRUN") + SHORT_END),
        build(S + T + SHORT_END),
        Fork("RUN echo t", ("instruction",)),
        what="removed-in-stage",
    ),
    *matters(
        ALL,
        "instruction-order",
        build(S + T + END),
        build(S + T + SWAPPED_END),
        Fork("COPY --from=t", ("instruction-order",)),
        what="of-copies",
    ),
    *matters(
        ALL,
        "instruction-order",
        Build(dockerfile="FROM alpine\nCOPY a /\nCOPY b /\nRUN echo end\n", nodes=(file("a"), file("b"))),
        Build(dockerfile="FROM alpine\nCOPY b /\nCOPY a /\nRUN echo end\n", nodes=(file("a"), file("b"))),
        Fork("COPY b", ("instruction-order",)),
        what="of-context-copies",
    ),
    *matters(
        ALL,
        "instruction",
        build(S + T + END),
        build(S + T + END.replace("--from=t /t /", "--from=s /a /t")),
        Fork("COPY --from=s /a", ("instruction",)),
        what="other-source-stage",
    ),
    *idle(
        ALL,
        "instruction",
        build(S + T + END),
        build(S.replace(" s\n", " first\n", 1) + T + END.replace("=s ", "=first ")),
        what="renamed-stage",
    ),
    *idle(
        ALL,
        "instruction-order",
        build(S + T + END, "one"),
        build(T + S + END, "two"),
        Fork("COPY a", ("content a",)),
        what="of-stages-beside-content",
    ),
)

PAIRS: tuple[Pair, ...] = (*SETS, *STAGES)
