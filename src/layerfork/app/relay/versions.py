"""Collects the versions that a run is made with."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from layerfork.app.relay.plan import Plan, PlannedBuild
from layerfork.builders.clients import freeze
from layerfork.builders.engines import RunningEngine
from layerfork.builders.process import ProgramMissingError, run
from layerfork.record.build import Endpoint
from layerfork.record.report import TrialBuild, VersionsUsed

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
