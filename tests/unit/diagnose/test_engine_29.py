"""Builds of Engine 29 and of buildkitd 0.32: from their transcripts to what is said of them."""

from transcripts.records import records_of

from layerfork.diagnose import JudgedBuild, judge_pair
from layerfork.keys import keys_of
from layerfork.record.answer import Judgement, Verdict
from layerfork.record.record import BuildRecord

CONTAINER = "buildx-0.36.1-buildkitd-0.32.2-container-driver"


def judged(writer: BuildRecord, reader: BuildRecord) -> Judgement:
    return judge_pair(
        JudgedBuild(client="writer", record=writer, keys=keys_of(writer)),
        JudgedBuild(client="reader", record=reader, keys=keys_of(reader)),
    )


def causes_of(judgement: Judgement) -> list[tuple[int, tuple[int, ...], list[tuple[str, str]]]]:
    """Step, consequences and causes of each fork."""
    return [
        (fork.step, fork.consequences, [(each.status.value, each.code) for each in fork.causes])
        for fork in judgement.forks
    ]


def in_a_container() -> tuple[BuildRecord, BuildRecord, BuildRecord]:
    """The builds in the order of the command: plain, with the cache's export, with its import."""
    records = records_of(CONTAINER)
    records.sort(key=lambda each: (bool(each.request.cache_from), bool(each.request.cache_to)))
    plain, exporting, importing = records
    return plain, exporting, importing


def test_without_the_cache_nothing_is_reused() -> None:
    plain, exporting, _ = in_a_container()
    assert causes_of(judged(plain, exporting)) == [(1, (2,), [("PROVEN", "cache-off")])]


def test_what_was_exported_is_reused_where_it_is_imported() -> None:
    plain, exporting, importing = in_a_container()
    for writer in (plain, exporting):
        judgement = judged(writer, importing)
        assert (judgement.verdict, judgement.forks) == (Verdict.REUSED, ())


def test_one_engine_and_every_client() -> None:
    """Only the tar was sent again whole: of it alone it is certain that all keys are equal."""
    (first,) = records_of("docker-29.7.2-engine-29.7.2-dir")
    others = {
        name: record
        for name in (
            "docker-29.7.2-engine-29.7.2-dir-cached",
            "docker-29.7.2-engine-29.7.2-stdin-tar",
            "buildx-0.36.1-engine-29.7.2-dir",
            "bake-0.36.1-engine-29.7.2-two-targets",
        )
        for record in records_of(name)
    }
    for name, record in others.items():
        judgement = judged(first, record)
        assert (judgement.verdict, judgement.forks) == (Verdict.REUSED, ()), name


def test_buildctl_had_another_builder() -> None:
    (first,) = records_of("docker-29.7.2-engine-29.7.2-dir")
    (by_buildctl,) = records_of("buildctl-0.32.2-engine-29.7.2-http2")
    found = causes_of(judged(first, by_buildctl))
    assert found == [(1, (2, 3, 4), [("PROVEN", "builder-instance")])]
