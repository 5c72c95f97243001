"""Taxi with a fickle passenger, exactly: the table that Gymnasium gives is that of a steady one.

Before an episode it is drawn, with `fickle_probability`, whether the passenger will be fickle. Then
the first step on which the taxi gets somewhere else with the passenger aboard also changes the
destination, to one of the other three alike; after that the table holds. Where a wall stops the
taxi, or the passenger is set down before it has moved, the change is still to come.

State s < 500 is Gymnasium's, and the destination stays; state 500 + s is the same with the change
to come, which an agent in the environment does not see.

Source: `gymnasium.envs.toy_text.taxi`, after Dietterich (2000), section 7.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from qdecay.model.readers.beginning import beginning
from qdecay.model.readers.loose_table import LooseTable
from qdecay.model.recover import Recovery, recover
from qdecay.model.rows import ModelRows, Row

_STATES, _ACTIONS, _PLACES, _ABOARD = 500, 6, 4, 4
_BEFORE_VERSION_4 = 0.3  # the probability was no argument then


def rows_of_fickle_taxi(env: Any, recovery: Recovery) -> ModelRows:
    """Return the rows of a `TaxiEnv` whose passenger may be fickle, rainy or not."""
    table = LooseTable(env.P, range(_STATES), range(_ACTIONS))
    _, begins = beginning(env, table.states)
    given = float(getattr(env, "fickle_probability", _BEFORE_VERSION_4))
    fickle = recover(given) or Fraction(given)
    chances = {s: p * (1 - fickle) for s, p in begins.items()}
    chances |= {_STATES + s: p * fickle for s, p in begins.items()}
    return ModelRows(
        _rows(env, table, recovery),
        2 * _STATES,
        _ACTIONS,
        state_names=[f"{s}{later}" for later in ("", ", fickle") for s in range(_STATES)],
        initial_states={s: p for s, p in chances.items() if p},
    )


def _rows(env: Any, table: LooseTable, recovery: Recovery) -> Iterator[Row]:
    third = Fraction(1, _PLACES - 1)
    for s, a, t, p, reward, ended in table.rows(recovery):
        yield s, a, t, p, reward, ended
        row, column, passenger, destination = env.decode(s)
        to_row, to_column, _, _ = env.decode(t)
        if passenger != _ABOARD or (row, column) == (to_row, to_column):
            yield _STATES + s, a, _STATES + t, p, reward, ended
            continue
        for other in range(_PLACES):
            if other != destination:
                following = env.encode(to_row, to_column, _ABOARD, other)
                yield _STATES + s, a, following, p * third, reward, ended
