"""A picture of curves: lines that stretch with the cell, under text that does not.

The curves are an SVG stretched to the field; labels, dots and ticks are positioned over it by
shares of its sides, so that letters keep their size and circles stay round in any cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from qdecay.reporting.views.axis import Axis
from qdecay.reporting.views.markup import tag

Point = tuple[float, float]  # places: from the left and from the bottom


@dataclass(frozen=True)
class Curve:
    """A line through places.

    Attributes:
        points: from left to right.
        kind: its look: "", "dashed", "dotted", "thin", "whisker" or "area".
        colour: the name of a colour, or "".
    """

    points: tuple[Point, ...]
    kind: str = ""
    colour: str = ""

    def html(self) -> Markup:
        """Return the path."""
        drawn = "L".join(f"{100 * x:.2f} {100 - 100 * y:.2f}" for x, y in self.points)
        closed = "Z" if self.kind == "area" else ""
        return tag("path", d=f"M{drawn}{closed}", class_=self.kind or None, style=one(self.colour))


@dataclass(frozen=True)
class Dot:
    """A dot at a place; `kind` may be "hollow"."""

    at: Point
    colour: str = ""
    kind: str = ""
    title: str = ""

    def html(self) -> Markup:
        """Return it."""
        place = f"{_place(self.at)} {one(self.colour) or ''}"
        kind = f"dot {self.kind}".strip()
        return tag("span", class_=kind, style=place.strip(), title=self.title or None)


@dataclass(frozen=True)
class Label:
    """Text at a place: it begins or, if `ends`, ends there, and is above or, if `under`, below."""

    at: Point
    text: object
    colour: str = ""
    ends: bool = False
    under: bool = False

    def html(self) -> Markup:
        """Return it."""
        across = f"{-100 if self.ends else 0}%"
        aside = f"translate({across}, {'150%' if self.under else '-10%'})"
        place = f"{_place(self.at)} transform: {aside}; {one(self.colour) or ''}"
        return tag("b", self.text, style=place.strip())


def chart(
    name: object,
    x: Axis,
    y: Axis,
    curves: Iterable[Curve],
    marks: Iterable[Dot | Label] = (),
    *,
    description: str,
) -> Markup:
    """Return the picture.

    Args:
        name: what the vertical axis measures.
        x, y: its axes.
        curves: from back to front.
        marks: dots and labels, drawn over the curves.
        description: what the picture shows, for screen readers.
    """
    grid = [Curve(((0.0, at), (1.0, at)), "grid") for at, _ in y.ticks if at > 0]
    paths = [curve.html() for curve in (*grid, *curves)]
    rise = [tag("span", text, style=f"bottom: {100 * at:.2f}%") for at, text in y.ticks]
    widest = max((text for _, text in y.ticks), key=len, default="")
    drawn = tag(
        "svg",
        *paths,
        viewBox="0 0 100 100",
        preserveAspectRatio="none",
        role="img",
        aria_label=description,
    )
    return tag(
        "div",
        tag("div", name, class_="rise-name"),
        tag("div", *rise, tag("i", widest), class_="rise"),
        tag("div", drawn, *(mark.html() for mark in marks), class_="field"),
        tag("div"),
        tag("div", x.html()),
        class_="chart",
    )


def legend(entries: Sequence[tuple[str, str, str]]) -> Markup:
    """Return a legend of the lines, given kind, colour and name of each."""
    keys = [
        tag("span", tag("i", class_=f"key {kind}".strip(), style=one(colour)), name)
        for kind, colour, name in entries
    ]
    return tag("p", *keys, class_="legend")


def one(colour: str) -> str | None:
    """Return the style that gives an element a colour of the palette."""
    return f"--one: var(--{colour});" if colour else None


def _place(at: Point) -> str:
    return f"left: {100 * at[0]:.2f}%; bottom: {100 * at[1]:.2f}%;"
