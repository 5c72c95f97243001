"""The palette is readable, apart for colour-blind readers, and the only list of colours."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

import qdecay
from qdecay.reporting import colours
from qdecay.reporting.colours import Colour, css_variables

TEXT = ("ink", "soft", "near", "far", "good", "warning", "exact", "planned", "learned")
GRAPHICS = tuple(name for name in colours.PALETTE if name.startswith(("action", "explorer")))
SCHEMES = ("light", "dark")

# Machado, Oliveira & Fernandes (2009), severity 1: how linear RGB looks to them.
VISION = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}


def linear(colour: str) -> list[float]:
    """Linear red, green and blue of `#rrggbb` (WCAG 2.2, relative luminance)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]


def contrast(one: str, two: str) -> float:
    """WCAG 2.2's contrast ratio, 1 to 21."""
    low, high = sorted(
        sum(w * x for w, x in zip((0.2126, 0.7152, 0.0722), linear(c), strict=True))
        for c in (one, two)
    )
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, vision: str) -> tuple[float, float, float]:
    """CIE L*a*b* under D65, as somebody of that vision sees it."""
    red, green, blue = (
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear(colour), strict=True))))
        for row in VISION[vision]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", TEXT + GRAPHICS)
def test_text_has_a_contrast_of_at_least_four_and_a_half_and_graphics_of_three(
    name: str, scheme: str
) -> None:
    """On paper and on a sheet."""
    colour = getattr(colours.PALETTE[name], scheme)
    for ground in (colours.PAPER, colours.SHEET):
        assert contrast(colour, getattr(ground, scheme)) >= (4.5 if name in TEXT else 3)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", TEXT + GRAPHICS)
def test_ink_can_be_read_on_a_tint_of_each_colour(name: str, scheme: str) -> None:
    """An area is a mixture of its colour and the sheet below it."""
    share = int(getattr(colours.TINT, scheme).rstrip("%")) / 100
    parts = [getattr(c, scheme) for c in (colours.PALETTE[name], colours.SHEET)]
    pairs = zip(*([int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in parts), strict=True)
    tint = "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)
    assert contrast(colours.INK.light if scheme == "light" else colours.INK.dark, tint) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(
    "group",
    [
        colours.ACTIONS,
        colours.EXPLORERS,
        (colours.NEAR, colours.FAR, colours.GOOD, colours.WARNING),
        (colours.EXACT, colours.PLANNED, colours.LEARNED, colours.GOOD, colours.FAR),
    ],
)
def test_colours_of_one_picture_stay_apart_for_every_reader(
    group: tuple[Colour, ...], vision: str, scheme: str
) -> None:
    """In CIE76 people see a difference of about 2.3; nearly four times that is easy."""
    seen = [lab(getattr(colour, scheme), vision) for colour in group]
    for one, two in itertools.combinations(seen, 2):
        assert sum((a - b) ** 2 for a, b in zip(one, two, strict=True)) ** 0.5 >= 9


def test_the_variables_of_css_are_the_palette() -> None:
    """Light first, dark in its media query, under the selector asked for."""
    light, dark = css_variables(".qdecay").split("@media (prefers-color-scheme: dark)")
    for text, scheme in ((light, "light"), (dark, "dark")):
        found = dict(re.findall(r"--([\w]+): ([^;]+);", text))
        assert found == {n: getattr(c, scheme) for n, c in colours.PALETTE.items()}
        assert ".qdecay {" in text


def test_there_is_no_other_list_of_colours() -> None:
    """Style sheets, scripts and templates name meanings, not colours."""
    report = Path(qdecay.__file__).parent / "reporting"
    for path in [*report.glob("*.py"), *(report / "templates").rglob("*.*")]:
        if path.name != "colours.py":
            text = re.sub(r'href="#|&#\d+;', "", path.read_text(encoding="utf-8"))
            assert not re.findall(r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b(?![\w-])", text), path.name
