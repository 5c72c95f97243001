"""What the commands print: the console, plain tables, exact numbers and policy regions."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from qdecay._support.shown import shown_decimal, shown_fraction, shown_interval

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from qdecay.exact.algebra.number import AlgebraicNumber
    from qdecay.exact.blackwell import Blackwell
    from qdecay.exact.regions import Breakpoint, PolicyRegions
    from qdecay.exact.resampled import ResampledBreakpoints
    from qdecay.model.mdp import MDP

_SHOWN_CHANGES = 4
_LONGEST_POLYNOMIAL = 40
_LONGEST_FORM = 100
_ENDLESS = 1 << 30  # columns
_TINY = 1e-4  # percent: smaller losses look like rounding errors
_POINTS = {"[0, 0]": "0", "[1, 1]": "1"}


def console(stderr: bool = False) -> Console:
    """Return a console of standard output or standard error.

    Text is printed as it is: a name may look like rich's markup or emoji. Without a terminal, lines
    are as long as necessary, regardless of COLUMNS.
    """
    from rich.console import Console

    out = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not out.is_terminal:
        out.width = _ENDLESS
    return out


def table(*headings: str, right: Collection[str] = ()) -> Table:
    """Return a table whose cells fold if the terminal is too narrow: no column is truncated.

    No column may have a minimum width or be kept on one line: rich would cut the last ones.

    Args:
        headings: of the columns.
        right: the headings of those that are aligned to the right.
    """
    from rich import box
    from rich.table import Table

    result = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False, pad_edge=False)
    for heading in headings:
        result.add_column(heading, overflow="fold", justify="right" if heading in right else "left")
    return result


def count(number: int, noun: str) -> str:
    """Return "1 touch", "2 touches".

    >>> count(1, "state"), count(0, "touch"), count(2, "breakpoint")
    ('1 state', '0 touches', '2 breakpoints')
    """
    ending = "es" if noun.endswith("ch") else "s"
    return f"{number} {noun}{ending * (number != 1)}"


def share(lost: float | Fraction | None, digits: int = 4) -> str:
    """Return what is lost in percent; "" for None.

    >>> share(1 / 3), share(0.0), share(1e-30), share(float("inf")), share(None)
    ('33.33 %', '0 %', '< 0.0001 %', 'without limit', '')
    """
    if lost is None:
        return ""
    if math.isinf(lost):
        return "without limit"
    percent = 100 * float(lost)
    if 0 < percent < _TINY:
        return f"< {_TINY:g} %"
    return f"{percent:,.0f} %" if percent >= 10**digits else f"{percent:.{digits}g} %"


def shown_root(root: AlgebraicNumber) -> str:
    """The closed form, or else its polynomial, if that is short."""
    form = root.closed_form()
    if form and (len(form) <= _LONGEST_FORM or root.degree == 1):
        return form if len(form) <= _LONGEST_FORM else shown_fraction(Fraction(form))
    terms = [f"{c:+d} g^{k}" for k, c in enumerate(root.coefficients) if c]
    text = " ".join(reversed(terms)).removeprefix("+").replace(" g^0", "").replace("g^1 ", "g ")
    short = len(text) <= _LONGEST_POLYNOMIAL
    return f"{text} = 0" if short else f"a root of degree {root.degree}"


def print_regions(mdp: MDP, regions: PolicyRegions, *, digits: int, states: bool) -> None:
    """Print every region with the change at its left end, the touches, and what follows."""
    out = console()
    marked = [(point, "") for point in regions.breakpoints]
    marked += [(point, " (a touch)") for point in regions.touches]
    shown = table("gamma", "exactly", "what changes")
    for point, mark in sorted(marked, key=lambda pair: pair[0].gamma):
        gamma = shown_decimal(point.gamma, digits) + mark
        shown.add_row(gamma, shown_root(point.gamma), _shown_changes(mdp, point))
    size = f"{count(mdp.n_states, 'state')}, {count(mdp.n_actions, 'action')}"
    out.print(f"{size}: {count(len(regions.regions), 'policy region')} in 0 < gamma < 1")
    if marked:
        out.print(shown)
    if regions.start is not None:
        found = [
            shown_decimal(regions.breakpoints[i].gamma, digits) for i in regions.start_breakpoints()
        ]
        at = ", ".join(found) or "no gamma"
        out.print(f"the start, {mdp.state_name(regions.start)}, changes at {at}")
        out.print(_shown_ends(mdp, regions, regions.start), soft_wrap=True)
    elif not states:
        out.print("no start state: --states shows what is best in each state, from gamma = 0 to 1")
    if states:
        out.print(_states(mdp, regions, digits))


def _shown_changes(mdp: MDP, point: Breakpoint) -> Any:
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
    return Text("\n".join([*lines, f"and {more} more states"][: len(lines) + (more > 0)]))


def shown_actions(mdp: MDP, actions: Sequence[int]) -> str:
    """Return the names of a set of actions."""
    return " or ".join(mdp.action_name(action) for action in actions) or "none"


def _shown_ends(mdp: MDP, regions: PolicyRegions, state: int) -> str:
    """Return what is optimal in a state at gamma = 0 and 1, and what that earns at 1."""
    nearest = shown_actions(mdp, regions.at_zero[state])
    at_one = regions.at_one
    assert at_one is not None  # the search ended
    farthest = shown_actions(mdp, at_one.optimal_actions[state])
    earned = at_one.earned(state)
    return f"best there at gamma = 0: {nearest}; at gamma = 1: {farthest}, worth {earned}"


def _states(mdp: MDP, regions: PolicyRegions, digits: int) -> Table:
    """Return, for each state, the intervals on which its set is constant."""
    from rich.text import Text

    shown = table("state", "optimal actions", "for gamma in")
    inner = [shown_decimal(b.gamma, digits) for b in regions.breakpoints]
    assert regions.at_one is not None  # the search ended
    everywhere = [regions.at_zero, *regions.regions, regions.at_one.optimal_actions]
    lows = ["[0", "(0", *(f"({end}" for end in inner), "[1"]
    highs = ["0]", *(f"{end})" for end in inner), "1)", "1]"]
    for state in range(mdp.n_states):
        sets = [part[state] for part in everywhere]
        starts = [i for i, actions in enumerate(sets) if i == 0 or actions != sets[i - 1]]
        for i, after in zip(starts, [*starts[1:], len(sets)], strict=True):
            name = mdp.state_name(state) if i == 0 else ""
            actions = shown_actions(mdp, sets[i])
            interval = f"{lows[i]}, {highs[after - 1]}"
            shown.add_row(Text(name), Text(actions), _POINTS.get(interval, interval))
    return shown


def print_resampled(mdp: MDP, found: ResampledBreakpoints, *, digits: int) -> None:
    """Print the interval of each breakpoint of the start over resamples of data."""
    from rich.text import Text

    out = console()
    if not found.breakpoints:
        return
    shown = table("gamma", "95 % interval", "in resamples", f"{mdp.state_name(found.state)} does")
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

    out, gamma = console(), found.discount_factor
    exactly = shown_root(gamma)
    decimal = shown_decimal(gamma, digits)
    out.print(f"Blackwell discount factor: {exactly}" + f" = {decimal}" * (exactly != decimal))
    out.print(f"optimal for every gamma in ({decimal}, 1):")
    shown = table("state", "actions")
    for state, actions in enumerate(found.optimal_actions):
        shown.add_row(Text(mdp.state_name(state)), Text(shown_actions(mdp, actions)))
    out.print(shown)
