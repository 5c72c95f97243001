"""Values of all states, at one gamma or at many: tables, with the board if there is one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
from markupsafe import Markup

from qdecay._support.result import counted
from qdecay._support.shown import shortest
from qdecay.exact.undiscounted import Undiscounted
from qdecay.planning import AverageReward, GammaSweep, Solution
from qdecay.planning.problem import StateValues
from qdecay.reporting.numerals import brief, fraction
from qdecay.reporting.views.dispatch import view
from qdecay.reporting.views.markup import heading, joined, note, sentence, table, tag
from qdecay.reporting.views.names import Names
from qdecay.reporting.views.squares import policy_picture

_COLUMNS = 6  # states of a table over gammas


@view.register
def _(found: StateValues) -> Markup:
    names = Names.of_info(found.info)
    values: Iterable[Sequence[object]] = (
        [names.state_cell(s), brief(value, 6)] for s, value in enumerate(found.v.tolist())
    )
    head = ["state", "value"]
    if isinstance(found, Solution):
        best = (names.either(np.flatnonzero(row).tolist()) for row in found.greedy)
        values = ([*row, actions] for row, actions in zip(values, best, strict=True))
        head.append("best")
    facts = [
        f"γ = {shortest(found.gamma)}",
        counted(len(found.v), "state"),
        f"error at most {brief(found.error, 2)}",
    ]
    start = found.info.start
    return joined(
        [
            heading(names.title or type(found).__name__, *facts),
            _value_at(names, brief(found.v[start], 6)) if start is not None else "",
            _best(found, names),
            table(head, values, len(found.v)),
        ]
    )


def _best(found: StateValues, names: Names) -> Markup:
    if not isinstance(found, Solution):
        return Markup("")
    return policy_picture(names, len(found.v), lambda s: np.flatnonzero(found.greedy[s]).tolist())


def _value_at(names: Names, value: str) -> Markup:
    assert names.start is not None
    return sentence(
        f"In {names.state(names.start)}, the start, the value is ", tag("b", value), "."
    )


@view.register
def _(found: AverageReward) -> Markup:
    names = Names.of_info(found.info)
    rows = (
        [names.state_cell(s), brief(gain, 6), brief(bias, 6), names.action(action)]
        for s, (gain, bias, action) in enumerate(
            zip(found.gain.tolist(), found.bias.tolist(), found.policy.tolist(), strict=True)
        )
    )
    start = found.info.start
    earned = "" if start is None else brief(found.gain[start], 6)
    return joined(
        [
            heading(
                names.title or "Average reward",
                counted(len(found.gain), "state"),
                f"error at most {brief(found.gain_error, 2)}",
            ),
            sentence("From the start, a step earns ", tag("b", earned), " in the long run.")
            if earned
            else "",
            table(["state", "gain per step", "bias", "action"], rows, len(found.gain)),
        ]
    )


@view.register
def _(found: Undiscounted) -> Markup:
    names = Names.of_info(found.info)
    rows = (
        [names.state_cell(s), fraction(gain), _total(gain, value), names.either(actions)]
        for s, (gain, value, actions) in enumerate(
            zip(found.gain, found.value, found.optimal_actions, strict=True)
        )
    )
    start = found.info.start
    return joined(
        [
            heading(names.title or "At γ = 1", counted(len(found.gain), "state")),
            _earned(found, start) if start is not None else "",
            policy_picture(names, len(found.gain), lambda s: found.optimal_actions[s]),
            table(["state", "gain per step", "total", "optimal"], rows, len(found.gain)),
        ]
    )


def _earned(found: Undiscounted, start: int) -> Markup:
    total, gain = found.value[start], found.gain[start]
    if total is None:
        return sentence(
            "From the start, a step earns ", tag("b", fraction(gain)), " in the long run."
        )
    return sentence(
        "From the start, the most that can be earned in total is ",
        tag("b", fraction(total)),
        ".",
    )


def _total(gain: Fraction, value: Fraction | None) -> str:
    if value is None:
        return "grows for ever" if gain > 0 else "falls for ever"
    return fraction(value)


@view.register
def _(found: GammaSweep) -> Markup:
    names = Names.of_info(found.info)
    n_states = found.values.shape[1]
    states = list(range(min(n_states, _COLUMNS)))
    if names.start is not None and names.start not in states:
        states = [names.start, *states[:-1]]
    rows = (
        [shortest(float(gamma)), *(brief(value, 6) for value in values[states].tolist())]
        for gamma, values in zip(found.gammas, found.values, strict=True)
    )
    beyond = n_states - len(states)
    return joined(
        [
            heading(
                names.title or "Values over γ",
                counted(n_states, "state"),
                counted(len(found.gammas), "gamma"),
                counted(len(found.changes), "change"),
                f"error at most {brief(found.errors.max(), 2)}",
            ),
            table(["γ", *(names.state(s) for s in states)], rows, len(found.gammas)),
            note(f"And {beyond:,} more states.") if beyond else "",
        ]
    )
