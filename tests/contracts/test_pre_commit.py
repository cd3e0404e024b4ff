"""The hook that pre-commit offers: its fields, the command, and the files that wake it."""

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from layerfork.cli.root import root
from layerfork.lint.lintedfiles import kind_of

(HOOK,) = yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text("utf-8"))
NAMES = (
    *(
        "Dockerfile",
        "a/Dockerfile.prod",
        "api.Dockerfile",
        "Containerfile",
        ".dockerignore",
        "a/.dockerignore",
    ),
    *("Dockerfile.dockerignore", "docker-bake.hcl", "docker-bake.override.json", "compose.yaml"),
    *("docker-compose.prod.yml", ".gitlab-ci.yml", ".github/workflows/ci.yml"),
)


def test_what_pre_commit_needs() -> None:
    """Source: pre-commit/pre-commit pre_commit/clientlib.py:MANIFEST_HOOK_DICT @ v4.0.0."""
    assert {"id", "name", "entry", "language"} <= set(HOOK)
    assert HOOK["language"] == "python"
    assert HOOK["pass_filenames"] is False


def test_the_entry_is_a_command() -> None:
    program, *words = HOOK["entry"].split()
    assert program == "layerfork"
    assert CliRunner().invoke(root, [*words, "--help"]).exit_code == 0


@pytest.mark.parametrize("name", NAMES)
def test_files_that_lint_reads_wake_it(name: str) -> None:
    assert kind_of(Path("/project") / name) is not None
    assert re.search(HOOK["files"], name)


@pytest.mark.parametrize("name", ["README.md", "src/a.py", "docs/dockerfiles.md", "package.json"])
def test_others_do_not(name: str) -> None:
    assert kind_of(Path("/project") / name) is None
    assert not re.search(HOOK["files"], name)
