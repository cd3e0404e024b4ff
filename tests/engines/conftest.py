"""Tests here run real engines. Where that is impossible they are skipped with the reason; on CI they fail."""

import functools
import os
import subprocess

import pytest


@functools.cache
def why_not() -> str:
    """Why no private engine can run here; empty when one can."""
    if os.geteuid() != 0:
        return "a private engine needs root"
    probe = subprocess.run(
        ["unshare", "-n", "-m", "-p", "-f", "true"], capture_output=True, text=True, check=False
    )
    return "" if probe.returncode == 0 else f"this machine allows no namespaces: {probe.stderr.strip()}"


@pytest.fixture(autouse=True)
def _real_engine() -> None:
    if reason := why_not():
        if os.environ.get("CI"):
            pytest.fail(f"CI must run real engines, but {reason}")
        pytest.skip(reason)
