"""Colours of lines and themes, and the style sheet of pictures."""

from dataclasses import dataclass

from layerfork.report.rendering import Theme

# Colours that people with every kind of colour vision tell apart, for light and dark.
#
# The hues are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), darker on white where they have less
# than 3:1 of contrast there (WCAG 2.2, 1.4.11). Letters say the same as colours.


@dataclass(frozen=True, slots=True, kw_only=True)
class Colors:
    """One theme; all as ``#rrggbb``."""

    paper: str
    panel: str
    """Below tables' heads, around code."""
    shade: str
    """At an edge behind which there is more."""
    ink: str
    faint: str
    """Text of less weight."""
    rule: str
    good: str
    bad: str
    lines: tuple[str, ...]
    """Of the lines, in their order; used again for those that come after."""


LIGHT = Colors(
    paper="#ffffff",
    panel="#f3f4f6",
    shade="#9aa3ad",
    ink="#1b1f24",
    faint="#57606a",
    rule="#d0d7de",
    good="#00664b",
    bad="#a63c00",
    lines=("#0072b2", "#d55e00", "#009e73", "#b0528a", "#6b4e00", "#3d93c9", "#5b5b5b"),
)
DARK = Colors(
    paper="#14181d",
    panel="#1f252c",
    shade="#57616c",
    ink="#e6e9ec",
    faint="#a0a9b3",
    rule="#3a424b",
    good="#4fd1a5",
    bad="#ff9a57",
    lines=("#56b4e9", "#e69f00", "#18b588", "#d992b8", "#f0e442", "#f0672d", "#c3c7cc"),
)


def color_of(number: int) -> int:
    """Place in `Colors.lines` of a line."""
    return number % len(LIGHT.lines)


def contrast(one: str, other: str) -> float:
    """Of two colours, from 1 to 21. Source: WCAG 2.2, relative luminance."""
    bright, dim = sorted(map(_luminance, (one, other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def on_color(color: str) -> str:
    """Black or white, whichever reads better on a colour."""
    return max(("#000000", "#ffffff"), key=lambda text: contrast(text, color))


def _luminance(color: str) -> float:
    channels = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


# The style of pictures, in CSS: the same rules in an SVG of its own and in a page.

SHAPES = """\
.fg text{font:12px system-ui,sans-serif;white-space:pre;paint-order:stroke;stroke-width:4px}
.fg .m{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.fg .s{font-size:11px}
.fg .b{font-weight:600}
.fg .c{text-anchor:middle}
.fg .h{font-size:15px;font-weight:600}
.fg path{fill:none;stroke-linejoin:round}
.fg .w{stroke-dasharray:7 3}
.fg .g{stroke-dasharray:2 4;stroke-width:1}
.fg .st{stroke-width:2}
.fg text.n{stroke:none}
"""


def colors(theme: Theme) -> str:
    """Rules for one theme, or for both where the viewer's system chooses; prints are light."""
    if theme == "auto":
        return f"{_rules(LIGHT)}@media screen and (prefers-color-scheme:dark){{{_rules(DARK)}}}\n"
    return _rules(LIGHT if theme == "light" else DARK)


def _rules(theme: Colors) -> str:
    lines = "".join(
        f".fg .l{number}{{stroke:{color}}}.fg .f{number}{{fill:{color}}}"
        f".fg .n{number}{{fill:{on_color(color)}}}\n"
        for number, color in enumerate(theme.lines)
    )
    return (
        f".fg .p{{fill:{theme.paper}}}.fg .t{{fill:{theme.ink}}}.fg .q{{fill:{theme.faint}}}\n"
        f".fg text{{fill:{theme.ink};stroke:{theme.paper}}}.fg text.q{{fill:{theme.faint}}}\n"
        f".fg .g{{stroke:{theme.rule}}}.fg .st{{fill:{theme.paper};stroke:{theme.ink}}}\n{lines}"
    )
