"""The BuildKit key model computes the very digests that a real engine exports for what it takes of git."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.keymodel import build_buildkit
from today import engines_of_today

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.served import served_context
from layerfork.builders.environments.workspace import Workspace
from layerfork.keys.buildkit.buildkit_keys import buildkit_keys
from layerfork.keys.buildkit.opdigest import layers_record
from layerfork.keys.buildkit.sources import git_source
from layerfork.releases import buildkit_rules
from research.mutations.definitions import Tally

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module", params=engines_of_today("private:26.1+containerd", "private:28.5+containerd"))
def engine(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    with open_engine(request.param).start(os.environ, print) as running:
        yield running


@pytest.fixture
def repository(engine: RunningEngine, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """URL of a repository that the engine reaches, and its one commit."""
    context = tmp_path / "repository"
    (context / "sub").mkdir(parents=True)
    (context / "sub" / "file").write_text("of git\n")
    workspace = Workspace(
        root=tmp_path / "root", context=context, dockerfile=context / "Dockerfile", name="git"
    )
    workspace.root.mkdir()
    with served_context(workspace, engine.network) as served:
        assert served.git_url, "git is not installed"
        found = subprocess.run(
            ["git", "ls-remote", served.git_url, "HEAD"], capture_output=True, text=True, check=False
        )
        assert found.returncode == 0, found.stderr
        yield served.git_url, found.stdout.split()[0]


NAMED = "FROM code\nCOPY a /\n"
ADDED = "FROM scratch\nADD {url} /code\nCOPY a /\n"
KEPT = "FROM scratch\nADD --keep-git-dir=true {url} /code\nCOPY a /\n"
SEVERAL = "FROM scratch\nADD --chown=5 --link --keep-git-dir=false {url} a /code/\nCOPY a /\n"


@pytest.mark.parametrize("directory", ["", "sub"])
@pytest.mark.parametrize(
    "dockerfile", [NAMED, ADDED, KEPT, SEVERAL], ids=["named", "added", "kept", "several"]
)
def test_what_is_taken_of_a_commit(
    engine: RunningEngine, repository: tuple[str, str], tmp_path: Path, dockerfile: str, directory: str
) -> None:
    """Up to 0.13 a named context is kept with its repository."""
    base, commit = repository
    url = f"{base}#{commit}" + (f":{directory}" if directory else "")
    context = tmp_path / "context"
    context.mkdir()
    (context / "a").write_text("a\n")
    (context / "Dockerfile").write_text(dockerfile.format(url=url))
    built = build_buildkit(engine, tmp_path / "scratch", [f"--build-context=code={url}", str(context)])
    assert built.record.definition is not None
    assert built.record.engine is not None
    rules = buildkit_rules(built.record.engine.buildkit_version, built.record.engine.version)
    sources = [op.source for op in built.record.definition.ops if op.source is not None]
    (git,) = [found for found in map(git_source, sources) if found is not None]
    is_old = built.record.engine.version.startswith("26.")
    assert (git.commit, git.directory) == (commit, directory)
    assert git.keeps_git is (dockerfile == KEPT or (dockerfile == NAMED and is_old))
    assert layers_record(git.key(rules)) in built.exported
    for key in buildkit_keys(built.record).steps:
        assert key.key.unknown == ()
        assert key.key.engine_form in built.exported
    if dockerfile != NAMED:  # Whose op the client asks for, no line of the Dockerfile.
        tally = Tally()
        tally.add("git", built.record)
        assert tally.bytes_equal == tally.count, tally.text()
