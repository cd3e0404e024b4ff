"""JSON that somebody else wrote: whatever it holds, its texts can be written again."""

import json
import re
from typing import Any

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(text: str | bytes) -> Any:
    """The value. Half of a surrogate pair, which no text has, becomes a replacement character.

    Raises: ValueError, also for what is nested too deeply.
    """
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    try:
        value = json.loads(decoded)
        return _mended(value) if _SURROGATE.search(decoded) else value
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return [_mended(item) for item in value] if isinstance(value, list) else value
