"""Whatever text a pattern is, a dialect answers or raises its one error."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerfork.context.ignore.containers_storage import storage_matcher
from layerfork.context.ignore.dockerode import dockerode_paths
from layerfork.context.ignore.ignorefile import read_containers_ignorefile, read_docker_ignorefile
from layerfork.context.ignore.moby import moby_matcher, old_moby_matcher
from layerfork.context.ignore.python_clients import docker_py_paths, podman_py_paths
from layerfork.context.walk import ScannedTree, scan
from layerfork.errors import UsageError
from layerfork.releases import StorageSyntax

ATOMS = st.sampled_from([*"ab/*?[]\\!#.^$|+(){}-:,&~é ", "**", "[[:alpha:]]", "\\d", "\udce9", "\n"])
TEXTS = st.lists(st.one_of(ATOMS, st.characters()), max_size=12).map("".join)
PATHS = st.lists(st.text("ab.\n\\é\udce9[", min_size=1), min_size=1, max_size=3).map("/".join)

MATCHERS: tuple[Callable[[str, str], object], ...] = (
    lambda text, path: moby_matcher(read_docker_ignorefile(text)).excludes(path),
    lambda text, path: moby_matcher(read_docker_ignorefile(text)).excludes_by_one_parent(path),
    lambda text, path: moby_matcher(read_docker_ignorefile(text)).decide(path, None),
    lambda text, path: old_moby_matcher(read_docker_ignorefile(text)).excludes(path),
    lambda text, path: old_moby_matcher(read_docker_ignorefile(text), checks_whole_pattern=False).excludes(
        path
    ),
    lambda text, path: storage_matcher(read_containers_ignorefile(text)).excludes(path),
    lambda text, path: storage_matcher(
        read_containers_ignorefile(text), StorageSyntax(strips_slashes=False, strips_exceptions=False)
    ).excludes(path),
)


@pytest.mark.parametrize("ask", MATCHERS)
@given(text=TEXTS, path=PATHS)
def test_go_dialects(ask: Callable[[str, str], object], text: str, path: str) -> None:
    with contextlib.suppress(UsageError):
        ask(text, path)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> ScannedTree:
    root = tmp_path_factory.mktemp("context")
    for name in ("a", "b.a", "d/a", "d/e/b"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Path(root / name).write_text("")
    return scan(root)


LIBRARIES: tuple[Callable[[ScannedTree, str], object], ...] = (
    *(
        lambda tree, text, version=version: docker_py_paths(tree, text, "Dockerfile", version)
        for version in ((1, 6), (1, 10), (2, 7), (7, 2))
    ),
    lambda tree, text: dockerode_paths(tree, text, ["a", "d"]),
    podman_py_paths,
)


@pytest.mark.parametrize("ask", LIBRARIES)
@settings(max_examples=50)
@given(text=TEXTS)
def test_libraries(ask: Callable[[ScannedTree, str], object], tree: ScannedTree, text: str) -> None:
    with contextlib.suppress(UsageError):
        ask(tree, text)
