"""The dynamics of a chain: the one table that `step`, `P` and `P_exact` are made from.

    start             action i    -> first state of branch i's corridor, reward r_0
    k-th of corridor  any action  -> the next state of the corridor, reward r_k (k = 1, 2, ...)
    last of corridor  any action  -> the ending, reward r_(L-1)

with r the stream of the branch, of length L.
"""

from __future__ import annotations

from fractions import Fraction

from qdecay_envs.arguments import probability
from qdecay_envs.layout import ChainLayout
from qdecay_envs.rational import RationalLike
from qdecay_envs.table import ExactRow, ExactTable, Outcome, mixture

MAX_ROWS = 1_000_000


def exact_table(
    layout: ChainLayout, slip: RationalLike | float = 0, escape: bool = False
) -> ExactTable:
    """Return the dynamics, `table[s][a] = [(probability, next, reward, terminated), ...]`.

    Args:
        layout: the branches and the ending.
        slip: probability in [0, 1] that an action other than the chosen one happens, all others
            being equally likely; read by `arguments.probability`.
        escape: in a corridor only the branch's own action goes on; every other goes back to
            the start with reward 0. The absorbing states of `absorb` cannot be left.

    Outcomes that agree in all but probability are merged; the chosen action's comes first.

    Raises:
        TypeError: `slip` is not a number.
        ValueError: `slip` is outside its range, or the table would have more than 1,000,000 rows
            (states times actions).
    """
    if layout.n_states * len(layout.branches) > MAX_ROWS:
        raise ValueError(
            f"{layout.n_states:,} states times {len(layout.branches):,} actions are more than "
            f"{MAX_ROWS:,} rows: shorten the branches"
        )
    chance = probability(slip, "slip")
    table: ExactTable = [[] for _ in range(layout.n_states)]
    for state, outcomes in _outcomes(layout, escape).items():
        # In nearly every state slipping cannot change what happens.
        if outcomes.count(outcomes[0]) == len(outcomes):
            table[state] = [[(Fraction(1), *outcomes[0])] for _ in outcomes]
        else:
            table[state] = [_slipped(outcomes, action, chance) for action in range(len(outcomes))]
    return table


def _outcomes(layout: ChainLayout, escape: bool) -> dict[int, list[Outcome]]:
    """Return what each action does in each state without slip."""
    actions = range(len(layout.branches))
    outcomes: dict[int, list[Outcome]] = {layout.start: []}
    back = (layout.start, Fraction(0), False)
    for branch, corridor in enumerate(layout.corridors()):
        taken, *walked = _walk(layout, branch, corridor)
        outcomes[layout.start].append(taken)
        for state, onward in zip(corridor, walked, strict=True):
            absorbing = onward[0] == state and not onward[2]
            other = back if escape and not absorbing else onward
            outcomes[state] = [onward if action == branch else other for action in actions]
    return outcomes


def _walk(layout: ChainLayout, branch: int, corridor: range) -> list[Outcome]:
    """Return a branch's outcomes: of taking it at the start, then of each corridor state."""
    stream = layout.branches[branch][1]
    path = [(state, reward, False) for state, reward in zip(corridor, stream, strict=False)]
    last = corridor[-1] if corridor else layout.start
    if layout.ending == "absorb":
        return [*path, (last, stream[-1], False)]
    if layout.ending == "repeat":
        return [*path, (layout.start, stream[-1], False)]
    return [*path, (last, stream[-1], True)]


def _slipped(outcomes: list[Outcome], chosen: int, slip: Fraction) -> ExactRow:
    if not slip:
        return [(Fraction(1), *outcomes[chosen])]
    share = slip / (len(outcomes) - 1)
    others = ((share, outcome) for action, outcome in enumerate(outcomes) if action != chosen)
    return mixture((1 - slip, outcomes[chosen]), *others)
