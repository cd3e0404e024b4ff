"""The how-to about a slow CI, typed as it is printed, against a server that speaks GitHub's published API."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from contracts.consolepage import DOCS, typed_in
from fakes.apiserver import serving
from fakes.githubruns import TOKEN, GitHubRuns, Run
from history.exports import export_of
from history.project import make_repository, read_kept

PAGE = DOCS / "howto" / "slow-ci.md"


def test_the_page_is_true(tmp_path: Path) -> None:
    places = {name: tmp_path / name for name in ("programs", "project", "home", "outputs")}
    for place in places.values():
        place.mkdir()
    commits = make_repository(places["project"])
    built = list(enumerate(zip(commits, map(export_of, read_kept()), strict=True)))
    hub = GitHubRuns(
        runs=[
            Run(sha=sha, artifacts={f"owner~project~{number}.dockerbuild": data})
            for number, (sha, data) in reversed(built)
        ]
    )
    gh = places["programs"] / "gh"
    gh.write_text(f"#!/bin/sh\necho {TOKEN}\n")
    gh.chmod(0o755)
    typed = typed_in(PAGE.read_text("utf-8"))
    lines = [
        f"{{\n{each.command}\n}} >{shlex.quote(str(places['outputs'] / str(number)))} 2>&1 </dev/null"
        for number, each in enumerate(typed)
    ]
    with serving(hub.answer) as url:
        env = {
            "PATH": os.pathsep.join(
                [str(places["programs"]), str(Path(sys.executable).parent), os.environ["PATH"]]
            ),
            "HOME": str(places["home"]),
            "GITHUB_API_URL": url,
            "COLUMNS": "140",
        }
        subprocess.run(["bash", "-c", "\n".join(lines)], cwd=places["project"], env=env, timeout=100)
        for number, each in enumerate(typed):
            said = (places["outputs"] / str(number)).read_text("utf-8")
            said = said.replace(url, "https://github.com").replace(url.partition("//")[2], "github.com")
            shown = "\n".join(each.prints)
            assert each.matches(said), (
                f"{PAGE.name}:{each.line}: {each.command}\nshows:\n{shown}\nprinted:\n{said}"
            )
            assert TOKEN not in said
    assert typed
