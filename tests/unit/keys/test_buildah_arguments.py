"""Strings of ARG, RUN and LABEL steps as podman 5.4.2 (buildah 1.39.3) wrote them into image history."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from layerfork.hypothesis.requestchanges import label_texts
from layerfork.keys import keys_of
from layerfork.record.build import Builder
from layerfork.record.cachekey import StepKey
from layerfork.record.record import BuildRecord, RecordedRequest

MakeRecord = Callable[..., BuildRecord]
NOP = "/bin/sh -c #(nop) "
DOCKERFILE = r"""ARG G=g
ARG H=${G}-h
ARG I=${G:-x}
ARG Q="q q"
FROM base AS one
ARG Y=1
ARG Y
RUN echo y
ARG C=${C:-k}
ARG D="a b" E='$C' F=\$x
ARG H I=$H.$G
ARG G=over
ARG G
ARG Q
ARG X
ARG Z=$X
ARG TARGETARCH
RUN echo rest
ENV C=env
ARG C=other
ARG N=$C
RUN :
FROM one
RUN echo child
ARG C
RUN echo child2
"""
WRITTEN = (
    f"{NOP}ARG Y",
    f"{NOP}ARG Y",
    "|1 Y=1 /bin/sh -c echo y",
    f"{NOP}ARG C Y",
    f"{NOP}ARG C D E F Y",
    f"{NOP}ARG C D E F H I Y",
    f"{NOP}ARG C D E F G H I Y",
    f"{NOP}ARG C D E F G H I Y",
    f"{NOP}ARG C D E F G H I Q Y",
    f"{NOP}ARG C D E F G H I Q X Y",
    f"{NOP}ARG C D E F G H I Q X Y Z",
    f"{NOP}ARG C D E F G H I Q TARGETARCH X Y Z",
    "|14 C=k D=a b E=$C F=$x G=g H=g-h I=. Q=q q TARGETARCH=amd64 X=given Y=1 Z=given /bin/sh -c echo rest",
    f"{NOP}ENV C=env",
    f"{NOP}ARG C D E F G H I Q TARGETARCH X Y Z",
    f"{NOP}ARG C D E F G H I N Q TARGETARCH X Y Z",
    "|15 C=env D=a b E=$C F=$x G=g H=g-h I=. N=env Q=q q TARGETARCH=amd64 X=given Y=1 Z=given /bin/sh -c :",
    "/bin/sh -c echo child",
    f"{NOP}ARG ",
    "/bin/sh -c echo child2",
)


@pytest.fixture
def steps_of(classic_record: MakeRecord) -> Callable[..., list[StepKey]]:
    """Makes the keys of a podman build, without those of FROM."""

    def make(dockerfile: str, version: str = "5.4.2", **given: str) -> list[StepKey]:
        request = RecordedRequest(build_args=tuple(sorted(given.items())))
        record = classic_record(dockerfile, request=request)
        assert record.engine is not None
        engine = replace(record.engine, kind="podman", version=version, architecture="amd64")
        steps = tuple(step for step in record.steps if step.stage >= 0)
        record = replace(record, builder=Builder.BUILDAH, engine=engine, steps=steps)
        return [step for step in keys_of(record).steps if not step.always_runs]

    return make


def test_arguments_as_they_were_measured(steps_of: Callable[..., list[StepKey]]) -> None:
    """A bare ARG keeps a value unless a global one gives another; defaults of a line see what came before it.

    Arguments end with their stage; a name in the environment has that value.
    """
    steps = steps_of(DOCKERFILE, X="given")
    assert tuple(step.key.engine_form for step in steps) == WRITTEN
    assert not [step.key.unknown for step in steps if step.key.unknown]


def test_a_stage_takes_over_arg_lines_since_podman_5_6(steps_of: Callable[..., list[StepKey]]) -> None:
    """As podman 5.8.6 wrote them: expanded without what the request gives, or an ENV says."""
    names = "C D E F G H I N Q TARGETARCH X Y Z"
    values = (
        "|15 C=other D=a b E=$C F=$x G=g H=g-h I=.g N=other Q=q q TARGETARCH=amd64 X=given Y=1 Z= /bin/sh -c "
    )
    child = steps_of(DOCKERFILE, version="5.8.6", X="given")[-3:]
    written = [f"{values}echo child", f"{NOP}ARG {names}", f"{values}echo child2"]
    assert [step.key.engine_form for step in child] == written


def test_proxies_in_a_run(steps_of: Callable[..., list[StepKey]]) -> None:
    """Only those that an ARG names without a default, or an ENV line of the stage sets."""
    lines = (
        "FROM base",
        "ARG HTTP_PROXY=http://d",
        "RUN echo a",
        "ARG HTTP_PROXY",
        "RUN echo b",
        "ENV HTTPS_PROXY=e",
        "ARG HTTPS_PROXY=f",
        "RUN echo d",
    )
    steps = steps_of("\n".join(lines), FTP_PROXY="x")
    assert [step.key.engine_form for step in steps] == [
        f"{NOP}ARG FTP_PROXY HTTP_PROXY",
        "/bin/sh -c echo a",
        f"{NOP}ARG FTP_PROXY HTTP_PROXY",
        "|1 HTTP_PROXY=http://d /bin/sh -c echo b",
        f"{NOP}ENV HTTPS_PROXY=e",
        f"{NOP}ARG FTP_PROXY HTTPS_PROXY HTTP_PROXY",
        "|2 HTTPS_PROXY=e HTTP_PROXY=http://d /bin/sh -c echo d",
    ]


def test_podman_3_0_writes_values_of_arguments(steps_of: Callable[..., list[StepKey]]) -> None:
    """As podman 3.0.1 (buildah 1.19) wrote them."""
    lines = (
        *(
            "ARG G=g",
            "FROM base",
            "ARG B=two",
            "ARG A",
            "ARG C",
            "ENV E=1",
            "ARG D=x$E",
            "ARG G",
            "ENV B=env",
        ),
        *("ARG B=other", "ARG N=$B", "RUN true", "ARG TARGETARCH", "RUN echo 2"),
    )
    steps = steps_of("\n".join(lines), version="3.0.1", A="1 2", HTTP_PROXY="http://p")
    assert [step.key.engine_form for step in steps] == [
        f"{NOP}ARG B=two HTTP_PROXY=http://p",
        f"{NOP}ARG A=1 2 B=two HTTP_PROXY=http://p",
        f"{NOP}ARG A=1 2 B=two HTTP_PROXY=http://p",
        f"{NOP}ENV E=1",
        f"{NOP}ARG A=1 2 B=two D=x1 HTTP_PROXY=http://p",
        f"{NOP}ARG A=1 2 B=two D=x1 G=g HTTP_PROXY=http://p",
        f"{NOP}ENV B=env",
        f"{NOP}ARG A=1 2 B=other D=x1 G=g HTTP_PROXY=http://p",
        f"{NOP}ARG A=1 2 B=other D=x1 G=g HTTP_PROXY=http://p N=env",
        "|7 A=1 2 B=other D=x1 G=g HTTP_PROXY=http://p N=env /bin/sh -c true",
        f"{NOP}ARG A=1 2 B=other D=x1 G=g HTTP_PROXY=http://p N=env TARGETARCH=amd64",
        "|8 A=1 2 B=other D=x1 G=g HTTP_PROXY=http://p N=env TARGETARCH=amd64 /bin/sh -c echo 2",
    ]


def test_the_environment_of_a_base_does_not_show_in_a_run(steps_of: Callable[..., list[StepKey]]) -> None:
    """Although it is what the command gets."""
    text = "FROM base AS one\nENV C=env\nFROM one\nARG C=other PATH=/x\nARG E=$C\nRUN echo\n"
    assert steps_of(text)[-1].key.engine_form == "|3 C=other E=env PATH=/x /bin/sh -c echo"


def test_arg_counts_by_names_that_have_a_value(steps_of: Callable[..., list[StepKey]]) -> None:
    (given,), (default,), (neither,) = (
        steps_of("FROM base\nARG A\n", A="1"),
        steps_of("FROM base\nARG A=2\n"),
        steps_of("FROM base\nARG A\n"),
    )
    assert given.key.digest == default.key.digest != neither.key.digest
    (part,) = set(given.key.all_parts) - set(neither.key.all_parts)
    assert (part.cause, part.path) == ("build-arg", "A")


def test_env_counts_as_it_is_written(steps_of: Callable[..., list[StepKey]]) -> None:
    text = "FROM base\nARG A\nENV B=$A\n"
    one, other = steps_of(text, A="1")[-1].key, steps_of(text, A="2")[-1].key
    assert one.engine_form == f"{NOP}ENV B=$A"
    assert (one.digest, one.origins) == (other.digest, other.origins)


def test_labels_of_the_request_are_one_step() -> None:
    """``--label b=2 --label 'a=1 x$y"z'`` of podman 5.4.2."""
    labels = (("b", "2"), ("a", '1 x$y"z'))
    assert label_texts(Builder.BUILDAH, labels) == (r'LABEL "b"="2" "a"="1 x$y\"z"',)
    assert label_texts(Builder.BUILDAH, ()) == ()
    assert label_texts(Builder.CLASSIC, labels) == ('LABEL a=1 x$y"z', "LABEL b=2")
    assert label_texts(Builder.BUILDKIT, labels) == ()
