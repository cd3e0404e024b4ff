"""Which clients build in a relay, with what, in which versions, and why others do not."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from layerfork.app.experiment.earlierrun import BrokenEnvironments, MeasuredRow
from layerfork.builders.clients import CLIENTS, SEED_CLIENTS, find_client, freeze
from layerfork.builders.clients.client import BuildClient, Choice, ContextForm
from layerfork.builders.clients.own import OwnCommand, is_own_client, own_client
from layerfork.builders.engines import RunningEngine, fetch_toolchain
from layerfork.builders.environments.installing import find_environment
from layerfork.builders.process import ProgramMissingError, run
from layerfork.errors import ClientError, UsageError
from layerfork.record.build import Builder, BuildRequest, Endpoint, Toolchain
from layerfork.record.progress import Say
from layerfork.record.record import BuildOutcome
from layerfork.record.run import PlanRow, TrialBuild, VersionsUsed


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBuild:
    """One client that will build."""

    label: str
    """The id as it was asked for; the name of its row."""
    client: BuildClient
    choice: Choice
    """The builder that it is asked for, and what executes its build."""
    environment: Path | None
    toolchain: Toolchain | None = None
    """The docker CLI of a version that was asked for; None is the engine's own."""
    version: str = ""
    """As the client says it; empty before it was asked, and for one that says nothing."""

    def trial_build(self, outcome: BuildOutcome, reason: str = "") -> TrialBuild:
        """Its row before anything was built."""
        return TrialBuild(
            client=self.label,
            version=self.version,
            builder=self.choice.executing.value,
            outcome=outcome,
            reason=reason,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A relay before it runs: builds in order, and the rows of those that cannot take part."""

    rows: tuple[PlannedBuild | TrialBuild, ...]

    @property
    def builds(self) -> tuple[PlannedBuild, ...]:
        return tuple(row for row in self.rows if isinstance(row, PlannedBuild))

    @property
    def needs_tar(self) -> bool:
        forms = (ContextForm.TAR, ContextForm.URL)
        return any(build.client.context_form in forms for build in self.builds)


def choose_clients(
    ids: Sequence[str], described: Mapping[str, OwnCommand] = MappingProxyType({})
) -> tuple[tuple[str, BuildClient], ...]:
    """Labels and clients, in relay order; none asked for is the five of 2015, ``all`` every one not large.

    ``name=command`` is a client of the user's own; ``described`` are those of their layerfork.toml.
    Raises: UsageError for an unknown client, one that is named twice, and a described one with the name of
    a client of the table: what a file calls ``docker-build`` must not run as that.
    """
    chosen: list[tuple[str, BuildClient]] = []
    for name in ids or [client.id for client in SEED_CLIENTS]:
        if name == "all":
            chosen += [(client.id, client) for client in CLIENTS if not _is_large(client)]
        elif is_own_client(name):
            name, _, command = name.partition("=")
            chosen.append((name, own_client(name, OwnCommand(command=command), Path.cwd())))
        elif name in described:
            _refuse_a_known_name(name)
            chosen.append((name, own_client(name, described[name], Path.cwd())))
        else:
            chosen.append((name, find_client(name, described)))
    labels = [label for label, _ in chosen]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise UsageError(f"client {twice} is named twice", hint="name every client once")
    return tuple(chosen)


def _is_large(client: BuildClient) -> bool:
    return client.environment is not None and client.environment.large


def _refuse_a_known_name(name: str) -> None:
    if any(client.id == name for client in CLIENTS):
        raise UsageError(
            f"[clients.{name}] has the name of a client that layerfork brings", hint="give it another name"
        )


def plan_relay(
    chosen: Sequence[tuple[str, BuildClient]],
    builder: Builder | None,
    request: BuildRequest,
    endpoint: Endpoint,
    say: Say | None,
    broken: BrokenEnvironments | None = None,
    taken: Mapping[str, TrialBuild] = MappingProxyType({}),
) -> Plan:
    """Decide for every client whether it can be asked for this there, and make its environment ready.

    ``request`` and ``endpoint`` stand for all of them: only tags, homes and sockets will differ. Without
    ``say`` nothing is fetched or installed: a client that needs it is planned as it would be. ``taken`` are
    rows by label that need no build, ``broken`` are environments that are not tried again.
    """
    known = broken or BrokenEnvironments()
    return Plan(
        rows=tuple(
            taken.get(label) or _plan_one(label, client, builder, request, endpoint, say, known)
            for label, client in chosen
        )
    )


def _plan_one(
    label: str,
    client: BuildClient,
    builder: Builder | None,
    request: BuildRequest,
    endpoint: Endpoint,
    say: Say | None,
    broken: BrokenEnvironments,
) -> PlannedBuild | TrialBuild:
    choice = client.choose(builder, endpoint)
    if reasons := client.why_not(request):
        return _left_out(label, client, choice, BuildOutcome.UNSUPPORTED, "; ".join(reasons))
    try:
        toolchain = _toolchain_of(client, say)
        if toolchain is not None:
            choice = client.choose(builder, replace(endpoint, toolchain=toolchain))
        if choice.why_not:
            return _left_out(label, client, choice, BuildOutcome.UNSUPPORTED, choice.why_not)
        needed = client.environment if say else None
        environment = broken.ensure(needed, say) if say and needed else None
        if not say and client.environment is not None and (reason := broken.why(client.environment)):
            return _left_out(label, client, choice, BuildOutcome.SKIPPED, reason)
    except ClientError as error:
        return _left_out(label, client, choice, BuildOutcome.SKIPPED, str(error))
    return PlannedBuild(
        label=label, client=client, choice=choice, environment=environment, toolchain=toolchain
    )


def _toolchain_of(client: BuildClient, say: Say | None) -> Toolchain | None:
    """The docker CLI of the version in a client's id; None is the engine's own.

    Raises: ClientError.
    """
    if say is None or not (client.toolchain_version and client.version):
        return None
    return fetch_toolchain(client.version, os.environ, say)


def _left_out(
    label: str, client: BuildClient, choice: Choice, outcome: BuildOutcome, reason: str
) -> TrialBuild:
    """The row of a client that was not asked its version; that of a library is known."""
    known = client.environment.version if client.environment is not None else client.version
    return TrialBuild(
        client=label, version=known, builder=choice.executing.value, outcome=outcome, reason=reason
    )


def planned_row(
    row: PlannedBuild | TrialBuild, earlier: Mapping[str, MeasuredRow] = MappingProxyType({})
) -> PlanRow:
    """A row of a plan for people: what would run with which builder, or why not.

    ``earlier`` are the rows, by client, of a run that would be gone on with.
    """
    if isinstance(row, TrialBuild):
        return PlanRow(client=row.client, builder=row.builder, runs=False, note=row.reason)
    environment = row.client.environment
    notes = []
    if environment is not None and find_environment(environment) is None:
        notes.append(f"{environment.package} {environment.version} is installed first")
    if row.label in earlier:
        hit = earlier[row.label].build.control == "hit"
        notes.append(
            "built again, as the cache that it filled is gone" + (", without its control" if hit else "")
        )
    return PlanRow(client=row.label, builder=row.choice.executing.value, runs=True, note="; ".join(notes))


def row_taken(build: TrialBuild, file: str) -> PlanRow:
    """The row of a client whose whole relay an earlier run has measured."""
    return PlanRow(client=build.client, builder=build.builder, runs=False, note=f"taken from {file}")


def rows_after(plan: Plan, done: int) -> tuple[TrialBuild, ...]:
    """Rows of the builds that an engine did not live to see."""
    return tuple(
        row if isinstance(row, TrialBuild) else row.trial_build(BuildOutcome.SKIPPED, "the engine had ended")
        for row in plan.rows[done:]
    )


# Collects the versions that a run is made with.

ASK_TIMEOUT_S = 20.0
UNKNOWN = "unknown"


def ask_versions(plan: Plan, endpoint: Endpoint, known: dict[str, str] | None = None) -> Plan:
    """The plan with every client's version, asked of all at once. Nothing is built.

    ``known`` are versions by label that were asked on this engine before; those that are asked are added.
    """
    versions = {} if known is None else known
    unknown = [build for build in plan.builds if build.label not in versions]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        asked = pool.map(lambda build: client_version(build, endpoint), unknown)
        versions.update(zip([build.label for build in unknown], asked, strict=True))
    return Plan(rows=tuple(_with_version(row, versions) for row in plan.rows))


def _with_version(row: PlannedBuild | TrialBuild, versions: Mapping[str, str]) -> PlannedBuild | TrialBuild:
    return row if isinstance(row, TrialBuild) else replace(row, version=versions[row.label])


def client_version(build: PlannedBuild, endpoint: Endpoint) -> str:
    """The version that a client is, or says that it is; empty when it says nothing."""
    if build.client.environment is not None:
        return build.client.environment.version
    if build.toolchain is not None:
        endpoint = replace(endpoint, toolchain=build.toolchain)
    try:
        completed = run(build.client.version_command(endpoint, build.environment), timeout_s=ASK_TIMEOUT_S)
    except ProgramMissingError:
        return ""
    return build.client.read_version(completed.stdout)


def versions_used(engine: RunningEngine, plan: Plan) -> VersionsUsed:
    """What the engine and every client say of themselves, and what lies in the clients' environments."""
    environments = {
        build.client.environment.name: build.environment
        for build in plan.builds
        if build.client.environment is not None and build.environment is not None
    }
    return VersionsUsed(
        engine=engine.info_lines(),
        clients=tuple((build.label, build.version or UNKNOWN) for build in plan.builds),
        packages=tuple((name, freeze(path)) for name, path in environments.items()),
    )
