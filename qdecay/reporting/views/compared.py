"""A comparison as a table with marks: exact beside planned beside learned."""

from __future__ import annotations

from markupsafe import Markup

from qdecay._support.one_line import escaped
from qdecay._support.result import counted
from qdecay.comparison.result import Comparison
from qdecay.comparison.thresholds import LearnedThreshold
from qdecay.learning.flips import LearnedFlip
from qdecay.reporting.chapter import title_of
from qdecay.reporting.numerals import brief, signed
from qdecay.reporting.thresholds import ShownFlip, held_against, learner_name, shown_flips
from qdecay.reporting.views.dispatch import view
from qdecay.reporting.views.markup import (
    both_forms,
    heading,
    joined,
    mark_of,
    note,
    sentence,
    table,
    tag,
)
from qdecay.reporting.views.names import Names


@view.register
def _(found: Comparison) -> Markup:
    symbol = "γ" if found.parameter is None else found.parameter.name
    flips = shown_flips(found)
    names = Names.of_info(found.info)
    against = held_against(found)
    agrees = tag("b", " ✓", class_="good") if found.verdict == "agree" else ""
    rows = ([*_row(flip, names, agrees)] for flip in flips)
    head = ["the best action", f"exact {symbol}", "planned", "learned, median", "of these agents"]
    if found.predicted is not None:
        head.insert(3, "predicted after these walks")
    return joined(
        [
            heading(escaped(title_of(found.source)), names.state(found.state), learner_name(found)),
            sentence(mark_of(found.verdict, found.verdict), *_lines(found)),
            table(head, rows, len(flips)) if flips else note("The best action never changes."),
            note(against[:1].upper(), against[1:], ".") if against else "",
        ]
    )


def _lines(found: Comparison) -> list[object]:
    lines = [*map(signed, (*found.reasons, *found.unsettled))]
    return [f": {'; '.join(lines)}"] if lines else []


def _row(flip: ShownFlip, names: Names, agrees: Markup | str) -> list[object]:
    numbers = flip.numbers()
    exact: object = numbers["exact"] if flip.exact is None else both_forms(flip.exact)
    planned = joined([numbers["planned"], agrees if flip.planned is not None else ""])
    learned = joined(
        [numbers.get("learned", numbers.get("reason", "")), agrees if flip.learned else ""]
    )
    kind = tag("div", numbers["kind"], class_="note") if "kind" in numbers else ""
    spread = joined([numbers.get("spread", ""), kind])
    row: list[object] = [_change(flip, names), exact, planned, learned, spread]
    if flip.predicted is not None:
        row.insert(3, both_forms(flip.predicted))
    return row


def _change(flip: ShownFlip, names: Names) -> str:
    return " → ".join(names.either(sorted(side)) for side in flip.sides or ())


@view.register
def _(found: LearnedThreshold) -> Markup:
    ends = found.interval
    told = f"from {brief(found.low, 6)} to {brief(found.high, 6)}"
    if ends is not None:
        told += f"; 95 % interval of the median {brief(ends[0], 6)} to {brief(ends[1], 6)}"
    return joined(
        [
            heading(
                "Learned threshold", counted(found.seeds, "seed"), counted(found.steps, "step")
            ),
            sentence(
                "Agents flip at γ = ", tag("b", brief(found.median, 6)), f" (median), {told}."
            ),
        ]
    )


@view.register
def _(found: LearnedFlip) -> Markup:
    names = Names.of_info(found.info)
    left, right = names.action(found.left), names.action(found.right)
    return joined(
        [
            heading(names.title or "Learned flip", counted(found.seeds, "seed")),
            sentence(
                "From ",
                tag("b", left),
                " to ",
                tag("b", right),
                f" at γ = {brief(found.median, 6)}, ",
                f"from {brief(found.low, 6)} to {brief(found.high, 6)}.",
            ),
        ]
    )
