"""A history that is small enough to say by hand what each of its builds reuses."""

import subprocess
import sys
from pathlib import Path

import pytest

from layerfork.app.study.counting import short
from layerfork.app.study.stepkinds import Kind
from layerfork.record.build import Builder
from research.histories.walk import git
from research.study.described import Description, Touch, descriptions
from research.study.results import Studied
from research.study.studying import Found, Wanted, study_repository
from research.study.written import write_repository

ROOT = Path(__file__).parents[4]
DOCKERFILE = """\
FROM debian:12
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt
RUN python -m compileall src
"""


def commit(place: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = place / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--allow-empty", "--message", "a commit")


def repository(place: Path, ignored: str) -> Path:
    """Four commits after the first: a source, a list, a test, the list as it was."""
    place.mkdir()
    git(place, "init", "--quiet", "--initial-branch", "main")
    texts = {"Dockerfile": DOCKERFILE, "requirements_txt": "one\n", "src__a_py": "1\n", "tests__t_py": "1\n"}
    if ignored:
        texts["_dockerignore"] = ignored
    commit(place, **texts)
    commit(place, src__a_py="2\n")
    commit(place, requirements_txt="two\n")
    commit(place, tests__t_py="2\n")
    commit(place, requirements_txt="one\n")
    return place


def study(source: Path, tmp_path: Path, builder: Builder = Builder.BUILDKIT) -> Found:
    scratch = tmp_path / f"scratch-{builder}-{source.name}"
    return study_repository(
        Wanted(source=source, name="own", scratch=scratch, builder=builder, commits=40, dockerfiles=4)
    )


def studied(source: Path, tmp_path: Path, builder: Builder = Builder.BUILDKIT) -> Studied:
    (found,) = study(source, tmp_path, builder).studied
    return found


@pytest.mark.parametrize("builder", [Builder.BUILDKIT, Builder.CLASSIC])
def test_each_build_by_hand(builder: Builder, tmp_path: Path) -> None:
    """Source and list bust the copy and all below; the test is not sent; the last commit sends what the
    second did."""
    found = studied(repository(tmp_path / "r", ".git\n.dockerignore\ntests\n"), tmp_path, builder)
    counts = found.counts

    assert (found.dockerfile, found.context, found.steps) == ("Dockerfile", ".", 5)
    assert (counts.commits, counts.hits, counts.misses, counts.unknown) == (4, 2 * 2 + 2 * 5, 2 * 3, 0)
    assert (counts.all_reused, counts.busting, counts.runs_again, counts.installs_again) == (2, 2, 2, 2)
    assert counts.first == {Kind.COPY_ALL: 2}
    assert counts.causes == {"content": 2}
    assert counts.missed == {Kind.COPY_ALL: 2, Kind.INSTALL: 2, Kind.RUN: 2}
    assert counts.not_predicted == {}


def test_what_fixes_would_save_by_hand(tmp_path: Path) -> None:
    """With the list copied first, the install runs again for the new list alone."""
    found = studied(repository(tmp_path / "r", ".git\n.dockerignore\ntests\n"), tmp_path)
    savings = {saving.rules: saving for saving in found.savings}

    assert found.traps == {"copy-before-install": 1, "dockerfile-copied": 1}
    assert set(savings) == {
        ("copy-before-install",),
        ("dockerfile-copied",),
        ("copy-before-install", "dockerfile-copied"),
    }
    rearranged = savings[("copy-before-install",)]
    assert (rearranged.versions, rearranged.runs_saved, rearranged.runs_lost) == (1, 1, 0)
    assert rearranged.counts.installs_again == 1
    assert rearranged.counts.missed == {
        Kind.COPY_MANIFESTS: 1,
        Kind.INSTALL: 1,
        Kind.COPY_ALL: 2,
        Kind.RUN: 2,
    }
    left_out = savings[("dockerfile-copied",)]
    assert (left_out.runs_saved, left_out.runs_lost, left_out.counts.misses) == (0, 0, 6)


def test_git_of_a_clone_is_another_one_at_each_commit(tmp_path: Path) -> None:
    """Where it is sent, every commit busts the copy: that of the test that is not sent, too."""
    found = studied(repository(tmp_path / "r", "tests\n"), tmp_path)
    savings = {saving.rules: saving for saving in found.savings}

    assert found.counts.busting == 4
    assert found.counts.all_reused == 0
    saving = savings[("repository-copied",)]
    assert (saving.counts.busting, saving.runs_saved, saving.runs_lost) == (2, 4, 0)


def test_files_that_only_a_build_makes_are_unknown(tmp_path: Path) -> None:
    place = tmp_path / "r"
    place.mkdir()
    git(place, "init", "--quiet", "--initial-branch", "main")
    dockerfile = (
        "FROM debian:12 AS build\nCOPY src /src\nRUN make\nFROM debian:12\nCOPY --from=build /out /\n"
    )
    commit(place, Dockerfile=dockerfile, src__a_c="1\n", README="1\n")
    commit(place, src__a_c="2\n")
    commit(place, README="2\n")
    counts = studied(place, tmp_path).counts

    assert (counts.hits, counts.misses, counts.unknown) == (5 + 2, 2, 1)
    assert counts.reasons == {"reads files that only the build makes": 1}
    assert (counts.all_reused, counts.busting) == (1, 1)


def test_a_context_below_the_top_and_a_dockerfile_that_comes_later(tmp_path: Path) -> None:
    place = tmp_path / "r"
    place.mkdir()
    git(place, "init", "--quiet", "--initial-branch", "main")
    commit(place, web__a_js="1\n", other="1\n", _gitattributes="*.bin filter=lfs\n")
    commit(place, web__Dockerfile="FROM node:22\nCOPY . .\nRUN npm test\n")
    commit(place, other="2\n")
    commit(place, web__a_js="2\n")
    found = studied(place, tmp_path)

    assert (found.dockerfile, found.context) == ("web/Dockerfile", "web")
    assert (found.counts.commits, found.counts.all_reused, found.counts.busting) == (2, 1, 1)
    assert found.counts.not_predicted == {}


def test_what_cannot_be_studied_is_said(tmp_path: Path) -> None:
    place = tmp_path / "r"
    place.mkdir()
    git(place, "init", "--quiet", "--initial-branch", "main")
    commit(place, README="no Dockerfile\n")
    found = study(place, tmp_path)

    assert found.studied == ()
    assert found.left_out == {"repositories without a Dockerfile that its context holds": 1}


def test_the_clone_that_is_named_stays_as_it_is(tmp_path: Path) -> None:
    place = repository(tmp_path / "r", "tests\n")
    before = (
        git(place, "for-each-ref"),
        git(place, "status", "--porcelain"),
        git(place, "count-objects", "-v"),
    )
    study(place, tmp_path)

    assert (
        git(place, "for-each-ref"),
        git(place, "status", "--porcelain"),
        git(place, "count-objects", "-v"),
    ) == before


def test_a_description_always_gives_the_same_commits(tmp_path: Path) -> None:
    description = Description(
        title="one",
        commits=3,
        files={"Dockerfile": "FROM a\n# @n@\n", "list": "x"},
        generated={"src/@.c": 3},
        touches={"source": Touch(share=1, files=("src/*",), most=0), "note": Touch(share=1, bumps="n")},
    )
    for number in range(2):
        write_repository("one", description, tmp_path / str(number))
    first, second = (git(tmp_path / str(number), "rev-list", "main") for number in range(2))

    assert first == second
    assert len(first.split()) == 4
    assert git(tmp_path / "0", "show", "main:Dockerfile") == "FROM a\n# 3\n"
    assert git(tmp_path / "0", "diff", "--name-only", "main~1", "main").split() == [
        "Dockerfile",
        *(f"src/{number}.c" for number in (1, 2, 3)),
    ]
    assert git(tmp_path / "0", "show", "main:list") == "x"


def test_every_description_of_the_corpus_can_be_written(tmp_path: Path) -> None:
    found = descriptions()
    assert len(found) == 16
    for name, description in found.items():
        write_repository(name, description, tmp_path / name)
        assert len(git(tmp_path / name, "rev-list", "main").split()) == description.commits + 1


def test_reasons_without_names_are_one() -> None:
    one, other = (
        short(f"unknown: the image that docker.io/library/{name} refers to now is unknown")
        for name in ("a", "b")
    )
    assert one == other


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "research.study", str(tmp_path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 1
    assert "is no git repository of its own\nhint: name the top of a local clone" in done.stderr
