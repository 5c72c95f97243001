"""A model line in integers: the pairs of its models, numbered alike at every point of it.

With q the common denominator of all probabilities of both ends and R that of all expected rewards,
a pair has the integer weights q p_0, q p_1 and rewards q R r_0, q R r_1. Strictly between the ends
every move of either is possible, so that all models there have one graph. Pairs of one state with
the same numbers at both ends are twins, as in `rational_model`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from qdecay.exact.solver.rational_model import (
    NumberedPair,
    RationalModel,
    integer_pairs,
    with_rest,
    without_twins,
    written_out,
)
from qdecay.model.line import ModelLine, Parameter
from qdecay.model.mdp import MDP

_Numbers = tuple[int, dict[int, int]]
"""A pair's expected reward, and the weights of where it goes on to, in integers."""

Floats = NDArray[np.float64]


class RationalLine:
    """The integer form of a model line, 0 <= x <= 1.

    Attributes:
        skeleton: the model half way, for what all models between the ends share: pairs and moves.
            Its rewards are 1 where a pair earns something at either end, else 0.
        pairs: with (low, high) in the place of each weight and reward.
        moves: (N,) which pairs' probabilities differ between the ends.
        denominator, reward_scale: q and q R above.
        largest_reward: of any pair at either end, in size.
    """

    def __init__(self, line: ModelLine) -> None:
        own, ends = line.low.n_states, [written_out(line.low), written_out(line.high)]
        waits = any(end.n_states > own for end in ends)
        if waits:  # for the same states at both ends: two models between them have all moves
            ends = [written_out(line.at(value)) for value in _thirds(line.parameter)]
        self.denominator = math.lcm(*{p.denominator for end in ends for p in end.exact_probability})
        scale = math.lcm(*{r.denominator for end in ends for r in end.exact_reward})
        self.reward_scale = self.denominator * scale
        low, high = (_rows(end, self.denominator, scale) for end in ends)
        if waits:
            low, high = (
                {pair: _beyond(numbers, far[pair]) for pair, numbers in near.items()}
                for near, far in ((low, high), (high, low))
            )
        pairs = without_twins(_on_line(pair, numbers, high[pair]) for pair, numbers in low.items())
        half_way = [
            pair._replace(
                weights=tuple(a + b for a, b in pair.weights), reward=int(any(pair.reward))
            )
            for pair in pairs
        ]
        self.skeleton = RationalModel.of_pairs(
            own, ends[0].n_states, 2 * self.denominator, 1, half_way
        )
        self.pairs = list(with_rest(pairs, self.skeleton.n, (0, 0)))
        self.moves = np.array([any(a != b for a, b in pair.weights) for pair in self.pairs])
        self.largest_reward: int = max(abs(r) for pair in self.pairs for r in pair.reward)
        self._models: dict[tuple[int, int], RationalModel] = {}

    def probabilities(self) -> tuple[Floats, Floats, Floats]:
        """Return p_0, p_1 and p_1 - p_0 of all moves, in order, each to the nearest double."""
        q = self.denominator
        weights = [pair for row in self.pairs for pair in row.weights]
        return _nearest((a / q, b / q, (b - a) / q) for a, b in weights)

    def scaled_rewards(self) -> tuple[Floats, Floats, Floats]:
        """Return r_0, r_1 and r_1 - r_0 of all pairs, over the largest at either end.

        Of those that are connected, as in `RationalModel.r`.
        """
        largest = self.skeleton.largest_by_component([max(map(abs, p.reward)) for p in self.pairs])
        rewards = zip(largest, (pair.reward for pair in self.pairs), strict=True)
        return _nearest((a / most, b / most, (b - a) / most) for most, (a, b) in rewards)

    def at(self, steps: int, of: int) -> RationalModel:
        """Return the model at x = steps / of, 0 < x <= 1, its pairs as numbered.

        At the high end some of its moves have the weight 0.

        Its rewards are integers for the scale `reward_scale` * of, whatever `steps` is.
        """
        if (steps, of) not in self._models:
            left, moving = of - steps, bool(self.moves.any())
            pairs = [
                pair._replace(
                    weights=tuple(left * a + steps * b if moving else a for a, b in pair.weights),
                    reward=left * pair.reward[0] + steps * pair.reward[1],
                )
                for pair in self.pairs
            ]
            scale = self.reward_scale * of
            made = RationalModel.of_pairs(
                self.skeleton.n_own,
                self.skeleton.n,
                self.denominator * (of if moving else 1),
                scale,
                pairs,
            )
            self._models[steps, of] = made
        return self._models[steps, of]


def _nearest(rows: Iterable[tuple[float, float, float]]) -> tuple[Floats, Floats, Floats]:
    table = np.array(list(rows), dtype=float).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _rows(end: MDP, denominator: int, scale: int) -> dict[tuple[int, int], _Numbers]:
    return {
        (pair.state, pair.actions[0]): (
            pair.reward,
            dict(zip(pair.targets, pair.weights, strict=True)),
        )
        for pair in integer_pairs(end, denominator, scale)
    }


def _thirds(parameter: Parameter) -> list[Fraction]:
    width = (parameter.high - parameter.low) / 3
    return [parameter.low + width, parameter.high - width]


def _beyond(near: _Numbers, far: _Numbers) -> _Numbers:
    """Return a pair's numbers at an end, from those a third and two thirds of the line away."""
    weights = {t: 2 * near[1].get(t, 0) - far[1].get(t, 0) for t in near[1] | far[1]}
    return 2 * near[0] - far[0], weights


def _on_line(pair: tuple[int, int], low: _Numbers, high: _Numbers) -> NumberedPair:
    """Return a pair with its numbers at both ends."""
    targets = tuple(dict.fromkeys((*low[1], *high[1])))
    weights = tuple((low[1].get(t, 0), high[1].get(t, 0)) for t in targets)
    return NumberedPair(pair[0], [pair[1]], targets, weights, (low[0], high[0]))
