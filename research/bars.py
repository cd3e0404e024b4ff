"""Horizontal bars as SVG: how a total divides, one bar for each row, on light and dark pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

_LEFT, _WIDTH, _RIGHT, _ROW, _TOP = 150, 560, 20, 34, 64
_BAR = 22
_STYLE = (
    ".br text{font:12px system-ui,sans-serif;fill:#1b1f24}.br .h{font-size:15px;font-weight:600}"
    ".br .p{fill:#ffffff}.br .v{fill:#ffffff;text-anchor:middle}.br .b2{fill:#5b5b5b}"
    ".br .b0{fill:#0072b2}.br .b1{fill:#b0470a}"
    "@media screen and (prefers-color-scheme:dark)"
    "{.br text{fill:#e6e9ec}.br .p{fill:#14181d}.br .v{fill:#ffffff}}"
)
"""White numbers are legible on all three colours, which colour-blind readers can tell apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One row."""

    name: str
    counts: tuple[int, ...]
    """One for each part of the legend."""


def bars(title: str, parts: Sequence[str], rows: Sequence[Bar]) -> str:
    """A picture of at most three parts a bar; each bar is as wide as the others, whatever its total."""
    width, height = _LEFT + _WIDTH + _RIGHT, _TOP + _ROW * len(rows)
    pieces = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="br" viewBox="0 0 {width} {height}" width="{width}"',
        f' height="{height}" role="img"><style>{_STYLE}</style><title>{escape(title)}</title>',
        f'<rect class="p" width="{width}" height="{height}"/>',
        f'<text class="h" x="12" y="24">{escape(title)}</text>',
        *_legend(parts),
        *(piece for number, row in enumerate(rows) for piece in _bar(row, _TOP + _ROW * number)),
        "</svg>\n",
    )
    return "".join(pieces)


def _legend(parts: Sequence[str]) -> Iterator[str]:
    for number, part in enumerate(parts):
        x = _LEFT + number * _WIDTH // len(parts)
        yield f'<rect class="b{number}" x="{x}" y="36" width="12" height="12"/>'
        yield f'<text x="{x + 18}" y="46">{escape(part)}</text>'


def _bar(row: Bar, y: int) -> Iterator[str]:
    yield f'<text x="12" y="{y + 15}">{escape(row.name)}</text>'
    x, total = float(_LEFT), sum(row.counts)
    for number, count in enumerate(row.counts):
        width = _WIDTH * count / total if total else 0
        if count:
            yield f'<rect class="b{number}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}"/>'
        if width > 9 * len(f"{count:,}"):
            yield f'<text class="v" x="{x + width / 2:.1f}" y="{y + 15}">{count:,}</text>'
        x += width
