"""Colours contrast with the paper and with each other, for people with fewer kinds of cones too."""

from itertools import combinations

import pytest

from layerfork.report.svg.colors import DARK, LIGHT, Colors, contrast, on_color

# Machado, Oliveira, Fernandes (2009), severity 1.0, on linear RGB.
PROTAN = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))
DEUTAN = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
FAR = 9.0
"""Units of Euclidean distance in CIELAB; 2.3 is just noticeable."""


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_texts_and_lines_have_enough_contrast(theme: Colors) -> None:
    for text in (theme.ink, theme.faint, theme.good, theme.bad):
        assert contrast(text, theme.paper) >= 4.5
        assert contrast(text, theme.panel) >= 4.5
    for line in theme.lines:
        assert contrast(line, theme.paper) >= 3
        assert contrast(line, on_color(line)) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("seen", [None, PROTAN, DEUTAN])
def test_lines_are_told_apart(theme: Colors, seen: tuple[tuple[float, ...], ...] | None) -> None:
    colors = [_lab(_linear(each), seen) for each in theme.lines]
    near = [
        (theme.lines[one], theme.lines[other])
        for one, other in combinations(range(len(colors)), 2)
        if sum((a - b) ** 2 for a, b in zip(colors[one], colors[other], strict=True)) ** 0.5 < FAR
    ]
    assert near == []


def test_black_on_white_is_21_to_1() -> None:
    assert round(contrast("#ffffff", "#000000"), 2) == 21


def _linear(color: str) -> tuple[float, ...]:
    channels = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return tuple(each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)


def _lab(rgb: tuple[float, ...], seen: tuple[tuple[float, ...], ...] | None) -> tuple[float, float, float]:
    if seen is not None:
        rgb = tuple(min(max(_dot(row, rgb), 0), 1) for row in seen)
    x, y, z = (
        _dot((0.4124, 0.3576, 0.1805), rgb) / 0.95047,
        _dot((0.2126, 0.7152, 0.0722), rgb),
        _dot((0.0193, 0.1192, 0.9505), rgb) / 1.08883,
    )
    fx, fy, fz = (each ** (1 / 3) if each > 0.008856 else 7.787 * each + 16 / 116 for each in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _dot(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
