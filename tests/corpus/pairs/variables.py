"""Build arguments, ENV and proxies."""

from corpus.subjects import Build, Fork, file, idle, matters

ALL = "classic buildkit buildah"
ONE, TWO = {"A": "1"}, {"A": "2"}
BOTH = {"A": "1", "B": "10"}, {"A": "2", "B": "20"}


def builds(dockerfile: str, writer: dict[str, str], reader: dict[str, str]) -> tuple[Build, Build]:
    """One Dockerfile with two sets of arguments; the context has ``a``."""
    sent = (file("a"),)
    return (
        Build(dockerfile=dockerfile, nodes=sent, args=writer),
        Build(dockerfile=dockerfile, nodes=sent, args=reader),
    )


def texts(writer: str, reader: str) -> tuple[Build, Build]:
    """Two Dockerfiles; the context has ``a``."""
    return Build(dockerfile=writer, nodes=(file("a"),)), Build(dockerfile=reader, nodes=(file("a"),))


USED = "FROM alpine\nARG A\nRUN echo used\n"
EXPANDED = "FROM alpine\nARG A\nCOPY a /$A/\n"
SOURCE = "FROM alpine\nARG S\nCOPY ${S} /x\n"
SOURCE_DEFAULT = "FROM alpine\nARG S=a\nCOPY ${S} /x\n"
SWALLOWED = "FROM alpine\nARG A\nARG B\nLABEL x=${A:+x}${B}\nCOPY a /d${A:+x}${B}\n"
SWALLOWED_ONLY = "FROM alpine\nARG A\nCOPY a /${A:+x}\n"
DERIVED = "FROM alpine\nARG A\nARG B=$A\nRUN echo used\n"
DERIVED_ENV = "FROM alpine\nARG A\nENV E=x$A\nCOPY a /$E\n"
AFTER = "FROM alpine\nCOPY a /\nARG A\n"
DEFAULT = "FROM alpine\nARG A=1\nRUN echo used\n"
DEFAULT_MOVED = "FROM alpine\nARG A=1\nARG B=2\nARG A\nRUN echo used\n"
"""A given argument is set again at its last line, behind B; the default stays before B."""
UNDECLARED = "FROM alpine\nCOPY a /\nRUN echo used\n"
GLOBAL = "ARG A=0\nFROM alpine\nARG A\nRUN echo used\n"
GLOBAL_ONLY = "ARG A=0\nFROM alpine\nRUN echo $A\n"
DOCUMENT = "FROM alpine\nARG A\nCOPY <<E /c\na ${A}\nE\nRUN cat /c\n"
DOCUMENTS = "FROM alpine\nARG A\nENV B=x$A\nCOPY --link <<E <<F /d/\nsame\nE\na $B\nF\nRUN cat /d/F\n"
QUOTED_DOCUMENT = "FROM alpine\nARG A\nCOPY <<'E' /c\na ${A}\nE\n"
SET_AGAIN = "FROM alpine\nENV A={}\nENV F=x$A\nENV A=z\nRUN echo used\n"
UNUSED = "FROM alpine\nENV A={}\nENV F=${{A:+x}}\nENV A=z\nRUN echo used\n"
HIDDEN = "FROM alpine\nARG A\nENV A=fixed\nRUN echo used\n"
OTHER_STAGE = (
    "FROM alpine AS s\nARG A\nRUN echo $A > /f\nFROM alpine\nRUN echo used\nCOPY --from=s /etc /etc2\n"
)

MADE_DIRECTORY = "FROM alpine\nCOPY a /\nWORKDIR /made\nCOPY a /again\n"
DATES = {"SOURCE_DATE_EPOCH": "1700000000"}, {"SOURCE_DATE_EPOCH": "1800000000"}
"""BuildKit dates what WORKDIR makes since 0.22; to others it is an argument that nobody declared."""

BUILD_ARGS = (
    *matters(
        "buildkit",
        "build-arg",
        *builds(MADE_DIRECTORY, *DATES),
        Fork("WORKDIR", ("build-arg SOURCE_DATE_EPOCH",)),
        what="dates-directories",
        engine="private:28.5",
    ),
    *matters(
        "buildkit",
        "build-arg",
        *builds(MADE_DIRECTORY, {}, DATES[0]),
        Fork("WORKDIR", ("build-arg SOURCE_DATE_EPOCH",)),
        what="dates-directories-at-all",
        engine="private:28.5",
    ),
    *idle(ALL, "build-arg", *builds(MADE_DIRECTORY, *DATES), what="dates-nothing"),
    *matters(ALL, "build-arg", *builds(USED, ONE, TWO), Fork("RUN", ("build-arg A",))),
    *matters(
        "buildkit",
        "build-arg",
        *builds(DEFAULT_MOVED, ONE, {}),
        Fork("RUN", ("build-arg A",)),
        what="given-as-its-default",
    ),
    *matters(
        "classic buildkit",
        "build-arg",
        *builds(EXPANDED, ONE, TWO),
        Fork("COPY", ("build-arg A",)),
        what="expanded",
    ),
    *matters(
        "buildkit",
        "build-arg",
        Build(dockerfile=SOURCE, nodes=(file("a", "one"), file("b", "two")), args={"S": "a"}),
        Build(dockerfile=SOURCE, nodes=(file("a", "one"), file("b", "two")), args={"S": "b"}),
        Fork("COPY", ("build-arg S",)),
        what="source",
    ),
    *matters(
        "buildkit",
        "build-arg",
        Build(dockerfile=SOURCE_DEFAULT, nodes=(file("a", "one"), file("b", "two"))),
        Build(dockerfile=SOURCE_DEFAULT, nodes=(file("a", "one"), file("b", "two")), args={"S": "b"}),
        Fork("COPY", ("build-arg S",)),
        what="source-default",
    ),
    *matters(
        "buildkit buildah",
        "build-arg",
        *builds(DOCUMENT, ONE, TWO),
        Fork("COPY", ("build-arg A",)),
        what="here-document",
    ),
    *matters(
        "buildkit",
        "build-arg",
        *builds(DOCUMENTS, ONE, TWO),
        Fork("COPY", ("build-arg A",)),
        what="one-of-two-here-documents",
    ),
    *matters(
        "buildkit",
        "env",
        *texts("FROM alpine\nENV A=1\nCOPY <<E /c\na$A\nE\n", "FROM alpine\nENV A=2\nCOPY <<E /c\na$A\nE\n"),
        Fork("COPY", ("env A",)),
        what="here-document",
    ),
    # What F was made from has one value in both builds by the time of the RUN.
    *matters(
        "buildkit",
        "env",
        *texts(SET_AGAIN.format("1"), SET_AGAIN.format("2")),
        Fork("RUN", ("env A",)),
        what="set-again",
    ),
    *idle("buildkit", "env", *texts(UNUSED.format("1"), UNUSED.format("2")), what="set-again-unused"),
    *idle("buildkit buildah", "build-arg", *builds(QUOTED_DOCUMENT, ONE, TWO), what="quoted-here-document"),
    # buildah's string has the destination as it is written: the second image gets the first one's file.
    *idle("buildah", "build-arg", *builds(EXPANDED, ONE, TWO), what="expanded"),
    *matters(
        "classic", "build-arg", *builds(SWALLOWED, *BOTH), Fork("LABEL", ("build-arg B",)), what="swallowed"
    ),
    *matters(
        "buildkit buildah",
        "build-arg",
        *builds(SWALLOWED, *BOTH),
        Fork("COPY", ("build-arg B",)),
        what="swallowed",
    ),
    *idle(ALL, "build-arg", *builds(SWALLOWED_ONLY, ONE, TWO), what="swallowed-alone"),
    *matters(
        "classic", "build-arg", *builds(DERIVED, ONE, TWO), Fork("ARG B", ("build-arg A",)), what="derived"
    ),
    *matters(
        "buildkit buildah",
        "build-arg",
        *builds(DERIVED, ONE, TWO),
        Fork("RUN", ("build-arg A",)),
        what="derived",
    ),
    *matters(
        "classic",
        "build-arg",
        *builds(DERIVED_ENV, ONE, TWO),
        Fork("ENV", ("build-arg A",)),
        what="derived-env",
    ),
    *matters(
        "buildkit buildah",
        "build-arg",
        *builds(DERIVED_ENV, ONE, TWO),
        Fork("COPY", ("build-arg A",)),
        what="derived-env",
    ),
    *matters(ALL, "build-arg", *builds(GLOBAL, ONE, TWO), Fork("RUN", ("build-arg A",)), what="global"),
    *matters(
        "classic buildkit",
        "build-arg",
        *builds(USED, {}, TWO),
        Fork("RUN", ("build-arg A",)),
        what="only-reader",
    ),
    *matters(
        "classic buildkit",
        "build-arg",
        *builds(USED, ONE, {}),
        Fork("RUN", ("build-arg A",)),
        what="only-writer",
    ),
    # buildah lists the arguments that have a value in every ARG.
    *matters(
        "buildah", "build-arg", *builds(USED, {}, TWO), Fork("ARG", ("build-arg A",)), what="only-reader"
    ),
    *matters(
        "buildah", "build-arg", *builds(USED, ONE, {}), Fork("ARG", ("build-arg A",)), what="only-writer"
    ),
    *idle(ALL, "build-arg", *builds(UNDECLARED, ONE, TWO), what="undeclared"),
    *idle(ALL, "build-arg", *builds(DEFAULT, {}, ONE), what="default"),
    *idle(ALL, "build-arg", *builds(GLOBAL_ONLY, ONE, TWO), what="global-alone"),
    *idle(ALL, "build-arg", *builds(HIDDEN, ONE, TWO), what="hidden-by-env"),
    *idle(
        ALL,
        "build-arg",
        Build(dockerfile=AFTER, nodes=(file("a", "one"),), args=ONE),
        Build(dockerfile=AFTER, nodes=(file("a", "two"),), args=TWO),
        Fork("COPY", ("content a",)),
        what="below-content",
    ),
    *matters(
        ALL,
        "build-arg",
        *builds(OTHER_STAGE, ONE, TWO),
        Fork("RUN echo", ("build-arg A",)),
        what="other-stage",
    ),
)

ENV_RUN = "FROM alpine\nENV E={}\nRUN echo used\n"
ENV_OVERRIDDEN = "FROM alpine\nENV E={}\nENV E=3\nRUN echo used\n"
ENV_LAST = "FROM alpine\nCOPY a /\nENV E={}\n"
ENV_SWALLOWED = "FROM alpine\nENV E={}\nCOPY a /${{E:+x}}\n"
ENV_BASE = "FROM base\nRUN echo used\n"
BASE = "FROM alpine\nRUN echo base\nENV E={}\n"

ENVS = (
    *matters(
        "buildkit",
        "env",
        *texts(ENV_RUN.format(1), ENV_RUN.format(2)),
        Fork("RUN", ("env E",)),
    ),
    *matters(
        "buildkit",
        "env",
        Build(dockerfile=ENV_BASE, bases=(("base", Build(dockerfile=BASE.format(1))),)),
        Build(dockerfile=ENV_BASE, bases=(("base", Build(dockerfile=BASE.format(2))),)),
        Fork("RUN", ("env E",)),
        what="of-base",
    ),
    *idle("buildkit", "env", *texts(ENV_OVERRIDDEN.format(1), ENV_OVERRIDDEN.format(2)), what="overridden"),
    *idle("buildkit", "env", *texts(ENV_SWALLOWED.format(1), ENV_SWALLOWED.format(2)), what="swallowed"),
    *idle(
        "buildkit",
        "env",
        Build(dockerfile=ENV_LAST.format(1), nodes=(file("a", "one"),)),
        Build(dockerfile=ENV_LAST.format(2), nodes=(file("a", "two"),)),
        Fork("COPY", ("content a",)),
        what="below-content",
    ),
)

PROXY = {"http_proxy": "http://proxy:1"}
OTHER_PROXY = {"http_proxy": "http://proxy:2"}
PLAIN_RUN = "FROM alpine\nRUN echo used\n"
WITH_ARG = "FROM alpine\nARG A=1\nRUN echo used\n"
DECLARED = "FROM alpine\nARG http_proxy\nRUN echo used\n"

PROXIES = (
    *matters("classic", "proxy", *builds(PLAIN_RUN, {}, PROXY), Fork("RUN", ("proxy",))),
    *matters("buildah", "proxy", *builds(WITH_ARG, {}, PROXY), Fork("ARG", ("proxy http_proxy",))),
    *matters(
        "classic",
        "proxy",
        *builds(DECLARED, PROXY, OTHER_PROXY),
        Fork("RUN", ("proxy http_proxy",)),
        what="declared",
    ),
    *matters(
        "buildkit",
        "build-arg",
        *builds(DECLARED, PROXY, OTHER_PROXY),
        Fork("RUN", ("build-arg http_proxy",)),
        what="proxy",
    ),
    *idle("classic", "proxy", *builds(WITH_ARG, {}, PROXY), what="beside-arg"),
    *idle(ALL, "proxy", *builds(PLAIN_RUN, PROXY, OTHER_PROXY), what="other-value"),
    *idle("buildkit buildah", "proxy", *builds(PLAIN_RUN, {}, PROXY), what="undeclared"),
)

PAIRS = (*BUILD_ARGS, *ENVS, *PROXIES)
