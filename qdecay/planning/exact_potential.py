"""A potential of one end component in fractions, or the proof that there is none.

For one of its states, o, let phi(s) be the largest total reward from s until o is first reached.
Then r + P phi <= phi holds for all pairs of the other states, with equality for the best ones, and
at o the largest of r + P phi, phi(o) being 0, is the gain times the expected steps back to o: it is
<= 0 exactly where no policy of the component gains for ever. Policy iteration from a policy that
surely reaches o finds phi: an action is only replaced by a better one, and if the new policy then
avoided o for ever, these would make it gain.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from flint import fmpq, fmpq_mat

from qdecay.planning.exact_rows import Row

Pair = tuple[int, int]
MOST_STATES = 300  # a solve takes about 0.1 s there, and grows like n^3
_ZERO = fmpq(0)


def exact_potential(rows: Iterable[tuple[int, int, Row]]) -> dict[int, Fraction] | None:
    """Return phi with r + P phi <= phi for all pairs of an end component; None: it can gain.

    Args:
        rows: state, action, and exact reward and probabilities, of all its pairs.
    """
    pairs: dict[int, dict[int, tuple[fmpq, dict[int, fmpq]]]] = {}
    for s, a, (reward, chances) in rows:
        pairs.setdefault(s, {})[a] = _fmpq(reward), {t: _fmpq(p) for t, p in chances.items()}
    home, *others = pairs
    policy = _towards(home, pairs)
    while True:
        try:
            phi = _totals(others, [pairs[s][policy[s]] for s in others])
        except ZeroDivisionError:  # singular: the policy stays away from home, so it gains
            return None
        phi[home] = _ZERO
        q = {s: {a: _ahead(row, phi) for a, row in own.items()} for s, own in pairs.items()}
        if max(q[home].values()) > 0:
            return None
        best = {s: max(q[s], key=q[s].__getitem__) for s in others}
        better = {s: a for s, a in best.items() if q[s][a] > phi[s]}
        if not better:
            return {s: Fraction(int(x.p), int(x.q)) for s, x in phi.items()}
        policy |= better


def _towards(
    home: int, pairs: dict[int, dict[int, tuple[fmpq, dict[int, fmpq]]]]
) -> dict[int, int]:
    """Return an action for every other state that may come nearer to home."""
    near, policy = {home}, dict[int, int]()
    while len(near) < len(pairs):
        ready = {
            s: a
            for s, own in pairs.items()
            if s not in near
            for a, (_, chances) in own.items()
            if not near.isdisjoint(chances)
        }
        policy |= ready
        near |= ready.keys()
    return policy


def _totals(states: list[int], rows: list[tuple[fmpq, dict[int, fmpq]]]) -> dict[int, fmpq]:
    """Solve v = r + P v among some states; all others are worth 0."""
    if not states:
        return {}
    place = {s: i for i, s in enumerate(states)}
    matrix = fmpq_mat(len(states), len(states))
    for i, (_, chances) in enumerate(rows):
        matrix[i, i] = 1
        for t, p in chances.items():
            if t in place:
                matrix[i, place[t]] -= p
    right = fmpq_mat(len(states), 1, [reward for reward, _ in rows])
    solved = matrix.solve(right)
    return {s: solved[i, 0] for s, i in place.items()}


def _ahead(row: tuple[fmpq, dict[int, fmpq]], phi: dict[int, fmpq]) -> fmpq:
    reward, chances = row
    return reward + sum((p * phi[t] for t, p in chances.items()), _ZERO)


def _fmpq(number: Fraction) -> fmpq:
    return fmpq(number.numerator, number.denominator)
