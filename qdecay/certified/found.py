"""Brackets and near ties as a search finds them."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from qdecay.certified.result import NOT_SEPARATED, Sides
from qdecay.exact.solver.axis import Mask
from qdecay.exact.solver.rational_model import RationalModel


class FoundBracket(NamedTuple):
    """A bracket: its ends, its content, and the actions of each state that may change in it."""

    lower: Fraction
    upper: Fraction
    content: str
    changes: dict[int, Sides]


class FoundTie(NamedTuple):
    """Pairs of one state that could not be distinguished, and where."""

    pairs: tuple[int, ...]
    lower: Fraction
    upper: Fraction


def changes_of(model: RationalModel, left: Mask, inside: Mask, right: Mask) -> dict[int, Sides]:
    """Return, for states whose set may change in a bracket, the sets on both sides.

    Args:
        left, right: the pairs that are optimal on either side.
        inside: those that may be optimal inside.
    """
    changed = (left != inside) | (left != right)
    states = np.zeros(model.n, dtype=np.bool_)
    states[model.pair_state[changed]] = True
    states[model.n_own :] = False
    concerned = states[model.pair_state]
    before, after = (
        model.sets(np.flatnonzero(mask & concerned).tolist()) for mask in (left, right)
    )
    return {s: Sides(before[s], after[s]) for s in np.flatnonzero(states).tolist()}


def append(brackets: list[FoundBracket], new: FoundBracket) -> None:
    """Add a bracket, merged with the one before if they touch and neither says more."""
    touching = brackets and brackets[-1].upper == new.lower
    if touching and brackets[-1].content == new.content == NOT_SEPARATED:
        last, changes = brackets.pop(), new.changes.copy()
        for s, sides in last.changes.items():
            changes[s] = Sides(sides.left, changes[s].right if s in changes else sides.right)
        new = new._replace(lower=last.lower, changes=changes)
    brackets.append(new)
