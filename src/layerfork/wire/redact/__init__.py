"""Keeps secrets out of records: what looks secret becomes a stand-in that still compares equal."""

from layerfork.wire.redact.known import STAND_IN
from layerfork.wire.redact.names import hides
from layerfork.wire.redact.redactor import Redactor

__all__ = ["STAND_IN", "Redactor", "hides"]
