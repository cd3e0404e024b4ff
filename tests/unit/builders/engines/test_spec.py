"""What may be written after --engine."""

import pytest

from layerfork.builders.engines import ENGINES, open_engine
from layerfork.errors import UsageError


@pytest.mark.parametrize(
    ("text", "engine_id"),
    [
        ("private", "private:26.1"),
        ("private:28.5", "private:28.5"),
        ("private:26.1+containerd", "private:26.1+containerd"),
        ("private+graphdriver", "private:26.1"),
        ("private:28.5+graphdriver", "private:28.5"),
        ("28.5", "private:28.5"),
        ("28.5+containerd", "private:28.5+containerd"),
        ("podman", "podman:5.4"),
        ("podman:4.3", "podman:4.3"),
        ("podman+graphdriver", "podman:5.4"),
        ("host", "host"),
        ("host:my-colima", "host:my-colima"),
        ("host:a+b:c", "host:a+b:c"),
    ],
)
def test_engine_is_found_by_what_a_person_writes(text: str, engine_id: str) -> None:
    assert open_engine(text).id == engine_id


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
        "host:",
        "host+containerd",
        "hosts",
        "Private",
        "19.03",
    ],
)
def test_odd_spec_is_refused_with_a_way_on(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_engine(text)
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


@pytest.mark.parametrize(
    ("spec", "meant"),
    [("privat", "private"), ("hots", "host"), ("private:26.l", "private:26.1"), ("podmen", "podman")],
)
def test_a_mistyped_engine_gets_a_suggestion(spec: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_engine(spec)
    assert caught.value.hint.startswith(f"did you mean {meant}? there are: private:26.1, ")


def test_a_name_like_none_gets_the_list_alone() -> None:
    with pytest.raises(UsageError) as caught:
        open_engine("zzz")
    assert caught.value.hint.startswith("there are: ")
