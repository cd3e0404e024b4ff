"""Keys of git sources, spelled out from BuildKit's source; real engines prove those up to 0.25."""

from hashlib import sha256

import pytest

from layerfork.diagnose.compare.differences import list_differences
from layerfork.keys.buildkit.buildkit_keys import buildkit_keys
from layerfork.keys.buildkit.opdigest import layers_record
from layerfork.keys.buildkit.sources import git_source
from layerfork.record.build import Builder
from layerfork.record.cachekey import CacheKey
from layerfork.record.engine import EngineInfo
from layerfork.record.llb import Definition, ExecMount, ExecOp, FileAction, LLBInput, LLBOp, SourceOp
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, StepRecord, StepStatus
from layerfork.releases import buildkit_rules

COMMIT, OTHER = "1" * 40, "2" * 40
ADDRESS = "git://example.com/code.git"
KEEP, TIMES = ("git.keepgitdir", "true"), ("git.mtime", "commit")


def key(version: str, fragment: str, *attrs: tuple[str, str]) -> str:
    found = git_source(SourceOp(identifier=f"{ADDRESS}{fragment}", attrs=attrs))
    assert found is not None
    return found.key(buildkit_rules(version, ""))


@pytest.mark.parametrize(
    ("version", "fragment", "attrs", "text"),
    [
        ("0.32.2", f"#{COMMIT}", (), COMMIT),
        ("0.32.2", f"#{COMMIT}:sub", (), f"{COMMIT}:sub"),
        ("0.32.2", f"#{COMMIT}", (TIMES,), f"{COMMIT}(mtime=commit)"),
        ("0.32.2", f"#{COMMIT}", (("git.mtime", "checkout"),), COMMIT),
        ("0.32.2", f"#{COMMIT}", (("git.skipsubmodules", "true"),), f"{COMMIT}(skip-submodules)"),
        ("0.32.2", f"#{COMMIT}", (("git.checkoutbundle", "true"),), f"{COMMIT}(bundle)"),
        (
            "0.32.2",
            f"#{COMMIT}:sub",
            (KEEP, TIMES, ("git.skipsubmodules", "true")),
            f"{COMMIT}.git#{COMMIT}:sub(skip-submodules)(mtime=commit)",
        ),
        ("0.26.0", f"#{COMMIT}", (KEEP,), f"{COMMIT}.git#{COMMIT}"),
        ("0.25.2", f"#{COMMIT}", (KEEP,), f"{COMMIT}.git"),
        ("0.13.2", f"#{COMMIT}", (KEEP,), f"{COMMIT}.git"),
        ("0.32.2", "#main", (("git.checksum", OTHER),), OTHER),
        ("0.32.2", "#main", (KEEP, ("git.checksum", OTHER)), ""),
        ("0.13.2", "#main", (KEEP, ("git.checksum", OTHER)), f"{OTHER}.git"),
        ("0.32.2", "#main", (), ""),
        ("0.32.2", "#main", (("git.checksum", "22222222"),), ""),
    ],
)
def test_the_text_of_a_key(
    version: str, fragment: str, attrs: tuple[tuple[str, str], ...], text: str
) -> None:
    assert key(version, fragment, *attrs) == text


def test_the_digest_of_a_key() -> None:
    inner = sha256(f"buildkit.source.v0:{COMMIT}(mtime=commit)".encode()).hexdigest()
    outer = sha256(f"sha256:{inner}@0".encode()).hexdigest()
    assert layers_record(key("0.29.0", f"#{COMMIT}", TIMES)) == f"sha256:{outer}"


def test_other_sources_are_none() -> None:
    assert git_source(SourceOp(identifier="https://example.com/code.git")) is None


def keys_of(identifier: str, *attrs: tuple[str, str], step: str = "RUN") -> CacheKey:
    """The key of a step that begins with a git source: a RUN on top of it, or a COPY of its files."""
    source = LLBOp(
        digest="sha256:" + "a" * 64,  # type: ignore[arg-type]
        kind="source",
        source=SourceOp(identifier=identifier, attrs=attrs),
    )
    run = ExecOp(args=("x",), env=(), cwd="/", mounts=(ExecMount(type="bind", dest="/", input=0, output=0),))
    copy = FileAction(kind="copy", input=-1, secondary_input=0, output=0, src="/", dest="/")
    work = LLBOp(
        digest="sha256:" + "b" * 64,  # type: ignore[arg-type]
        kind="exec" if step == "RUN" else "file",
        inputs=(LLBInput(digest=source.digest),),
        exec=run if step == "RUN" else None,
        file=None if step == "RUN" else (copy,),
    )
    record = BuildRecord(
        id="1",
        recorded_at="",
        builder=Builder.BUILDKIT,
        engine=EngineInfo(
            kind="host", version="29.7.2", api_version="", image_store="", buildkit_version="v0.32.2"
        ),
        definition=Definition(ops=(source, work)),
        steps=(
            StepRecord(
                index=1, instruction=f"{step} x", status=StepStatus.MISS, vertices=(work.digest,), line=1
            ),
        ),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )
    (found,) = buildkit_keys(record).steps
    return found.key


def differing(writer: CacheKey, reader: CacheKey) -> list[tuple[str, str | None, str | None]]:
    return [(each.field, each.writer, each.reader) for each in list_differences(writer, reader)]


@pytest.mark.parametrize("step", ["RUN", "COPY"])
def test_where_a_commit_came_from_is_no_part(step: str) -> None:
    writer = keys_of(f"{ADDRESS}#{COMMIT}", step=step)
    reader = keys_of(f"git://mirror.example.com/code.git#{COMMIT}", step=step)
    assert differing(writer, reader) == []
    assert writer.unknown == reader.unknown == ()


@pytest.mark.parametrize("step", ["RUN", "COPY"])
def test_another_commit_or_directory_is(step: str) -> None:
    writer = keys_of(f"{ADDRESS}#{COMMIT}", step=step)
    assert differing(writer, keys_of(f"{ADDRESS}#{OTHER}", step=step)) == [("commit", COMMIT, OTHER)]
    assert differing(writer, keys_of(f"{ADDRESS}#{COMMIT}:sub", step=step)) == [("directory", None, "sub")]


def test_times_count_for_what_takes_the_source_as_a_whole() -> None:
    plain, dated = (keys_of(f"{ADDRESS}#{COMMIT}", *attrs) for attrs in ((), (TIMES,)))
    assert differing(plain, dated) == [("times of files", None, "commit")]


def test_times_do_not_count_for_what_reads_files() -> None:
    plain, dated = (keys_of(f"{ADDRESS}#{COMMIT}", *attrs, step="COPY") for attrs in ((), (TIMES,)))
    assert differing(plain, dated) == []


def test_a_branch_says_nothing_of_its_commit() -> None:
    assert keys_of(f"{ADDRESS}#main").unknown == (f"content of {ADDRESS}#main",)
