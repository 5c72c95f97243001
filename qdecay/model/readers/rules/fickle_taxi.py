"""Taxi with a fickle passenger, exactly: Gymnasium's own table ignores the fickleness.

Before each episode a draw with `fickle_probability` decides whether the passenger will be fickle.
If so, the first step that moves the taxi with the passenger aboard also changes the destination, to
one of the other three with equal probability; after that the table holds. If a wall stops the taxi,
or the passenger is set down before it has moved, the change is still to come.

States 0 to 499 are Gymnasium's, with a destination that stays. Each further state is named after
the one that is observed, such as "21, fickle", and has the change still to come: the passenger is
not at the destination and, if aboard, has not moved yet.

Source: `gymnasium.envs.toy_text.taxi`, after Dietterich (2000), section 7.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from qdecay.model.readers.beginning import beginning
from qdecay.model.readers.loose_table import LooseTable
from qdecay.model.recover import Recovery, recover
from qdecay.model.rows import ModelRows, Row

_STATES, _ACTIONS, _PLACES, _ABOARD = 500, 6, 4, 4
_BEFORE_VERSION_4 = 0.3  # the probability was not yet an argument


def rows_of_fickle_taxi(env: Any, recovery: Recovery) -> ModelRows:
    """Return the rows of a `TaxiEnv` whose passenger may be fickle, rainy or not."""
    table = LooseTable(env.P, range(_STATES), range(_ACTIONS))
    observed = [s for s in range(_STATES) if _may_be_fickle(env, s)]
    fickle = {s: number for number, s in enumerate(observed, _STATES)}
    given = float(getattr(env, "fickle_probability", _BEFORE_VERSION_4))
    share = recover(given) or Fraction(given)
    _, begins = beginning(env, table.states)
    chances = {s: p * (1 - share) for s, p in begins.items()}
    chances |= {fickle[s]: p * share for s, p in begins.items()}
    return ModelRows(
        _rows(env, table, fickle, recovery),
        _STATES + len(fickle),
        _ACTIONS,
        state_names=[*map(str, range(_STATES)), *(f"{s}, fickle" for s in fickle)],
        initial_states={s: p for s, p in chances.items() if p},
    )


def _may_be_fickle(env: Any, state: int) -> bool:
    """Whether the change may be to come."""
    row, column, passenger, destination = env.decode(state)
    if passenger != _ABOARD:
        return bool(passenger != destination)
    return (row, column) in env.locs and (row, column) != env.locs[destination]


def _rows(
    env: Any, table: LooseTable, fickle: Mapping[int, int], recovery: Recovery
) -> Iterator[Row]:
    third = Fraction(1, _PLACES - 1)
    for s, a, t, p, reward, ended, *_ in table.rows(recovery):
        yield s, a, t, p, reward, ended
        if s not in fickle:
            continue
        row, column, passenger, destination = env.decode(s)
        to_row, to_column, _, _ = env.decode(t)
        if passenger != _ABOARD or (row, column) == (to_row, to_column):
            yield fickle[s], a, fickle[t], p, reward, ended
            continue
        for other in range(_PLACES):
            if other != destination:
                following = env.encode(to_row, to_column, _ABOARD, other)
                yield fickle[s], a, following, p * third, reward, ended
