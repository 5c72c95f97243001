"""Environments with a finite model, as exact rows: Gymnasium's, the older gym's, or your own.

Floats become the rationals they stand for (`recover`), and the model records the mapping. A number
without such a rational is an error that names its position: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from numbers import Integral
from typing import Any

from qdecay._support.checks import whole
from qdecay.model.readers.beginning import beginning
from qdecay.model.readers.loose_table import LooseTable
from qdecay.model.readers.rules import rules_of
from qdecay.model.readers.table_check import check_played, may_differ
from qdecay.model.recover import Recovery
from qdecay.model.rows import MAX_PAIRS, ModelRows
from qdecay_envs.table import dynamics_owner, table_owner, time_limit


def rows_of_env(env: Any, recovery: Recovery | None = None) -> ModelRows:
    """Return the rows of an environment with a finite table, or of known rules.

    The table is `P_exact`, if the environment has it, or else `P`:
    `P[s][a] = [(probability, next state, reward, terminated), ...]`, in one of the forms that
    `loose_table` describes. `P_exact` is the same with `fractions.Fraction` (or int, or text)
    instead of floats, and is used unchanged; the floats of `P` are recovered. A fifth entry of an
    outcome is its duration. Repeated successors
    are merged; `terminated` counts regardless of the successor's rows.

    The environment needs nothing else. The numbers of states and actions are read from
    `observation_space.n` and `action_space.n`, `nS` and `nA`, or the table; where episodes begin as
    described in `beginning`; names from `state_names` and `action_names`.

    If the environment's class overrides `step` or `reset` of another class, the table may not
    describe it: a copy is then played and compared with the table (`table_check`).

    Blackjack and Taxi with a fickle passenger, which have no table that describes them, are read by
    their rules (`rules`).

    Time limits are not part of the dynamics: the wrapper `TimeLimit` sets the model's `time_limit`
    and nothing else, wrappers that only observe are ignored, any other wrapper must provide its own
    table.

    Raises:
        ValueError: no table, a wrapper that may change the dynamics, a table that cannot be read
            or does not describe what the environment does, or a number without a rational; the
            message says where.
    """
    recovery = Recovery() if recovery is None else recovery
    rules = rules_of(dynamics_owner(env))
    found = _table_rows(env, recovery) if rules is None else rules(recovery)
    return replace(
        found,
        recovered=recovery.mapped,
        name=getattr(getattr(env, "spec", None), "id", None),
        time_limit=time_limit(env),
    )


def is_known_by_rules(env: Any) -> bool:
    """Return whether an environment is read by its rules: its observations are not the model's
    states.

    An environment whose wrappers may change the rules is not read so.
    """
    try:
        return rules_of(dynamics_owner(env)) is not None
    except ValueError:
        return False


def _table_rows(env: Any, recovery: Recovery) -> ModelRows:
    owner = table_owner(env)
    if getattr(owner, "fickle_passenger", False):  # a class that derives from Taxi
        raise ValueError(
            f"the table of {type(owner).__name__} does not describe a fickle passenger: make it "
            f"with fickle_passenger=False"
        )
    exact = getattr(owner, "P_exact", None)
    table = LooseTable(
        owner.P if exact is None else exact,
        _counted(env, "observation_space", getattr(owner, "nS", None)),
        _counted(env, "action_space", getattr(owner, "nA", None)),
    )
    start, initial_states = beginning(owner, table.states)
    rows: Iterable[Any] = table.rows(recovery)
    remarks = table.remarks
    if may_differ(owner):
        rows = list(rows)
        starts = initial_states if start is None else [start]
        remarks += check_played(owner, rows, table.states, table.actions, starts)
    return ModelRows(
        rows,
        len(table.states.known),
        len(table.actions.known),
        start,
        table.states.names or getattr(owner, "state_names", None),
        table.actions.names or getattr(owner, "action_names", None),
        initial_states=initial_states,
        remarks=remarks,
    )


def _counted(env: Any, name: str, size: Any) -> range | None:
    """Return the numbers of a `Discrete` space of any package, or those below a size, or None.

    A space is recognised by its `n` and its shape (); a `MultiBinary` has the shape (n,).
    """
    space = getattr(env, name, None)
    n, first = getattr(space, "n", None), getattr(space, "start", 0)
    numbered = isinstance(n, Integral) and isinstance(first, Integral)
    if numbered and getattr(space, "shape", ()) == ():
        return range(int(first), int(first) + whole(n, f"{name}.n", 1, MAX_PAIRS))
    if not isinstance(size, Integral):
        return None
    return range(whole(size, "nS" if name == "observation_space" else "nA", 1, MAX_PAIRS))
