"""What near ties may add is at least what the best choices in them add, and not much more."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from brute_force import ending_model

from qdecay import MDP
from qdecay.exact.solver.claims import Bound
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.room import room_of

EPS, POWERS = np.array([2.0**-40, 2.0**-55]), np.array([3, 0])


def best_choices(
    model: RationalModel, allowed: np.ndarray, eps: np.ndarray, gamma: float
) -> np.ndarray:
    """The most that any policy of allowed pairs collects of eps, in every state."""
    p, choices = (
        model.p.toarray(),
        [np.flatnonzero(allowed & (model.pair_state == s)) for s in range(model.n)],
    )
    worth = [
        np.linalg.solve(np.eye(model.n) - gamma * p[list(policy)], eps)
        for policy in product(*(some.tolist() for some in choices))
    ]
    most = np.max(worth, axis=0)
    return np.where(most > 1e-25, most, 0.0)  # less is rounding of these solutions


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("gamma", [0.25, 0.9])
def test_room_is_that_of_the_best_choices(seed: int, gamma: float) -> None:
    """Also right of 0: with a smaller gamma it falls at least by the powers that are told."""
    model = RationalModel(ending_model(seed))
    ties = np.zeros(model.n_pairs, dtype=np.bool_)
    ties[model.first[:-1]] = True
    near = np.flatnonzero(~ties)[:2]
    if not len(near):
        return
    most = Bound(np.log2(EPS[: len(near)]), POWERS[: len(near)])
    room = room_of(model, ties, near, most, gamma)
    allowed = ties.copy()
    allowed[near] = True
    p = model.p.toarray()
    for fall in (1.0, 0.5, 0.125):
        eps = np.zeros(model.n)
        np.maximum.at(eps, model.pair_state[near], EPS[: len(near)] * fall**most.power)
        true = gamma * fall * p @ best_choices(model, allowed, eps, gamma * fall)
        told = np.exp2(room.level) * fall ** np.minimum(room.power, 900)
        assert np.all(told >= true)
        assert np.all((true > 0) == np.isfinite(room.level))
        assert fall < 1 or gamma > 0.5 or np.all(told <= 4 * true)


def test_chances_below_the_range_of_floats_leave_room() -> None:
    """State s moves on with chance 2^-600, so that 2^-40 in state 3 is gamma^3 2^-1840 in 0."""
    on = Fraction(1, 2**600)
    rows = [(s, 0, s + 1, on, 0, False) for s in range(3)]
    rows += [(s, 0, s, 1 - on, 0, True) for s in range(3)]
    rows += [(3, action, 3, Fraction(1), action, True) for action in (0, 1)]
    model = RationalModel(MDP.from_rows(rows, n_states=4, n_actions=2))
    near = np.array([4])
    most = Bound(np.array([-40.0]), np.array([0]))
    room = room_of(model, np.arange(5) < 4, near, most, 0.5)
    assert np.all(room.level[:3] >= [-1843, -1242, -641])
    assert np.all(room.level[3:] == -np.inf)
