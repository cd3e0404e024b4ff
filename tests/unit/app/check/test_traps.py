"""A check that passes over traps says how many there are, and the command that shows them."""

from dataclasses import replace
from pathlib import Path

import pytest
from golden.recorded import recorded

from layerfork.app.lint import find_traps, trap_hints
from layerfork.record.record import BuildPlace, BuildRecord

TRAPPED = "FROM node:20-slim@sha256:" + "0" * 64 + "\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"
CALM = "FROM scratch\nCOPY app /app\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("package.json", "package-lock.json", "app"):
        (tmp_path / name).write_text("{}\n")
    (tmp_path / "Dockerfile").write_text(TRAPPED)
    (tmp_path / ".dockerignore").write_text("Dockerfile\n.dockerignore\n.git\n")
    return tmp_path


def built(directory: str, name: str = "Dockerfile", text: str = TRAPPED, path: str = "") -> BuildRecord:
    record = recorded("seed-buildkit")[0]
    return replace(
        record,
        place=BuildPlace(directory=directory, dockerfile=path),
        request=replace(record.request, dockerfile_name=name, dockerfile=text),
    )


def hints(project: Path, *ignored: str) -> list[str]:
    return list(trap_hints([built(str(project))], (), ignored))


def test_traps_are_counted_as_the_command_counts_them(project: Path) -> None:
    (line,) = hints(project)
    assert line == "lint finds 1 problem in these files: run `layerfork lint Dockerfile .dockerignore`"
    assert len(find_traps(["Dockerfile", ".dockerignore"], (), ()).traps) == 1


def test_what_settings_leave_out_is_not_counted(project: Path) -> None:
    assert hints(project, "copy-before-install") == []
    assert hints(project, "no-such-rule") == []


def test_nothing_is_said_without_traps_or_files(project: Path) -> None:
    (project / "Dockerfile").write_text(CALM)
    assert hints(project) == []
    (project / "Dockerfile").unlink()
    assert hints(project) == []
    assert list(trap_hints([built("/nowhere")], (), ())) == []
    assert list(trap_hints([built("https://example.org/repository.git")], (), ())) == []


def test_another_file_of_that_name_is_not_looked_at(project: Path) -> None:
    """Of `-f elsewhere/Dockerfile` clients send the name alone."""
    assert list(trap_hints([built(str(project), text="FROM scratch\n")], (), ())) == []


def test_a_file_elsewhere_is_named_as_a_shell_takes_it(project: Path) -> None:
    below = project / "my images"
    below.mkdir()
    (below / "Dockerfile").write_text(TRAPPED)
    (line,) = trap_hints([built("", path=str(below / "Dockerfile"))], (), ())
    assert line == "lint finds 1 problem in this file: run `layerfork lint 'my images/Dockerfile'`"
