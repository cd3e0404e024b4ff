"""The experiment of 2015, judged."""

from unit.diagnose.makers import Cache, build, entry_parts, part, seed

from layerfork.diagnose import judge_relay
from layerfork.record.answer import CauseStatus, MissKind, Verdict
from layerfork.record.build import Builder

TAR = entry_parts("important.txt", entry_name="./important.txt")


def test_the_two_tar_clients_form_a_class_of_their_own() -> None:
    cache = Cache()
    judgement = judge_relay(
        [
            build("docker-build", seed(), cache, ruled_out=(part("mtime", "12:00"),)),
            build("docker-context-build", seed(TAR), cache, ruled_out=(part("mtime", "13:00"),)),
            build("docker-compose-build", seed(), cache),
            build("docker_py-build", seed(), cache),
            build("docker_py-context-build", seed(TAR), cache),
        ]
    )

    assert judgement.verdict is Verdict.FORKED
    assert judgement.classes == (
        ("docker-build", "docker-compose-build", "docker_py-build"),
        ("docker-context-build", "docker_py-context-build"),
    )
    assert judgement.warnings == ()
    (fork,) = judgement.forks
    assert (fork.writer, fork.reader) == ("docker-build", "docker-context-build")
    assert (fork.step, fork.instruction, fork.consequences) == (3, "COPY important.txt /", (4,))
    assert fork.miss_kind is MissKind.KEY_CHANGED
    assert fork.seconds_lost == 1.0
    assert fork.ruled_out == (
        "mtime: differs between docker-context-build and docker-build; no key includes it",
    )
    (cause,) = fork.causes
    assert (cause.code, cause.status) == ("entry-name", CauseStatus.SUSPECTED)
    assert (cause.path, cause.field, cause.more) == ("important.txt", "entry-name", 0)
    assert (cause.writer, cause.reader) == ("important.txt", "./important.txt")
    assert cause.text == (
        "COPY important.txt forked: name of important.txt is `./important.txt` for docker-context-build, "
        "`important.txt` for docker-build"
    )
    assert cause.affected_builders == ("classic",)
    assert "tar" in cause.remedy


def test_one_owner_id_is_named_with_both_values() -> None:
    cache = Cache()
    judgement = judge_relay(
        [
            build("docker-build", seed(), cache),
            build("docker_py-build", seed(entry_parts("important.txt", uid="1000")), cache),
        ]
    )

    (cause,) = judgement.forks[0].causes
    assert (cause.code, cause.status) == ("uid", CauseStatus.SUSPECTED)
    assert cause.text == (
        "COPY important.txt forked: owner id of important.txt is 1000 for docker_py-build, 0 for docker-build"
    )


def test_equal_builds_are_one_class_and_no_fork() -> None:
    cache = Cache()
    judgement = judge_relay([build(name, seed(), cache) for name in ("one", "two", "three")])

    assert judgement.verdict is Verdict.REUSED
    assert judgement.classes == (("one", "two", "three"),)
    assert judgement.forks == ()
    assert judgement.warnings == ()


def test_two_builders_fork_at_the_first_step() -> None:
    classic, buildkit = Cache(), Cache()
    judgement = judge_relay(
        [
            build("docker-build", seed(), buildkit, builder=Builder.BUILDKIT),
            build("docker-compose-build", seed(), buildkit, builder=Builder.BUILDKIT),
            build("docker_py-build", seed(), classic),
            build("docker_py-context-build", seed(), classic),
        ]
    )

    assert judgement.classes == (
        ("docker-build", "docker-compose-build"),
        ("docker_py-build", "docker_py-context-build"),
    )
    (fork,) = judgement.forks
    assert (fork.step, fork.miss_kind) == (1, MissKind.OTHER_BUILDER)
    assert fork.consequences == (2, 3, 4)
    (cause,) = fork.causes
    assert (cause.code, cause.status) == ("builder", CauseStatus.PROVEN)
    assert (cause.writer, cause.reader) == ("buildkit", "classic")
    assert (
        cause.text == "FROM alpine forked: builder is classic for docker_py-build, buildkit for docker-build"
    )
