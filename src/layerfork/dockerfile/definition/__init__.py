"""What BuildKit's frontend makes of a Dockerfile, as far as text, variables and options decide it."""

from layerfork.dockerfile.definition.evaluate import Dated, Evaluated, Inputs, evaluate
from layerfork.dockerfile.definition.stage import SHARED_MEMORY, Fields

__all__ = ["SHARED_MEMORY", "Dated", "Evaluated", "Fields", "Inputs", "evaluate"]
