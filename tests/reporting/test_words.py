"""Choices in words and as equations: read back, they have the break-even gamma of the model."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from fractions import Fraction
from typing import Any

import pytest

from qdecay.exact.regions import policy_regions
from qdecay.reporting import mathml
from qdecay.reporting.words import equation, exactly, question
from qdecay_envs.layout import ChainLayout

CHOICES: list[tuple[dict[str, Any], str]] = [
    ({"stay": [1], "move": [0, 0, 4]}, "1 now, or 4 two steps later"),
    ({"left": [0, 1], "right": [0, 0, 3]}, "1 after one step, or 3 after two"),
    ({"stay": [1], "move": [0, 0, 0, 6]}, "1 now, or 6 three steps later"),
    ({"stay": [1], "move": [0] * 99 + [110]}, "1 now, or 110 after 99 steps"),
    ({"a": [1], "b": [0, "5/2"]}, "1 now, or 5/2 one step later"),
    ({"a": [0, 2, "1/2"], "b": [0, 0, 0, 0, 7]},
     "2 after one step and 1/2 after two steps, or 7 after four steps"),
    ({"a": [3], "b": [1] * 7}, "3 now, or the rewards 1 × 7"),
    ({"a": [0, -1], "b": [-3]}, "−1 after one step, or −3 now"),
]  # fmt: skip
ENDINGS = {"terminate": "", "repeat": ", again and again", "absorb": ", the last one for ever"}


@pytest.mark.parametrize(("streams", "words"), CHOICES)
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_choice_is_told_as_people_tell_it(streams, words: str, ending: Any) -> None:
    """Now, later, after so many steps; then what follows the last reward."""
    layout = ChainLayout(tuple(streams.items()), ending)
    assert question(layout) == words + ENDINGS[ending]


def test_nothing_and_more_than_two_branches() -> None:
    """A stream of zeros pays nothing; three choices are three phrases and no one equation."""
    layout = ChainLayout((("a", [1]), ("b", [0, 2]), ("c", [0, 0])))  # type: ignore[arg-type]
    assert question(layout) == "1 now, or 2 one step later, or nothing"
    assert equation(layout) is None


def value(node: ET.Element, gamma: float) -> float:
    """A formula in gamma read back as a number, by the rules of MathML."""
    parts = list(node)
    if node.tag in ("mn", "mi"):
        return gamma if node.text == "γ" else float(node.text or "")
    if node.tag == "mfrac":
        return value(parts[0], gamma) / value(parts[1], gamma)
    if node.tag == "msup":
        return float(value(parts[0], gamma) ** value(parts[1], gamma))
    signs = {"−": "-", "⁢": "*", "+": "+", "/": "/"}
    text = "".join(
        signs[p.text or ""] if p.tag == "mo" else f"({value(p, gamma)!r})" for p in parts
    )
    assert set(text) <= set("0123456789.e+-*/()")
    return float(eval(text))


def sides(formula: str, gamma: float) -> tuple[float, float]:
    left, right = re.fullmatch("<math[^>]*>(.*)<mo>=</mo>(.*)</math>", formula).groups()  # type: ignore[union-attr]
    one, two = (value(ET.fromstring(f"<mrow>{side}</mrow>"), gamma) for side in (left, right))
    return one, two


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "streams", [{"stay": [1], "move": [0, 0, 4]}, *(c for c, _ in CHOICES[1:6])]
)
def test_both_sides_are_level_at_the_break_even_gamma_alone(streams, ending: Any) -> None:
    """Against the exact regions of the model: level at each breakpoint of the start, not beside."""
    layout = ChainLayout(tuple(streams.items()), ending)
    formula = equation(layout)
    assert formula is not None
    regions = policy_regions(layout)
    points = [regions.breakpoints[i].gamma for i in regions.start_breakpoints()]
    for gamma in map(float, points):
        left, right = sides(formula, gamma)
        assert left == pytest.approx(right, rel=1e-9)
        beside = sides(formula, gamma * 0.99)
        assert abs(beside[0] - beside[1]) > 1e-4 * abs(beside[0])
    assert points or ending != "terminate"


def test_the_equation_stays_as_it_was_given() -> None:
    """1 = 4 g^2 and not 4 g^2 - 1 = 0; g = 3 g^2 keeps its g; long streams are shortened."""
    texts = [
        "".join(ET.fromstring(equation(ChainLayout(tuple(c.items()))) or "").itertext())
        for c, _ in CHOICES[:4]
    ]
    assert [text.replace("⁢", "") for text in texts] == ["1=4γ2", "γ=3γ2", "1=6γ3", "1=110γ99"]
    layout = ChainLayout.choice(a=[3], b=list(range(1, 9)))
    text = "".join(ET.fromstring(equation(layout) or "").itertext()).replace("⁢", "")
    assert text == "3=1+2γ+⋯+8γ7"


def test_rounded_rewards_are_kept_exactly_beside_the_words() -> None:
    """Nothing more is to be said where no number is rounded."""
    assert exactly(ChainLayout.choice(a=["1/3"], b=[0, 2])) == ""
    long = Fraction(10**12 + 1, 10**12)
    assert exactly(ChainLayout.choice(a=[long], b=[0, 2])) == f"a: {long}; b: 0, 2"


def test_fractions_stand_on_one_line_in_an_answer() -> None:
    """The same number as the closed form, without a fraction bar."""
    for form in (Fraction(1, 2), Fraction(-7, 3), Fraction(5)):
        tree = ET.fromstring(mathml.in_line(form))
        assert "mfrac" not in [node.tag for node in tree.iter()]
        text = "".join(tree.itertext()).replace("−", "-")
        assert Fraction(text) == form
    assert math.isclose(value(ET.fromstring(mathml.in_line(Fraction(1, 2))), 0), 0.5)
