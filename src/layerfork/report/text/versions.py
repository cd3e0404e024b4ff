"""The "versions used": one line of what matters most, or all that it takes to repeat the experiment."""

from collections.abc import Iterator

from rich.text import Text

from layerfork.record.run import RunReport, VersionsUsed
from layerfork.report.overview.words import counted
from layerfork.report.rendering import Look
from layerfork.report.text.wrapping import wrap


def versions(report: RunReport, look: Look) -> Iterator[Text]:
    """One line, or when verbose all of it below a title."""
    if look.verbose:
        yield Text("Versions used", style="bold")
        yield from (Text(f"  {line}") for line in _all(report.versions))
    else:
        yield from wrap(Text(f"Versions used: {_short(report)}", style="dim"), look.width, 2)


def _short(report: RunReport) -> str:
    """``Engine 26.1.5, API 1.45, overlay2, Linux 6.1.0; 5 clients (all of it: -v)``."""
    facts = dict(report.versions.engine)
    engine = report.engine
    parts = (
        f"Engine {engine.version}" if engine else "",
        f"API {engine.api_version}" if engine and engine.api_version else "",
        facts.get("Storage Driver", ""),
        f"kernel {facts['Kernel Version']}" if "Kernel Version" in facts else "",
    )
    clients = counted(len(report.versions.clients), "client")
    return f"{', '.join(filter(None, (*parts, clients)))} (all of it: -v)"


def _all(versions: VersionsUsed) -> Iterator[str]:
    yield "> docker info"
    yield from (f"{name}: {value}" for name, value in versions.engine)
    yield from (f"{client}: {version}" for client, version in versions.clients)
    for environment, packages in versions.packages:
        yield f"> pip freeze ({environment})"
        yield from packages
