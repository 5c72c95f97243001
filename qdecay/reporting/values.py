r"""Optimal action values at given discount factors, correct to the digits shown.

At a gamma whose optimal policy is known, v solves (I - gamma P) v = r. Floats solve it, and
fixed-point integers correct the answer, with 256 binary places of a unit that is no larger than
the smallest reward: with the residual
d = r + gamma P v - v, taken in integers,

    |v - v*| <= max |d| / (1 - gamma),

so each round of v <- v + (I - gamma P)^-1 d, solved in floats, gains about as many digits as
floats have. If no state leads back to itself, as in a chain that ends, v is computed directly, from
the end backwards. The remaining error is far below the nine digits that are kept. Equal values stay
equal. At gamma = 1 the exact totals are known, and the exact gains where there is no total.

The page subtracts these values to show the lead of the best action. If their nine digits leave less
than three digits of the difference, it is given separately, subtracted before rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from math import frexp, lcm
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from qdecay.errors import InputError, input_errors
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.undiscounted import Undiscounted
from qdecay.model.mdp import MDP
from qdecay.model.unrolling import Waiting
from qdecay.reporting.samples import Gamma, Sample

_BITS = 256
_ONE = 1 << _BITS
_ENOUGH = 2.0**-140  # the error accepted in v, in the model's unit
_MAX_ROUNDS = 60
_DIGITS = 9
_GAP_DIGITS = 3

_Row = tuple[int, tuple[tuple[int, int], ...]]  # reward, and (state, weight) of continuing moves


class ActionValues:
    """The distinct pairs of a model, and their values at one gamma after another.

    Attributes:
        rows: the distinct pairs.
        row_of: the number in `rows` of each available (state, action).

    Raises:
        InputError: a reward is too large or too small for floats.
    """

    def __init__(self, mdp: MDP) -> None:
        self.mdp = mdp
        with input_errors():
            sizes = np.abs(mdp.r[mdp.available])
        least = float(sizes[sizes > 0].min(initial=1.0))
        self._places = _BITS - min(0, frexp(least)[1])  # binary places of rewards and values
        self._scale = lcm(*(p.denominator for p in mdp.exact_probability), 1)
        self.row_of: dict[tuple[int, int], int] = {}
        numbers: dict[_Row, int] = {}
        for pair, row in _rows(mdp, self._scale, self._places).items():
            self.row_of[pair] = numbers.setdefault(row, len(numbers))
        self.rows = list(numbers)
        self._of_state: list[dict[int, int]] = [{} for _ in range(mdp.n_states)]
        for (state, action), number in self.row_of.items():
            self._of_state[state][action] = number
        self._latest: tuple[tuple[int | None, ...], _PolicySystem] | None = None

    def at(self, gamma: Gamma, policy: Sequence[int | None]) -> list[float] | None:
        """Return the value of each of `rows` under an optimal policy, to nine digits.

        Args:
            gamma: 0 <= gamma < 1.
            policy: an optimal action of every state, None if it has none.

        Returns: values in reward units; None where 1 - gamma is too small for floats to solve.

        Raises:
            InputError: a value is too large for floats.
        """
        found = self.fixed_at(gamma, policy)
        return None if found is None else self.shown(found)

    def fixed_at(self, gamma: Gamma, policy: Sequence[int | None]) -> list[int] | None:
        """Return the same values in fixed point, before rounding."""
        fixed = _fixed_gamma(gamma)
        with _as_floats():
            v = self._values(fixed, policy)
        return None if v is None else self._row_values(self.rows, fixed, v)

    def shown(self, values: Sequence[int]) -> list[float]:
        """Return numbers in fixed point as floats of nine digits."""
        with _as_floats():
            return [_rounded(value, self._places) for value in values]

    def gaps(
        self, fixed: Sequence[int], shown: Sequence[float], sets: Sequence[Sequence[int]]
    ) -> dict[int, float]:
        """Return, by state, the action gaps that the shown values do not give to three digits.

        Args:
            fixed, shown: the values of `rows` at one gamma, before and after rounding.
            sets: the optimal actions of every state in the region of that gamma.
        """
        found = {}
        for s, (best, of_action) in enumerate(zip(sets, self._of_state, strict=True)):
            rows = {row for a, row in of_action.items() if a not in best}
            if rows:
                top = of_action[best[0]]
                gap = fixed[top] - max(fixed[row] for row in rows)
                rough = shown[top] - max(shown[row] for row in rows)
                (exact,) = self.shown([gap])
                if abs(rough - exact) > exact * 10.0**-_GAP_DIGITS:
                    found[s] = float(f"{exact:.{_GAP_DIGITS}g}")
        return found

    def at_one(self, known: Undiscounted) -> tuple[list[float | None], list[float]]:
        """Return the total r + P V of each of `rows` at gamma = 1, and its gain P g.

        Returns: totals in reward units, None where a state that follows has none, and gains in
        reward units per step, to nine digits.

        Raises:
            InputError: a value is too large for floats.
        """
        totals: list[float | None] = []
        gains = []
        with _as_floats():
            for reward, successors in self.rows:
                ahead = [(Fraction(w, self._scale), known.value[s]) for s, w in successors]
                total = Fraction(reward, 1 << self._places)
                total += sum(p * v for p, v in ahead if v is not None)
                unknown = any(v is None for _, v in ahead)
                totals.append(None if unknown else self._shown(total))
                gains.append(self._shown(_mean(known.gain, successors) / self._scale))
        return totals, gains

    def _shown(self, number: Fraction) -> float:
        return _rounded(round(number * (1 << self._places)), self._places)

    def _row_values(self, rows: Sequence[_Row], gamma: int, v: Sequence[int]) -> list[int]:
        """Return r + gamma P v of each row: most of the time that a page takes is spent here."""
        found, scale = [], self._scale
        for reward, successors in rows:
            ahead = 0
            for state, weight in successors:
                ahead += weight * v[state]
            found.append(reward + (gamma * ahead // scale >> _BITS) if ahead else reward)
        return found

    def _values(self, gamma: int, policy: Sequence[int | None]) -> list[int] | None:
        system, solve = self._system(tuple(policy)), None
        v = [0] * self.mdp.n_states
        for s, row in system.backwards:
            v[s] = self._row_values(row, gamma, v)[0]
        tolerable = _ENOUGH * (1 - gamma / _ONE)
        for _ in range(_MAX_ROUNDS):
            residual = [0] * len(v)
            found = self._row_values(system.rows, gamma, v)
            for s, value in zip(system.states, found, strict=True):
                residual[s] = value - v[s]
            largest = max(map(abs, residual))
            if largest / _ONE <= tolerable:
                return v
            solve = solve or system.solver(gamma / _ONE)
            if solve is None:
                return None
            # Scaled to its own size, so that floats can hold it however small it is.
            step = solve(np.array([d / largest for d in residual]))
            if not np.isfinite(step).all():
                return None
            steps = (step * 2.0**53).tolist()
            v = [x + (int(d) * largest >> 53) for x, d in zip(v, steps, strict=True)]
        return None

    def _system(self, policy: tuple[int | None, ...]) -> _PolicySystem:
        if self._latest is None or self._latest[0] != policy:
            rows = {s: self.rows[self.row_of[s, a]] for s, a in enumerate(policy) if a is not None}
            self._latest = policy, _PolicySystem(rows, self._scale, len(policy))
        return self._latest[1]


class _PolicySystem:
    """The rows of one policy, and I - gamma P in floats for one gamma after another.

    Attributes:
        states, rows: the states that have a row, and their rows.
        backwards: each state with its row, after all of its successors; empty if there are cycles.
    """

    def __init__(self, rows: Mapping[int, _Row], scale: int, n_states: int) -> None:
        self.states, self.rows = list(rows), list(rows.values())
        after = {s: [t for t, _ in successors] for s, (_, successors) in rows.items()}
        try:
            order = [s for s in TopologicalSorter(after).static_order() if s in rows]
        except CycleError:
            order = []
        self.backwards = [(s, [rows[s]]) for s in order]
        entries = {(s, s): (1.0, 0.0) for s in range(n_states)}
        for s, (_, successors) in rows.items():
            for t, weight in successors:
                entries[t, s] = (float(t == s), weight / scale)
        keys = sorted(entries)  # by column, then by row, as a csc matrix keeps them
        columns = np.bincount([column for column, _ in keys], minlength=n_states)
        self._identity, self._moves = np.array([entries[key] for key in keys]).T
        pointers = np.concatenate(([0], np.cumsum(columns)))
        parts = (self._identity, [row for _, row in keys], pointers)
        self._matrix = sparse.csc_matrix(parts, shape=(n_states, n_states))

    def solver(self, gamma: float) -> Any:
        """Return the function that solves (I - gamma P) x = b, or None where floats cannot."""
        self._matrix.data = self._identity - gamma * self._moves
        try:
            return splu(self._matrix).solve
        except RuntimeError:  # singular in floats
            return None


def _rows(mdp: MDP, scale: int, places: int) -> dict[tuple[int, int], _Row]:
    """Return the reward in fixed point and the weights, with sum `scale`, of every available
    pair."""
    ahead: dict[tuple[int, int], dict[int, int]] = {pair: {} for pair in mdp.exact_r}
    for s, a, t, p, _, terminated, *_ in mdp.rows():
        if not terminated:
            ahead[s, a][t] = ahead[s, a].get(t, 0) + int(p * scale)
    return {
        pair: (round(reward * (1 << places)), tuple(sorted(ahead[pair].items())))
        for pair, reward in mdp.exact_r.items()
    }


@contextmanager
def _as_floats() -> Iterator[None]:
    try:
        yield
    except OverflowError as error:
        raise InputError(
            "values are too large for the floats of a picture: give rewards in a larger unit"
        ) from error


def _mean(numbers: Sequence[Fraction], weights: Sequence[tuple[int, int]]) -> Fraction:
    return sum((weight * numbers[state] for state, weight in weights), Fraction(0))


def _fixed_gamma(gamma: Gamma) -> int:
    near = gamma.enclosure(_BITS + 1)[0] if isinstance(gamma, AlgebraicNumber) else gamma
    return round(near * _ONE)


def _rounded(value: int, places: int) -> float:
    if abs(value) < 2 ** (_BITS - 120):
        return 0.0
    return float(f"{value / (1 << places):.{_DIGITS}g}")


@dataclass(frozen=True)
class Curves:
    """The distinct action-value curves of a model.

    Attributes:
        values: each curve's values at the samples, None where unknown or, at 1, infinite.
        gains: the limit of each curve's values x (1 - gamma) at gamma = 1: the reward per step.
        of_pair: for each state and action the number of its curve, None if the action is not
            available.
        gaps: the lead of a state's best action, by sample, if `values` do not give it to three
            digits; states with equal leads share an entry.
        gap_of: for each state the number of its entry.
    """

    values: list[list[float | None]]
    gains: list[float]
    of_pair: list[list[int | None]]
    gaps: list[dict[int, float]]
    gap_of: list[int]


def curves(
    mdp: MDP,
    points: Sequence[Sample],
    optimal: Sequence[Sequence[Sequence[int]]],
    regions: Sequence[Sequence[Sequence[int]]],
    known: Undiscounted,
) -> Curves:
    """Return the distinct action-value curves and which of them each pair has.

    Args:
        mdp: the model.
        points: the gammas, of which the last is 1.
        optimal: for each of them, the optimal actions of every state.
        regions: for each policy region, the same.
        known: what is known at gamma = 1.
    """
    values = ActionValues(mdp.unrolled())
    waits = Waiting.of(mdp).target.tolist()  # what each waiting state waits for
    ahead = {name: [getattr(known, name)[t] for t in waits] for name in ("gain", "value")}
    totals, gains = values.at_one(
        replace(
            known,
            gain=(*known.gain, *ahead["gain"]),
            value=(*known.value, *ahead["value"]),
        )
    )
    waiting = [(0,)] * len(waits)
    columns: list[Sequence[float | None]] = []
    leads: list[dict[int, float]] = [{} for _ in range(mdp.n_states)]
    for i, (sample, sets) in enumerate(zip(points[:-1], optimal[:-1], strict=True)):
        policy = [best[0] if best else None for best in (*sets, *waiting)]
        fixed = values.fixed_at(sample.gamma, policy)
        if fixed is None:
            columns.append([None] * len(values.rows))
            continue
        shown = values.shown(fixed)
        columns.append(shown)
        best_here = [*regions[sample.region], *waiting]
        for state, gap in values.gaps(fixed, shown, best_here).items():
            leads[state][i] = gap
    numbers: dict[tuple[float | None, ...], int] = {}
    rows = list(zip(*columns, totals, gains, strict=True))

    def number(pair: tuple[int, int]) -> int | None:
        row = values.row_of.get(pair)
        return None if row is None else numbers.setdefault(rows[row], len(numbers))

    of_pair = [[number((s, a)) for a in range(mdp.n_actions)] for s in range(mdp.n_states)]
    found = list(numbers)
    gains_of = [row[-1] or 0.0 for row in found]
    gaps: dict[tuple[tuple[int, float], ...], int] = {}
    gap_of = [gaps.setdefault(tuple(lead.items()), len(gaps)) for lead in leads]
    return Curves(
        [list(row[:-1]) for row in found], gains_of, of_pair, list(map(dict, gaps)), gap_of
    )
