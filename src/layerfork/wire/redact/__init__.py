"""Keeps secrets out of records: what looks secret becomes a stand-in that still compares equal."""

from layerfork.wire.redact.known import STAND_IN
from layerfork.wire.redact.redactor import Redactor
from layerfork.wire.redact.values import hides

__all__ = ["STAND_IN", "Redactor", "hides"]
