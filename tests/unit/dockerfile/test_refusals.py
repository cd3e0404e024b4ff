"""Dockerfiles that BuildKit's frontend refuses although they can be read: measured with 26.1.5 and 28.5.2.

`research.published` asks the engines' frontends for what others publish; these are the shortest cases.
"""

import pytest

from layerfork.dockerfile import parse_dockerfile
from layerfork.dockerfile.definition import Inputs, evaluate
from layerfork.dockerfile.definition.refusals import refusal
from layerfork.dockerfile.definition.whole import stages_behind
from layerfork.record.engine import ImageFacts, Release
from layerfork.releases import frontend_rules

OLD, NEW = (0, 13, 2), (0, 25, 1)
EMPTY = ImageFacts(image_id="", history=(), diff_ids=())


def why(text: str, release: Release = NEW) -> str:
    dockerfile = parse_dockerfile(text)
    rules = frontend_rules(release, None)
    images = dict.fromkeys(range(len(dockerfile.stages)), EMPTY)
    made = evaluate(dockerfile, Inputs(build_args={}, images=images, rules=rules))
    needed = frozenset(stages_behind(dockerfile, made, dockerfile.stages[-1]))
    return refusal(dockerfile, made, needed, rules)


@pytest.mark.parametrize("release", [OLD, NEW])
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM a AS Big\nRUN x\nFROM Big\nRUN y\n", 3),
        ("FROM a AS x\nFROM b AS y\nCOPY --from=x a b\nFROM c AS x\nFROM y\n", 3),
        ("FROM a AS x\nCOPY --from=x a b\n", 2),
        ("FROM a AS x\nCOPY --from=0 a b\n", 2),
        ("FROM a\nCOPY --from=7 a b\nFROM b\nRUN x\n", 2),
        ("FROM a\nCOPY --from=Busy a b\nFROM b\nRUN x\n", 2),
        ("FROM a\nRUN --mount=from=BAD,target=/x y\n", 2),
        ("FROM a:\n", 1),
        ("FROM A\n", 1),
        ("FROM localhost/A\n", 1),
        ("FROM a:b^c\n", 1),
        ("ARG NONE\nFROM $NONE\n", 2),
        ("FROM --platform=$NO a\n", 1),
        ("FROM --platform=$NO a AS u\nFROM b\nRUN x\n", 1),
        ("FROM a AS u\nCOPY --parents a b\nFROM b\nRUN x\n", 2),
        ("FROM a\nRUN --security=insecure x\n", 2),
        ("FROM a\nRUN []\n", 2),
        ("FROM a\nENV a='b\\'c'\n", 2),
        ("FROM a\nLABEL a='b\\'c'\n", 2),
        ("FROM a\nENV a ${b^}\nRUN x\n", 2),
        ("FROM a\nUSER ${x?y}\n", 2),
        ("FROM a\nARG a=${x^}\n", 2),
        ("FROM a\nENV e=\nVOLUME $e\n", 3),
        ("FROM a\nCOPY http://x/y z\n", 2),
        ("FROM a\nADD --checksum=sha256:x http://a/b c\n", 2),
        (f"FROM a\nADD --checksum=sha256:{'0' * 64} a c\n", 2),
        ("FROM a\nRUN --mount=type=nothing x\n", 2),
        ("FROM a\nRUN --mount=type=secret x\n", 2),
        ("FROM a\nRUN --mount=type=bind,uid=5,target=/x x\n", 2),
        ("FROM a\nRUN --mount=type=bind,sharing=shared,target=/x x\n", 2),
        ("FROM a\nRUN --mount=type=cache,sharing=none,target=/x x\n", 2),
        ("FROM a\nRUN --mount=type=cache,size=5,target=/x x\n", 2),
        ("FROM a\nRUN --mount=type=cache,required,target=/x x\n", 2),
        ("FROM a\nRUN --mount=type=secret,id=a,source=b,target=/x x\n", 2),
        ("FROM a\nRUN --mount=type=secret,from=a,target=/x x\n", 2),
        ("FROM a\nRUN --mount=z,target=/x x\n", 2),
    ],
)
def test_refused(release: Release, text: str, line: int) -> None:
    assert why(text, release).startswith(f"line {line}, which BuildKit refuses: ")


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("FROM a\nCOPY --chmod=64a a b\n", False, True),
        ("FROM a\nCOPY --chmod=99 a b\n", False, True),
        ("FROM a\nCOPY --chmod=10000 a b\n", False, True),
        ("FROM a\nCOPY --chmod=u+x,go= a b\n", False, False),
        ("FROM a\nRUN --mount=type=secret,id=x,env=Y z\n", True, False),
        ("FROM a\nADD --unpack a b\n", True, False),
        ("FROM a\nCOPY --exclude=x a b\n", True, False),
        ("FROM a AS x\nONBUILD RUN --mount=from=s,target=/x z\nFROM x\nRUN x\n", True, False),
        ("FROM a AS s\nFROM a AS x\nONBUILD COPY --from=s a b\nFROM x\nRUN x\n", True, False),
        ("FROM a AS s\nFROM a AS x\nONBUILD COPY --from=s a b\nFROM x\nCOPY --from=s c d\n", False, False),
    ],
)
def test_refused_by_release(text: str, old: bool, new: bool) -> None:
    assert (bool(why(text, OLD)), bool(why(text, NEW))) == (old, new)


@pytest.mark.parametrize(
    ("release", "refused"),
    [((0, 15, 2), False), ((0, 16, 0), True), ((0, 19, 0), True), ((0, 20, 0), False)],
)
def test_words_of_a_mode_by_release(release: Release, refused: bool) -> None:
    """By the source: dockerfile2llb/convert.go:dispatchCopy of each release; 0.17 to 0.19 without labs."""
    assert bool(why("FROM a\nCOPY --chmod=u+x a b\n", release)) is refused


@pytest.mark.parametrize(
    ("flag", "first"),
    [
        ("ADD --unpack", (0, 23, 0)),
        ("COPY --exclude=x", (0, 25, 0)),
        ("COPY --parents", (0, 26, 0)),
        ("ADD --checksum=" + "sha256:" + "0" * 64, (0, 12, 0)),
    ],
)
def test_flags_by_release(flag: str, first: Release) -> None:
    """By the source: instructions/parse.go and its build tags."""
    before = (first[0], first[1] - 1, 9)
    text = f"FROM a\n{flag} http://x/y /\n" if "checksum" in flag else f"FROM a\n{flag} a b\n"
    assert (bool(why(text, before)), why(text, first)) == (True, "")


@pytest.mark.parametrize("release", [OLD, NEW])
@pytest.mark.parametrize(
    "text",
    [
        "FROM a AS Big\nRUN x\nFROM big\nCOPY --from=BIG a b\n",
        "FROM a AS u\nENV a='b\\'c'\nFROM b\nRUN x\n",
        "FROM a AS u\nCOPY --chmod=64a a b\nFROM b\nRUN x\n",
        "FROM a AS u\nCOPY http://x/y z\nFROM b\nRUN x\n",
        "FROM a AS u\nRUN --mount=type=nothing x\nFROM b\nRUN y\n",
        "FROM a\nCMD []\nENTRYPOINT []\n",
        "FROM a\nCMD ${x?y}\n",
        "FROM a\nWORKDIR ''\nRUN\n",
        "FROM LOCAL/a\nFROM scratch\nCOPY --from=a.b:5000/c/d__e:T.1 a b\n",
        "FROM index.docker.io/a/b-c--d\nADD --keep-git-dir https://host/a.git b\n",
        "FROM a\nRUN --mount=type=tmpfs,size=5,target=/x --mount=type=ssh,required,mode=0600 x\n",
        "FROM a\nRUN --mount=type=cache,sharing=LOCKED,uid=5,target=/x,rw x\n",
    ],
)
def test_taken(release: Release, text: str) -> None:
    assert why(text, release) == ""
