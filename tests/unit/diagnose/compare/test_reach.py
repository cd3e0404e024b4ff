"""Every step that a variable reaches, from records of real engines."""

import pytest
from corpus.pairs import PAIRS
from unit.diagnose.test_corpus import judge

BY_NAME = {pair.name: pair for pair in PAIRS}


@pytest.mark.parametrize(
    ("name", "path", "reaches"),
    [
        ("classic-build-arg", "A", (3,)),
        ("classic-proxy", "", (2,)),
        ("classic-proxy-declared", "http_proxy", (3,)),
        ("buildah-proxy", "http_proxy", (2,)),
        ("buildkit-build-arg-proxy", "http_proxy", (2,)),
    ],
)
def test_a_variable_or_a_proxy_reaches_steps(name: str, path: str, reaches: tuple[int, ...]) -> None:
    (fork,) = judge(BY_NAME[name]).forks
    (cause,) = fork.causes
    assert (cause.path, cause.reaches) == (path, reaches)
