"""GitHub's cache service: who reads what, what belongs to which export, what goes next, what to change."""

import hashlib
import random
from dataclasses import replace

import pytest

from layerfork.diagnose.actionscache import RunRef, may_read, readers_of, removed_next, report_of
from layerfork.record.actionscache import (
    ActionsCacheReport,
    CacheAdvice,
    CacheEntry,
    CacheFinding,
    OpenPull,
    Readers,
    RepositoryCaches,
)

DAY, MB, GB = 86_400.0, 1 << 20, 1 << 30
NOW = 1_800_000_000.0
MAIN, PULL, CLOSED, TAG = "refs/heads/main", "refs/pull/7/merge", "refs/pull/5/merge", "refs/tags/v1"


def entry(ref: str, key: str, size: int = MB, age: float = 100.0, unused: float | None = None) -> CacheEntry:
    used = NOW - (age if unused is None else unused)
    number = int.from_bytes(hashlib.sha1(f"{ref} {key} {age}".encode()).digest()[:6])
    return CacheEntry(id=number, ref=ref, key=key, size_bytes=size, created_s=NOW - age, used_s=used)


def blob(ref: str, name: str, size: int = MB, age: float = 100.0) -> CacheEntry:
    return entry(ref, f"buildkit-blob-1-sha256:{hashlib.sha256(name.encode()).hexdigest()}", size, age)


def index(ref: str, number: int = 1, age: float = 90.0, scope: str = "buildkit") -> CacheEntry:
    return entry(ref, f"index-{scope}-1-{hashlib.sha256(ref.encode()).hexdigest()[:8]}#{number}", 2_000, age)


def service(*entries: CacheEntry, **more: object) -> RepositoryCaches:
    known = RepositoryCaches(
        name="github.com/owner/project",
        default_branch="main",
        entries=entries,
        read_s=NOW,
        limit_bytes=10 * GB,
        retention_days=7,
        pulls=(OpenPull(number=7, base="main", head="topic"),),
        branches=frozenset({"main", "topic", "feature-a"}),
    )
    return replace(known, **more)  # type: ignore[arg-type]


def finding(report: ActionsCacheReport, code: CacheAdvice) -> CacheFinding | None:
    return next((each for each in report.findings if each.code is code), None)


# The examples of docs.github.com, "Dependency caching reference", restrictions for accessing a cache.
OF_PULL = RunRef(ref="refs/pull/9/merge", base="refs/heads/feature-a", head="refs/heads/feature-b")


@pytest.mark.parametrize(
    ("run", "entry_ref", "read"),
    [
        (RunRef(ref="refs/heads/topic"), "refs/heads/topic", True),
        (RunRef(ref="refs/heads/topic"), MAIN, True),
        (RunRef(ref=MAIN), MAIN, True),
        (OF_PULL, MAIN, True),
        (OF_PULL, "refs/heads/feature-a", True),
        (OF_PULL, "refs/heads/feature-b", True),
        (OF_PULL, "refs/pull/9/merge", True),
        (RunRef(ref=MAIN), "refs/heads/feature-b", False),
        (RunRef(ref="refs/heads/feature-c"), "refs/heads/feature-a", False),
        (RunRef(ref="refs/tags/release-b"), "refs/tags/release-a", False),
        (RunRef(ref="refs/tags/release-b"), MAIN, True),
        (RunRef(ref=MAIN), "refs/pull/9/merge", False),
        (RunRef(ref="refs/heads/feature-b"), "refs/pull/9/merge", False),
        (RunRef(ref="refs/pull/10/merge", base="refs/heads/feature-a"), "refs/pull/9/merge", False),
        (RunRef(ref="refs/pull/10/merge", base=MAIN), "refs/heads/feature-a", False),
        (RunRef(ref="refs/heads/main2"), "", False),
    ],
)
def test_what_a_run_can_restore(run: RunRef, entry_ref: str, read: bool) -> None:
    assert may_read(run, entry_ref, "main") is read


@pytest.mark.parametrize(
    ("ref", "readers"),
    [
        (MAIN, Readers.EVERY_RUN),
        ("refs/heads/feature-a", Readers.BRANCH),
        ("refs/heads/deleted", Readers.GONE),
        (PULL, Readers.PULL),
        (CLOSED, Readers.CLOSED),
        (TAG, Readers.TAG),
        ("refs/heads/gh-readonly-queue/main/pr-7-0123abcd", Readers.QUEUE),
        ("refs/other/x", Readers.UNKNOWN),
    ],
)
def test_who_reads_a_ref(ref: str, readers: Readers) -> None:
    assert readers_of(ref, service()) is readers


def test_what_the_token_may_not_ask_is_unknown() -> None:
    less = service(
        blob("refs/heads/x", "a"), pulls=None, branches=None, limit_bytes=None, retention_days=None
    )
    assert readers_of(CLOSED, less) is Readers.UNKNOWN
    assert readers_of("refs/heads/x", less) is Readers.UNKNOWN
    report = report_of(less)
    assert len(report.notes) == 4
    assert not report.budget.limit_is_known
    assert report.budget.limit_bytes == 10 * GB
    assert report.findings == ()


def test_keys_of_buildkit_and_what_looks_like_them() -> None:
    digest = hashlib.sha256(MAIN.encode()).hexdigest()[:8]
    others = [
        "setup-node-Linux-x64-npm-0123",
        f"index-app-1-{'0' * 8}#1",  # the digest of another ref
        f"index-app-1-{digest}",  # no number
        "buildkit-0123",
    ]
    own = [index(MAIN, 3, scope="a-1-b"), blob(MAIN, "x")]
    report = report_of(service(*own, *(entry(MAIN, key) for key in others)))
    assert (report.entries, report.buildkit_entries, report.buildkit_bytes) == (6, 2, MB + 2_000)
    [ref] = report.refs
    assert [(each.scope, each.number) for each in ref.exports] == [("a-1-b", 3)]


def test_blobs_belong_to_the_next_index() -> None:
    entries = [
        blob(MAIN, "a", 5 * MB, age=1000),
        blob(MAIN, "b", 6 * MB, age=990),
        index(MAIN, 1, age=980),
        blob(MAIN, "c", 7 * MB, age=500),
        index(MAIN, 2, age=490),
        blob(MAIN, "d", 8 * MB, age=10),  # an export that has not ended
        blob(PULL, "e", 9 * MB, age=985),
    ]
    report = report_of(service(*entries))
    main = next(each for each in report.refs if each.ref == MAIN)
    assert [(each.number, each.blobs, each.size_bytes) for each in main.exports] == [
        (2, 1, 7 * MB + 2_000),
        (1, 2, 11 * MB + 2_000),
    ]
    assert next(each for each in report.refs if each.ref == PULL).reads == (MAIN,)
    assert main.reads == ()


def test_refs_without_new_readers_are_named_with_a_way_to_delete_them() -> None:
    report = report_of(service(blob(CLOSED, "a", 3 * MB), index(CLOSED), blob(MAIN, "b"), index(MAIN)))
    found = finding(report, CacheAdvice.NO_READERS)
    assert found is not None
    assert found.size_bytes == 3 * MB + 2_000
    assert CLOSED in found.what
    assert found.fix.endswith(f"`gh cache delete --all --ref {CLOSED}`")
    assert finding(report_of(service(blob(MAIN, "b"), index(MAIN))), CacheAdvice.NO_READERS) is None


def test_pull_requests_that_export_are_named_and_other_entries_of_theirs_are_not() -> None:
    report = report_of(service(blob(PULL, "a", 3 * MB), index(PULL)))
    found = finding(report, CacheAdvice.PULLS_WRITE)
    assert found is not None
    assert found.size_bytes == 3 * MB + 2_000
    assert finding(report_of(service(entry(PULL, "setup-node-1"))), CacheAdvice.PULLS_WRITE) is None


def test_two_jobs_that_may_share_a_scope() -> None:
    twice = [blob(MAIN, "a", age=400), index(MAIN, 1, 390), blob(MAIN, "b", age=320), index(MAIN, 2, 300)]
    found = finding(report_of(service(*twice)), CacheAdvice.SHARED_SCOPE)
    assert found is not None
    assert "within 90 s" in found.what
    nothing_new = [blob(MAIN, "a", age=400), index(MAIN, 1, 390), index(MAIN, 2, 300)]
    own_scopes = [*twice[:3], index(MAIN, 1, 300, scope="other")]
    next_push = [blob(MAIN, "a", age=900), index(MAIN, 1, 890), blob(MAIN, "b", age=320), index(MAIN, 2, 300)]
    for entries in (nothing_new, own_scopes, next_push):
        assert finding(report_of(service(*entries)), CacheAdvice.SHARED_SCOPE) is None


def test_blobs_without_an_index() -> None:
    assert finding(report_of(service(blob(PULL, "a"))), CacheAdvice.NO_INDEX) is not None
    # An index of a pull request may refer to the blobs of a branch.
    assert finding(report_of(service(blob(MAIN, "a"))), CacheAdvice.NO_INDEX) is None


def test_a_cache_that_is_full_and_one_that_will_be() -> None:
    full = [blob(MAIN, str(day), 2 * GB, age=day * DAY) for day in (0.5, 1, 1.5, 2, 2.5)]
    found = finding(report_of(service(*full)), CacheAdvice.EVICTED)
    assert found is not None
    assert found.what.startswith(
        "the cache is 100% full, and no entry in it has been unused for more than 2.5 days"
    )
    # 10 GB in 2.5 days: 4 GB a day, which takes the place of the two oldest blobs.
    assert found.what.endswith("; within a day 2 of BuildKit's entries of main are removed")
    half = [blob(MAIN, str(day), 2 * GB, age=day * DAY) for day in (0.5, 1, 1.5)]
    report = report_of(service(*half))
    assert report.budget.written_bytes_a_day == 4 * GB
    assert report.budget.days_until_full == pytest.approx(1.0)
    assert finding(report, CacheAdvice.EVICTED) is not None
    calm = [blob(MAIN, str(day), 100 * MB, age=day * DAY) for day in (1, 3, 6)]
    assert finding(report_of(service(*calm)), CacheAdvice.EVICTED) is None
    young = report_of(service(blob(MAIN, "a", GB, age=0.2 * DAY))).budget
    assert (young.written_bytes_a_day, young.days_until_full) == (None, None)


def test_an_empty_cache() -> None:
    report = report_of(service())
    assert (report.entries, report.refs, report.findings) == (0, (), ())
    assert report.budget.longest_unused_days is None


@pytest.mark.parametrize("seed", range(8))
def test_a_budget_over_300_runs(seed: int) -> None:
    """The cache is played run after run, removals included; before each removal we say what will go."""
    rng = random.Random(seed)
    limit = 10 * GB
    alive: dict[str, list[float]] = {}  # key: size, last use
    refs: dict[str, str] = {}
    said = 0
    for run in range(300):
        now = run * 3_600.0
        for key in rng.sample(sorted(alive), min(3, len(alive))):
            alive[key][1] = now
        new = {f"buildkit-blob-1-{run}-{number}": rng.randrange(50 * MB, 900 * MB) for number in range(3)}
        listed = [
            CacheEntry(id=number, ref=refs[key], key=key, size_bytes=int(size), created_s=0.0, used_s=used)
            for number, (key, (size, used)) in enumerate(alive.items())
        ]
        foretold = {each.key for each in removed_next(listed, limit, sum(new.values()))}
        gone = set()
        total = sum(size for size, _ in alive.values()) + sum(new.values())
        for key, (size, _) in sorted(alive.items(), key=lambda item: item[1][1]):
            if total <= limit:
                break
            gone.add(key)
            total -= size
        assert foretold == gone
        said += len(gone)
        alive = {key: value for key, value in alive.items() if key not in gone}
        for key, size in new.items():
            alive[key] = [float(size), now]
            refs[key] = rng.choice([MAIN, PULL])
        assert sum(size for size, _ in alive.values()) <= limit
    assert said > 500
