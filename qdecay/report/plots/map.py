"""The map of gamma and a parameter: areas in colours, the curves between them, and their names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill, wrap
from typing import Any

from qdecay.exact.policy_map import Area, PolicyMap
from qdecay.report.map_picture import MapPicture, Point, equation, symbol
from qdecay.report.plots.style import COLOURS, TIED, _figure

_SIZE = (5.4, 3.4)  # inches
_SMALL = 7  # printer's points
_TITLE = 40  # characters in a line of the title
_LETTER = 0.55  # of the font's size: the width of a letter, about
_INCH = 72  # printer's points
_MARKED = 4  # equations drawn at most
_FAR = 0.6  # of the picture: beyond this, text goes on the other side
_FILL = 0.4  # of a colour in an area; the rest is white


def save_map(found: PolicyMap, path: Path, title: str) -> None:
    """Draw a map of one state, and save the figure.

    Args:
        found: the map, of the start.
        path: ends in .svg, .pdf or .png.
        title: above the picture.

    Raises:
        InputError: the file cannot be written.
    """
    names = found.action_names or [f"action {a}" for a in range(found.line.low.n_actions)]
    with _figure(1, path, _SIZE) as (ax,):
        draw_map(ax, found, names, title)


def draw_map(ax: Any, found: PolicyMap, actions: Sequence[str], title: str) -> None:
    """Draw a map whose areas are the optimal actions of one state.

    Args:
        ax: the axes of matplotlib.
        found: the map, of the start.
        actions: their names.
        title: above the picture.
    """
    picture = MapPicture.of(found)
    for shape in picture.shapes:
        _fill(ax, shape.corners, _choice(found.areas[shape.area]))
    for edge in picture.edges:
        ax.plot(*zip(*edge, strict=True), color="black", lw=1, solid_capstyle="round")
    _frame(ax, picture, title)
    _name_curves(ax, picture, _name_areas(ax, picture, actions))


def _choice(area: Area) -> tuple[int, ...]:
    (actions,) = area.values()
    return actions


def _colour(actions: Sequence[int]) -> str:
    return COLOURS[actions[0] % len(COLOURS)] if actions else TIED


def _fill(ax: Any, corners: Sequence[tuple[float, float]], actions: Sequence[int]) -> None:
    """Fill a shape in the colour of its action, or with stripes of the first two that tie."""
    xy = list(zip(*corners, strict=True))
    colour = _pale(_colour(actions))
    ax.fill(*xy, facecolor=colour, edgecolor=colour, lw=0.5)  # parts of an area meet without a seam
    if len(actions) > 1:
        ax.fill(*xy, facecolor="none", edgecolor=_pale(_colour(actions[1:])), hatch="////", lw=0)


def _pale(colour: str) -> tuple[float, ...]:
    """Return a colour mixed with white: transparent parts would show where they overlap."""
    from matplotlib.colors import to_rgb

    return tuple(1 - _FILL * (1 - part) for part in to_rgb(colour))


def _frame(ax: Any, picture: MapPicture, title: str) -> None:
    found = picture.found
    ax.set_xticks(*zip(*picture.axis.ticks, strict=True))
    ax.set_yticks(*zip(*picture.value_ticks, strict=True))
    # Small ticks where the map is exact.
    ax.set_yticks([picture.height(float(line.fixed)) for line in found.lines], minor=True)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_xlabel("discount factor γ")
    name = found.parameter.name
    letter = symbol(name)
    shown = name if letter == name else f"{letter} = {name}"
    ax.set_ylabel(shown, parse_math=False)
    ax.set_title(_lines(title), parse_math=False)


def _lines(title: str) -> str:
    """Return a title in as few lines as fit, of about equal length."""
    count = len(wrap(title, _TITLE))
    width = next(width for width in range(1, _TITLE + 1) if len(wrap(title, width)) <= count)
    return fill(title, width)


def _name_areas(ax: Any, picture: MapPicture, names: Sequence[str]) -> list[Point]:
    """Write the best actions into their areas; in a legend, where they do not fit.

    Returns: where the names are.
    """
    choices = [_choice(area) for area in picture.found.areas]
    texts = [picture.name(area, names) for area in range(len(choices))]
    width, height = (size * _INCH for size in _inches(ax))
    line = _SMALL * 1.6 / height
    sizes = [((len(text) + 1) * _SMALL * _LETTER / width, line) for text in texts]
    placed, missing = picture.labels(sizes)
    for label in placed:
        box = _on(_pale(_colour(choices[label.area])))
        style: Any = {"ha": "center", "va": "center", "fontsize": _SMALL, "bbox": box}
        ax.text(*label.at, texts[label.area], parse_math=False, **style)
    handles = [
        ax.fill([], [], facecolor=_pale(_colour(choices[area])), label=texts[area])[0]
        for area in missing
    ]
    if handles:
        below: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.25)}
        ax.legend(handles=handles, fontsize=_SMALL, frameon=False, **below)
    return [label.at for label in placed]


def _inches(ax: Any) -> tuple[float, float]:
    """Return about how large the axes are."""
    box, (width, height) = ax.get_position(), ax.figure.get_size_inches()
    return box.width * width, box.height * height


def _on(colour: Any) -> dict[str, Any]:
    """Return what keeps text apart from the stripes and curves behind it."""
    return {"facecolor": colour, "edgecolor": "none", "pad": 1}


def _clear_of(point: Point, taken: Sequence[Point]) -> float:
    """Return how far a point is from others and from the edges of the picture."""
    x, y = point
    others = (math.hypot(x - a, 2 * (y - b)) for a, b in taken)  # text is wide
    return min(x, 1 - x, 2 * y, 2 * (1 - y), *others)


def _name_curves(ax: Any, picture: MapPicture, taken: list[Point]) -> None:
    """Write the equations of curves beside them, where they are short."""
    drawn = 0
    for curve in sorted(picture.found.curves, key=lambda c: -len(c.points)):
        text = curve.polynomial and equation(curve.polynomial, picture.found.parameter.name)
        if not text or drawn == _MARKED:
            continue
        points = picture.curve(curve)
        place = max(range(len(points)), key=lambda i: _clear_of(points[i], taken))
        ax.annotate(
            text,
            points[place],
            textcoords="offset points",
            fontsize=_SMALL,
            bbox=_on("white"),
            parse_math=False,
            **_beside(points, place),
        )
        taken.append(points[place])
        drawn += 1


def _beside(points: Sequence[Point], place: int) -> dict[str, Any]:
    """Return where text goes at a point of a curve: above a flat one, right of a steep one."""
    x, y = points[place]
    (x0, y0), (x1, y1) = points[max(place - 1, 0)], points[min(place + 1, len(points) - 1)]
    if abs(x1 - x0) > abs(y1 - y0):
        side = 1 if y < _FAR else -1
        return {"xytext": (0, 4 * side), "ha": "center", "va": "bottom" if side > 0 else "top"}
    side = 1 if x < _FAR else -1
    return {"xytext": (5 * side, 0), "ha": "left" if side > 0 else "right", "va": "center"}
