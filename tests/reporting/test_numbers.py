"""What a page shows is true: its gammas, its action values, its formulas."""

from __future__ import annotations

import json
import math
import random
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from comparisons import comparison, learned

from qdecay._support.shown import shortest, shown_decimal
from qdecay.exact.algebra.number import AlgebraicNumber, isolate_roots
from qdecay.exact.learning_curve import learning_curve
from qdecay.exact.regions import policy_regions
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.mdp import MDP
from qdecay.model.source import HOMEWORK, Source
from qdecay.reporting import mathml
from qdecay.reporting.chapter import Chapter, read_chapter, title_of
from qdecay.reporting.figures import undertrained_plot
from qdecay.reporting.page import explorer
from qdecay.reporting.samples import samples
from qdecay.reporting.values import ActionValues
from qdecay.reporting.words import shown_stream
from qdecay_envs.layout import ChainLayout

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)


def chapter_of(mdp: MDP) -> Chapter:
    return Chapter(Source("model.json"), mdp, policy_regions(mdp))


@pytest.mark.parametrize(
    "polynomial",
    [[-1, 2], [-1, 0, 0, 6], [1, -100, 100], [-1] + [0] * 98 + [110], [2, -4, 0, 1]],
)
def test_samples_hold_every_breakpoint_and_three_points_of_every_region(polynomial) -> None:
    """They ascend, lie in the region they say, and no region is skipped; by exact comparison."""
    roots = isolate_roots(polynomial)
    points = samples(roots, [], 10)
    numbers = [
        p.gamma if isinstance(p.gamma, AlgebraicNumber) else AlgebraicNumber.of(p.gamma)
        for p in points
    ]
    assert all(left < right for left, right in pairwise(numbers))
    assert [p.breakpoint for p in points if p.breakpoint is not None] == list(range(len(roots)))
    for point, number in zip(points, numbers, strict=True):
        assert point.region == sum(root < number for root in roots)
        assert (number in roots) == (point.breakpoint is not None)
    inside = [
        sum(p.region == i and p.breakpoint is None for p in points) for i in range(len(roots) + 1)
    ]
    assert min(inside) >= 3


def test_samples_part_breakpoints_that_floats_cannot() -> None:
    """x^40 = 2 (10x - 1)^2 has two roots 1.4e-21 apart: the samples between them are distinct."""
    coefficients = [-2, 40, -200] + [0] * 37 + [1]
    roots = isolate_roots(coefficients)
    near = [root for root in roots if abs(float(root) - 0.1) < 1e-9]
    assert len(near) == 2
    assert float(near[0]) == float(near[1])
    points = samples(roots, [], 10)
    first, second = (
        next(i for i, p in enumerate(points) if p.breakpoint == roots.index(r)) for r in near
    )
    assert second - first == 4
    assert len({p.text for p in points[first + 1 : second]}) == 3


@pytest.mark.parametrize(
    ("env_id", "options"),
    [
        (HOMEWORK[0], {}),
        (HOMEWORK[1], {}),
        ("FrozenLake-v1", {}),
        ("qdecay/NChain-v0", {}),
        ("qdecay/ConstantOrSparse-v0", {}),
    ],
)
def test_action_values_are_the_exact_rational_functions(
    env_id: str, options: dict[str, object]
) -> None:
    """At rational gammas: r + gamma * sum p * V(t), with V from the exact region functions."""
    mdp = MDP.from_env(gym.make(env_id, **options))
    regions = policy_regions(mdp)
    functions = [regions.value(s) for s in range(mdp.n_states)]
    values = ActionValues(mdp)
    for gamma in (Fraction(0), Fraction(1, 7), HALF, Fraction(9, 10), Fraction(999, 1000)):
        region = sum(b.gamma < gamma for b in regions.breakpoints)
        policy = [actions[0] if actions else None for actions in regions.optimal_actions(gamma)]
        found = values.at(gamma, policy)
        assert found is not None
        for pair, row in values.row_of.items():
            exact = mdp.exact_r[pair] + gamma * ahead(
                mdp, pair, [f[region](gamma) for f in functions]
            )
            assert found[row] == pytest.approx(float(exact), rel=6e-9, abs=1e-30)


def ahead(mdp: MDP, pair: tuple[int, int], v: list[Fraction]) -> Fraction:
    rows = (row for row in mdp.rows() if row[:2] == pair)
    return sum((p * v[t] for _, _, t, p, _, ends in rows if not ends), Fraction(0))


@pytest.mark.parametrize("env_id", [*HOMEWORK[:3], "FrozenLake-v1", "qdecay/NChain-v0"])
def test_the_largest_values_shown_are_those_of_the_optimal_actions(env_id: str) -> None:
    """At every sample, breakpoints and 0 included, in every state: equal values stay equal.

    Below 1/2 FrozenLake's values differ by less than nine digits show, so more may look level; at 1
    circles keep their value. NChain's total is infinite there.
    """
    chapter, is_lake = chapter_of(MDP.from_env(gym.make(env_id))), env_id == "FrozenLake-v1"
    data, points = chapter.data(), chapter.points()
    for index, sample in enumerate(points):
        for state, best in enumerate(chapter.optimal(sample)):
            curves = data["pairs"][state]
            shown = {a: data["curves"][c][index] for a, c in enumerate(curves) if c is not None}
            if None in shown.values():
                assert sample.gamma == 1 and env_id == "qdecay/NChain-v0"
                continue
            largest = max(shown.values(), default=0)
            level = tuple(a for a, value in shown.items() if value == largest)
            assert set(best) <= set(level), sample
            assert level == best or (is_lake and not HALF <= sample.gamma < 1), sample


def shown_gap(data: dict[str, Any], best: Sequence[int], state: int, index: int) -> float | None:
    """What the page makes of its numbers: the entry where there is one, else the difference."""
    if (known := data["gaps"][data["gap_of"][state]].get(index)) is not None:
        return known
    values = {
        a: data["curves"][c][index] for a, c in enumerate(data["pairs"][state]) if c is not None
    }
    rest = [value for a, value in values.items() if a not in best]
    return max(values[a] for a in best) - max(rest) if rest else None


NEARLY = ChainLayout.choice(stay=[1], move=[0, 0, 4], nearly=["0.9999999999"])


@pytest.mark.parametrize(
    ("problem", "finer"),
    [
        ("FrozenLake-v1", True),
        ("CliffWalking-v1", True),
        ("qdecay/NChain-v0", False),
        ("qdecay/ShortDelay-v0", False),
        (NEARLY, True),
    ],
)
def test_the_action_gap_of_a_page_is_the_exact_function(problem: Problem, finer: bool) -> None:
    """In every state at every tenth rational sample, to three digits; 0 at its own breakpoints.

    CliffWalking's gaps fall to 1e-30 of its values, and need the numbers that are given apart; of
    three actions, two tie at 1/2 and one is behind by 1e-10, where the gap is 0 all the same.
    """
    chapter = chapter_of(as_exact_mdp(problem))
    data, points, regions = chapter.data(), chapter.points(), chapter.regions
    apart = 0
    for state in range(regions.n_states):
        exact = regions.action_gap(state)
        own = {i for i, b in enumerate(regions.breakpoints) if state in b.changes}
        for index, sample in enumerate(points[:-1]):
            best = regions.regions[sample.region][state]
            if sample.breakpoint in own:
                assert shown_gap(data, best, state, index) == 0
            elif isinstance(sample.gamma, Fraction) and index % 10 == 0:
                shown, true = shown_gap(data, best, state, index), exact(sample.gamma)
                wanted = None if true is None else pytest.approx(float(true), rel=6e-3, abs=1e-36)
                assert shown == wanted, (state, sample)
                apart += index in data["gaps"][data["gap_of"][state]]
    assert (apart > 0) == finer


ENDS_AND_GOES_ON = MDP.from_rows(  # 3 ends; 2 every other step for ever; -1 a step for ever
    [
        (0, 0, 0, 1, 3, True),
        (0, 1, 1, HALF, 5, False),
        (0, 1, 0, HALF, 5, True),
        (1, 0, 2, 1, 0, False),
        (2, 0, 1, 1, 2, False),
        (3, 0, 3, 1, -1, False),
    ],
    n_states=4,
    n_actions=2,
)


@pytest.mark.parametrize("source", ["FrozenLake-v1", "qdecay/NChain-v0", "qdecay/RiverSwim-v0", ""])
def test_values_at_one_are_the_limits_of_those_below(source: str) -> None:
    """At 1 - 1e-9, by another solver: r + P V where it has a limit, P g where that grows."""
    mdp = MDP.from_env(gym.make(source)) if source else ENDS_AND_GOES_ON
    regions, near = policy_regions(mdp), 1 - Fraction(1, 10**9)
    assert regions.at_one is not None
    values = ActionValues(mdp)
    totals, gains = values.at_one(regions.at_one)
    below = values.at(near, [best[0] for best in regions.optimal_actions(near)])
    assert below is not None
    for total, gain, value in zip(totals, gains, below, strict=True):
        assert value * 1e-9 == pytest.approx(gain, abs=1e-7)
        assert (total is None) == (gain != 0)
        if total is not None:
            assert value == pytest.approx(total, rel=1e-6)


def test_the_last_sample_is_one_with_what_is_known_there() -> None:
    """FrozenLake's 14/17 from the start; the endless model in words, state by state."""
    chapter = chapter_of(MDP.from_env(gym.make("FrozenLake-v1")))
    lake, last = chapter.data(), chapter.points()[-1]
    assert (last.gamma, last.region) == (1, 2)
    assert chapter.optimal(last)[0] == (0, 1, 2)
    assert (lake["gammas"][-1], lake["texts"][-1]) == (1.0, "1")
    assert lake["earned"][0] == "14/17 in all"
    assert max(lake["curves"][c][-1] for c in lake["pairs"][0]) == pytest.approx(14 / 17, rel=1e-8)
    data = chapter_of(ENDS_AND_GOES_ON).data()
    assert data["earned"] == ["1/2 per step", "1 per step", "1 per step", "−1 per step"]
    ends, goes_on = data["pairs"][0]
    assert (data["curves"][ends][-1], data["gains"][ends]) == (3.0, 0.0)
    assert (data["curves"][goes_on][-1], data["gains"][goes_on]) == (None, 0.5)
    assert data["grows"]


def test_the_last_digits_survive_near_one() -> None:
    """1 - gamma = 1e-12 leaves floats four digits; the page still shows nine."""
    forever = MDP.from_rows([(0, 0, 0, 1, "1/3", False)], n_states=1, n_actions=1)
    gamma = 1 - Fraction(1, 10**12)
    assert ActionValues(forever).at(gamma, [0]) == [pytest.approx(1e12 / 3, rel=1e-8)]
    assert ActionValues(forever).at(gamma, [0]) == [333333333000.0]
    small = MDP.from_rows([(0, 0, 0, 1, "1e-12", False)], n_states=1, n_actions=1)
    assert ActionValues(small).at(gamma, [0]) == [1.0]


def test_gammas_too_close_to_one_have_no_values_rather_than_wrong_ones() -> None:
    """Floats cannot tell such a gamma from 1: the answer is unknown, not a number."""
    forever = MDP.from_rows([(0, 0, 0, 1, 1, False)], n_states=1, n_actions=1)
    assert ActionValues(forever).at(1 - Fraction(1, 10**30), [0]) is None


@pytest.mark.parametrize("size", ["1e-50", "1e-300"])
def test_small_rewards_have_all_their_digits(size: str) -> None:
    """r / 3 for ever is worth r / 3 / (1 - g) = 2 r / 3 at 1/2, also beside rewards of size 1."""
    rows = [(0, 0, 0, 1, Fraction(size) / 3, False), (1, 0, 1, 1, 1, False)]
    values = ActionValues(MDP.from_rows(rows, n_states=2, n_actions=1))
    assert values.at(HALF, [0, 0]) == [float(f"0.666666667{size[1:]}"), 2.0]


NUMBERS = [
    [-1, 2], [-10, 11], [-1, 0, 0, 6], [-2, 0, 0, 0, 0, 3], [-1, 1, 1], [1, -100, 100],
    [-1] + [0] * 98 + [110], [1, -4, 1], [-1, 0, 5], [-1, -6, 9],
]  # fmt: skip


@pytest.mark.parametrize("polynomial", NUMBERS)
def test_typeset_closed_forms_have_the_number_they_stand_for(polynomial: list[int]) -> None:
    """Read the MathML back as a tree and evaluate it."""
    (root, *_) = isolate_roots(polynomial)
    assert root.form is not None
    assert evaluated(ET.fromstring(mathml.closed_form(root.form))) == pytest.approx(
        float(root), rel=1e-14
    )


def evaluated(node: ET.Element) -> float:
    parts = list(node)
    if node.tag == "mn":
        return float(node.text or "")
    if node.tag == "mfrac":
        return evaluated(parts[0]) / evaluated(parts[1])
    if node.tag == "msup":
        return evaluated(parts[0]) ** evaluated(parts[1])
    words = [p.text if p.tag == "mo" else repr(evaluated(p)) for p in parts]
    joined = "".join(words).replace("−", "-").replace("⁢", "*")
    assert set(joined) <= set("0123456789.e+-*/()"), joined
    value = float(eval(joined))
    return math.sqrt(value) if node.tag == "msqrt" else value


def test_polynomials_are_typeset_or_left_out_where_too_long() -> None:
    """5 g^3 - g^2 - g - 1 = 0, term by term; a hundred terms are refused."""
    formula = mathml.polynomial([-1, -1, -1, 5])
    assert formula is not None
    assert "".join(ET.fromstring(formula).itertext()) == "5γ3−γ2−γ−1=0"
    assert mathml.polynomial([1] * 100) is None


@pytest.mark.parametrize("walks", [4, 5, 7, 12])
def test_the_undertrained_flip_is_that_of_the_exact_learning_curve(walks: int) -> None:
    """The closed form that is drawn, against the break-even gamma of what has arrived."""
    layout = ChainLayout.choice(stay=[1], move=[0, 0, 0, 6])
    figure = undertrained_plot(layout, isolate_roots([-1, 0, 0, 6])[0], HALF)
    assert figure is not None
    drawn = dict(figure.lines[0].data)
    exact = learning_curve(layout, HALF, walks).break_even().roots
    assert drawn[walks] == pytest.approx(float(exact[0]) if exact else 1.0, rel=1e-12)


def test_models_that_grow_are_shown_per_step() -> None:
    """NChain goes on for ever, so its values grow like 1 / (1 - gamma); a chain that ends not."""
    assert read_chapter(Source("qdecay/NChain-v0")).data()["grows"]
    assert not read_chapter(Source(HOMEWORK[0])).data()["grows"]


SHOWN = [
    ([0, 2], [-1, 0, 0, 0, 9], "0.721858…"),
    ([1], [0, 700_000_000_000], "1.429e−12"),
    ([1], [0, "7e40"], "1.429e−41"),
    ([1], [0, 3], "0.333333…"),
    ([1], [0, 4], "0.25"),
    ([12345678], [0, 10**8], "0.12345678"),
    ([10**10], [0, 10**10 + 1], "0.9999999999000…"),
    ([10**12], [0, 10**12 + 1], "0.999999999999000…"),
    ([1], [0, 0, "4.0000000001"], "0.499999…"),
]


@pytest.mark.parametrize(("near", "far", "shown"), SHOWN)
def test_gammas_of_a_page_are_cut_with_an_ellipsis_or_exact(
    tmp_path: Path, near, far, shown: str
) -> None:
    """Between what is shown and one unit of its last digit more the branches change places.

    Below 1e-6 it is rounded, so within half a unit; without an ellipsis they are level there.
    """
    path = tmp_path / "layout.json"
    layout = ChainLayout.choice(near=near, far=far)
    path.write_text(json.dumps(layout.to_json()))
    number = shown.rstrip("…").replace("−", "-")
    unit = Fraction(10) ** Decimal(number).as_tuple().exponent

    def ahead(gamma: Fraction) -> Fraction:
        (_, first), (_, second) = layout.branches
        return sum(r * gamma**k for k, r in enumerate(second)) - sum(
            r * gamma**k for k, r in enumerate(first)
        )

    if "e" in shown:
        assert ahead(Fraction(number) - unit / 2) < 0 < ahead(Fraction(number) + unit / 2)
    elif shown.endswith("…"):
        assert ahead(Fraction(number)) < 0 < ahead(Fraction(number) + unit)
    else:
        assert ahead(Fraction(number)) == 0
    chapter = read_chapter(Source(str(path)))
    (gamma,) = chapter.switching(chapter.mdp.start)
    agents = learned([0.25, 0.5, 0.75], noisy=False)
    page = explorer([replace(chapter, comparison=comparison(str(path), [gamma], [agents]))])
    found = dict(re.findall(r'<td data-what="([^"]*)">([^<]*?) ?<', page))
    assert found["exact"] == shown
    assert float(found["planned"]) == pytest.approx(float(gamma), rel=1e-3, abs=5e-7)
    assert found["range of 3 seeds"] == "0.25 to 0.75"
    assert shown in chapter.data()["texts"]
    assert shown in re.findall(r'<span class="digits">([^<]*)<', page)


def test_forty_digits_are_folded_where_a_polynomial_is(tmp_path: Path) -> None:
    """Of 9 g^4 - 2 g - 1; of a quadratic or a cubic the polynomial stands there."""
    layout = ChainLayout.choice(near=[0, 2], far=[-1, 0, 0, 0, 9])
    layout.save(tmp_path / "layout.json")
    chapter = read_chapter(Source(str(tmp_path / "layout.json")))
    (gamma,) = chapter.switching(chapter.mdp.start)
    (folded,) = re.findall(r"<details>(.*?)</details>", explorer([chapter]), re.DOTALL)
    assert "degree 4" in folded and "9 γ<sup>4</sup> − 2 γ<sup>1</sup> − 1 = 0" in folded
    (digits,) = re.findall(r">(0\.\d{40})<", folded)
    assert Fraction(digits) == pytest.approx(gamma.enclosure(200)[0], rel=1e-39)
    assert "<details>" not in explorer([read_chapter(Source("qdecay/ShortDelay-v0"))])


def test_shown_decimals_are_those_of_the_decimal_module() -> None:
    """Random fractions and floats of every size, rounded by another library."""
    chance = random.Random(1)
    for _ in range(400):
        digits, size = chance.randint(1, 30), 10 ** chance.randint(0, 60)
        number = Fraction(chance.randint(1, size), chance.randint(1, size))
        context = Context(prec=digits, rounding=ROUND_HALF_EVEN, Emin=-999, Emax=999)
        right = context.divide(Decimal(number.numerator), Decimal(number.denominator))
        shown = shown_decimal(AlgebraicNumber.of(number), digits)
        assert Decimal(shown) == right or (right == 1 and Fraction(shown) < 1)
        approximate = shown_decimal(float(number), min(digits, 16))
        context.prec = min(digits, 16)
        right = context.plus(Decimal(float(number)))
        assert Decimal(approximate) == right or (right == 1 and float(approximate) < 1)


def test_shown_decimals_stay_short_and_true() -> None:
    """A power of ten where zeros would fill the line; never 1 for what is below it."""
    for number, shown in (
        (Fraction(1, 10**6), "0.000001"),
        (Fraction(1, 10**7), "1e-7"),
        (Fraction(12345678), "1.235e+7"),
        (1 - Fraction(1, 10**9), "0.999999999"),
    ):
        assert shown_decimal(AlgebraicNumber.of(number), 4) == shown
    assert shown_decimal(math.nan, 4) == "nan"
    assert shown_decimal(-math.inf, 4) == "-inf"
    assert shown_decimal(0.0, 4) == "0.000"
    assert (shortest(0.9999999), shortest(1.0), shortest(1e-9)) == ("0.9999999", "1", "1e-09")


def test_names_for_people() -> None:
    """Ids become words, long runs of a reward are counted."""
    assert title_of("qdecay/ConstantOrSparse-v0") == "Constant or sparse"
    assert shown_stream([THIRD, *[Fraction(0)] * 6, Fraction(2)]) == "1/3, 0 × 6, 2"
