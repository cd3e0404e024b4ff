"""What a client asked BuildKit for.

Source: moby/buildkit frontend/dockerui/config.go (names of the frontend's attributes),
api/services/control/control.proto @ 73ed6825c.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256

from layerfork.dockerfile import find_syntax
from layerfork.record.context import Digest
from layerfork.record.record import RecordedRequest
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit.fields import pairs, text, texts
from layerfork.wire.buildkit.observed import ObservedBuild
from layerfork.wire.proxy.tap import Headers
from layerfork.wire.redact import Redactor

# Names of the directories that a session sends from: clients make the keys of the builder's copies of them.
#
# Source: docker/buildx build/build.go (toSolveOpt, loadInputs) @ v0.8.2 to v0.13.1, build/opt.go @ v0.17.1 to
# v0.36.1: name and node id; docker/cli cli/command/image/build_session.go @ v20.10.5: a digest, and the
# name as the session's.

SHARED_KEY = "sharedkey:localdir:"
"""Starts a frontend attribute for a named context: its name and the client's node id."""
_KEY, _NAME = "x-docker-expose-session-sharedkey", "x-docker-expose-session-name"
_DIGEST = re.compile("[0-9a-f]{64}")
_NO_NAME = frozenset({".", "..", "/"})


def directory_of(headers: Headers) -> str:
    """Name of the main context's directory, by the session's headers; empty when they do not say it."""
    found = {name.lower(): value for name, value in headers}
    key = found.get(_KEY, "")
    return _known(found.get(_NAME, "") if _DIGEST.fullmatch(key) else key.rpartition(":")[0])


def named_directory(attrs: Mapping[str, str], context: str) -> str:
    """Name of a named context's directory, by the frontend's attributes; empty when they do not say it."""
    return _known(attrs.get(SHARED_KEY + context, "").rpartition(":")[0])


def _known(name: str) -> str:
    return "" if name in _NO_NAME else name


_BUILD_ARG, _LABEL, _SESSION = "build-arg:", "label:", "local-sessionid:"
_READ_ELSEWHERE = frozenset(
    {
        "filename",
        "target",
        "platform",
        "force-network-mode",
        "no-cache",
        "cache-from",
        "cache-imports",
        "source",
        "cmdline",
    }
)
_NO_SECRET = frozenset({"contextkey", "dockerfilekey"})
"""Names of directories, whatever the word in them."""
_HEADERS = frozenset({"user-agent", "x-docker-expose-session-name"})


def read_request(build: ObservedBuild, dockerfile: bytes | None, redactor: Redactor) -> RecordedRequest:
    """The request, secrets hidden. Hides build arguments first: what they hold is then hidden everywhere."""
    request = build.request or control.SolveRequest()
    bridge = tuple(build.bridge_requests)
    headers = build.connection.headers if build.connection is not None else ()
    attrs = build.attrs
    build_args = redactor.pairs(_prefixed(attrs, _BUILD_ARG))
    labels = redactor.pairs(_prefixed(attrs, _LABEL))
    shown = redactor.clean(text(dockerfile)) if dockerfile is not None else None
    no_cache = attrs.get("no-cache")
    return RecordedRequest(
        dockerfile_name=build.dockerfile_name,
        dockerfile=shown,
        dockerfile_lines_sha256=_digest(shown),
        build_args=build_args,
        labels=labels,
        target=attrs.get("target", ""),
        platform=attrs.get("platform", ""),
        network=attrs.get("force-network-mode", ""),
        no_cache=no_cache == "",
        no_cache_stages=tuple(filter(None, (no_cache or "").split(","))),
        pull=attrs.get("image-resolve-mode") == "pull",
        cache_from=_cache_imports(request, bridge, attrs, redactor),
        cache_to=_cache_exports(request, redactor),
        tags=_tags(request),
        frontend=_frontend(request, bridge),
        syntax=_syntax(attrs, shown),
        entitlements=tuple(dict.fromkeys(texts(request.entitlements))),
        options=_options(request, attrs, redactor),
        headers=tuple(
            (name, redactor.clean(value)) for name, value in headers if name.lower() in _HEADERS and value
        ),
    )


def _digest(shown: str | None) -> Digest | None:
    """Of the text as recorded: a digest of the original would let a hidden value be guessed."""
    return Digest("sha256:" + sha256(shown.encode()).hexdigest()) if shown is not None else None


def _prefixed(attrs: Mapping[str, str], prefix: str) -> list[tuple[str, str]]:
    return [(key.removeprefix(prefix), value) for key, value in attrs.items() if key.startswith(prefix)]


def _frontend(request: control.SolveRequest, bridge: tuple[control.BridgeSolveRequest, ...]) -> str:
    asked = [text(each.frontend) for each in bridge if each.frontend]
    return asked[-1] if asked else text(request.frontend)


def _syntax(attrs: Mapping[str, str], dockerfile: str | None) -> str:
    """Image of the frontend: asked for by the client, else by the Dockerfile's first lines."""
    asked = (
        attrs.get("build-arg:BUILDKIT_SYNTAX") or attrs.get("source") or attrs.get("cmdline") or ""
    ).split()
    if asked:
        return asked[0]
    return find_syntax(dockerfile or "")


def _options(
    request: control.SolveRequest, attrs: Mapping[str, str], redactor: Redactor
) -> tuple[tuple[str, str], ...]:
    """All other attributes, and the exporters' (``exporter:moby.push``); never ids of sessions or nodes."""
    options = {
        key: redactor.clean(value) if key in _NO_SECRET else redactor.hide(key, value)
        for key, value in attrs.items()
        if key not in _READ_ELSEWHERE and not key.startswith((_BUILD_ARG, _LABEL, _SESSION, SHARED_KEY))
    }
    for kind, exporter in _exporters(request):
        options.setdefault("exporter", kind)
        for key, value in exporter.items():
            if key != "name":
                options[f"exporter:{kind}.{key}"] = redactor.hide(key, value)
    return tuple(sorted(options.items()))


def _exporters(request: control.SolveRequest) -> list[tuple[str, dict[str, str]]]:
    several = [(text(each.type), pairs(each.attrs)) for each in request.exporters]
    if not several and request.exporter:
        several = [(text(request.exporter), pairs(request.exporter_attrs))]
    return several


def _tags(request: control.SolveRequest) -> tuple[str, ...]:
    names = [exporter.get("name", "") for _, exporter in _exporters(request)]
    return tuple(dict.fromkeys(tag for name in names for tag in name.split(",") if tag))


def _cache_imports(
    request: control.SolveRequest,
    bridge: tuple[control.BridgeSolveRequest, ...],
    attrs: Mapping[str, str],
    redactor: Redactor,
) -> tuple[str, ...]:
    found = [_entry("registry", {"ref": text(ref)}, redactor) for ref in request.cache.import_refs]
    for entries in (request.cache.imports, *(each.cache_imports for each in bridge)):
        found += [_entry(text(entry.type), pairs(entry.attrs), redactor) for entry in entries]
    found += [
        _entry("registry", {"ref": ref}, redactor) for ref in attrs.get("cache-from", "").split(",") if ref
    ]
    found += _json_entries(attrs.get("cache-imports", ""), redactor)
    return tuple(dict.fromkeys(found))


def _json_entries(attribute: str, redactor: Redactor) -> list[str]:
    """Entries of the ``cache-imports`` attribute; none when it is not the JSON that BuildKit would read."""
    try:
        entries = json.loads(attribute) if attribute else []
        return [
            _entry(str(entry["Type"]), {str(k): str(v) for k, v in (entry["Attrs"] or {}).items()}, redactor)
            for entry in entries
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _cache_exports(request: control.SolveRequest, redactor: Redactor) -> tuple[str, ...]:
    found = (
        [_entry("registry", {"ref": text(request.cache.export_ref)}, redactor)]
        if request.cache.export_ref
        else []
    )
    found += [_entry(text(entry.type), pairs(entry.attrs), redactor) for entry in request.cache.exports]
    return tuple(dict.fromkeys(found))


def _entry(kind: str, attrs: Mapping[str, str], redactor: Redactor) -> str:
    """A cache import or export as ``--cache-from`` takes it: ``type=registry,ref=…``."""
    hidden = (f"{key}={redactor.hide(key, value)}" for key, value in sorted(attrs.items()))
    return ",".join((f"type={kind}", *hidden))
