"""Names of clients folded: versions that lie side by side are one range, ``docker_py-build@1.6-7.2``."""

import re
from collections.abc import Mapping, Sequence

Known = Mapping[str, Mapping[str, str]]
"""Name without version to the clients of that name: id to version, in the order of versions."""


def known_versions(clients: Mapping[str, str]) -> Known:
    """Of all clients of a run, by id with the version that each has (empty when unknown)."""
    found: dict[str, dict[str, str]] = {}
    for client, version in clients.items():
        stem, _, pinned = client.partition("@")
        found.setdefault(stem, {})[client] = pinned or version
    return {
        stem: dict(sorted(versions.items(), key=lambda each: (_numbers(each[1]), "@" in each[0])))
        for stem, versions in found.items()
    }


def fold_clients(members: Sequence[str], known: Known) -> tuple[str, ...]:
    """The clients by name; where all versions from one to another are among them, as a range.

    What is between two ends of a range was in the run and is a member. In the members' order.
    """
    stems = dict.fromkeys(client.partition("@")[0] for client in members)
    return tuple(name for stem in stems for name in _fold_stem(stem, members, known.get(stem, {})))


def _fold_stem(stem: str, members: Sequence[str], versions: Mapping[str, str]) -> Sequence[str]:
    own = [client for client in members if client.partition("@")[0] == stem]
    runs: list[list[str]] = [[]]
    for client in versions:
        if client in own:
            runs[-1].append(client)
        elif runs[-1]:
            runs.append([])
    strangers = [client for client in own if client not in versions]
    return [_range(stem, run, versions) for run in runs if run] + strangers


def _range(stem: str, run: Sequence[str], versions: Mapping[str, str]) -> str:
    first, last = versions[run[0]], versions[run[-1]]
    if first == last or not (first and last):
        return ", ".join(run) if len(run) > 1 and first != last else run[0]
    short = [".".join(each.split(".")[:2]) for each in (first, last)]
    named = short if len(set(short)) == len(short) else [first, last]
    return f"{stem}@{'-'.join(named)}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))
