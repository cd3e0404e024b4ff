"""A buildctl on the command line, taken apart: where it connects, with what keys, and all the rest."""

from pathlib import Path

import pytest

from layerfork.builders.routing.buildctl import read_buildctl


@pytest.mark.parametrize(
    ("words", "spec", "at"),
    [
        ("buildctl build --frontend x", "buildkit:unix:///run/buildkit/buildkitd.sock", "build --frontend x"),
        ("buildctl --addr tcp://a:1 build", "buildkit:tcp://a:1", "build"),
        ("/usr/bin/buildctl --addr=tcp://a:1 --debug du", "buildkit:tcp://a:1", "--debug du"),
        ("buildctl --timeout 5 -addr tcp://a:1 du", "buildkit:tcp://a:1", "--timeout 5 du"),
        (
            "buildctl --addr tcp://a:1 --tlscacert /ca --tlscert=c --tlskey /k --tlsservername n du --addr x",
            "buildkit:tcp://a:1?cacert=/ca&cert=c&key=/k&servername=n",
            "du --addr x",
        ),
        ("buildctl", "buildkit:unix:///run/buildkit/buildkitd.sock", ""),
    ],
)
def test_what_comes_before_the_subcommand_says_where(words: str, spec: str, at: str) -> None:
    argv = words.split()
    call = read_buildctl(argv, {})
    assert call is not None
    assert call.spec == spec
    assert call.at("unix:///r") == (argv[0], "--addr", "unix:///r", *at.split())


def test_the_environment_names_an_address_and_a_directory_the_keys(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem"):
        (tmp_path / name).write_text("")
    call = read_buildctl(["buildctl", "--tlsdir", str(tmp_path), "du"], {"BUILDKIT_HOST": "tcp://b:2"})
    assert call is not None
    assert call.spec == f"buildkit:tcp://b:2?cacert={tmp_path}/ca.pem&cert={tmp_path}/cert.pem"


def test_any_other_program_is_none() -> None:
    assert read_buildctl(["sh", "-c", "buildctl --addr x build"], {}) is None
