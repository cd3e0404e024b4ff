"""Templates to one file: styles and script go into it, and nothing else may run or be loaded."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from layerfork.record.run import DiffReport, RunReport
from layerfork.report.html.view import view_diffs, view_runs
from layerfork.report.rendering import Look, Theme
from layerfork.report.svg.colors import DARK, LIGHT, SHAPES, Colors, colors

TEMPLATES = "templates"


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    """Every scenario with its graphs, answers and clients."""
    return page("run.html.j2", look, view=view_runs(reports))


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    """Every pair of builds with its graph, answers and steps."""
    return page("diff.html.j2", look, view=view_diffs(reports))


def page(template: str, look: Look, style: str = "", **values: Any) -> str:
    """A whole document. Text stays text: markup in it is escaped. ``style`` is a file of its own rules."""
    environment = Environment(
        loader=PackageLoader(__package__, TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["ticks"] = ticks
    script = _own("page.js")
    own_style = _own(style) if style else ""
    whole = variables(look.theme) + SHAPES + colors(look.theme) + _own("page.css") + own_style
    return environment.get_template(template).render(
        style=Markup(whole),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        theme=look.theme,
        **values,
    )


def ticks(text: str) -> Markup:
    """Text whose words between backticks are code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    code = Markup("<code>{}</code>")
    return Markup("").join(
        code.format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def variables(theme: Theme) -> str:
    """Colours of the page as CSS variables, by theme; prints are light."""
    if theme == "auto":
        dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}\n"
        return f":root{{color-scheme:light dark;{_variables(LIGHT)}}}\n{dark}"
    chosen = LIGHT if theme == "light" else DARK
    return f":root{{color-scheme:{theme};{_variables(chosen)}}}\n"


def _variables(theme: Colors) -> str:
    names = ("paper", "shade", "panel", "ink", "faint", "rule", "good", "bad")
    lines = "".join(f"--c{number}:{color};" for number, color in enumerate(theme.lines))
    return "".join(f"--{name}:{getattr(theme, name)};" for name in names) + lines


def _own(name: str) -> str:
    return files(__package__).joinpath(TEMPLATES, name).read_text("utf-8")
