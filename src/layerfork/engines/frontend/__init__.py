"""Asks the frontend of an engine's BuildKit what it makes of a Dockerfile. Nothing is built."""

from layerfork.engines.frontend.asking import ask_frontend
from layerfork.engines.frontend.question import FrontendRefusedError, Question

__all__ = ["FrontendRefusedError", "Question", "ask_frontend"]
