"""The pairs of a model, exact or of floats; floats are taken exactly as they are."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from qdecay.exact.solver.rational_model import NumberedPair, RationalModel, without_twins
from qdecay.model.base import FiniteMDP
from qdecay.model.mdp import MDP


def pairs_of_model(mdp: FiniteMDP) -> RationalModel:
    """Return the pairs; every float is the binary fraction that it is.

    Rows of floats may then sum to a little less or more than 1.

    Raises:
        InputError: the durations take too many states to be written out.
    """
    if isinstance(mdp, MDP):
        return RationalModel(mdp)
    own, world = mdp.n_states, mdp.unrolled()
    rewards = world.r.ravel()
    available = np.flatnonzero(np.isfinite(rewards)).tolist()
    moves, earned = (
        [Fraction(number) for number in numbers.tolist()]
        for numbers in (world.p.data, rewards[available])
    )
    starts, columns = world.p.indptr.tolist(), world.p.indices.tolist()
    q, unit = (math.lcm(*{number.denominator for number in all_}) for all_ in (moves, earned))
    weights = [number.numerator * (q // number.denominator) for number in moves]
    pairs = []
    for row, reward in zip(available, earned, strict=True):
        entries = slice(starts[row], starts[row + 1])
        kept = [(t, w) for t, w in zip(columns[entries], weights[entries], strict=True) if w]
        state, action = divmod(row, world.n_actions)
        targets, row_weights = zip(*kept, strict=True) if kept else ((), ())
        scaled = reward.numerator * (unit // reward.denominator)
        pairs.append(NumberedPair(state, [action], targets, row_weights, scaled))
    return RationalModel.of_pairs(own, world.n_states, q, unit, without_twins(pairs))
