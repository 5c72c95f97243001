"""Policy regions as the commands print them: over gamma, or along a model line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from qdecay._support.shown import shown_decimal, shown_fraction, shown_interval
from qdecay.cli import tables
from qdecay.cli.tables import count

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from qdecay.exact.algebra.number import AlgebraicNumber
    from qdecay.exact.blackwell import Blackwell
    from qdecay.exact.line_regions import LineRegions
    from qdecay.exact.regions import PolicyRegions
    from qdecay.exact.resampled import ResampledBreakpoints
    from qdecay.exact.walked import Sets, Turn
    from qdecay.model.base import FiniteMDP
    from qdecay.model.mdp import MDP

_SHOWN_CHANGES = 4
_LONGEST_POLYNOMIAL = 40
_LONGEST_FORM = 100
_LONGEST_FRACTION = 40


@dataclass(frozen=True)
class Axis:
    """The axis of regions in words: gamma, or the parameter of a line.

    Attributes:
        name, letter: those of the varied number; the letter stands for it in polynomials.
        low, high: its ends.
        sets: the optimal sets at both ends.
        at: what else is fixed, or "".
    """

    name: str
    letter: str
    low: str
    high: str
    sets: tuple[Sets, Sets | None]
    at: str = ""

    @classmethod
    def of(cls, regions: PolicyRegions | LineRegions) -> Axis:
        """Return the axis of a result."""
        from qdecay.exact.regions import PolicyRegions

        if isinstance(regions, PolicyRegions):
            at_one = regions.at_one
            ends = regions.at_zero, None if at_one is None else at_one.optimal_actions
            return cls("gamma", "g", "0", "1", ends)
        p = regions.parameter
        low, high = (shown_fraction(end) for end in (p.low, p.high))
        at = f" at gamma = {shown_fraction(regions.gamma, longest=_LONGEST_FRACTION)}"
        return cls(p.name, "x", low, high, (regions.at_low, regions.at_high), at)

    def interval(self, start: str, end: str) -> str:
        """Return an interval, or the number if it is one."""
        return start[1:] if start[0] == "[" and end == start[1:] + "]" else f"{start}, {end}"


def shown_root(root: AlgebraicNumber, letter: str = "g") -> str:
    """The closed form, or else its polynomial, if that is short."""
    form = root.closed_form()
    if form and root.degree == 1 and len(form) > _LONGEST_FRACTION:
        rounded = shown_fraction(Fraction(form))
        digits = sum(map(str.isdigit, form))
        return f"a fraction of {digits} digits" if rounded[0] == "≈" else rounded
    if form and len(form) <= _LONGEST_FORM:
        return form
    terms = [f"{c:+d} {letter}^{k}" for k, c in enumerate(root.coefficients) if c]
    text = " ".join(reversed(terms)).removeprefix("+").replace(f" {letter}^0", "")
    text = text.replace(f"{letter}^1 ", f"{letter} ")
    short = len(text) <= _LONGEST_POLYNOMIAL
    return f"{text} = 0" if short else f"a root of degree {root.degree}"


def print_regions(
    mdp: MDP, regions: PolicyRegions | LineRegions, *, digits: int, states: bool
) -> None:
    """Print every region with the change at its left end, the touches, and what follows."""
    out, axis, mdp = tables.console(), Axis.of(regions), tables.with_short_names(mdp)
    marked: list[tuple[Turn, str]] = [(point, "") for point in regions.breakpoints]
    marked += [(point, " (a touch)") for point in regions.touches]
    shown = tables.table(axis.name, "exactly", "what changes")
    for point, mark in sorted(marked, key=lambda pair: pair[0].number):
        number = shown_decimal(point.number, digits) + mark
        shown.add_row(number, shown_root(point.number, axis.letter), _shown_changes(mdp, point))
    size = f"{count(mdp.n_states, 'state')}, {count(mdp.n_actions, 'action')}"
    is_complete = axis.sets[1] is not None
    if is_complete:
        found = count(len(regions.regions), "policy region")
        out.print(f"{size}: {found} in {axis.low} < {axis.name} < {axis.high}{axis.at}")
    else:
        end = shown_decimal(regions.proven_to, digits)
        several = f"the first {len(marked)} points" if len(marked) > 1 else "the first point"
        found = several if marked else "no points"
        where = f"up to {axis.name} = {end}{axis.at}"
        out.print(f"{size}: {found} where sets change, {where}; more may follow")
    if marked:
        out.print(shown)
    if regions.start is not None:
        changes = [
            shown_decimal(regions.breakpoints[i].number, digits)
            for i in regions.start_breakpoints()
        ]
        none = f"no {axis.name}" + ("" if is_complete else " up to there")
        at = ", ".join(changes) or none
        out.print(f"the start, {mdp.state_name(regions.start)}, changes at {at}")
        out.print(_shown_ends(mdp, regions, axis, regions.start), soft_wrap=True)
    elif not states:
        ends = f"{axis.name} = {axis.low} to {axis.high}"
        out.print(f"no start state: --states shows what is best in each state, from {ends}")
    if axis.at and is_complete:
        out.print(_shown_constant(regions, axis, digits), soft_wrap=True)
    if states:
        out.print(_states(mdp, regions, axis, digits))
        if regions.breakpoints:
            out.print(
                f"at the {axis.name} between two intervals the actions of both are optimal, and no "
                f"others unless it has a line of its own",
                soft_wrap=True,
            )


def _shown_constant(regions: PolicyRegions | LineRegions, axis: Axis, digits: int) -> str:
    """Say up to where, from both ends, nothing changes."""
    points = sorted(point.number for point in (*regions.breakpoints, *regions.touches))
    if not points:
        return f"between {axis.low} and {axis.high} nothing changes"
    first, last = (shown_decimal(point, digits) for point in (points[0], points[-1]))
    return f"nothing changes left of {first}, nor right of {last}"


def _shown_changes(mdp: MDP, point: Turn) -> Text:
    """Return which sets change, for the first few states."""
    from rich.text import Text

    lines = []
    for state, change in list(point.changes.items())[:_SHOWN_CHANGES]:
        only_there = sorted(set(change.at) - {*change.left, *change.right})
        line = f"{mdp.state_name(state)}: {shown_actions(mdp, change.left)}"
        if change.left != change.right:
            line += f" -> {shown_actions(mdp, change.right)}"
        if only_there:
            line += f", also {shown_actions(mdp, only_there)} there"
        lines.append(line)
    more = len(point.changes) - _SHOWN_CHANGES
    if more > 0:
        lines.append(f"and {more} more state{'s' * (more > 1)}")
    return Text("\n".join(lines))


def shown_actions(mdp: FiniteMDP, actions: Sequence[int]) -> str:
    """Return the names of a set of actions."""
    return " or ".join(mdp.action_name(action) for action in actions) or "none"


def _shown_ends(mdp: MDP, regions: PolicyRegions | LineRegions, axis: Axis, state: int) -> str:
    """Return what is optimal in a state at both ends, and what that earns at gamma = 1."""
    texts = [
        f"at {axis.name} = {end}: {shown_actions(mdp, sets[state])}"
        for end, sets in zip((axis.low, axis.high), axis.sets, strict=True)
        if sets is not None  # the search ended
    ]
    at_one = getattr(regions, "at_one", None)
    earned = "" if at_one is None else f", worth {at_one.earned(state)}"
    return f"best there {'; '.join(texts)}{earned}"


def _states(mdp: MDP, regions: PolicyRegions | LineRegions, axis: Axis, digits: int) -> Table:
    """Return, for each state, the intervals on which its set is constant, and the points where it
    is larger than on both sides."""
    from rich.text import Text

    shown = tables.table("state", "optimal actions", f"for {axis.name} in")
    points = sorted((*regions.breakpoints, *regions.touches), key=lambda point: point.number)
    inner = [shown_decimal(b.number, digits) for b in regions.breakpoints]
    at_low, at_high = axis.sets
    everywhere = [at_low, *regions.regions]
    lows = [f"[{axis.low}", f"({axis.low}", *(f"({end}" for end in inner)]
    highs = [f"{axis.low}]", *(f"{end})" for end in inner)]
    if at_high is None:  # the search ended early
        highs.append(f"{shown_decimal(regions.proven_to, digits)})")
    else:
        everywhere.append(at_high)
        lows.append(f"[{axis.high}")
        highs += [f"{axis.high})", f"{axis.high}]"]
    for state in range(mdp.n_states):
        sets = [part[state] for part in everywhere]
        starts = [i for i, actions in enumerate(sets) if i == 0 or actions != sets[i - 1]]
        for i, after in zip(starts, [*starts[1:], len(sets)], strict=True):
            name = mdp.state_name(state) if i == 0 else ""
            actions = shown_actions(mdp, sets[i])
            shown.add_row(Text(name), Text(actions), axis.interval(lows[i], highs[after - 1]))
        for point in points:
            change = point.changes.get(state)
            if change is not None and set(change.at) - {*change.left, *change.right}:
                at = shown_decimal(point.number, digits)
                shown.add_row("", Text(shown_actions(mdp, change.at)), at)
    return shown


def print_resampled(mdp: MDP, found: ResampledBreakpoints, *, digits: int) -> None:
    """Print the interval of each breakpoint of the start over resamples of data."""
    from rich.text import Text

    out, mdp = tables.console(), tables.with_short_names(mdp)
    if not found.breakpoints:
        return
    shown = tables.table(
        "gamma", "95 % interval", "in resamples", f"{mdp.state_name(found.state)} does"
    )
    for point in found.breakpoints:
        left, right = (shown_actions(mdp, side) for side in (point.left, point.right))
        shown.add_row(
            shown_decimal(point.gamma, digits),
            shown_interval(point.interval),
            f"{100 * point.share:.3g} %",
            Text(f"{left} -> {right}"),
        )
    out.print(shown)
    if any(point.interval is None for point in found.breakpoints):
        out.print("undecided: in fewer than half of the resamples, so it may not be there")


def print_blackwell(mdp: MDP, found: Blackwell, *, digits: int) -> None:
    """Print the Blackwell discount factor and the sets that are optimal right of it."""
    from rich.text import Text

    out, mdp, gamma = tables.console(), tables.with_short_names(mdp), found.discount_factor
    exactly = shown_root(gamma)
    decimal = shown_decimal(gamma, digits)
    out.print(f"Blackwell discount factor: {exactly}" + f" = {decimal}" * (exactly != decimal))
    out.print(f"optimal for every gamma in ({decimal}, 1):")
    shown = tables.table("state", "actions")
    for state, actions in enumerate(found.optimal_actions):
        shown.add_row(Text(mdp.state_name(state)), Text(shown_actions(mdp, actions)))
    out.print(shown)
