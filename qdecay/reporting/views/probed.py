"""What a probe found about an agent: the verdict, the indifference points, and the curve."""

from __future__ import annotations

import math
from collections.abc import Callable

from markupsafe import Markup

from qdecay._support.one_line import escaped
from qdecay._support.result import counted
from qdecay._support.shown import shortest
from qdecay.probing.diagnosis import Diagnosis
from qdecay.probing.point import Point, shown
from qdecay.probing.profile import DiscountProfile
from qdecay.reporting.views.axis import Axis, even_axis, log_axis
from qdecay.reporting.views.charts import Curve, Dot, chart, legend
from qdecay.reporting.views.dispatch import view
from qdecay.reporting.views.markup import heading, joined, mark_of, note, sentence, table, tag

_GRID = 60  # points of a curve
_ROOM = 1.08  # of the vertical axis, relative to the drawn range
_DEEPEST = -600.0  # the least logarithm of a discount: below it floats underflow
_MOST_EXPLANATIONS = 3
_HEAD = ("setting", "delays", "γ, 95 % interval", "answers")


@view.register
def _(found: DiscountProfile) -> Markup:
    told = "not configured" if found.told is None else f"configured: γ = {shortest(found.told)}"
    rows = (_row(point) for point in found.points)
    verdict = _symbols(found.verdict)
    return joined(
        [
            heading(escaped(found.agent), told, counted(found.trainings, "training")),
            sentence(_mark(found, verdict), "."),
            _discounts(found),
            table(_HEAD, rows, len(found.points)),
        ]
    )


def _mark(found: DiscountProfile, verdict: str) -> Markup:
    """The verdict with its mark, or without one if no gamma was configured."""
    if found.told is None and not found.undecided:
        return tag("b", verdict)
    as_told = found.behaves_as_told
    kind = "undecided" if as_told is None else "agree" if as_told else "disagree"
    return mark_of(kind, verdict)


def _symbols(verdict: str) -> str:
    return verdict.replace("gamma = ", "γ = ")


def _row(point: Point) -> list[object]:
    known = shown(point.gamma) if point.gamma else point.side
    delays = f"{point.near_delay} or {point.delay}"
    return [escaped(point.setting.name), delays, known, len(point.actions)]


def _discounts(found: DiscountProfile) -> Markup:
    """Indifference points over the delay, with the curve through them and the configured one."""
    drawn = [(p.delay, p.log_discount) for p in found.curve_points if p.log_discount is not None]
    if not drawn:
        return note("No indifference point was found: there is nothing to draw.")
    near, last = found.points[0].near_delay, max(p.delay for p in found.curve_points)
    configured = math.log(found.told) if found.told else 0.0
    lowest = min(configured * (last - near), *(low for _, (low, _, _) in drawn))
    lowest = max(_ROOM * lowest, _DEEPEST)
    x, y = _delays(near, last), log_axis("", math.exp(lowest), 1.0)

    def at(delay: float, log_discount: float) -> tuple[float, float]:
        return x.place(delay), 1 - max(log_discount, lowest) / lowest

    def path(of: Callable[[float], float], kind: str, colour: str) -> Curve:
        grid = [near + (last - near) * i / _GRID for i in range(_GRID + 1)]
        return Curve(tuple(at(delay, of(delay)) for delay in grid), kind, colour)

    curves, entries = [], [("dot", "learned", "indifferent, with 95 % interval")]
    if found.told:
        curves.append(path(lambda n: configured * (n - near), "dotted", "exact"))
        entries.append(("dotted", "exact", f"configured: γ = {shortest(found.told)}"))
    if (fit := found.curve) is not None:
        first = fit.log_discount(near)
        curves.append(path(lambda n: fit.log_discount(n) - first, "", "learned"))
        entries.append(("", "learned", f"the {fit.name} curve through them"))
    dots = []
    for delay, (low, middle, high) in drawn:
        curves.append(Curve((at(delay, low), at(delay, high)), "whisker", "learned"))
        title = f"delay {delay}: {math.exp(middle):.4g}"
        dots.append(Dot(at(delay, middle), "learned", title=title))
    name = "near reward that is worth the far one, as a share of it"
    return joined([chart(name, x, y, curves, dots, description=name), legend(entries)])


def _delays(near: int, last: int) -> Axis:
    axis = even_axis("delay of the far reward, in steps", near, last + 0.04 * (last - near))
    whole = tuple(
        (at, text) for at, text in axis.ticks if float(text.replace("−", "-")).is_integer()
    )
    return Axis(axis.name, axis.place, whole)


@view.register
def _(found: Point) -> Markup:
    return joined([heading("Indifference point"), table(_HEAD, [_row(found)], 1)])


@view.register
def _(found: Diagnosis) -> Markup:
    likely = list(found.probabilities.items())[:_MOST_EXPLANATIONS]
    rows = ([name, f"{share:.4g}"] for name, share in likely)
    return joined(
        [
            heading("Diagnosis", found.fault or "open"),
            sentence(_symbols(found.text[:1].upper() + found.text[1:]), "."),
            table(["explanation", "probability"], rows, len(likely)),
        ]
    )
