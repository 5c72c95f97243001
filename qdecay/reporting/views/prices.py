"""What every gamma costs: the step curve, with the optimum, the best gammas, and the usual one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from qdecay._support.result import counted
from qdecay._support.shown import percent
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.pricing.ends import runs
from qdecay.pricing.learned import LearnedGamma, LearnedPrice
from qdecay.pricing.line_price import LinePrice
from qdecay.pricing.result import GammaPrice, JudgedRegions, Priced, PricedPoint, PricedRegion
from qdecay.pricing.worth import Worth
from qdecay.reporting.numerals import brief, decimal, signed, written
from qdecay.reporting.prices import USUAL, Words
from qdecay.reporting.views.axis import Axis, even_axis, log_gamma_axis, parameter_axis
from qdecay.reporting.views.charts import Curve, Dot, Label, chart
from qdecay.reporting.views.dispatch import view
from qdecay.reporting.views.markup import (
    DIGITS,
    both_forms,
    heading,
    joined,
    note,
    sentence,
    table,
    tag,
)
from qdecay.reporting.views.names import Names

_DIGITS = 7  # of gammas in sentences
_RIGHT = 0.68  # of the width: labels right of it end at their dots, others begin there
_LONGEST = 12  # characters of an exact worth
_ROOM = 0.14  # of the range of what is earned, above and below it


@view.register
def _(found: GammaPrice) -> Markup:
    inner = [found.regions[i].lower for i, _ in _alike(found.regions)[1:]]
    axis, usual = log_gamma_axis([*inner, USUAL]), found.at(USUAL)
    return _priced(found, axis, "γ", [usual], found.sentence(USUAL))


@view.register
def _(found: LinePrice) -> Markup:
    return _priced(
        found, parameter_axis(found.parameter), found.parameter.name, [], found.sentence()
    )


def _priced(
    found: JudgedRegions, axis: Axis, symbol: str, marked: Sequence[PricedPoint], told: str
) -> Markup:
    title = Names.of_info(found.info).title or "Price"
    judge, regions = f"judged by {found.judge}", counted(len(found.regions), "policy region")
    best, words = set(found.best_regions), Words(found)
    alike = _alike(found.regions)
    rows = (
        [
            f"{decimal(found.regions[i].lower, DIGITS)} to "
            f"{decimal(found.regions[j].upper, DIGITS)}",
            _earned(found.regions[i]),
            words.lost(found.regions[i]).replace(" ", "\N{NO-BREAK SPACE}"),
            tag("b", "best", class_="good") if i in best else "",
        ]
        for i, j in alike
    )
    return joined(
        [
            heading(title, judge, regions),
            sentence(_in_symbols(told), "."),
            _curve(found, words, axis, symbol, marked),
            table([symbol, "earns", "lost", ""], rows, len(alike)),
        ]
    )


def _alike(regions: Sequence[PricedRegion]) -> list[tuple[int, int]]:
    """The first and the last of neighbouring regions whose policies earn the same."""
    found: list[tuple[int, int]] = []
    for i, region in enumerate(regions):
        if found and _ends(regions[found[-1][0]]) == _ends(region):
            found[-1] = found[-1][0], i
        else:
            found.append((i, i))
    return found


def _ends(found: Priced) -> tuple[float, float]:
    return found.worst.value, found.best.value


def _earned(found: Priced) -> str:
    worst, best = _ends(found)
    return _worth(found.worst) if worst == best else signed(found.shown(DIGITS))


def _worth(worth: Worth) -> str:
    """Return a worth exactly if that is short, and in decimals."""
    if worth.exact is None:
        return signed(worth.shown(DIGITS))
    number = AlgebraicNumber.of(worth.exact)
    has_form, sign, decimals = written(number, DIGITS, _LONGEST)
    return f"{signed(str(worth.exact))} {sign} {decimals}" if has_form else decimals


def _in_symbols(told: str) -> str:
    """Return a sentence of the command line with the symbol of gamma."""
    for words in ("gamma = ", "gamma between", "every gamma"):
        told = told.replace(words, words.replace("gamma", "γ"))
    return signed(told)


def _curve(
    found: JudgedRegions, words: Words, axis: Axis, symbol: str, marked: Sequence[PricedPoint]
) -> Markup:
    worths = [region.worst.value for region in found.regions]
    finite = [
        y
        for y in (*worths, *(m.worst.value for m in marked), found.optimum.value)
        if math.isfinite(y)
    ]
    room = (max(finite) - min(finite) or abs(finite[0]) or 1.0) * _ROOM
    low, high = min(finite) - room, max(finite) + room
    rise = _rise(words, low, high)

    def up(worth: float) -> float:
        return 0.0 if worth == -math.inf else rise.place(worth)

    ends = [*(axis.place(region.lower) for region in found.regions)]
    ends.append(axis.place(found.regions[-1].upper))
    steps = [(x, up(y)) for pair, y in zip(pairwise(ends), worths, strict=True) for x in pair]
    curves = _best_areas(found, ends) + _ties(found, ends, up)
    most = up(found.optimum.value)
    curves += [Curve(((0.0, most), (1.0, most)), "dashed"), Curve(tuple(steps), "", "far")]
    marks: list[Dot | Label] = [
        Label((0.0, most), f"{words.possible} {words.amount(found.optimum)}", "soft")
    ]
    if -math.inf in worths:
        marks.append(Label((ends[worths.index(-math.inf)], 0.0), "loses for ever", "far"))
    for point in marked:
        marks += _marked(point, words, axis, up, symbol)
    return chart(
        words.measure,
        axis,
        rise,
        curves,
        marks,
        description=f"what each {symbol} earns, a step curve",
    )


def _rise(words: Words, low: float, high: float) -> Axis:
    """Return the vertical axis, in percent if the measure is a share."""
    if not words.is_share:
        return even_axis("", low, high)
    axis = even_axis("", 100 * low, 100 * high)
    kept = [
        (at, f"{text} %") for at, text in axis.ticks if 0 <= float(text.replace("−", "-")) <= 100
    ]
    return Axis("", lambda worth: axis.place(100 * float(worth)), tuple(kept))


def _best_areas(found: JudgedRegions, ends: Sequence[float]) -> list[Curve]:
    if len(found.best_regions) == len(found.regions):
        return []
    return [
        Curve(
            ((ends[first], 0.0), (ends[first], 1.0), (ends[last + 1], 1.0), (ends[last + 1], 0.0)),
            "area",
            "good",
        )
        for first, last in runs(found.best_regions)
    ]


def _ties(found: JudgedRegions, ends: Sequence[float], up: Any) -> list[Curve]:
    """Draw the range of what policies of a region may earn, if that depends on how ties break."""
    areas = []
    for region, (left, right) in zip(found.regions, pairwise(ends), strict=True):
        low, high = up(region.worst.value), up(region.best.value)
        if low < high:
            areas.append(
                Curve(((left, low), (left, high), (right, high), (right, low)), "area", "far")
            )
    return areas


def _marked(
    point: PricedPoint, words: Words, axis: Axis, up: Any, symbol: str
) -> list[Dot | Label]:
    at = axis.place(point.number), up(point.worst.value)
    earned = words.amount(point.worst) if math.isfinite(point.worst.value) else "loses for ever"
    text = f"{symbol} = {decimal(point.number, _DIGITS)}: {earned}"
    return [
        Dot(at, "ink", title=text),
        Label(at, text, "ink", ends=at[0] > _RIGHT, under=at[1] > 0.3),
    ]


@view.register
def _(found: Priced) -> Markup:
    lost = (
        ""
        if found.loss is None
        else f"{percent(found.loss)} lost"
        if math.isfinite(found.loss)
        else "loses for ever"
    )
    return joined(
        [
            heading(_where(found), lost),
            sentence("Earns ", tag("b", signed(found.shown(DIGITS))), "."),
        ]
    )


def _where(found: Priced) -> Markup:
    if isinstance(found, PricedRegion):
        ends = [both_forms(found.lower), both_forms(found.upper)]
        return joined(["From ", joined(ends, " to ")])
    if isinstance(found, PricedPoint):
        return joined(["At ", both_forms(found.number)])
    return Markup("Earned")


@view.register
def _(found: Worth) -> Markup:
    return sentence(
        tag("b", _worth(found)),
        "" if found.exact is not None else signed(f", at most {found.error:.1e} off"),
    )


@view.register
def _(found: LearnedPrice) -> Markup:
    best = found.gammas[0].optimum if found.gammas else None
    rows = (_learned_row(each) for each in found.gammas)
    return joined(
        [
            heading(
                Names.of_info(found.info).title or "Learned price",
                f"possible: {signed(best.shown(DIGITS))}" if best is not None else "",
            ),
            table(
                [
                    "γ",
                    "optimal policies earn",
                    "agents earn, median",
                    "least to most",
                    "lost to γ",
                    "lost to training",
                ],
                rows,
                len(found.gammas),
            ),
            note("Lost in reward units: first to the discount factor, then to the training."),
        ]
    )


@view.register
def _(found: LearnedGamma) -> Markup:
    head = [
        "γ",
        "optimal policies earn",
        "agents earn, median",
        "least to most",
        "lost to γ",
        "lost to training",
    ]
    return joined([heading("Learned at one γ"), table(head, [_learned_row(found)], 1)])


def _learned_row(found: LearnedGamma) -> list[object]:
    least, most = found.agents[0], found.agents[-1]
    return [
        both_forms(found.gamma),
        signed(found.allowed.shown(6)),
        tag("b", signed(found.median.shown(6))),
        signed(f"{least.shown(6)} to {most.shown(6)}"),
        brief(found.lost_to_gamma, 4),
        brief(found.lost_to_training, 4),
    ]
