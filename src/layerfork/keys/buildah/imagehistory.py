"""What buildah read from where no record looks, as its history shows it."""

import re

from layerfork.dockerfile import Instruction

_SUMMARY = re.compile(r"#\(nop\) (?:COPY|ADD) (?:--link )?(\S+) in ")
_CHECKSUMS = re.compile(r"(?::sha256:[0-9a-f]{64})+$")
_TARGETS = ("target", "dst", "destination")


def added_digest(created_by: str) -> str:
    """The digest of what a COPY or ADD brought in; empty when history does not show it."""
    match = _SUMMARY.search(created_by)
    return match[1] if match else ""


def bind_targets(instruction: Instruction) -> tuple[str, ...]:
    """Where the bind mounts of a RUN are, in their order."""
    texts = instruction.flag_values("mount")
    mounts = [dict(field.partition("=")[::2] for field in text.split(",")) for text in texts]
    return tuple(
        next((mount[name] for name in _TARGETS if name in mount), "")
        for mount in mounts
        if mount.get("type", "bind") == "bind"
    )


def mount_checksums(created_by: str, count: int) -> tuple[str, ...]:
    """The checksums of ``count`` bind mounts, in their order; none when history does not show them all."""
    match = _CHECKSUMS.search(created_by)
    found = tuple(f"sha256:{text}" for text in match[0].split(":sha256:")[1:]) if match else ()
    return found if len(found) == count else ()
