"""Git repositories made for tests: no settings of this machine, and the same ids every time."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "somebody",
    "GIT_AUTHOR_EMAIL": "somebody@example.org",
    "GIT_COMMITTER_NAME": "somebody",
    "GIT_COMMITTER_EMAIL": "somebody@example.org",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
}


@dataclass(frozen=True, slots=True)
class MadeRepository:
    """A repository with its working tree."""

    directory: Path

    def git(self, *words: str, **environment: str) -> str:
        """Run git in it; gives what it printed, without the end of the line."""
        env = {**os.environ, **_ENVIRONMENT, **environment}
        argv = ["git", "-C", str(self.directory), "-c", "gc.auto=0", *words]
        done = subprocess.run(argv, env=env, check=True, capture_output=True, text=True)
        return done.stdout.rstrip("\n")

    def commit(self, subject: str = "a change") -> str:
        """Commit everything in the working tree; gives the id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def check_out(self, commit: str, place: Path) -> Path:
        """A fresh checkout without git's own directory, made with a umask of 022."""
        place.mkdir(parents=True, exist_ok=True)
        env = {"GIT_INDEX_FILE": str(place.parent / "index"), "GIT_WORK_TREE": str(place)}
        before = os.umask(0o022)
        try:
            self.git("--git-dir", str(self.directory / ".git"), "read-tree", commit, **env)
            self.git("--git-dir", str(self.directory / ".git"), "checkout-index", "--all", "--force", **env)
        finally:
            os.umask(before)
        return place


def new_repository(directory: Path) -> MadeRepository:
    """An empty one."""
    directory.mkdir(parents=True, exist_ok=True)
    made = MadeRepository(directory)
    made.git("init", "--quiet", "--initial-branch", "main")
    return made
