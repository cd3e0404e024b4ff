"""Which commits of which repositories were read."""

import subprocess
import tomllib
from pathlib import Path

LISTED = Path(__file__).with_name("sources.toml")


def described(directory: Path) -> str:
    """A directory and its commit, by the name of its repository where that is listed."""
    argv = ["git", "-C", str(directory), "rev-parse", "HEAD"]
    commit = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
    return f"{directory.name}: {_names().get(commit, commit and f'commit {commit}') or 'no clone'}"


def listed() -> str:
    """The commits of the figures in docs/prediction.md, one a line."""
    return "\n".join(_names().values())


def _names() -> dict[str, str]:
    sources = tomllib.loads(LISTED.read_text("utf-8"))["source"]
    return {each["commit"]: f"{each['repository']} {each['release']} @ {each['commit']}" for each in sources}
