"""The beginning of a page: a row for each problem, or a sentence and three figures for one
model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from qdecay.comparison.result import Comparison
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.reporting import mathml
from qdecay.reporting.chapter import Chapter
from qdecay.reporting.numerals import page_decimal
from qdecay.reporting.words import equation, exactly, question

_MOST = 2  # break-even gammas of a row; more are in its table
_CROWDED = Fraction(49, 50)  # breakpoints right of it need the log axis


@dataclass(frozen=True)
class Answer:
    """A break-even gamma: its closed form as MathML, or None, and its decimals."""

    form: str | None
    decimal: str


@dataclass(frozen=True)
class Mark:
    """The result of planning or learning: "✓", "✗" or "?", the colour's name, and which of them it
    is."""

    sign: str
    colour: str
    way: str


@dataclass(frozen=True)
class Row:
    """A problem at a glance.

    Attributes:
        letter: of the homework, or "".
        title: its name.
        question, exact: the choice in words, and its exact streams if the words round them.
        equation: the equation in MathML, with the streams as given, or None.
        answers: its first break-even gammas.
        more: how many more there are.
        marks: whether planning and learning agree; empty if no agents were trained.
    """

    letter: str
    title: str
    question: str
    exact: str
    equation: str | None
    answers: tuple[Answer, ...]
    more: int
    marks: tuple[Mark, ...]


def opens_with_rows(chapters: Sequence[Chapter]) -> bool:
    """Whether the page has a row for each problem: several, or a choice between streams."""
    return len(chapters) > 1 or chapters[0].is_choice


def row_of(chapter: Chapter) -> Row:
    """Return the row of a problem."""
    gammas = chapter.switching(chapter.shown_state)
    layout = chapter.layout if chapter.is_choice else None
    size = f"{chapter.mdp.n_states} states, {chapter.mdp.n_actions} actions"
    return Row(
        chapter.letter,
        chapter.title,
        size if layout is None else question(layout),
        "" if layout is None else exactly(layout),
        None if layout is None else equation(layout),
        tuple(map(_answer, gammas[:_MOST])),
        max(0, len(gammas) - _MOST),
        () if chapter.comparison is None else _marks(chapter.comparison),
    )


def is_crowded(chapters: Sequence[Chapter]) -> bool:
    """Whether the page's axis is a log scale of 1 - gamma.

    It is for a model, whose price is drawn on it, and for choices that change close to 1.
    """
    if not opens_with_rows(chapters):
        return True
    points = (point.gamma for chapter in chapters for point in chapter.regions.breakpoints)
    return any(gamma > _CROWDED for gamma in points)


def _answer(gamma: AlgebraicNumber) -> Answer:
    form = gamma.form
    return Answer(None if form is None else mathml.in_line(form), page_decimal(gamma))


def _marks(row: Comparison) -> tuple[Mark, ...]:
    """Planning agrees if each flip is within its proven error; for learning the verdict counts."""
    if not row.exact:
        return ()
    flips = list(zip(row.exact, row.planned, row.planned_errors, strict=True))
    if any(planned is None for _, planned, _ in flips):
        plan = "?"
    else:
        # A difference of half of a float's last digit is not a disagreement.
        near = (abs(float(e) - (p or 0)) <= (error or 0) + 1e-15 for e, p, error in flips)
        plan = "✓" if all(near) else "✗"
    if row.verdict == "agree":
        learned = "✓"
    else:
        learned = "✗" if row.verdict == "disagree" and plan == "✓" else "?"
    colours = {"✓": "good", "✗": "warning", "?": "soft"}
    return tuple(Mark(s, colours[s], way) for s, way in ((plan, "planned"), (learned, "learned")))
