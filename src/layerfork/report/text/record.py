"""Recorded builds for a person, and the versions that were used."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.text import Text

from layerfork.record.build import as_typed
from layerfork.record.context import ContentSource, ContextEntry, ContextManifest, EntryType, short_digest
from layerfork.record.engine import BUILDKIT_DAEMON
from layerfork.record.record import (
    BuildRecord,
    ClientInfo,
    IdentitySource,
    StepIdentity,
    StepRecord,
    identities_of,
)
from layerfork.record.run import RecordReport, RunReport, StepAge, TrialBuild, VersionsUsed
from layerfork.record.visible import visible_line
from layerfork.report.rendering import Look, Renderers
from layerfork.report.text.builds import old_by
from layerfork.report.text.layout import fitted, wrap
from layerfork.report.views.sentences import counted

# Says which kind of identity a view shows: what an engine reported, or what the key model computed.

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


ENTRY_LIMIT = 40
"""Context entries shown when not verbose."""
_GO_ITSELF = "Go-http-client/"
"""What programs in Go say of themselves when they say nothing. Source: golang/go src/net/http/request.go."""
_TYPES = {
    EntryType.FILE: "-",
    EntryType.DIRECTORY: "d",
    EntryType.SYMLINK: "l",
    EntryType.HARDLINK: "h",
    EntryType.CHAR_DEVICE: "c",
    EntryType.BLOCK_DEVICE: "b",
    EntryType.FIFO: "p",
    EntryType.SOCKET: "s",
    EntryType.OTHER: "?",
}


def render_records(reports: Sequence[RecordReport], look: Look) -> str:
    """The request, what was sent, the status of each step, and gaps in the record."""
    blocks = (_lines(each, look.verbose) for each in reports)
    fitting = (fitted(map(visible_line, lines), look.width) for lines in blocks)
    return "\n".join("\n".join(lines) + "\n" for lines in fitting)


def _lines(report: RecordReport, verbose: bool) -> Iterator[str]:
    record = report.record
    yield f"record {record.id}, {record.recorded_at}"
    yield from _fields(record)
    yield ""
    yield from _steps(report)
    for manifest in (record.context, *record.named_contexts):
        if manifest is not None:
            yield ""
            yield from _manifest(manifest, verbose)
    if verbose and record.definition is not None:
        yield ""
        verified = "verified against Status" if record.definition.digests_verified else "not verified"
        yield f"definition: {len(record.definition.ops)} ops, digests {verified}"
        for op in record.definition.ops:
            yield f"  {op.digest}  {op.kind}  {_description(op.description)}"
    yield ""
    yield from _gaps(record, verbose)


def _gaps(record: BuildRecord, verbose: bool) -> Iterator[str]:
    """What the record lacks: of an imported one, which always lacks much, the places in one line."""
    if record.complete:
        yield "complete"
    elif record.imported_from and not verbose:
        places = ", ".join(dict.fromkeys(gap.where for gap in record.gaps))
        yield f"incomplete: it lacks {places} (-v says what that means)"
    else:
        yield "incomplete:"
        yield from (f"  {gap.where}: {gap.what}" for gap in record.gaps)


def _engine(record: BuildRecord) -> str:
    """`` on Engine 28.5.2 (graphdriver)``."""
    if record.engine is None:
        return ""
    version = record.engine.version or "of unknown version"
    if record.engine.kind == BUILDKIT_DAEMON:
        return f" of BuildKit {version} without Docker"
    return f" on Engine {version} ({record.engine.image_store})"


def _fields(record: BuildRecord) -> Iterator[str]:
    request, result = record.request, record.result
    facts = {
        "imported": record.imported_from,
        "commit": ", ".join(record.commits),
        "client": _client(record.client),
        "command": as_typed(record.client.argv),
        "run in": record.place.ran_in,
        "build": record.place.name,
        "directory": record.place.directory,
        "builder": record.builder.value + _engine(record),
        "dockerfile": request.dockerfile_name,
        "syntax": request.syntax,
        "target": request.target,
        "platform": request.platform,
        "network": request.network,
        "build args": ", ".join(f"{name}={value}" for name, value in request.build_args),
        "labels": ", ".join(f"{name}={value}" for name, value in request.labels),
        "no cache": "yes" if request.no_cache else "",
        "cache from": ", ".join(request.cache_from),
        "dropped": ", ".join(request.cache_from_dropped),
        "cache to": ", ".join(request.cache_to),
        "tags": ", ".join(request.tags),
        "outcome": result.outcome.value + (f" in {record.seconds:.2f} s" if record.seconds else ""),
        "error": result.error,
        "image": result.image_id,
    }
    width = max(map(len, facts))
    yield from (f"{name.rjust(width)}  {value}" for name, value in facts.items() if value)


def _client(client: ClientInfo) -> str:
    """The client, or what it says of itself; nothing where only its command line says who it is."""
    known = " ".join(filter(None, (client.id, client.version)))
    agent = "" if client.user_agent.startswith(_GO_ITSELF) else client.user_agent
    if not known:
        return agent or ("" if client.argv else "unknown")
    return f"{known} ({agent})" if agent else known


def _steps(report: RecordReport) -> Iterator[str]:
    steps, ages = report.record.steps, report.ages
    identities = identities_of(steps, report.computed_identities)
    kinds = {identity.source for identity in identities.values()}
    yield "steps" + "".join(f" (identities: {MEANINGS[kind]})" for kind in kinds)
    yield from (_step(step, identities.get(step.index), ages.get(step.index)) for step in steps)
    if not steps:
        yield "  none"
    if any(age.is_over for age in ages.values()):
        yield "  ! older than --max-age when this build reused it"


def _step(step: StepRecord, known: StepIdentity | None, age: StepAge | None) -> str:
    seconds = "" if step.seconds is None else f"  {step.seconds:.2f} s"
    identity = f"  {known.short}" if known is not None else ""
    named = step.stage_name or (str(step.stage) if step.stage else "")
    place = " ".join(filter(None, (step.platform, named)))
    stage = f"[{place}] " if place else ""
    old = "" if age is None else f"  {old_by(age.seconds, is_least=age.is_least, is_over=age.is_over)}"
    return f"  {step.index:3} {step.status.value:13} {stage}{step.instruction}{identity}{seconds}{old}"


def _manifest(manifest: ContextManifest, verbose: bool) -> Iterator[str]:
    count = len(manifest.entries)
    whole = "" if manifest.complete else ", incomplete"
    remote = f" {manifest.remote}" if manifest.remote else ""
    yield (
        f"{manifest.name}: {manifest.transport.value}{remote}, {count} entries, "
        f"{manifest.sent_bytes} bytes sent ({manifest.compression}){whole}"
    )
    shown = manifest.entries if verbose else manifest.entries[:ENTRY_LIMIT]
    yield from (_entry(entry, verbose) for entry in shown)
    if count > len(shown):
        yield f"  and {count - len(shown)} more (-v shows all)"


def _entry(entry: ContextEntry, verbose: bool) -> str:
    arrow = f" -> {entry.linkname}" if entry.linkname else ""
    if entry.content is not None:
        content = "  " + (entry.content if verbose else short_digest(entry.content))
        content += "" if entry.content_source is ContentSource.SENT else f" ({entry.content_source.value})"
    else:
        content = "" if entry.content_source is ContentSource.NONE else f"  ({entry.content_source.value})"
    time = ""
    if verbose and -(2**33) < entry.mtime_ns // 10**9 < 2**36:
        time = "  " + datetime.fromtimestamp(entry.mtime_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    owner = f"{entry.uid}:{entry.gid}"
    facts = f"{_TYPES[entry.type]} {entry.mode:07o} {owner:>11} {entry.size:>12}{time}"
    return f"  {facts}  {entry.name}{arrow}{content}"


def _description(pairs: tuple[tuple[str, str], ...]) -> str:
    facts = dict(pairs)
    return facts.get("llb.customname") or facts.get("com.docker.dockerfile.v1.command") or ""


# The "versions used": one line of what matters most, or all that it takes to repeat the experiment.


def versions(report: RunReport, look: Look) -> Iterator[Text]:
    """One line, or when verbose all of it below a title."""
    if look.verbose:
        yield Text("Versions used", style="bold")
        yield from (Text(f"  {line}") for line in _all(report.versions))
    else:
        yield from wrap(Text(f"Versions used: {_short(report)}", style="dim"), look.width, 2)


def _short(report: RunReport) -> str:
    """``Engine 26.1.5, API 1.45, overlay2, Linux 6.1.0; 5 clients (-v shows all)``."""
    facts = dict(report.versions.engine)
    engine = report.engine
    parts = (
        f"Engine {engine.version}" if engine else "",
        f"API {engine.api_version}" if engine and engine.api_version else "",
        facts.get("Storage Driver", ""),
        f"kernel {facts['Kernel Version']}" if "Kernel Version" in facts else "",
    )
    clients = counted(len(report.versions.clients), "client")
    return f"{', '.join(filter(None, (*parts, clients)))} (-v shows all)"


def _all(versions: VersionsUsed) -> Iterator[str]:
    yield "> docker info"
    yield from (f"{name}: {value}" for name, value in versions.engine)
    yield from (f"{client}: {version}" for client, version in versions.clients)
    for environment, packages in versions.packages:
        yield f"> pip freeze ({environment})"
        yield from packages


RENDERERS: Renderers = {
    "records": render_records,
}
