"""Says which kind of identity a view shows: what an engine reported, or what the key model computed."""

from collections.abc import Iterator, Sequence

from layerfork.record.record import IdentitySource
from layerfork.record.run import TrialBuild

MEANINGS = {
    IdentitySource.OBSERVED: "image ids, observed: the engine reported them",
    IdentitySource.COMPUTED: (
        "key digests, computed by layerfork's key model: the builder reports no id for a step"
    ),
}


def identity_lines(builds: Sequence[TrialBuild]) -> Iterator[str]:
    """One line for each kind of identity in the rows of a table, with the rows where there are both."""
    clients: dict[IdentitySource, list[str]] = {}
    for build in builds:
        for source in {identity.source for identity in build.identities.values()}:
            clients.setdefault(source, []).append(build.client)
    for source, meaning in MEANINGS.items():
        if source in clients:
            rows = f" ({', '.join(clients[source])})" if len(clients) > 1 else ""
            yield f"identities{rows}: {meaning}"
