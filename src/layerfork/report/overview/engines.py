"""What columns of engines are called: as short as they can be told apart."""

import re
from collections import Counter
from collections.abc import Sequence

from layerfork.record.run import RunReport


def engine_names(reports: Sequence[RunReport]) -> tuple[str, ...]:
    """One name for each: its version; where two are alike, what else differs; at last a number."""
    parts = [_parts(report) for report in reports]
    names = [own[0] for own in parts]
    for place in range(1, len(parts[0]) if parts else 0):
        alike: dict[str, set[str]] = {}
        for name, own in zip(names, parts, strict=True):
            alike.setdefault(name, set()).add(own[place])
        names = [
            f"{name} {own[place]}".strip() if len(alike[name]) > 1 else name
            for name, own in zip(names, parts, strict=True)
        ]
    counts = Counter(names)
    return tuple(
        f"{name} #{number}" if counts[name] > 1 else name for number, name in enumerate(names, start=1)
    )


def _parts(report: RunReport) -> tuple[str, ...]:
    """From what tells engines apart most often to what does least."""
    engine, builder = report.engine, report.builder
    if engine is None:
        return ("none", "", "", "", "")
    product = "podman " if engine.kind == "podman" else ""
    plain = re.split(r"[+~]", engine.version, maxsplit=1)[0]
    asked = builder.value if builder else "own builders"
    return (product + plain, engine.image_store, asked, engine.kind, engine.version)
