"""What may be written after --engine."""

import pytest

from layerfork.engines import ENGINES, open_engine
from layerfork.engines.spec import EngineSpec, parse_spec
from layerfork.errors import UsageError


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("private", EngineSpec(kind="private")),
        ("private:28.5", EngineSpec(kind="private", name="28.5")),
        ("private:26.1+containerd", EngineSpec(kind="private", name="26.1", store="containerd")),
        ("private+graphdriver", EngineSpec(kind="private", store="graphdriver")),
        ("podman", EngineSpec(kind="podman")),
        ("podman:4.3", EngineSpec(kind="podman", name="4.3")),
        ("host", EngineSpec(kind="host")),
        ("host:my-colima", EngineSpec(kind="host", name="my-colima")),
        ("host:a+b:c", EngineSpec(kind="host", name="a+b:c")),
    ],
)
def test_spec_is_parsed(text: str, spec: EngineSpec) -> None:
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    "text",
    [
        "",
        "docker",
        "private:",
        "private:+containerd",
        "private+",
        "private:26.1+zfs",
        "podman:",
        "podman+containerd",
        "podman:5.4+graphdriver",
        "host:",
        "hosts",
        "Private",
    ],
)
def test_odd_spec_is_refused_with_a_way_on(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_spec(text)
    assert caught.value.hint


def test_private_alone_is_the_first_generation() -> None:
    assert open_engine("private").id == "private:26.1"
    assert open_engine("private+containerd").id == "private:26.1+containerd"


def test_host_keeps_its_context() -> None:
    assert open_engine("host").id == "host"
    assert open_engine("host:work").id == "host:work"


def test_podman_alone_is_the_first_generation() -> None:
    assert open_engine("podman").id == "podman:5.4"


@pytest.mark.parametrize("spec", ["private:19.03", "private:20.10+containerd", "private:26", "podman:1.0"])
def test_missing_generation_or_store_is_refused_with_what_there_is(spec: str) -> None:
    with pytest.raises(UsageError, match="there is no engine") as caught:
        open_engine(spec)
    same_kind = [engine for engine in ENGINES if engine.id.partition(":")[0] == spec.partition(":")[0]]
    assert same_kind
    assert all(engine.id in caught.value.hint for engine in same_kind)
