"""The harness is a program of the repository, not an installed package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4]))
