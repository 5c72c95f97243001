"""Policy regions: the bar of one state, and where anything changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from markupsafe import Markup

from qdecay._support.result import counted
from qdecay.certified.result import CertifiedBracket, CertifiedRegions, NearTie
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.blackwell import Blackwell
from qdecay.exact.break_even import BreakEven
from qdecay.exact.line_regions import LineRegions
from qdecay.exact.regions import PolicyRegions
from qdecay.exact.walked import Turn
from qdecay.planning.regions import NumericChange, NumericRegions
from qdecay.reporting.numerals import brief, decimal, signed, written
from qdecay.reporting.plots.regions import shown_state
from qdecay.reporting.views.axis import Axis, gamma_axis, parameter_axis
from qdecay.reporting.views.bars import Mark, Part, bar
from qdecay.reporting.views.dispatch import view
from qdecay.reporting.views.markup import (
    FEW,
    LONGEST_FORM,
    both_forms,
    exact_form,
    heading,
    joined,
    note,
    sentence,
    table,
    tag,
)
from qdecay.reporting.views.names import Names
from qdecay.reporting.views.squares import policy_picture

Walked = PolicyRegions | LineRegions
_NAMED_CHANGES = 4  # states of one breakpoint that a row names
_SPOKEN = 2  # changes that a sentence mentions
_FEW_MARKS = 3  # up to so many closed forms fit above the bar


@view.register
def _(found: PolicyRegions) -> Markup:
    names = Names.of(found.mdp, found.start)
    axis = gamma_axis([point.gamma for point in found.breakpoints])
    at_one = None if found.at_one is None else found.at_one.optimal_actions
    state = shown_state(found, None)
    ends = [f"at γ = 0 {names.either(found.at_zero[state])}"] if found.n_states else []
    ends += [f"at γ = 1 {names.either(at_one[state])}"] if at_one is not None else []
    reached = axis.place(found.proven_to)
    return _regions(found, names, axis, "γ", reached, note(f"There: {', '.join(ends)}."))


@view.register
def _(found: LineRegions) -> Markup:
    names = Names.of(found.line.low, found.start)
    axis, symbol = parameter_axis(found.parameter), found.parameter.name
    reached = axis.place(found.proven_to)
    return _regions(found, names, axis, symbol, reached, note(f"All of it at γ = {found.gamma}."))


def _regions(
    found: Walked, names: Names, axis: Axis, symbol: str, reached: float, more: Markup
) -> Markup:
    state = shown_state(found, None)
    facts = [counted(found.n_states, "state"), counted(len(found.regions), "policy region")]
    facts += [counted(len(found.touches), "touch", "touches")] if found.touches else []
    end = decimal(found.proven_to, FEW)
    last = "" if reached == 1 else f" up to {symbol} = {end}"  # up to which everything is known
    beyond = f"The search ran out of budget: nothing is known right of {symbol} = {end}."
    return joined(
        [
            heading(names.title or "Policy regions", *facts),
            _answer(found, names, state, symbol, last),
            more,
            note(beyond) if reached < 1 else "",
            _bar(found, names, state, axis, reached),
            _points(found.breakpoints, names, symbol, "what changes"),
            _touches(found.touches, names, symbol),
        ]
    )


def changes_of(found: Walked, state: int) -> list[Any]:
    """Return the breakpoints at which the best actions of a state change."""
    points = [point for point in found.breakpoints if state in point.changes]
    return [point for point in points if point.changes[state].left != point.changes[state].right]


def _answer(found: Walked, names: Names, state: int, symbol: str, last: str) -> Markup:
    own = changes_of(found, state)
    where = f"In {names.state(state)}" + (", the start," if state == found.start else "")
    first = tag("b", names.either(found.regions[0][state]))
    if not own:
        others = counted(len(found.breakpoints), "value")
        elsewhere = f" Other states change at {others}." if found.breakpoints else ""
        between = f" at every {symbol}{last or ' between the ends'}.{elsewhere}"
        return sentence(f"{where} the best action is ", first, between)
    if len(own) > _SPOKEN:
        return sentence(
            f"{where} the best action changes at {len(own):,} values of {symbol}{last}."
        )
    text: list[object] = [f"{where} the best action is ", first]
    for point in own:
        then = names.either(point.changes[state].right)
        text += [f" up to {symbol} = ", both_forms(point.number, FEW), ", then ", tag("b", then)]
    return sentence(*text, f"{last}.")


def _bar(found: Walked, names: Names, state: int, axis: Axis, reached: float) -> Markup:
    own = changes_of(found, state)
    places = [axis.place(point.number) for point in found.breakpoints]
    parts = [
        Part(left, right, sets[state], names.either(sets[state]))
        for left, right, sets in zip([0.0, *places], [*places, reached], found.regions, strict=True)
    ]
    marks = []
    for point, place in zip(found.breakpoints, places, strict=True):
        title = decimal(point.number, 10)
        if point in own:
            label, letters = _label(point.number, len(own) <= _FEW_MARKS)
            marks.append(Mark(place, place, "tick", label, letters, title))
        else:
            marks.append(Mark(place, place, "other", title=title))
    for touch in found.touches:
        if state in touch.changes:
            place = axis.place(touch.number)
            title = f"touch at {decimal(touch.number, 10)}"
            marks.append(Mark(place, place, "touch", title=title))
    if reached < 1:
        marks.append(Mark(reached, 1.0, "beyond", title="not known"))
    marks.sort(key=lambda mark: mark.left)
    return bar(f"best in {names.state(state)}", parts, marks, axis)


def _label(number: AlgebraicNumber, is_exact: bool) -> tuple[Markup, int]:
    """Return the label of a breakpoint and its length: exact if that is short, otherwise four
    digits."""
    has_form, sign, decimals = written(number, FEW, LONGEST_FORM if is_exact else 0)
    if not has_form:
        return joined([decimals]), len(decimals)
    text = f" {sign} {decimals}"
    return joined([exact_form(number) or "", text]), len(number.closed_form() or "") + len(text)


def _points(points: Sequence[Turn], names: Names, symbol: str, what: str) -> Markup:
    if not points:
        return Markup("")
    rows = ([both_forms(point.number), _changes(point.changes, names)] for point in points)
    return table([symbol, what], rows, len(points))


def _touches(points: Sequence[Turn], names: Names, symbol: str) -> Markup:
    if not points:
        return Markup("")
    rows = ([both_forms(point.number), _changes(point.changes, names)] for point in points)
    text = f"Touches: values of {symbol} at which one more action is optimal, at that point only."
    return joined(
        [note(text), table([symbol, "best to the left, there, to the right"], rows, len(points))]
    )


def _changes(changes: Mapping[int, Any], names: Names) -> Markup:
    """Return what changes at one point: each state with its best actions on either side."""
    lines = []
    for state, sides in list(changes.items())[:_NAMED_CHANGES]:
        steps = [sides.left, sides.right]
        if sides.left == sides.right and hasattr(sides, "at"):
            steps.insert(1, sides.at)
        told = " → ".join(map(names.either, steps))
        lines.append(tag("div", tag("b", names.state(state)), f": {told}"))
    beyond = len(changes) - _NAMED_CHANGES
    return joined([*lines, tag("div", f"and {beyond:,} more states") if beyond > 0 else ""])


@view.register
def _(found: Turn) -> Markup:
    names = Names()
    return joined([heading("Breakpoint", both_forms(found.number)), _changes(found.changes, names)])


@view.register
def _(found: BreakEven) -> Markup:
    names, axis = Names.of_info(found.info), gamma_axis(found.roots)
    places, is_exact = [axis.place(root) for root in found.roots], len(found.roots) <= _FEW_MARKS
    parts = [
        Part(left, right, tuple(sorted(best)), names.either(sorted(best)))
        for left, right, best in zip([0.0, *places], [*places, 1.0], found.best, strict=True)
    ]
    kinds = ["tick" if switches else "touch" for switches in found.switches]
    marks = [
        Mark(at, at, kind, *_label(root, is_exact))
        for root, kind, at in zip(found.roots, kinds, places, strict=True)
    ]
    said = ["changes" if switches else "ties, there only" for switches in found.switches]
    rows = ([both_forms(root), word] for root, word in zip(found.roots, said, strict=True))
    return joined(
        [
            heading(names.title or "Break-even"),
            _break_even(found, names),
            bar("best at the start", parts, marks, axis),
            table(["γ", "the best choice"], rows, len(said)) if said else "",
        ]
    )


def _break_even(found: BreakEven, names: Names) -> Markup:
    roots = zip(found.roots, found.switches, strict=True)
    switching = [both_forms(root, FEW) for root, switches in roots if switches]
    if not switching:
        return sentence(names.either(sorted(found.best[0])), " is best at every γ in (0, 1).")
    return sentence("Break-even at γ = ", joined(switching, ", "), ".")


@view.register
def _(found: Blackwell) -> Markup:
    names, sets = Names.of_info(found.info), found.optimal_actions
    rows = ([names.state_cell(s), names.either(actions)] for s, actions in enumerate(sets))
    return joined(
        [
            heading(names.title or "Blackwell discount factor", counted(len(sets), "state")),
            _blackwell(found),
            policy_picture(names, len(sets), lambda s: sets[s]),
            table(["state", "Blackwell-optimal actions"], rows, len(sets)),
        ]
    )


def _blackwell(found: Blackwell) -> Markup:
    if found.discount_factor == 0:
        return sentence("The same actions are optimal at every γ in (0, 1).")
    kind = "a touch" if found.is_touch else "a breakpoint"
    gamma = both_forms(found.discount_factor)
    return sentence("Right of γ = ", gamma, f", {kind}, every optimal policy is Blackwell optimal.")


@view.register
def _(found: CertifiedRegions) -> Markup:
    names = Names.of(found.mdp, found.start)
    axis = gamma_axis([end for b in found.brackets for end in (b.upper,)])
    state = shown_state(found, None)
    return joined(
        [
            heading(
                names.title or "Certified regions",
                counted(found.n_states, "state"),
                counted(len(found.brackets), "bracket"),
                counted(len(found.near_ties), "near tie") if found.near_ties else "",
            ),
            *(sentence(signed(_capital(line)), ".") for line in found.in_words()[:1]),
            *(note(signed(_capital(line)), ".") for line in found.in_words()[1:]),
            _certified_bar(found, names, state, axis),
            table(
                ["γ", "inside", "what changes"],
                ([b.shown(), b.content, _changes(b.changes, names)] for b in found.brackets),
                len(found.brackets),
            )
            if found.brackets
            else "",
        ]
    )


def _certified_bar(found: CertifiedRegions, names: Names, state: int, axis: Axis) -> Markup:
    inside = [b for b in found.brackets if state in b.changes]
    ends = [axis.place(b.upper) for b in inside]
    sets = [found.first[state], *(b.changes[state].right for b in inside)]
    reached = axis.place(found.proven_to) if not found.reaches_the_end else 1.0
    parts = [
        Part(left, right, actions, names.either(actions))
        for left, right, actions in zip([0.0, *ends], [*ends, reached], sets, strict=True)
    ]
    marks = []
    for b in found.brackets:
        left, right, middle = axis.place(b.lower), axis.place(b.upper), decimal(b.middle, FEW)
        if b in inside:
            marks.append(
                Mark(left, right, "bracket", Markup("{}").format(middle), len(middle), b.shown())
            )
        else:
            marks.append(Mark(left, left, "other", title=b.shown()))
    ties = [tie for tie in found.near_ties if tie.state == state]
    marks += [
        Mark(
            axis.place(t.lower),
            axis.place(t.upper),
            "shade",
            title=f"near tie: {names.either(t.actions)}",
        )
        for t in ties
    ]
    if reached < 1:
        marks.append(Mark(reached, 1.0, "beyond", title="not known"))
    return bar(f"best in {names.state(state)}", parts, marks, axis)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@view.register
def _(found: CertifiedBracket) -> Markup:
    told = heading("Bracket", f"γ = {found.shown()}", found.content)
    return joined([told, _changes(found.changes, Names())])


@view.register
def _(found: NearTie) -> Markup:
    names = Names()
    ends = [decimal(float(end), 10) for end in (found.lower, found.upper)]
    return joined(
        [
            heading("Near tie", names.state(found.state)),
            sentence(
                f"{names.either(found.actions)}: not told apart for γ from {ends[0]} to {ends[1]}."
            ),
        ]
    )


@view.register
def _(found: NumericChange) -> Markup:
    ends = f"{brief(found.lower, 12)} to {brief(found.upper, 12)}"
    return joined([heading("Change", f"γ from {ends}"), _changes(found.changes, Names())])


@view.register
def _(found: NumericRegions) -> Markup:
    names = Names.of_info(found.info)
    axis = gamma_axis([Fraction(change.upper) for change in found.changes])
    marks = []
    for change in found.changes:
        middle = decimal((change.lower + change.upper) / 2, FEW)
        left, right = axis.place(Fraction(change.lower)), axis.place(Fraction(change.upper))
        marks.append(Mark(left, right, "bracket", Markup("{}").format(middle), len(middle)))
    rows = (
        [f"{brief(c.lower, 12)} to {brief(c.upper, 12)}", _changes(c.changes, names)]
        for c in found.changes
    )
    end = axis.place(Fraction(found.up_to))
    marks.append(Mark(end, 1.0, "beyond", title="not searched"))
    return joined(
        [
            heading(names.title or "Numeric regions", counted(len(found.changes), "change")),
            sentence(
                f"Found by {counted(found.solves, 'solve')} in floating point up to "
                f"γ = {found.up_to:.9g}; nothing is proven."
            ),
            bar("where some state changes", [], marks, axis),
            table(["γ", "what changes"], rows, len(found.changes)) if found.changes else "",
        ]
    )
