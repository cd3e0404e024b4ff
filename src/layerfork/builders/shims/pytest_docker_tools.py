"""Builds with the fixture of pytest-docker-tools. The contract is in layerfork.builders.clients.shim."""

import json
import sys
from pathlib import Path

import pytest
from pytest_docker_tools import build

TEST = "def test_it_builds(built):\n    assert built.id\n"


def main():
    request = json.loads(sys.argv[1])
    test = Path("test_build.py")
    test.write_text(TEST, encoding="utf-8")
    plugin = Fixture(request)
    code = pytest.main(
        ["-q", "-s", "-p", "no:cacheprovider", "--rootdir", str(Path.cwd()), str(test)], plugins=[plugin]
    )
    if code != 0:
        raise RuntimeError(plugin.said or f"pytest ended with {code}")


class Fixture:
    """A plugin that has the image as a fixture, and keeps what a failure says."""

    said = ""

    def __init__(self, request):
        names = (
            ("dockerfile", "dockerfile"),
            ("build_args", "buildargs"),
            ("labels", "labels"),
            ("target", "target"),
            ("platform", "platform"),
        )
        options = {parameter: request[key] for key, parameter in names if request[key]}
        options |= {"path": request["context"], "tag": request["tag"], "nocache": request["no_cache"]}
        Fixture.built = staticmethod(build(forcerm=True, **plain(options)))

    def pytest_exception_interact(self, call):
        self.said = call.excinfo.exconly()


def plain(value):
    """A value without the library's templates: braces mean themselves."""
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items()}
    return value.replace("{", "{{").replace("}", "}}") if isinstance(value, str) else value


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")
