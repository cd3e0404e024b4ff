"""The style of pictures, in CSS: the same rules in an SVG of its own and in a page."""

from layerfork.report.picture.palette import DARK, LIGHT, Colors, on_color
from layerfork.report.rendering import Theme

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
    """Rules for one theme, or for both, of which the viewer's system chooses; prints are light."""
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
