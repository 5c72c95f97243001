"""Sums over a number of steps, against plain recursion over all choices."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from models import mdps

from qdecay import MDP
from qdecay._support.deadline import Deadline
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.steps import Steps


def recursion(mdp: MDP, state: int, steps: int, sign: int) -> Fraction:
    """The best sum of a number of steps, from the definition."""
    if steps == 0:
        return Fraction(0)
    sums: dict[int, Fraction] = {}
    for s, a, t, p, r, ends in mdp.rows():
        if s == state:
            later = 0 if ends else recursion(mdp, t, steps - 1, sign)
            sums[a] = sums.get(a, Fraction(0)) + p * (r + later)
    return sign * max((sign * x for x in sums.values()), default=Fraction(0))


@pytest.mark.parametrize("sign", [1, -1])
@given(mdp=mdps(max_states=3, max_actions=2))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_exact_sums_are_those_of_the_definition(mdp: MDP, sign: int) -> None:
    """For one to four steps; floats are as near as they claim."""
    model = RationalModel(mdp)
    programme = Steps(model, range(model.n_pairs))
    for steps in range(1, 5):
        exact = programme.exactly(steps, sign, Deadline())
        assert exact is not None
        rough, error = programme.roughly(steps, sign, Deadline())
        for s in range(mdp.n_states):
            assert exact[s] == recursion(mdp, s, steps, sign)
            assert abs(Fraction(rough[s]) - exact[s]) <= Fraction(error)


def test_numbers_that_would_be_too_long_are_left_to_floats() -> None:
    """A third at each step, a million times."""
    rows = [(0, 0, 0, Fraction(2, 3), 1, False), (0, 0, 0, Fraction(1, 3), 1, True)]
    programme = Steps(RationalModel(MDP.from_rows(rows, n_states=1, n_actions=1)), [0])
    assert programme.exactly(1_000_000, 1, Deadline()) is None
    rough, error = programme.roughly(10_000, 1, Deadline())
    assert abs(rough[0] - 3) <= error < 1e-9
