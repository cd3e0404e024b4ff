"""What pip installs before uv is there has the hashes of uv.lock."""

import re
import subprocess
import tomllib
from pathlib import Path

TOP = Path(__file__).parents[2]


def pinned(name: str) -> "subprocess.CompletedProcess[str]":
    script = TOP / "scripts" / "pinned.sh"
    return subprocess.run([script, name], capture_output=True, text=True, check=False)


def test_every_wheel_of_the_lock_is_named() -> None:
    lock = tomllib.loads((TOP / "uv.lock").read_text())
    (uv,) = (each for each in lock["package"] if each["name"] == "uv")
    requirement, *hashes = pinned("uv").stdout.split()
    assert requirement == f"uv=={uv['version']}"
    assert hashes == [f"--hash={wheel['hash']}" for wheel in uv["wheels"]]
    assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes)


def test_what_is_not_pinned_is_an_error() -> None:
    assert pinned("no-such-package").returncode != 0


def test_pip_is_called_with_hashes_alone() -> None:
    for name in ("scripts/setup.sh", "integrations/github/install.sh"):
        calls = re.findall(r"-m pip install(?:\\\n|[^\n])*", (TOP / name).read_text())
        assert calls
        assert all("--require-hashes" in each and "--only-binary :all:" in each for each in calls)
