"""The request of ``POST /build``, secrets hidden: parameters, headers, and podman's secret files."""

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

from layerfork.record.context import ContentSource, ContextEntry, Digest
from layerfork.record.record import RecordedRequest
from layerfork.wire.posted.exchange import PostedBuild, is_true
from layerfork.wire.proxy.tap import Headers
from layerfork.wire.redact import Redactor

# Secrets that podman's client puts into the context: what they hold is not recorded, not even as a digest.
#
# Source: containers/podman pkg/bindings/images/build.go @ v5.4.2. For each `--secret` of a build by its
# service it copies the file to `podman-build-secret` and digits in the context, appends that to the tar, and
# says in `secrets` which it is.

PARAMETER = "secrets"
_NAME = "podman-build-secret"
_FIELD = re.compile(r"(?:id|src|source|type|env|target|uid|gid|mode|required)=[^,]*")


def secrets_of(build: PostedBuild) -> tuple[str, ...] | None:
    """The options of each `--secret`: ids and files, no values. None when the parameter is something else."""
    try:
        listed = json.loads(build.first(PARAMETER) or "[]")
    except (ValueError, RecursionError):
        return None
    if not isinstance(listed, list) or not all(map(_describes_secret, listed)):
        return None
    return tuple(re.sub(rf"({_NAME})-?[0-9]+", r"\1", each) for each in listed)


def _describes_secret(value: object) -> bool:
    return isinstance(value, str) and all(map(_FIELD.fullmatch, value.split(",")))


def without_secrets(entries: Iterable[ContextEntry]) -> Iterator[ContextEntry]:
    """Entries; those that are secrets have no content, no length and no digest."""
    for entry in entries:
        if (
            posixpath.basename(entry.name).startswith(_NAME)
            and entry.content_source is not ContentSource.NONE
        ):
            yield replace(entry, size=0, content=None, content_source=ContentSource.HIDDEN, tarsum=None)
        else:
            yield entry


# The parameters and headers of ``POST /build`` as a recorded request, secrets hidden.
#
# Source: moby/moby api/server/router/build/build_routes.go:newImageBuildOptions @ v26.1.5.

_DECODED = frozenset(
    {"dockerfile", "t", "buildargs", "labels", "target", "platform", "networkmode"}
    | {"nocache", "pull", "cachefrom", "cacheto"}
)
_TELLING_HEADERS = frozenset(
    {"user-agent", "content-type", "content-encoding", "content-length", "transfer-encoding", "expect"}
    | {"x-docker-container-session"}
)
"""Headers that are recorded. Others may carry credentials: X-Registry-Config, Authorization, HttpHeaders."""


def read_request(build: PostedBuild, redactor: Redactor) -> RecordedRequest:
    """The recorded request. Hides build arguments first, so their values are hidden everywhere."""
    args, unset = _mapping(build.first("buildargs"))
    shown_args = redactor.pairs(args.items())
    labels, _ = _mapping(build.first("labels"))
    dockerfile = build.context_tar.captured
    shown = redactor.clean(dockerfile.decode("utf-8", "replace")) if dockerfile is not None else None
    secrets = secrets_of(build)
    decoded = _DECODED if secrets is None else _DECODED | {PARAMETER}
    options = [(name, value) for name, value in build.query if name not in decoded]
    options += [("buildargs without value", name) for name in unset]
    return RecordedRequest(
        dockerfile_name=_dockerfile_name(build),
        dockerfile=shown,
        dockerfile_lines_sha256=digest_of(shown) if shown is not None else None,
        build_args=shown_args,
        labels=redactor.pairs(labels.items()),
        target=build.first("target"),
        platform=build.first("platform"),
        network=build.first("networkmode"),
        no_cache=is_true(build.first("nocache")),
        pull=is_true(build.first("pull")),
        cache_from=_names(build, "cachefrom", redactor),
        cache_to=_names(build, "cacheto", redactor),
        tags=tuple(value for name, value in build.query if name == "t" and value),
        options=tuple(
            sorted((*redactor.pairs(options), *((PARAMETER, redactor.clean(each)) for each in secrets or ())))
        ),
        headers=_headers(build.request.headers, redactor),
    )


def _dockerfile_name(build: PostedBuild) -> str:
    """As sent; of podman's list the first."""
    sent = build.first("dockerfile")
    return build.dockerfile_name if sent.lstrip().startswith("[") else sent or "Dockerfile"


def remote_of(build: PostedBuild, redactor: Redactor) -> str:
    """URL of a context that the engine fetches itself, without credentials; else empty."""
    remote = build.first("remote")
    return "" if remote in ("client-session", "upload-request") else redactor.clean(remote)


def _mapping(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """A JSON object of texts, and the names whose value is null. What is no object is empty."""
    found = _json(text)
    if not isinstance(found, dict):
        return {}, ()
    values = {name: value if isinstance(value, str) else str(value) for name, value in found.items()}
    unset = tuple(name for name, value in found.items() if value is None)
    return {name: value for name, value in values.items() if name not in unset}, unset


def _names(build: PostedBuild, parameter: str, redactor: Redactor) -> tuple[str, ...]:
    """A JSON list, or the parameter given several times (podman); Go's ``null`` is an empty list."""
    names: list[str] = []
    for name, value in build.query:
        if name == parameter and value not in ("", "null"):
            listed = _json(value)
            names += map(str, listed) if isinstance(listed, list) else [value]
    return tuple(map(redactor.clean, names))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _headers(headers: Headers, redactor: Redactor) -> Headers:
    telling = [(name, value) for name, value in headers if name.lower() in _TELLING_HEADERS]
    return tuple((name, redactor.clean(value)) for name, value in telling)


def digest_of(text: str) -> Digest:
    """Of a Dockerfile as recorded: a digest of the original would let a hidden value be guessed."""
    return Digest("sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
