"""How outcomes of a model are drawn: one number per draw, in constant time, by alias tables.

A distribution over m > 1 outcomes is a table of `accept` in [0, 1] and `alias` in 0..m-1. With u
uniform in [0, 1) and k = floor(u * m), the outcome is k where u * m - k < accept[k], else
alias[k]; so outcome i has the probability (accept[i] + sum over alias[k] = i of 1 - accept[k]) / m.
The tables are made from exact fractions. Where there is one outcome, nothing is drawn.

Source: Walker 1977; Vose, A linear algorithm for generating random numbers with a given
distribution, IEEE Trans. Software Eng. 17 (1991).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay._support.checks import reals
from qdecay.model.base import FiniteMDP
from qdecay.model.mdp import MDP
from qdecay_envs.rational import written

# What follows is coded in one number: a next state t >= 0, or ~t where the episode ends in t.
PAIR = np.dtype([("reward", "f8"), ("follows", "i4"), ("outcomes", "i4")], align=True)
OUTCOME = np.dtype(
    [("reward", "f8"), ("accept", "f8"), ("follows", "i4"), ("alias", "i4")], align=True
)
Starts = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


class Dynamics(NamedTuple):
    """A model as arrays to sample from, for a simulation in Python and in compiled code.

    Attributes:
        pairs: for each state and action, shape (S * A,), its number of outcomes (0 where the
            action is unavailable); where it is 1 the reward and what follows, else `follows` is
            the index of its first outcome.
        outcomes: shape (K,); what `alias` holds counts from the pair's first outcome.
        durations: the different numbers of steps that transitions take, shape (D,); 1 alone unless
            the model is a semi-Markov one.
        lasts, outcome_lasts: which of the durations a pair with one outcome has, shape (S * A,),
            and each outcome, shape (K,); empty unless the model is a semi-Markov one.
        actions: shape (S, A), the available actions of each state at the beginning of its row.
        available: shape (S,), how many of them there are.
        starts, start_accept, start_alias: the start states and their alias table.
    """

    pairs: NDArray[np.void]
    outcomes: NDArray[np.void]
    durations: NDArray[np.int64]
    lasts: NDArray[np.int32]
    outcome_lasts: NDArray[np.int32]
    actions: NDArray[np.int64]
    available: NDArray[np.int64]
    starts: NDArray[np.int64]
    start_accept: NDArray[np.float64]
    start_alias: NDArray[np.int64]

    @property
    def timed(self) -> bool:
        """Whether some transition takes more than one step."""
        return len(self.lasts) > 0


def alias_table(probabilities: Sequence[Fraction]) -> tuple[list[Fraction], list[int]]:
    """Return accept and alias of a distribution, whose probabilities sum to 1."""
    share = [p * len(probabilities) for p in probabilities]
    accept, alias = [Fraction(1)] * len(share), list(range(len(share)))
    poor = [i for i, s in enumerate(share) if s < 1]
    rich = [i for i, s in enumerate(share) if s > 1]
    while poor:
        receiver, giver = poor.pop(), rich[-1]
        accept[receiver], alias[receiver] = share[receiver], giver
        share[giver] -= 1 - share[receiver]
        if share[giver] <= 1:
            rich.pop()
            if share[giver] < 1:
                poor.append(giver)
    return accept, alias


def dynamics(mdp: FiniteMDP, start: int | ArrayLike | None = None) -> Dynamics:
    """Return the model's arrays.

    Arriving in a state without actions ends the episode there: nothing would ever follow.

    Args:
        mdp: the model.
        start: the number or name of a state, or the probability of each state, shape (S,); None
            means what the model says: `mdp.start`, or `mdp.initial_states`.

    Raises:
        ValueError: there is no start, it is neither a state nor a distribution, or a start state
            has no action.
    """
    tables = _TABLES.get(mdp)
    if tables is None:
        tables = _TABLES[mdp] = _tables(mdp)
    return Dynamics(*tables, *_starts(mdp, start))


_Record = NDArray[np.void]
_Integers = NDArray[np.int64]
_Indices = NDArray[np.int32]
_Tables = tuple[_Record, _Record, _Integers, _Indices, _Indices, _Integers, _Integers]
# A model is trained on many times.
_TABLES: WeakKeyDictionary[FiniteMDP, _Tables] = WeakKeyDictionary()


def _tables(mdp: FiniteMDP) -> _Tables:
    pair = mdp.state * mdp.n_actions + mdp.action
    count = np.bincount(pair, minlength=mdp.n_states * mdp.n_actions)
    first = np.cumsum(count) - count
    available = mdp.available.sum(axis=1)
    ends = mdp.terminated | (available[mdp.next_state] == 0)

    exact = mdp.exact_probability if isinstance(mdp, MDP) else None
    outcomes = np.zeros(len(pair), OUTCOME)
    outcomes["reward"] = mdp.reward
    outcomes["follows"] = np.where(ends, ~mdp.next_state, mdp.next_state)
    outcomes["accept"] = 1.0
    for begin in first[count > 1].tolist():
        end = begin + int(count[pair[begin]])
        outcomes["accept"][begin:end], outcomes["alias"][begin:end] = _floats(
            exact[begin:end] if exact else _shares(mdp.probability[begin:end])
        )

    pairs = np.zeros(len(count), PAIR)
    pairs["outcomes"] = count
    pairs["follows"] = first
    single = count == 1
    for name in ("reward", "follows"):
        pairs[name][single] = outcomes[name][first[single]]
    actions = np.argsort(~mdp.available, axis=1, kind="stable")
    durations, none = np.ones(1, dtype=np.int64), np.empty(0, dtype=np.int32)
    lasts, of_outcome = none, none
    if mdp.is_semi_markov:
        durations, found = np.unique(mdp.duration, return_inverse=True)
        of_outcome, lasts = found.astype(np.int32), np.zeros(len(count), dtype=np.int32)
        lasts[single] = of_outcome[first[single]]
    return pairs, outcomes, durations, lasts, of_outcome, actions, available


def _floats(probabilities: Sequence[Fraction]) -> tuple[list[float], list[int]]:
    accept, alias = alias_table(probabilities)
    return [float(a) for a in accept], alias


def _shares(weights: NDArray[np.float64]) -> list[Fraction]:
    """The weights as probabilities that sum to 1 exactly."""
    exact = [Fraction(w) for w in weights.tolist()]
    total = sum(exact)
    return [w / total for w in exact]


def _starts(mdp: FiniteMDP, start: int | ArrayLike | None) -> Starts:
    chosen = mdp.start if start is None else start
    if chosen is None and mdp.initial_states:
        chosen = [float(mdp.initial_states.get(state, 0)) for state in range(mdp.n_states)]
    if chosen is None:
        raise ValueError("the model has no start state: give start, a state or probabilities")
    states, weights = _one_state(mdp, chosen) if np.ndim(chosen) == 0 else _several(mdp, chosen)
    if not mdp.available[states].any(axis=1).all():
        raise ValueError("a start state has no available action")
    if len(states) == 1:
        return states, np.ones(1), np.zeros(1, dtype=np.int64)
    accept, alias = _floats(_shares(weights))
    return states, np.array(accept), np.array(alias, dtype=np.int64)


_Weighted = tuple[NDArray[np.int64], NDArray[np.float64]]


def _one_state(mdp: FiniteMDP, start: ArrayLike) -> _Weighted:
    state = mdp.state_index(start, "start")  # type: ignore[arg-type]  # checked there
    return np.array([state], dtype=np.int64), np.ones(1)


def _several(mdp: FiniteMDP, start: ArrayLike) -> _Weighted:
    weights = reals(start, "start", ">= 0")
    if weights.shape != (mdp.n_states,):
        raise ValueError(
            f"start must be a state or {mdp.n_states} probabilities, got {written(start)}"
        )
    if abs(weights.sum() - 1) > 1e-9:
        raise ValueError(f"start probabilities must sum to 1, got {weights.sum()}")
    states = np.flatnonzero(weights)
    return states, weights[states]
