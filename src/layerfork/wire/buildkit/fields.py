"""Plain values out of BuildKit's messages, where all text is bytes."""

from collections.abc import Iterable

from layerfork.wire.buildkit import ops_pb2 as pb


def text(value: bytes) -> str:
    """UTF-8, with ``\\xNN`` for what is not."""
    return value.decode("utf-8", "backslashreplace")


def texts(values: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(map(text, values))


def pairs(values: Iterable[pb.Pair]) -> dict[str, str]:
    """A map field; of equal keys the last counts, as in any protobuf map."""
    return {text(pair.key): text(pair.value) for pair in values}
