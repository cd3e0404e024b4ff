"""What of the mounts of a RUN enters its key, release by release.

Measured on engines 20.10.5, 20.10.24, 26.1.5 and 28.5.2 (tests/engines/test_buildkit_generations.py).
"""

import pytest

from layerfork.keys.buildkit.opdigest import op_digest
from layerfork.keys.buildkit.opparts import input_uses, op_parts
from layerfork.record.context import Digest
from layerfork.record.llb import ExecMount, ExecOp, LLBInput, LLBOp
from layerfork.releases import buildkit_rules

ROOT = ExecMount(type="bind", dest="/", input=0, output=0)
NO_DIGEST = Digest("sha256:" + "0" * 64)


def run(*mounts: ExecMount) -> LLBOp:
    exec_ = ExecOp(args=("/bin/sh", "-c", "true"), env=(), cwd="/", mounts=(ROOT, *mounts))
    inputs = (LLBInput(digest=NO_DIGEST), LLBInput(digest=NO_DIGEST))
    return LLBOp(digest=NO_DIGEST, kind="exec", inputs=inputs, exec=exec_)


def are_equal(release: str, writer: LLBOp, reader: LLBOp) -> bool:
    rules = buildkit_rules(release, "")
    digests = [op_digest(op, "linux/amd64", rules, {}) for op in (writer, reader)]
    parts = [op_parts(op, "linux/amd64", rules) for op in (writer, reader)]
    assert (digests[0] == digests[1]) == (parts[0] == parts[1])
    return digests[0] == digests[1]


@pytest.mark.parametrize(
    ("release", "equal"), [("0.8.2", True), ("0.8.3", False), ("0.12.5", False), ("0.13.0", True)]
)
def test_the_id_of_a_cache_mount(release: str, equal: bool) -> None:
    one, two = (run(ExecMount(type="cache", dest="/c", cache_id=name)) for name in ("one", "two"))
    assert are_equal(release, one, two) is equal


@pytest.mark.parametrize(("release", "equal"), [("0.8.2", True), ("0.8.3", False), ("0.32.0", False)])
def test_the_target_of_a_mount(release: str, equal: bool) -> None:
    one, two = (run(ExecMount(type="tmpfs", dest=target)) for target in ("/one", "/two"))
    assert are_equal(release, one, two) is equal


@pytest.mark.parametrize(("release", "read"), [("0.8.3", ["/b"]), ("0.12.5", ["/b"]), ("0.13.0", ["/"])])
def test_a_mount_of_all_files_beside_one_of_some(release: str, read: list[str]) -> None:
    whole = ExecMount(type="bind", dest="/x", input=1)
    part = ExecMount(type="bind", dest="/b", input=1, selector="b")
    uses = input_uses(run(whole, part), buildkit_rules(release, ""))
    assert [selector.path for selector in uses[1].selectors] == read
    assert not uses[0].selectors


@pytest.mark.parametrize("release", ["0.8.3", "0.13.0"])
def test_a_mount_that_is_written_to_counts_as_a_whole(release: str) -> None:
    written = ExecMount(type="bind", dest="/b", input=1, output=1, selector="b")
    assert not input_uses(run(written), buildkit_rules(release, ""))[1].selectors
