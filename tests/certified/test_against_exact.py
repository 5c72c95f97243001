"""Certified regions against exact ones: every claim, on models of every kind."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from random import Random
from typing import Any

import gymnasium as gym
import pytest
from brackets import LAST, assert_true
from brute_force import ending_model, endless_model, garnet
from hypothesis import given, settings
from models import TAXI, howard_taxicab, layouts, two_state_puterman

from qdecay import MDP, policy_regions
from qdecay.certified.regions import certified_policy_regions
from qdecay.certified.result import ONE_BREAKPOINT
from qdecay.model.rows import Row
from qdecay_envs import ChainLayout

NARROW = Fraction(1, 10**9)
WIDTHS = (NARROW, Fraction(1, 10**12))


def compared(mdp: MDP, *widths: Fraction) -> Counter[str]:
    """Check all claims about a model, at the usual width if none is given; return what there is."""
    exact, counts = policy_regions(mdp), Counter[str]()
    for width in widths or [NARROW]:
        found = certified_policy_regions(mdp, width=width)
        counts += assert_true(found, exact)
        counts += Counter(breakpoints=len(exact.breakpoints), short=found.proven_to != LAST)
    return counts


def random_model(seed: int, n: int | None = None) -> MDP:
    """Up to a dozen states; ends, zeros, ties, missing actions, sure steps, odd denominators."""
    draw = Random(seed)
    n, m = n or draw.randint(1, 12), draw.randint(1, 3)
    sure, ending, unit = draw.random() < 0.3, draw.choice((0, 0.5)), draw.choice((2, 3, 6, 100))
    largest, rows = draw.choice((1, 3, 100)), list[Row]()
    for s in range(n):
        for a in range(m):
            if a and draw.random() < 0.1:
                continue
            targets = draw.choices(range(n), k=1 if sure else draw.randint(1, 3))
            weights = [draw.randint(1, unit) for _ in targets]
            weights.append(draw.randint(1, unit) if draw.random() < ending else 0)
            reward = draw.choice((0, draw.randint(-largest, largest)))
            ends = zip([*targets, s], weights, [*(False for _ in targets), True], strict=True)
            rows += [(s, a, t, Fraction(w, sum(weights)), reward, end) for t, w, end in ends if w]
    return MDP.from_rows(rows, n_states=n, n_actions=m)


def made(name: str, **options: Any) -> MDP:
    """The exact model of a registered environment."""
    return MDP.from_env(gym.make(name, **options))


HOMEWORK = [
    (ChainLayout((("near", near), ("far", far)), ending), number)
    for near, far in (
        ((1,), (0, 0, 4)),
        ((0, 1), (0, 0, 3)),
        ((1,), (0, 0, 0, 6)),
        ((1,), (*[0] * 30, 40)),
    )
    for ending, number in (("terminate", 1), ("repeat", None), ("absorb", None))
]


@pytest.mark.parametrize(("layout", "number"), HOMEWORK)
def test_homework(layout: ChainLayout, number: int | None) -> None:
    """Each one-shot choice has one break-even gamma, in one bracket that says so."""
    counts = compared(MDP.from_layout(layout))
    if number is not None:
        assert counts[ONE_BREAKPOINT] == number


SMALL: list[tuple[str, dict[str, Any]]] = [
    ("FrozenLake-v1", {}),
    ("qdecay/RiverSwim-v0", {}),
]
LARGE: list[tuple[str, dict[str, Any]]] = [
    ("FrozenLake-v1", {"is_slippery": False}),
    ("qdecay/NChain-v0", {}),
    ("qdecay/CombinationLock-v0", {}),
    ("qdecay/DelayMenu-v0", {}),
    ("qdecay/LongDelay-v0", {}),
    ("FrozenLake8x8-v1", {}),
    ("CliffWalking-v1", {}),
    ("CliffWalking-v1", {"is_slippery": True}),
    (TAXI, {}),
    ("qdecay/DeepSeaStochastic-v0", {}),
    ("qdecay/DiscountingChain-v0", {}),
]


@pytest.mark.parametrize(("name", "options"), SMALL)
def test_environments(name: str, options: dict[str, Any]) -> None:
    """Up to the last gamma that is asked for, with nothing in doubt."""
    counts = compared(made(name, **options))
    assert (counts["near ties"], counts["short"]) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options"), SMALL + LARGE)
def test_environments_at_other_widths(name: str, options: dict[str, Any]) -> None:
    """The same, also with narrower brackets, some of which floats cannot separate."""
    compared(made(name, **options), *WIDTHS)


@pytest.mark.parametrize("mdp", [two_state_puterman(), howard_taxicab()])
def test_textbooks(mdp: MDP) -> None:
    """Puterman's and Howard's models that never end, the latter up to where floats reach."""
    counts = compared(mdp)
    assert counts[ONE_BREAKPOINT] == counts["breakpoints"]


@given(layouts())
@settings(deadline=None, derandomize=True, max_examples=4)
def test_layouts(layout: ChainLayout) -> None:
    """Streams of small rewards, with ties and touches."""
    compared(MDP.from_layout(layout))


FAMILIES = {"ending": ending_model, "endless": endless_model, "random": random_model}


@pytest.mark.parametrize("family", FAMILIES)
def test_random_models(family: str) -> None:
    """Nearly all breakpoints have a bracket of their own."""
    counts = sum((compared(FAMILIES[family](seed)) for seed in range(2)), Counter())
    assert counts[ONE_BREAKPOINT] >= 0.9 * counts["breakpoints"]


def test_doubt_that_ends_where_it_begins() -> None:
    """A pair too close to zero in the bracket after x, though not at x, does not hold x up."""
    counts = compared(endless_model(259))
    assert (counts["near ties"], counts["short"]) == (1, 0)


def test_a_wide_bracket_ends_where_the_search_does() -> None:
    """One pair is closer to zero than floats tell a little left of 1 - 1e-9: a near tie."""
    counts = compared(endless_model(315), Fraction(1, 100))
    assert (counts["near ties"], counts["short"]) == (1, 0)


def test_states_that_lead_to_several_classes_by_chance() -> None:
    """From which of them, and how soon, also decides close to 1."""
    counts = compared(random_model(307), Fraction(1, 100))
    assert (counts["near ties"], counts["short"]) == (0, 0)
    assert counts[ONE_BREAKPOINT] == counts["breakpoints"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_many_random_models(family: str) -> None:
    """Hundreds, at the usual width and at one that is too fine for many."""
    for seed in range(2, 300):
        compared(FAMILIES[family](seed), *WIDTHS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_models_that_never_end(seed: int) -> None:
    """Dozens of states in one class: all breakpoints, one by one."""
    counts = compared(garnet(40, seed))
    assert counts[ONE_BREAKPOINT] == counts["breakpoints"] > 0
