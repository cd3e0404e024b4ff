"""What if: changes applied to a record give a hypothetical record, and the key models its keys.

hypothesis = suppose(record, changes)
keys_of(hypothesis.record)
"""

from layerfork.hypothesis.suppose import Hypothesis, suppose
from layerfork.hypothesis.unappliable import UnappliableError

__all__ = ["Hypothesis", "UnappliableError", "suppose"]
