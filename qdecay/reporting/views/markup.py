"""Pieces of HTML. Everything except `Markup` is escaped, so that no name can become a tag."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.reporting import mathml
from qdecay.reporting.numerals import written

DIGITS = 10  # of a gamma in a table, as on pages
FEW = 4  # of one beside a picture
LONGEST_FORM = 24  # characters of a closed form that is easier to read than decimals
_FOLDED = 8  # rows of a table that are visible; the others unfold
_MOST = 200  # rows of a table
_BESIDE = 4  # columns that fit on a phone; with more, each row becomes a list there
_MARKS = {"agree": ("✓", "good"), "disagree": ("✗", "warning"), "undecided": ("?", "open")}


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """Return an element; an attribute that is None is left out, `class_` is the class.

    >>> print(tag("b", "<1>", tag("i", "two"), class_="x", title=None))
    <b class="x">&lt;1&gt;<i>two</i></b>
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), value)
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, joined(children))


def joined(parts: Iterable[object], between: str | Markup = "") -> Markup:
    """Return the parts joined, with text escaped."""
    return escape(between).join(map(escape, parts))


def exact_form(number: AlgebraicNumber) -> Markup | None:
    """Return the closed form as a formula, or None if there is no short one."""
    form = number.form
    if form is None or len(str(form)) > LONGEST_FORM:
        return None
    return Markup(mathml.in_line(form))


def both_forms(number: AlgebraicNumber, digits: int = DIGITS) -> Markup:
    """Return a number exactly and in decimals, or once if both are the same."""
    has_form, sign, decimals = written(number, digits, LONGEST_FORM)
    shown = tag("span", decimals, class_="digits")
    return joined([exact_form(number) or "", f" {sign} ", shown]) if has_form else shown


def table(head: Sequence[object], rows: Iterable[Sequence[object]], total: int) -> Markup:
    """Return a table; rows after the eighth are folded, and the last ones only counted.

    Args:
        head: the headings of the columns.
        rows: cells for each column; only the rows shown are consumed.
        total: how many rows there are.
    """
    kept: list[Sequence[object]] = []
    for row in rows:
        if len(kept) == _MOST:
            break
        kept.append(row)
    fold = _FOLDED if total > _FOLDED + 2 else total  # the summary takes the room of two rows
    parts = [_table(head, kept[:fold])]
    if rest := kept[fold:]:
        beyond = f", of {total:,} in all" if total > len(kept) else ""
        summary = tag("summary", f"{len(rest):,} more{beyond}")
        parts.append(tag("details", summary, _table(head, rest)))
    return joined(parts)


def _table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> Markup:
    names = joined(tag("th", cell, scope="col") if cell else tag("td") for cell in head)
    above = tag("thead", tag("tr", names)) if any(head) else ""
    lines = []
    for first, *others in rows:
        cells = [tag("td", cell, data_of=of) for of, cell in zip(head[1:], others, strict=True)]
        lines.append(tag("tr", tag("th", first, scope="row"), *cells))
    kind = "stack" if len(head) > _BESIDE else None
    whole = tag("table", above, tag("tbody", *lines), class_=kind)
    return tag("div", whole, class_="scroll")


def heading(title: object, *facts: object) -> Markup:
    """Return the first line: the kind of result, and a few facts about it."""
    shown = [tag("span", fact) for fact in facts if fact]
    return tag("p", tag("b", title), *shown, class_="head")


def sentence(*parts: object) -> Markup:
    """Return the answer in words."""
    return tag("p", *parts, class_="answer")


def note(*parts: object) -> Markup:
    """Return a remark in small print."""
    return tag("p", *parts, class_="note")


def mark_of(verdict: str, text: str) -> Markup:
    """Return a verdict's words with its mark, in its colour: agree, disagree or undecided."""
    mark, colour = _MARKS[verdict]
    return tag("b", f"{mark} {text}", class_=colour)
