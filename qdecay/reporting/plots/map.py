"""The map of gamma and a parameter: areas in colours, the curves between them, and their names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from qdecay._support.one_line import state_called
from qdecay.exact.map_lines import Area
from qdecay.exact.policy_map import PolicyMap
from qdecay.reporting.map_picture import MapPicture, Point, equation, symbol
from qdecay.reporting.plots.axes import AXIS, LOG_AXIS
from qdecay.reporting.plots.naming import state_name, titled
from qdecay.reporting.plots.style import INK, filling, set_legend, set_title
from qdecay.reporting.plots.words import LINE, SMALL, named, points_of, width_of, wrapped

_MARKED = 4  # equations drawn at most
_FAR = 0.6  # of the picture: beyond this, text is on the other side


def draw_map(
    found: PolicyMap,
    ax: Any,
    *,
    actions: Sequence[str] | None = None,
    title: str | None = None,
) -> Any:
    """Draw a map whose areas are the optimal actions of one state.

    Both axes go from 0 to 1 across the picture, with marks where gamma and the parameter are.

    Args:
        found: the map of the start.
        ax: matplotlib axes.
        actions: names of the actions; None means the model's own.
        title: above the picture; None names the model and the state.

    Returns: the axes.

    Raises:
        ValueError: the map is not of the start alone.
    """
    if found.of != "start":
        raise ValueError(f'a map of the start can be drawn (of="start"), got one of {found.of!r}')
    names = actions or found.action_names
    names = names or [f"action {a}" for a in range(found.line.low.n_actions)]
    picture = MapPicture.of(found)
    for shape in picture.shapes:
        _fill(ax, shape.corners, _choice(found.areas[shape.area]))
    for edge in picture.edges:
        ax.plot(*zip(*edge, strict=True), color=INK, lw=1, solid_capstyle="round")
    _frame(ax, picture)
    _name_curves(ax, picture, _name_areas(ax, picture, names))
    state = state_name(found.info, found.info.start or 0)
    set_title(ax, title or titled(found.info, f"best in {state_called(state)}"))
    return ax


def _choice(area: Area) -> tuple[int, ...]:
    (actions,) = area.values()
    return actions


def _fill(ax: Any, corners: Sequence[Point], actions: Sequence[int]) -> None:
    """Fill a shape with the colour of its action; parts of an area join without a seam."""
    x, y = zip(*corners, strict=True)
    style = filling(actions)
    ax.fill(x, y, facecolor=style["facecolor"], edgecolor=style["facecolor"], lw=0.5)
    if "hatch" in style:
        ax.fill(x, y, **style | {"facecolor": "none"}, lw=0)


def _frame(ax: Any, picture: MapPicture) -> None:
    found = picture.found
    ax.set_xticks(*zip(*picture.axis.ticks, strict=True))
    ax.set_yticks(*zip(*picture.value_ticks, strict=True))
    ax.set_yticks([picture.height(float(line.fixed)) for line in found.lines], minor=True)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_xlabel(AXIS if picture.axis.depth is None else LOG_AXIS)
    name = found.parameter.name
    letter = symbol(name)
    shown = name if letter == name else f"{letter} = {name}"
    shown += " (small marks: exact there)"
    ax.set_ylabel(wrapped(shown, points_of(ax)[1]), parse_math=False)


def _name_areas(ax: Any, picture: MapPicture, names: Sequence[str]) -> list[Point]:
    """Write the best actions into their areas, or into a legend if they do not fit.

    Returns: where the names are.
    """
    choices = [_choice(area) for area in picture.found.areas]
    texts = [picture.name(area, names) for area in range(len(choices))]
    width, height = points_of(ax)
    sizes = [((width_of(text) + SMALL) / width, LINE / height) for text in texts]
    placed, missing = picture.labels(sizes)
    for label in placed:
        box = _on(filling(choices[label.area])["facecolor"])
        style: Any = {"ha": "center", "va": "center", "fontsize": SMALL, "bbox": box}
        ax.text(*label.at, texts[label.area], parse_math=False, **style)
    handles = [
        ax.fill([], [], label=named(texts[area]), **filling(choices[area]))[0] for area in missing
    ]
    if handles:
        set_legend(ax, handles=handles)
    return [label.at for label in placed]


def _on(colour: Any) -> dict[str, Any]:
    """Return a style that makes text readable over stripes and curves."""
    return {"facecolor": colour, "edgecolor": "none", "pad": 1}


def _clear_of(point: Point, taken: Sequence[Point]) -> float:
    """Return how far a point is from others and from the edges of the picture."""
    x, y = point
    others = (math.hypot(x - a, 2 * (y - b)) for a, b in taken)  # text is wide
    return min(x, 1 - x, 2 * y, 2 * (1 - y), *others)


def _name_curves(ax: Any, picture: MapPicture, taken: list[Point]) -> None:
    """Write short equations beside their curves."""
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
            fontsize=SMALL,
            bbox=_on("white"),
            parse_math=False,
            **_beside(points, place),
        )
        taken.append(points[place])
        drawn += 1


def _beside(points: Sequence[Point], place: int) -> dict[str, Any]:
    """Return where to put text at a point of a curve: above a flat one, right of a steep one."""
    x, y = points[place]
    (x0, y0), (x1, y1) = points[max(place - 1, 0)], points[min(place + 1, len(points) - 1)]
    if abs(x1 - x0) > abs(y1 - y0):
        side = 1 if y < _FAR else -1
        return {"xytext": (0, 4 * side), "ha": "center", "va": "bottom" if side > 0 else "top"}
    side = 1 if x < _FAR else -1
    return {"xytext": (5 * side, 0), "ha": "left" if side > 0 else "right", "va": "center"}
