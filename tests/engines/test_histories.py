"""Builds of commits, predicted from the record of the first one alone, are what real engines make of them."""

import os
import re
import sys
from pathlib import Path

import pytest

from layerfork.builders.process import run
from layerfork.record.build import Command

pytestmark = pytest.mark.engine
ROOT = Path(__file__).parents[2]


def test_every_step_of_every_commit_is_predicted() -> None:
    arguments = ("--projects", "1", "--commits", "8", "--seed", "20265")
    argv = (sys.executable, "-m", "research.histories", *arguments)
    done = run(Command(argv=argv, env=dict(os.environ), cwd=ROOT), timeout_s=200)
    assert done.returncode == 0, done.stdout + done.stderr
    line = r"(\d+) commits, (\d+) steps: (\d+) hits, (\d+) misses, .*; (\d+) wrong, \d+ s"
    found = re.findall(line, done.stdout)
    assert len(found) == 2, done.stdout
    for commits, steps, hits, misses, wrong in (map(int, each) for each in found):
        assert commits == 8
        assert steps >= 5 * commits
        assert hits >= commits
        assert misses >= commits // 2
        assert wrong == 0


def test_what_commits_let_us_infer_is_what_records_prove() -> None:
    arguments = ("--projects", "1", "--commits", "8", "--seed", "20268")
    argv = (sys.executable, "-m", "research.histories.past", *arguments)
    done = run(Command(argv=argv, env=dict(os.environ), cwd=ROOT), timeout_s=200)
    assert done.returncode == 0, done.stdout + done.stderr
    line = r"(\d+) misses, (\d+) name the causes of the records .*, (\d+) of them surely; (\d+) wrong"
    (misses, named, sure, wrong), (others, named_without, _, wrong_without) = (
        map(int, each) for each in re.findall(line, done.stdout)
    )
    assert misses >= 4
    assert named >= 0.95 * misses
    assert sure >= 2
    assert named_without == others
    assert wrong == wrong_without == 0
