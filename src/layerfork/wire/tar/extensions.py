"""Extension headers of a tar: what they say of the entry that follows, or of all of them."""

import itertools
from dataclasses import replace

from layerfork.record.context import ContextEntry, display_name
from layerfork.wire.tar.pax import Records, apply_records, parse_records

MAX_GLOBAL_RECORDS = 1000


class Extensions:
    """Extension headers that were seen and not used up yet."""

    def __init__(self) -> None:
        self.pending = False
        """Whether an extension header was seen whose entry has not come."""
        self.pax: Records = ()
        """PAX records for the next entry."""
        self.for_all: list[tuple[str, str]] = []
        """Records of PAX global headers, the first thousand."""
        self._long_name: bytes | None = None
        self._long_link: bytes | None = None

    def add(self, header: ContextEntry, data: bytes) -> None:
        """An extension header with its data, padding included. Raises: TarError."""
        data = data[: header.size]
        match header.typeflag:
            case "L":
                self._long_name = data.partition(b"\0")[0]
            case "K":
                self._long_link = data.partition(b"\0")[0]
            case "x":
                self.pax = parse_records(data)
            case _:
                self._forget()
                records = (
                    (display_name(name)[0], display_name(value)[0]) for name, value in parse_records(data)
                )
                self.for_all += itertools.islice(records, MAX_GLOBAL_RECORDS - len(self.for_all))

    def apply(self, entry: ContextEntry) -> ContextEntry:
        """The entry as its extension headers say; they are used up. Raises: TarError."""
        if self.pax:
            entry = apply_records(entry, self.pax)
        if self._long_name:
            name, raw_name = display_name(self._long_name)
            entry = replace(entry, name=name, raw_name=raw_name)
        if self._long_link:
            linkname, raw_linkname = display_name(self._long_link)
            entry = replace(entry, linkname=linkname, raw_linkname=raw_linkname)
        self._forget()
        return entry

    def _forget(self) -> None:
        self.pending = False
        self.pax = ()
        self._long_name = self._long_link = None
