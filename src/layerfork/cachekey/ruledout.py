"""Facts of a context that differ between clients and enter no key, each as one part."""

from hashlib import sha256

from layerfork.buildcontext.gopath import context_path
from layerfork.model.cachekey import KeyPart
from layerfork.model.context import ContextManifest


def ruled_out_parts(context: ContextManifest | None, owner_names: bool = True) -> tuple[KeyPart, ...]:
    """Order, times, format and the like. A list is shown by its length and a short digest.

    ``owner_names`` is False where names are parts of keys.
    """
    if context is None:
        return ()
    placed = [(context_path(entry.name), entry) for entry in context.entries]
    by_path = sorted(placed, key=lambda pair: pair[0])
    facts = {
        "compression": context.compression,
        "entry order": _listing([path for path, _ in placed]),
        "mtime": _listing([f"{path} {entry.mtime_ns}" for path, entry in by_path]),
        "pax": _listing([f"{path} {entry.pax}" for path, entry in by_path if entry.pax]),
        "root entry": "sent" if any(path == "." for path, _ in placed) else "not sent",
    }
    if owner_names:
        names = {f"{entry.uname}:{entry.gname}" for entry in context.entries}
        facts["owner names"] = ", ".join(sorted(names - {":"}))
    return tuple(KeyPart(cause=name, field=name, value=value) for name, value in facts.items())


def _listing(lines: list[str]) -> str:
    digest = sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{len(lines)} entries, {digest[:12]}" if lines else "none"
