"""Builds of generated repositories, predicted from no build at all, are what a real engine makes of them."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from layerfork.builders.engines import open_engine
from layerfork.record.build import Builder
from research.study.building import check
from research.study.described import descriptions

pytestmark = pytest.mark.engine
SAMPLE = ("node-copy-all", "go-module")


@pytest.mark.parametrize("builder", [Builder.BUILDKIT, Builder.CLASSIC])
def test_every_step_is_predicted_from_no_build_at_all(builder: Builder) -> None:
    corpus = {name: descriptions()[name] for name in SAMPLE}
    with (
        TemporaryDirectory(prefix="lf-", dir="/tmp") as directory,
        open_engine("26.1").start(os.environ, lambda _: None) as engine,
    ):
        tally = check(engine, builder, corpus, 2, Path(directory))

    assert tally.wrong == []
    assert tally.not_built == []
    assert tally.commits == 3 * len(SAMPLE)
    assert tally.hits >= tally.commits
    assert tally.misses >= 2 * tally.commits
    assert tally.unknown < tally.misses
