"""Reports whose every text wants to be markup."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

PAYLOADS = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror="window.hit=1">',
    "'><svg onload=window.hit=1>",
    "</style><script>window.hit=1</script>",
    "</script><script>window.hit=1</script>",
    "</title><iframe srcdoc='<script>top.hit=1</script>'>",
    "</svg><a href='javascript:window.hit=1'>x</a>",
    "{{ 7*7 }}{% raw %}",
    "]]>--><!-- &lt;b&gt; &amp; \x1b]8;;x\x07 \u202egnp.exe \ud800 \x00",
    "`<b onclick=window.hit=1>`",
)


KEPT = {"schema", "code", "outcome", "identity", "pattern", "control", "builder"}
"""Fields that decide what is shown where; enums are kept as well."""


def hostile(value: Any) -> Any:
    """A value in which each text of a name, line, path or message has a payload behind it.

    Equal texts stay equal, so everything still finds its place.
    """
    return _changed(value, lambda text: f"{text} {PAYLOADS[_number(text)]}")


def harmless(value: Any) -> Any:
    """The same, with words behind the texts that mean nothing anywhere."""
    return _changed(value, lambda text: f"{text} x{_number(text)}")


def _number(text: str) -> int:
    return sum(map(ord, text)) % len(PAYLOADS)


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return change(value) if value else value
    if isinstance(value, tuple):
        changed_items = [_changed(each, change) for each in value]
        return type(value)(*changed_items) if hasattr(value, "_fields") else tuple(changed_items)
    if isinstance(value, Mapping):
        return {key: _changed(each, change) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: _changed(getattr(value, field.name), change)
            for field in fields(value)
            if field.init and field.name not in KEPT
        }
        return replace(value, **changed)
    return value
