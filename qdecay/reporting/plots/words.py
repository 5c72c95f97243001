"""Text in figures: numbers at crossings, lines that fit, names without formulas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from qdecay._support.one_line import escaped
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.reporting.graph import short
from qdecay.reporting.numerals import signed, written

SMALL, NORMAL, LINE = 8, 9, 12  # printer's points: of text, and from one small line to the next
NAME = 110  # printer's points, of a name in a legend
DIGITS = 6  # of a decimal at a crossing
_LONGEST = 16  # characters of a closed form that is still short
_FEW = 3  # numbers of a figure that have both the closed form and decimals
_CUT = "…"
_TRIES = 40  # widths in which a title is tried
_INCH = 72  # printer's points


def plain(text: str) -> str:
    r"""Return a user's text so that matplotlib finds no formula in it, in a legend or a tick label.

    >>> plain("cost $x_1$")
    'cost \\$x_1\\$'
    """
    return escaped(text).replace("$", r"\$")


def number_text(number: AlgebraicNumber, *, brief: bool = False) -> str:
    """Return an exact number: its closed form where that is short, and its decimals.

    Args:
        number: exact.
        brief: whether to give only one of them, the closed form if it is short.

    >>> [number_text(AlgebraicNumber.of(x)) for x in ("1/2", "1/3", "123/1000", "-2/3", "7")]
    ['1/2 = 0.5', '1/3 ≈ 0.333333', '0.123', '−2/3 ≈ −0.666667', '7']
    """
    has_form, sign, decimals = written(number, DIGITS, _LONGEST)
    if not has_form:
        return decimals
    form = number.closed_form() or ""
    shown = signed(form) if number.is_rational else _formula(form)
    return shown if brief else f"{shown} {sign} {decimals}"


def numbered(points: Sequence[tuple[float, AlgebraicNumber]]) -> list[tuple[float, str]]:
    """Return places with their numbers in text, briefly if there are many."""
    return [(x, number_text(number, brief=len(points) > _FEW)) for x, number in points]


def _formula(form: str) -> str:
    """Return a closed form with a root in it as a formula."""
    raised = re.sub(r"\^\(([^()]*)\)", r"^{\1}", form)
    return "$" + re.sub(r"sqrt\((\d+)\)", r"\\sqrt{\1}", raised).replace("*", r"\,") + "$"


def width_of(text: str, size: float = SMALL, *, is_ours: bool = False) -> float:
    """Return the width of a line of text in printer's points, as it will be drawn.

    Args:
        text: one line.
        size: of the font.
        is_ours: whether it may be a formula as `number_text` writes it, which names are not.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font, is_formula = FontProperties(size=size), is_ours and "$" in text
    found: float = text_to_path.get_text_width_height_descent(text, font, ismath=is_formula)[0]
    return found


def cut(text: str, width: float, size: float = SMALL) -> str:
    """Return a text, shortened in the middle if it is wider than this, in printer's points."""
    if width_of(text, size) <= width:
        return text
    for letters in range(len(text), 2, -1):
        if width_of(shorter := short(text, letters), size) <= width:
            return shorter
    return _CUT


def named(text: str) -> str:
    """Return a user's name for a legend: not too long, and without a formula in it."""
    return plain(cut(text, NAME))


def wrapped(text: str, width: float, size: float = NORMAL, most: int = 2) -> str:
    """Return a text in at most `most` lines of this width, in printer's points.

    Lines are of about equal length; one that is too long is shortened in the middle.
    """
    words = text.split(" ")
    lines = _filled(words, width, size)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    else:
        narrower = (width * (k / _TRIES) for k in range(1, _TRIES + 1))
        lines = next(
            (t for w in narrower if len(t := _filled(words, w, size)) == len(lines)), lines
        )
    return "\n".join(cut(line, width, size) for line in lines)


def _filled(words: Sequence[str], width: float, size: float) -> list[str]:
    """Return words in lines, each as long as fits."""
    lines: list[str] = []
    for word in words:
        if lines and width_of(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def points_of(ax: Any) -> tuple[float, float]:
    """Return about how wide and how high the axes are, in printer's points."""
    inch = ax.figure.dpi
    return ax.bbox.width / inch * _INCH, ax.bbox.height / inch * _INCH
