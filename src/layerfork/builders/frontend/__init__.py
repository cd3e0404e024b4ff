"""Asks the frontend of an engine's BuildKit what it makes of a Dockerfile. Nothing is built."""

from layerfork.builders.frontend.asking import ask_frontend
from layerfork.builders.frontend.question import FrontendRefusedError, Question

__all__ = ["FrontendRefusedError", "Question", "ask_frontend"]
