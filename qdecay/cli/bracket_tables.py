"""Regions between brackets as the command prints them: certified, or numeric."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

from qdecay._support.shown import shortest, shown_decimal, shown_up_to
from qdecay.cli import tables
from qdecay.cli.region_tables import shown_actions

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from qdecay.certified.result import CertifiedRegions, NearTie
    from qdecay.model.base import FiniteMDP
    from qdecay.planning.regions import NumericRegions

_SHOWN_STATES, _SHOWN_TIES = 4, 20
_FLOAT_DIGITS = 17  # a double has no more
_TIE_DIGITS = 10


def print_numeric(mdp: FiniteMDP, found: NumericRegions, *, digits: int) -> None:
    """Print the changes that were found, and that this proves nothing."""
    from qdecay.planning.regions import STATEMENT

    table = tables.table("gamma", "error at most", "what changes")
    mdp = tables.with_short_names(mdp)
    for change in found.changes:
        table.add_row(
            shown_decimal((change.lower + change.upper) / 2, min(digits, _FLOAT_DIGITS)),
            f"{(change.upper - change.lower) / 2:.1e}",
            _changes(mdp, change.changes),
        )
    console = tables.console()
    console.print(table)
    console.print(_unseen(found), STATEMENT, sep="\n", soft_wrap=True)


def _unseen(found: NumericRegions) -> str:
    """Say what the table does not show."""
    tied, at = max((count, gamma) for gamma, count in found.undecided[1:] or found.undecided)
    gamma = shown_decimal(at, 6)
    return (
        f"solved at {found.solves:,} gammas up to {shortest(found.up_to)}, values within "
        f"{found.error:.1e}; at most {tied:,} states (gamma = {gamma}) had more than one possible "
        f"action: a tie, or a difference that rounding hides"
    )


def _changes(
    mdp: FiniteMDP, changes: Mapping[int, tuple[tuple[int, ...], tuple[int, ...]]]
) -> Text:
    """Return which sets change, for the first few states."""
    from rich.text import Text

    lines = []
    for state, (left, right) in islice(changes.items(), _SHOWN_STATES):
        line = f"{mdp.state_name(state)}: {shown_actions(mdp, left)}"
        lines.append(line + (f" -> {shown_actions(mdp, right)}" if left != right else ", or more"))
    more = len(changes) - len(lines)
    if more:
        lines.append(f"and {more:,} more state{'s' * (more > 1)}")
    return Text("\n".join(lines))


def print_certified(mdp: FiniteMDP, found: CertifiedRegions, *, states: bool) -> None:
    """Print the brackets, the near ties, and what is proven."""
    out, end = tables.console(), shown_up_to(found.proven_to)
    mdp = tables.with_short_names(mdp)
    size = f"{tables.count(mdp.n_states, 'state')}, {tables.count(mdp.n_actions, 'action')}"
    regions = tables.count(len(found.regions), "region")
    brackets = tables.count(len(found.brackets), "bracket")
    out.print(f"{size}: {regions} and {brackets} in 0 < gamma <= {end}")
    if found.brackets:
        table = tables.table("gamma", "inside", "what changes")
        for bracket in found.brackets:
            table.add_row(bracket.shown(), bracket.content, _changes(mdp, bracket.changes))
        out.print(table)
    if found.near_ties:
        out.print(_near_ties(mdp, found.near_ties))
    if found.start is not None:
        out.print(_start(mdp, found, found.start))
    elif not states:
        out.print("no start state: --states shows what is best in each state")
    if states:
        out.print(_states(mdp, found))
    out.print(*found.in_words(), sep="\n", soft_wrap=True)


def _start(mdp: FiniteMDP, found: CertifiedRegions, start: int) -> str:
    """Say where the start's actions change."""
    inside = []
    for i in found.start_brackets():
        left, right = found.brackets[i].changes[start]
        inside.append("perhaps " * (left == right) + found.brackets[i].shown())
    where = ", ".join(inside) or "no gamma up to there"
    return f"the start, {mdp.state_name(start)}, changes at {where}"


def _near_ties(mdp: FiniteMDP, ties: tuple[NearTie, ...]) -> Table:
    """Return which actions could not be distinguished, and where."""
    from rich.text import Text

    table = tables.table("not told apart from", "to", "actions")
    for tie in ties[:_SHOWN_TIES]:
        ends = [shown_decimal(float(end), _TIE_DIGITS) for end in (tie.lower, tie.upper)]
        actions = f"{mdp.state_name(tie.state)}: {shown_actions(mdp, tie.actions)}"
        table.add_row(*ends, Text(actions))
    if len(ties) > _SHOWN_TIES:
        table.add_row("", "", f"and {len(ties) - _SHOWN_TIES:,} more near ties")
    return table


def _states(mdp: FiniteMDP, found: CertifiedRegions) -> Table:
    """Return, for each state, the intervals on which its set is constant."""
    from rich.text import Text

    table = tables.table("state", "optimal actions", "for gamma in")
    texts = [bracket.shown() for bracket in found.brackets]
    lows = ["(0", *(f"({text}" for text in texts)]
    highs = [*(f"{text})" for text in texts), f"{shown_up_to(found.proven_to)}]"]
    for state in range(mdp.n_states):
        changed = [i + 1 for i, b in enumerate(found.brackets) if state in b.changes]
        for first, after in zip([0, *changed], [*changed, len(lows)], strict=True):
            name = mdp.state_name(state) if first == 0 else ""
            actions = shown_actions(mdp, found.regions[first][state])
            ends = f"{lows[first]}, {highs[after - 1]}"
            table.add_row(Text(name), Text(actions), ends)
    return table
