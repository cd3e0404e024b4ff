"""Collects the versions that a run was made with."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from layerfork.clients import freeze
from layerfork.engines import RunningEngine
from layerfork.harness.relay.plan import PlannedBuild
from layerfork.model.build import Endpoint
from layerfork.model.report import VersionsUsed
from layerfork.process import ProgramMissingError, run

ASK_TIMEOUT_S = 20.0


def collect_versions(
    engine: RunningEngine, builds: Sequence[PlannedBuild], endpoint: Endpoint
) -> VersionsUsed:
    """What the engine and every client say of themselves, and what lies in the clients' environments."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        versions = list(pool.map(lambda build: client_version(build, endpoint), builds))
    environments = {
        build.client.environment.name: build.environment
        for build in builds
        if build.client.environment is not None and build.environment is not None
    }
    return VersionsUsed(
        engine=engine.info_lines(),
        clients=tuple((build.label, version) for build, version in zip(builds, versions, strict=True)),
        packages=tuple((name, freeze(path)) for name, path in environments.items()),
    )


def client_version(build: PlannedBuild, endpoint: Endpoint) -> str:
    """The version that a client is, or says that it is; ``unknown`` when it says nothing."""
    if build.client.environment is not None:
        return build.client.environment.version
    if build.toolchain is not None:
        endpoint = replace(endpoint, toolchain=build.toolchain)
    try:
        completed = run(build.client.version_command(endpoint, build.environment), timeout_s=ASK_TIMEOUT_S)
    except ProgramMissingError:
        return "unknown"
    return build.client.read_version(completed.stdout) or "unknown"
