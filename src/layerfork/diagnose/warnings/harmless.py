"""What differed between two builds and cannot matter, so that nobody chases it."""

from collections import defaultdict

from layerfork.diagnose.compare.builds import JudgedBuild, names_of
from layerfork.diagnose.compare.parts import Difference, list_differences
from layerfork.keys.shared.harmless import LISTS
from layerfork.record.cachekey import CacheKey


def list_ruled_out(writer: JudgedBuild, reader: JudgedBuild) -> tuple[str, ...]:
    """One line for each kind of harmless difference."""
    differences = list_differences(
        CacheKey(parts=tuple(writer.keys.ruled_out)), CacheKey(parts=tuple(reader.keys.ruled_out))
    )
    kinds: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for difference in differences:
        kinds[difference.cause, difference.field].append(difference)
    writer_name, reader_name = names_of(writer, reader)
    lines = []
    for (cause, field), group in kinds.items():
        first = group[0]
        if field in LISTS:
            lines.append(f"{field}: not the same in {reader_name} and {writer_name}; no key holds it")
            continue
        place = f" of {first.path}" if first.path else ""
        more = f" (and {len(group) - 1:,} more)" if len(group) > 1 else ""
        lines.append(
            f"{field or cause}{place}: {reader_name} {_shown(first.reader)}, "
            f"{writer_name} {_shown(first.writer)}{more}; no key holds it"
        )
    return tuple(lines)


def _shown(value: str | None) -> str:
    return "absent" if value is None else (value or "''")
