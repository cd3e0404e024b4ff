"""How to find out what took a result out of a cache: no record shows it.

Seen on Docker Engine 26.1 and 28.5: an image that is removed is an event with its id, `docker builder prune`
is none, and `docker buildx inspect` lists no rules of the engine's own builder.
Source: moby/moby daemon/events/events.go (eventsLimit) @ v26.1.5, v29.6.1; moby/buildkit
control/control.go:gc @ v0.13.2; docker/buildx commands/inspect.go @ v0.13.1 to v0.29.1.
"""

from layerfork.diagnose.causes.rule import Case
from layerfork.record.build import Builder
from layerfork.record.engine import BUILDKIT_DAEMON

_KEPT = (
    "`docker buildx du --verbose` before the next build shows what is kept, how large it is and when it was "
    "used last"
)


def settled_by(case: Case) -> str:
    """What would show that a result is gone, and which rule or command took it."""
    return f"what would settle it: {_how(case)}"


def _how(case: Case) -> str:
    reader = case.reader.record
    if reader.builder is Builder.CLASSIC:
        return _of_images(case)
    if reader.builder is Builder.BUILDAH:
        return "`podman image ls --all` before the next build shows the images that it can reuse"
    if reader.engine is not None and reader.engine.kind == BUILDKIT_DAEMON:
        return (
            f"{_KEPT}; `docker buildx inspect` lists the rules by which the rest is collected; that they "
            "took something, only buildkitd's log says (`gc cleaned up`, with --debug)"
        )
    return (
        f"{_KEPT}; the rest is collected by the rules of builder.gc in daemon.json, or the engine's own; "
        "that they took something, only dockerd's log says (`gc cleaned up`, with --debug); `docker builder "
        "prune` leaves no trace"
    )


def _of_images(case: Case) -> str:
    """The classic builder's cache is images: the engine remembers which were removed."""
    since, until = case.writer.record.recorded_at, case.reader.record.recorded_at
    stored = case.writer_view.step.identity
    image = f"its image {stored.removeprefix('sha256:')[:12]}" if stored else "an image of it"
    events = (
        f"`docker events --since {since} --until {until} --filter type=image --filter event=delete` shows "
        f"whether {image} was removed, as long as the engine has had no 256 events since; "
        if since < until
        else ""
    )
    return f"{events}`docker image ls --all` before the next build shows the images that it can reuse"
