"""Read the parts of certificates strictly, for the checkers; standard library only.

Anything that does not have the documented form is refused in a line that says where.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from .signs import Polynomial, require, require_feasible, require_memory

MAX_DEGREE = 2_000
MAX_INDEX = 10**5
MAX_BITS = 10**5  # of a common denominator, and of an interval
LARGEST = 2**MAX_BITS
_MAX_DURATION = 10**6
_RATIONAL = re.compile(r"-?[0-9]{1,4000}(?:/[1-9][0-9]{0,3999})?")

Sets = list[list[int]]
Pair = tuple[int, int]


class Outcome(NamedTuple):
    """A possible outcome of an action, with its number of steps."""

    target: int
    probability: Fraction
    reward: Fraction
    ends: bool
    steps: int


class ModelDocument(NamedTuple):
    """An MDP document.

    Attributes:
        states, actions: the numbers of states and actions.
        q, scale: common denominators of the probabilities, and of the rewards.
        outcomes: of every available state and action, in order.
    """

    states: int
    actions: int
    q: int
    scale: int
    outcomes: dict[Pair, list[Outcome]]

    def available(self) -> list[list[int]]:
        """Return the available actions of every state."""
        found: list[list[int]] = [[] for _ in range(self.states)]
        for s, a in self.outcomes:
            found[s].append(a)
        return found


def read_document(document: Any, name: str, before: str = "") -> ModelDocument:
    """Read an MDP document whose probabilities are positive and sum to 1.

    Args:
        name: its name in messages.
        before: the text before the number of a transition in messages.
    """
    parts = members(document, name, "schema n_states n_actions transitions")
    require(parts["schema"] == "qdecay.mdp/1", f'{name}: the schema must be "qdecay.mdp/1"')
    n, n_actions = integers([parts["n_states"], parts["n_actions"]], name, 1)
    found: dict[Pair, list[Outcome]] = {}
    q = scale = 1
    for number, entry in enumerate(entries(parts["transitions"], f"{before}transitions")):
        where = f"{before}transition {number}"
        row = entries(entry, where)
        require(len(row) in (6, 7), f"{where}: not 6 or 7 entries")
        s, a, t, p, r, ends, steps = row if len(row) == 7 else (*row, 1)
        integers([s, t], where, 0, n - 1)
        integers([steps], where, 1, _MAX_DURATION)
        integers([a], where, 0, n_actions - 1)
        p, r = rational(p, where), rational(r, where)
        require(p > 0 and type(ends) is bool, f"{where}: a probability or flag is wrong")
        q, scale = math.lcm(q, p.denominator), math.lcm(scale, r.denominator)
        bits = q.bit_length() + scale.bit_length()
        require_feasible(bits <= MAX_BITS, f"{where}: the common denominators become too large")
        require_memory(number, bits)
        found.setdefault((s, a), []).append(Outcome(t, p, r, ends, steps))
    for (s, a), outcomes in found.items():
        total = sum(whole(q, outcome.probability) for outcome in outcomes)
        require(total == q, f"{before}state {s}, action {a}: the probabilities do not sum to 1")
    return ModelDocument(n, n_actions, q, scale, dict(sorted(found.items())))


def whole(unit: int, number: Fraction) -> int:
    """Return unit * number, which is an integer."""
    return number.numerator * (unit // number.denominator)


def read_sets(document: Any, available: Sequence[Collection[int]], where: str) -> Sets:
    """Return a set of available actions for every state, empty if there are none."""
    sets = entries(document, where, len(available))
    for s, (actions, known) in enumerate(zip(sets, available, strict=True)):
        integers(actions, f"{where}, state {s}", 0)
        fits = actions == sorted({*known} & {*actions}) and bool(actions) == bool(known)
        require(fits, f"{where}, state {s}: not a sorted set of available actions")
    return sets


def read_polynomial(document: Any, where: str) -> Polynomial:
    """Return a polynomial other than 0."""
    coefficients = integers(document, where, -LARGEST, LARGEST)
    reason = f"{where}: not a degree in 0..{MAX_DEGREE}"
    require_feasible(len(coefficients) <= MAX_DEGREE + 1, reason)
    require(coefficients != [] and coefficients[-1] != 0, reason)
    return coefficients


def members(document: Any, where: str, keys: str) -> dict[str, Any]:
    """Return a JSON object that has these keys and no other."""
    fits = type(document) is dict and document.keys() == {*keys.split()}
    require(fits, f"{where}: not an object with the keys {', '.join(keys.split())}")
    return dict(document)


def entries(document: Any, where: str, length: int | None = None) -> list[Any]:
    """Return the entries of a list, of this many if `length` is given."""
    require(type(document) is list, f"{where}: not a list")
    require(length is None or len(document) == length, f"{where}: not {length} entries")
    return list(document)


def integers(document: Any, where: str, low: int, high: int = MAX_INDEX) -> list[int]:
    """Return a list of integers, each in low..high."""
    numbers = entries(document, where)
    fits = all(type(number) is int and low <= number <= high for number in numbers)
    require(fits, f"{where}: an entry is not an integer, or out of range")
    return numbers


def rational(value: Any, where: str) -> Fraction:
    """Return the number of an integer or of text like "-7/10"."""
    matches = type(value) is int or (type(value) is str and _RATIONAL.fullmatch(value) is not None)
    require(matches, f'{where}: not an integer or "p/q"')
    return Fraction(value)
