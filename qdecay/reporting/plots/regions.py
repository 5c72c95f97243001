"""What is best in one state, as a bar: over gamma, or over the parameter of a model line.

The numbers above the bar are where the best actions of the state change; small marks at its foot
are changes of other states. Dotted lines are touches, where more actions are best at that point
only. A blank end of the bar is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from qdecay._support.one_line import escaped, state_called
from qdecay.certified.result import CertifiedRegions
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.line_regions import LineRegions
from qdecay.exact.regions import PolicyRegions
from qdecay.exact.walked import Regions
from qdecay.planning.regions import NumericRegions
from qdecay.reporting.numerals import decimal, fraction
from qdecay.reporting.plots.axes import (
    across,
    below_one,
    depth_for,
    gamma_axis,
    parameter_axis,
)
from qdecay.reporting.plots.crossings import number_points
from qdecay.reporting.plots.naming import either, state_name, titled
from qdecay.reporting.plots.style import INK, SOFT, filling, set_legend, set_title
from qdecay.reporting.plots.words import (
    DIGITS,
    SMALL,
    named,
    numbered,
    points_of,
    width_of,
    wrapped,
)

_ROOM = 4  # printer's points beside a name in the bar

Actions = Sequence[int]
AnyRegions = PolicyRegions | LineRegions | CertifiedRegions | NumericRegions
Axis = Callable[[Any], None]
Stretch = tuple[float, float, Actions]


@dataclass(frozen=True)
class Bar:
    """The drawn data.

    Attributes:
        stretches: low end, high end, and the best actions between them, in order.
        points: where it changes, and the number there.
        axis: draws the x axis.
        others: where other states change.
        touches: where more actions are best at that point only.
    """

    stretches: Sequence[Stretch]
    points: Sequence[tuple[float, str]]
    axis: Axis
    others: Sequence[float] = ()
    touches: Sequence[float] = ()


def draw_regions(
    regions: AnyRegions,
    ax: Any,
    *,
    state: int | None = None,
    actions: Sequence[str] | None = None,
    title: str | None = None,
) -> Any:
    """Draw the best actions of one state, with the numbers at which they change.

    Args:
        regions: exact, along a line, certified, or numeric.
        ax: axes of matplotlib.
        state: the state to draw; None means the start, or the first state that changes.
        actions: names of the actions; None means the model's own.
        title: above the bar; None names the model and the state.

    Returns: the axes.
    """
    shown = shown_state(regions, state)
    if isinstance(regions, CertifiedRegions):
        bar = _certified(regions, shown)
    elif isinstance(regions, NumericRegions):
        bar = _numeric(regions, shown)
    elif isinstance(regions, LineRegions):
        bar = _walked(regions, shown, float, _line_axis(regions))
    else:
        own = [b.gamma for b in regions.breakpoints if shown in b.changes]
        bar = _walked(regions, shown, below_one, _gamma(depth_for(own)))
    title = title or titled(
        regions.info, f"best in {state_called(state_name(regions.info, shown))}"
    )
    names = actions or regions.info.action_names
    available = _n_available(regions, shown)
    return _draw(bar, ax, lambda best: either(best, names, available), title)


def shown_state(regions: AnyRegions, state: int | None) -> int:
    """Return the state to draw: the requested one, the start, or the first that changes."""
    if state is not None:
        return state
    if regions.info.start is not None:
        return regions.info.start
    if isinstance(regions, Regions):
        points: Iterable[Any] = regions.breakpoints
    else:
        points = regions.brackets if isinstance(regions, CertifiedRegions) else regions.changes
    return min((state for point in points for state in point.changes), default=0)


def _n_available(regions: AnyRegions, state: int) -> int:
    """Return how many actions a state has; 0 if that is unknown."""
    if isinstance(regions, NumericRegions):
        return 0
    mdp = regions.line.low if isinstance(regions, LineRegions) else regions.mdp
    return int(mdp.available[state].sum())


def _gamma(depth: int | None) -> Axis:
    return lambda ax: gamma_axis(ax, depth)


def _line_axis(regions: LineRegions) -> Axis:
    p, gamma = regions.parameter, fraction(regions.gamma)
    return lambda ax: parameter_axis(ax, p, f"{escaped(p.name)}, at γ = {gamma}")


def _walked(
    regions: PolicyRegions | LineRegions, state: int, place: Callable[[Any], float], axis: Axis
) -> Bar:
    low = 0.0 if isinstance(regions, PolicyRegions) else float(regions.parameter.low)
    own = [b for b in regions.breakpoints if state in b.changes]
    numbers = [b.number for b in regions.breakpoints]
    ends = [low, *map(place, numbers), place(regions.proven_to)]
    sets = [region[state] for region in regions.regions]
    return Bar(
        _merged(ends, sets),
        numbered([(place(b.number), b.number) for b in own]),
        axis,
        [place(b.number) for b in regions.breakpoints if b not in own],
        [place(t.number) for t in regions.touches if state in t.changes],
    )


def _certified(regions: CertifiedRegions, state: int) -> Bar:
    own = [b for b in regions.brackets if state in b.changes]
    sets = [regions.first[state], *(b.changes[state].right for b in own)]
    ends = [0.0, *(b.middle for b in own), float(regions.proven_to)]
    points = [(b.middle, _of_bracket(float(b.lower), float(b.upper))) for b in own]
    others = [b.middle for b in regions.brackets if state not in b.changes]
    return Bar(
        _merged(ends, sets),
        points,
        _gamma(depth_for([AlgebraicNumber.of(b.lower) for b in own])),
        others,
    )


def _numeric(regions: NumericRegions, state: int) -> Bar:
    own = [c for c in regions.changes if state in c.changes]
    middles = [(c.lower + c.upper) / 2 for c in own]
    sets = [c.changes[state].left for c in own[:1]] + [c.changes[state].right for c in own]
    ends = [0.0, *middles, regions.up_to] if own else []
    points = [(at, _of_bracket(c.lower, c.upper)) for at, c in zip(middles, own, strict=True)]
    others = [(c.lower + c.upper) / 2 for c in regions.changes if state not in c.changes]
    return Bar(
        _merged(ends, sets),
        points,
        _gamma(depth_for([AlgebraicNumber.of(Fraction(c.lower)) for c in own])),
        others,
    )


def _of_bracket(lower: float, upper: float) -> str:
    """Return as many digits as both ends agree on, at most the usual ones."""
    digits = next((d for d in range(DIGITS, 1, -1) if decimal(lower, d) == decimal(upper, d)), 1)
    return f"≈ {decimal((lower + upper) / 2, digits)}"


def _merged(ends: Sequence[float], sets: Sequence[Actions]) -> list[Stretch]:
    """Return the stretches, neighbouring ones with the same set merged."""
    found: list[Stretch] = []
    for left, right, best in zip(ends, ends[1:], sets, strict=False):
        if found and found[-1][2] == best:
            left = found.pop()[0]
        found.append((left, right, best))
    return found


def _draw(bar: Bar, ax: Any, name: Callable[[Actions], str], title: str) -> Any:
    bar.axis(ax)
    ax.set_ylim(0, 1)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    for low, high, best in bar.stretches:
        ax.axvspan(low, high, lw=0, **filling(best))
    for x in bar.touches:
        ax.axvline(x, color=INK, lw=1, ls=":")
    if bar.others:
        ax.plot(bar.others, [0.1] * len(bar.others), "|", color=SOFT, markersize=7)
        label = f"{ax.get_xlabel()} (small marks: other states)"
        ax.set_xlabel(wrapped(label, points_of(ax)[0]), parse_math=False)
    _name(bar, ax, name)
    set_title(ax, title, above=number_points(ax, bar.points, lw=1.2))
    return ax


def _name(bar: Bar, ax: Any, name: Callable[[Actions], str]) -> None:
    """Write the best actions into the bar, or into a legend if they do not fit."""
    missing: dict[str, Actions] = {}
    for low, high, best in bar.stretches:
        text = name(best)
        left, right = (across(ax, x) for x in (low, high))
        if width_of(text) + _ROOM <= right - left:
            middle = ax.transAxes.inverted().transform(
                ax.transData.transform([(low, 0), (high, 0)])
            )
            style = filling(best)
            box = {"facecolor": style["facecolor"], "edgecolor": "none", "pad": 1}
            ax.text(
                middle[:, 0].mean(), 0.5, text, transform=ax.transAxes, ha="center", va="center",
                fontsize=SMALL, color=INK, parse_math=False, bbox=box if "hatch" in style else None,
            )  # fmt: skip
        else:
            missing[text] = best
    written = {text.get_text() for text in ax.texts}
    unnamed = [(text, best) for text, best in missing.items() if text not in written]
    handles = [ax.fill([], [], label=named(text), **filling(best))[0] for text, best in unnamed]
    if handles:
        set_legend(ax, handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5))
