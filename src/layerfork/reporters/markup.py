"""Text for HTML and SVG: what could not be seen, or would turn text around, is written out."""

from typing import Any

from markupsafe import Markup

from layerfork.model.visible import visible

__all__ = ["shown", "visible"]


def shown(value: Any) -> Any:
    """For a template: plain text made visible; markup of ours as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
