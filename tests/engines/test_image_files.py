"""Files that git does not have are named from the layers of images, as long as the engine has those.

What each pair of builds must be told is written down here, next to what was changed.
"""

import json
import subprocess
from pathlib import Path

import pytest
from engines.running import LAYERFORK, layerfork
from engines.test_history import FILES, IDENTITY, said

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

ONE = "FROM alpine\nCOPY version.txt /\nRUN cat /version.txt\n"
DIRECTORY = "FROM alpine\nWORKDIR /w\nCOPY lock.txt ./\nCOPY src/ out/\nRUN cat out/a\n"
ALL = "FROM alpine\nCOPY . /all/\nRUN true\n"
OVER = "FROM alpine\nRUN mkdir -p /out && echo 1 > /out/b\nCOPY src /out\nRUN true\n"
OWNED = "FROM alpine\nCOPY --chown=5 src /out\nRUN true\n"
STAGES = "FROM alpine AS first\nCOPY src /src\nFROM alpine\nCOPY --from=first /src /src\n"
UNEXPLAINED = "no committed file changed"
CASES = {
    "a committed file": (ALL, "git add -A; git commit -qm 2", ("PROVEN", "content", 2, "src/a changed")),
    "an edit": (ALL, "true", ("PROVEN", "content", 2, "src/a changed")),
    "an edit in a directory": (DIRECTORY, "true", ("INFERRED", "content", 4, "src/a changed")),
    "a generated file": (
        ONE,
        "date +%N > app/version.txt",
        ("INFERRED", "content", 2, "version.txt changed"),
    ),
    "a new file": (
        DIRECTORY,
        "git checkout -q .; echo 1 > app/src/new",
        ("INFERRED", "entry-extra", 4, "src/new is new"),
    ),
    "a mode": (ALL, "git checkout -q .; chmod 700 app/src/b", ("PROVEN", "mode", 2, "src/b")),
    "over other files": (OVER, "true", ("UNEXPLAINED", "unexplained", 3, UNEXPLAINED)),
    "with owners": (OWNED, "true", ("UNEXPLAINED", "unexplained", 2, UNEXPLAINED)),
    "another stage": (STAGES, "true", ("UNEXPLAINED", "unexplained", 2, UNEXPLAINED)),
    "an image that is gone": (
        ALL,
        "docker image prune -f > /dev/null",
        ("UNEXPLAINED", "unexplained", 2, UNEXPLAINED),
    ),
    "a lost cache": (
        ALL,
        "git checkout -q .; docker builder prune -af > /dev/null",
        ("SUSPECTED", "cache-empty", 2, "the cache held no result"),
    ),
}


@pytest.mark.parametrize("engine", ["private:28.5", "private:28.5+containerd"])
def test_layers_show_what_git_does_not_have(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    lines = ["set -e"]
    for number, (dockerfile, change, _) in enumerate(CASES.values()):
        top = tmp_path / str(number)
        (top / "app" / "src").mkdir(parents=True)
        for name, text in (FILES | {"app/Dockerfile": dockerfile, ".gitignore": "version.txt\n"}).items():
            (top / name).write_text(text)
        (top / "app" / "lock.txt").write_text(str(number))
        (top / "app" / "src" / "number").write_text(str(number))
        (top / "app" / "version.txt").write_text(str(number))
        subprocess.run(["git", "init", "-q", top], check=True)
        lines += [
            f"cd {top}; git add -A; git commit -qm 1; docker buildx build -q app",
            f"echo 2 > app/src/a; {change}; docker buildx build -q app",
            f"cd app; {LAYERFORK} why --format json > {top}/said.json || test $? = 1",
        ]
    script = tmp_path / "script"
    script.write_text("\n".join(lines))
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    done = layerfork("engines", "run", engine, "--", "sh", script, **state)
    assert done.returncode == 0, done.stderr

    found = {}
    for number, (name, (_, _, expected)) in enumerate(CASES.items()):
        report = json.loads((tmp_path / str(number) / "said.json").read_text())
        found[name] = said({"report": report}, expected[3])
    assert found == {name: expected for name, (_, _, expected) in CASES.items()}
