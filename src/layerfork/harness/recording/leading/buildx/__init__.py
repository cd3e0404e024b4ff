"""buildx builders that exist before a recorded command: the command finds them behind recorders."""

from layerfork.harness.recording.leading.buildx.leading import LedBuilders, lead_builders

__all__ = ["LedBuilders", "lead_builders"]
