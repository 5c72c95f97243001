"""All other results: a line that names the kind, and the fields or rows as a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from fractions import Fraction
from typing import Any

import numpy as np
from markupsafe import Markup

from qdecay._support.result import Record, counted
from qdecay._support.shown import shortest
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.resampled import ResampledBreakpoints
from qdecay.pricing.resampled import ResampledPrice
from qdecay.reporting.numerals import brief, interval, signed
from qdecay.reporting.views.dispatch import view
from qdecay.reporting.views.markup import DIGITS, both_forms, heading, joined, note, table, tag
from qdecay.reporting.views.names import Names
from qdecay.sweep import Finished, Sweep
from qdecay.sweep.phase import PhaseDiagram

_MOST_TEXT = 120  # characters of a field
_MOST_AXES = 5  # parameters of a sweep that a row has


@view.register
def _(found: Record) -> Markup:
    """Return the fields of a result without its own view."""
    shown = [f.name for f in fields(found) if f.repr and not f.name.startswith("_")]
    rows = [[_words(name), value_cell(getattr(found, name))] for name in shown]
    title = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(found).__name__).capitalize()
    said = found._shown() if type(found)._shown is not Record._shown else ""  # fields say it
    return joined([heading(title, said), table(["", ""], rows, len(rows))])


def _words(name: str) -> str:
    return name.replace("_", " ").replace("gamma", "γ")


def value_cell(value: Any) -> Markup | str:
    """Return a field's value, short."""
    if isinstance(value, AlgebraicNumber):
        return both_forms(value)
    if isinstance(value, float):
        return signed(shortest(value))
    if isinstance(value, bool | int | Fraction | str) or value is None:
        return _short(
            "" if value is None else value if isinstance(value, str) else signed(str(value))
        )
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}"
    if isinstance(value, Mapping):
        return _several([f"{key}: {_text(each)}" for key, each in value.items()])
    if isinstance(value, Sequence | frozenset):
        return _several([_text(each) for each in value])
    return _short(repr(value))


def _several(texts: Sequence[str]) -> str:
    return _short(", ".join(texts)) if texts else "none"


def _text(value: Any) -> str:
    if isinstance(value, AlgebraicNumber):
        return signed(value.closed_form() or value.decimal(DIGITS))
    if isinstance(value, Record):
        return value._shown()
    return str(value) if isinstance(value, Fraction | str) else repr(value)


def _short(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"


@view.register
def _(found: AlgebraicNumber) -> Markup:
    return tag("p", both_forms(found, 20), class_="answer")


@view.register
def _(found: ResampledBreakpoints) -> Markup:
    names = Names.of_info(found.info)
    rows = (
        [
            both_forms(point.gamma),
            interval(point.interval),
            f"{100 * point.share:.0f} %",
            f"{names.either(point.left)} → {names.either(point.right)}",
        ]
        for point in found.breakpoints
    )
    head = ["γ", "95 % interval", "of resamples", "best action"]
    return joined(
        [
            heading(
                names.title or "From data",
                names.state(found.state),
                counted(found.resamples, "resample"),
            ),
            table(head, rows, len(found.breakpoints))
            if found.breakpoints
            else note("The best action never changes."),
        ]
    )


@view.register
def _(found: ResampledPrice) -> Markup:
    rows = (
        [
            f"{brief(float(region.lower), 6)} to {brief(float(region.upper), 6)}",
            signed(region.shown(6)),
            interval(worth.worst),
            interval(worth.loss),
        ]
        for region, worth in zip(found.price.regions, found.regions, strict=True)
    )
    return joined(
        [
            heading(
                Names.of_info(found.info).title or "Price by data",
                f"possible: {interval(found.optimum)}",
                counted(found.resamples, "resample"),
            ),
            table(["γ", "earns", "95 % interval", "lost, 95 % interval"], rows, len(found.regions)),
        ]
    )


@view.register
def _(found: PhaseDiagram) -> Markup:
    axes = [axis.name for axis in found.axes][:_MOST_AXES]
    rows = (
        [
            "none" if row.exact is None else both_forms(row.exact),
            row.outcome,
            "" if row.threshold is None else brief(row.threshold, 6),
            f"{row.trainings:,}",
            *(str(row.parameters.get(name, "")) for name in axes),
        ]
        for row in found.rows
    )
    head = ["exact γ", "agents", "learned", "trainings", *axes]
    facts = f"{found.stored:,} of {counted(found.cells, 'cell')} trained"
    return joined([heading("Phase diagram", facts), table(head, rows, len(found.rows))])


@view.register
def _(found: Sweep) -> Markup:
    return joined([heading("Sweep", found.spec._shown(), counted(len(found), "cell"))])


@view.register
def _(found: Finished) -> Markup:
    return heading("Sweep", found._shown())
