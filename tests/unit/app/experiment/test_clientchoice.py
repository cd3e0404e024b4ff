"""Which clients take part in a relay, and why others do not."""

from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.app.experiment.clientchoice import (
    Plan,
    PlannedBuild,
    choose_clients,
    plan_relay,
    planned_row,
    rows_after,
)
from layerfork.app.experiment.earlierrun import BrokenEnvironment, BrokenEnvironments
from layerfork.builders.clients import CLIENTS, SEED_CLIENTS, find_client
from layerfork.builders.clients.own import OwnCommand
from layerfork.builders.environments.installing import directory_of
from layerfork.errors import UsageError
from layerfork.record.build import PODMAN_SERVICE, Builder, BuildRequest, Endpoint, Toolchain
from layerfork.record.record import BuildOutcome
from layerfork.record.run import TrialBuild


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def request_(tmp_path: Path) -> BuildRequest:
    return BuildRequest(
        context=tmp_path,
        context_tar=tmp_path / "context.tar",
        dockerfile=tmp_path / "Dockerfile",
        tag="tag",
        scratch=tmp_path,
    )


@pytest.fixture
def endpoint(tmp_path: Path) -> Endpoint:
    toolchain = Toolchain(
        docker=Path("/tools/docker"), cli_plugins=Path("/tools"), plugins=("buildx",), version="26.1.5"
    )
    return Endpoint(docker_host="unix:///s", home=tmp_path, toolchain=toolchain, api_version="1.45")


def labels(chosen: tuple[tuple[str, object], ...]) -> list[str]:
    return [label for label, _ in chosen]


def test_nobody_named_is_the_five_of_2015_and_all_is_every_one_that_is_not_large() -> None:
    assert labels(choose_clients([])) == [client.id for client in SEED_CLIENTS]
    assert len(SEED_CLIENTS) == 5
    large = "testcontainers_node-build"
    assert labels(choose_clients(["all"])) == [client.id for client in CLIENTS if client.id != large]
    assert labels(choose_clients(["all", large]))[-1] == large


def test_clients_come_in_the_order_they_were_named() -> None:
    described = {"mine": OwnCommand(command="make TAG={tag}")}
    words = ["buildx-build", "other=docker build -t {tag} {context}", "mine", "docker_py-build@4.4.4"]
    chosen = dict(choose_clients(words, described))
    assert list(chosen) == ["buildx-build", "other", "mine", "docker_py-build@4.4.4"]
    assert chosen["mine"].title == "make TAG={tag}"
    assert chosen["docker_py-build@4.4.4"].environment is not None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["docker-build", "docker-build"], "docker-build is named twice"),
        (["all", "docker-build"], "docker-build is named twice"),
        (["mine=make"], "does not name the image"),
        (["no-such-client"], "no-such-client"),
    ],
)
def test_wrong_words_are_refused(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        choose_clients(words)


def planned(
    word: str, request: BuildRequest, endpoint: Endpoint, builder: Builder | None = None
) -> PlannedBuild | TrialBuild:
    """The row of one client, with nothing installed for it."""
    (row,) = plan_relay([(word, find_client(word))], builder, request, endpoint, None).rows
    return row


def test_one_that_can_be_asked_is_planned(request_: BuildRequest, endpoint: Endpoint) -> None:
    row = planned("docker-build", request_, endpoint, Builder.CLASSIC)
    assert isinstance(row, PlannedBuild)
    assert (row.choice.asked, row.environment) == (Builder.CLASSIC, None)
    shown = planned_row(row)
    assert (shown.client, shown.builder, shown.runs, shown.note) == ("docker-build", "classic", True, "")


def test_a_library_that_is_missing_is_planned_and_said_to_be_installed(
    request_: BuildRequest, endpoint: Endpoint
) -> None:
    row = planned("docker_py-build@4.4.4", request_, endpoint)
    assert isinstance(row, PlannedBuild)
    assert planned_row(row).note == "docker 4.4.4 is installed first"


@pytest.mark.parametrize(
    ("word", "builder", "reason", "version"),
    [
        ("buildx-build", Builder.CLASSIC, "buildkit", ""),
        ("docker_py-build@4.4.4", Builder.BUILDKIT, "classic", "4.4.4"),
        ("docker-compose-build", None, "docker 26.1.5 has no compose plugin here", ""),
        ("docker-url-build", None, "not available here", ""),
        ("podman-build", None, "podman", ""),
    ],
)
def test_one_that_cannot_be_asked_says_why(
    request_: BuildRequest, endpoint: Endpoint, word: str, builder: Builder | None, reason: str, version: str
) -> None:
    row = planned(word, request_, endpoint, builder)
    assert isinstance(row, TrialBuild)
    assert row.outcome is BuildOutcome.UNSUPPORTED
    assert reason in row.reason.lower()
    assert row.version == version
    assert not planned_row(row).runs


def test_behind_podmans_socket_buildah_builds(request_: BuildRequest, endpoint: Endpoint) -> None:
    podman = replace(endpoint, builders=PODMAN_SERVICE)
    row = planned("docker-build", request_, podman)
    assert isinstance(row, PlannedBuild)
    assert (row.choice.asked, row.choice.executing) == (Builder.CLASSIC, Builder.BUILDAH)
    assert planned_row(row).builder == "buildah"
    assert isinstance(planned("docker-build", request_, podman, Builder.BUILDKIT), TrialBuild)


def test_an_environment_that_is_known_to_be_broken_is_not_tried_again(
    request_: BuildRequest, endpoint: Endpoint
) -> None:
    client = find_client("docker_py-build@4.4.4")
    environment = client.environment
    assert environment is not None
    assert not directory_of(environment).exists()
    known = BrokenEnvironments(
        [BrokenEnvironment(name=environment.directory_name, identity="", reason="no module named six")]
    )
    (row,) = plan_relay([("x", client)], None, request_, endpoint, print, known).rows
    assert isinstance(row, TrialBuild)
    assert (row.outcome, row.reason, row.version) == (BuildOutcome.SKIPPED, "no module named six", "4.4.4")


def test_rows_that_need_no_build_are_taken_as_they_are(request_: BuildRequest, endpoint: Endpoint) -> None:
    taken = TrialBuild(client="docker-build", builder="classic", outcome=BuildOutcome.REFUSED)
    chosen = choose_clients(["docker-build", "buildx-build"])
    plan = plan_relay(chosen, None, request_, endpoint, None, taken={"docker-build": taken})
    assert plan.rows[0] is taken
    assert [build.label for build in plan.builds] == ["buildx-build"]


def test_a_tar_is_made_only_for_those_that_take_one(request_: BuildRequest, endpoint: Endpoint) -> None:
    def needs(*words: str, url: str = "") -> bool:
        request = replace(request_, context_url=url)
        return plan_relay(choose_clients(words), None, request, endpoint, None).needs_tar

    assert not needs("docker-build")
    assert needs("docker-build", "docker-context-build")
    assert needs("docker-url-build", url="http://127.0.0.1/context.tar")
    assert not needs("docker-url-build")


def test_what_an_engine_did_not_live_to_see_is_skipped(request_: BuildRequest, endpoint: Endpoint) -> None:
    chosen = choose_clients(["docker-build", "buildx-build", "docker-compose-build"])
    plan = plan_relay(chosen, None, request_, endpoint, None)
    plan = Plan(rows=tuple(replace(row, version="2.0") for row in plan.rows))
    skipped, unsupported = rows_after(plan, 1)
    assert (skipped.client, skipped.version) == ("buildx-build", "2.0")
    assert (skipped.outcome, skipped.reason) == (BuildOutcome.SKIPPED, "the engine had ended")
    assert unsupported.outcome is BuildOutcome.UNSUPPORTED
    assert rows_after(plan, 3) == ()
