"""What certified regions say of themselves, held against exact ones or written by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import two_state_puterman

from qdecay import (
    MDP,
    CertifiedBracket,
    CertifiedRegions,
    NearTie,
    as_mdp,
    certified_policy_regions,
    policy_regions,
)
from qdecay._support.shown import bracket_decimal
from qdecay.certified.result import Sides
from qdecay.model.info import ModelInfo

HALF, LATE = Fraction(1, 2), Fraction(9, 10)


def shops() -> MDP:
    """A start that leads to one of two shops, either of which has two actions; a third is apart."""
    rows: list[Any] = [(0, a, 1 + a, 1, 0, False) for a in range(2)]
    rows += [(s, a, s, 1, s + a, False) for s in (1, 2, 3) for a in range(2)]
    return MDP.from_rows(rows, n_states=4, n_actions=2, start=0)


def by_hand(content: str, near_ties: tuple[NearTie, ...] = (), **changes: Any) -> CertifiedRegions:
    """Regions of the shops, which need not be theirs: one bracket with some changes."""
    sides = {int(state[1:]): Sides(*sets) for state, sets in changes.items()}
    bracket = CertifiedBracket(HALF, HALF + Fraction(1, 100), content, sides)
    left: Any = [(0,), (0,), (0,), (0,)]
    mdp = shops()
    found = mdp, Fraction(1, 100), LATE, (bracket,), tuple(left), near_ties
    return CertifiedRegions(*found, info=ModelInfo.of(mdp))


@settings(max_examples=50)
@given(
    st.fractions(Fraction(1, 10**12), 1 - Fraction(1, 10**12)), st.fractions(Fraction(1, 10**30), 1)
)
def test_digits_are_certain_but_for_the_last(lower: Fraction, width: Fraction) -> None:
    """Every number of the bracket is within so many units of the last digit, and no digit is
    missing: one more would be off by ten or more."""
    upper = min(lower + width, Fraction(1))
    text, units = bracket_decimal(lower, upper)
    unit = Fraction(1, 10 ** len(text.partition(".")[2]))
    assert 1 <= units <= 9
    assert Fraction(text) - units * unit <= lower < upper <= Fraction(text) + units * unit
    assert upper - lower > 2 * 8 * unit / 10


@pytest.mark.parametrize(
    "name",
    [
        "FrozenLake-v1",
        "qdecay/RiverSwim-v0",
        pytest.param("FrozenLake8x8-v1", marks=pytest.mark.slow),
    ],
)
def test_start_and_reached_brackets_are_those_of_exact_breakpoints(name: str) -> None:
    """Where a bracket holds one breakpoint, both lists have it or neither has."""
    mdp = as_mdp(name)
    exact, found = policy_regions(mdp), certified_policy_regions(mdp)
    assert len(found.brackets) == len(exact.breakpoints)
    for bracket, point in zip(found.brackets, exact.breakpoints, strict=True):
        assert bracket.lower < point.gamma < bracket.upper
    assert found.start_brackets() == exact.start_breakpoints()
    assert found.reached_brackets() == exact.reached_breakpoints()


def test_sets_at_a_gamma_are_the_exact_ones() -> None:
    """On either side of 10/11; inside the bracket nothing is said, beyond the end it is refused."""
    mdp = two_state_puterman()
    exact, found = policy_regions(mdp), certified_policy_regions(mdp, width="1/1000")
    (bracket,) = found.brackets
    for gamma in ("1/2", bracket.lower, bracket.upper, found.proven_to):
        assert found.optimal_actions(gamma) == exact.optimal_actions(gamma)
    assert found.optimal_actions("10/11") is None
    for beyond in (0, (found.proven_to + 1) / 2):
        with pytest.raises(ValueError, match=r"gamma must be in \(0, "):
            found.optimal_actions(beyond)


def test_a_change_elsewhere_is_not_reached() -> None:
    """The start goes to the first shop; what may happen in a bracket counts as reached."""
    assert by_hand("one breakpoint", _1=[(0,), (1,)]).reached_brackets() == (0,)
    assert by_hand("one breakpoint", _2=[(0,), (1,)]).reached_brackets() == ()
    both: Any = {"_0": [(0,), (0,)], "_2": [(0,), (1,)]}
    assert by_hand("not separated", **both).reached_brackets() == (0,)
    apart: Any = {"_2": [(0,), (1,)], "_3": [(0,), (1,)]}
    assert by_hand("not separated", **apart).reached_brackets() == ()


def test_a_near_tie_may_lead_there() -> None:
    """If the start may do either, the second shop counts where the tie and the bracket meet."""
    for lower, upper, reached in ((0, "1/2", (0,)), ("51/100", LATE, (0,)), (0, "1/4", ())):
        tie = NearTie(0, (0, 1), Fraction(lower), Fraction(upper))
        found = by_hand("one breakpoint", (tie,), _2=[(0,), (1,)])
        assert found.reached_brackets() == reached
        assert found.optimal_actions("1/4") == (((0, 1) if lower == 0 else (0,)), *[(0,)] * 3)
        assert not found.is_complete


def test_without_a_start_there_is_no_change_of_it() -> None:
    found = certified_policy_regions(
        MDP.from_rows([(0, 0, 0, 1, 1, True)], n_states=1, n_actions=1)
    )
    for ask in (found.start_brackets, found.reached_brackets):
        with pytest.raises(ValueError, match="no start state"):
            ask()


def test_its_document_has_exact_ends_and_digits() -> None:
    """10/11 lies between the ends, and within the last digit of the decimal."""
    document = certified_policy_regions(two_state_puterman()).to_json()
    (bracket,) = document["brackets"]
    assert Fraction(bracket["lower"]) < Fraction(10, 11) < Fraction(bracket["upper"])
    assert abs(Fraction(bracket["decimal"]) - Fraction(10, 11)) < Fraction(1, 10**9)
    assert bracket["changes"] == {"0": {"left": [1], "right": [0]}}
    assert bracket["content"] == "one breakpoint"
    assert [document["width"], document["near_ties"]] == ["1/1000000000", []]
