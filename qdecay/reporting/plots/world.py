"""A small model as a figure: the squares of its board, or its states and moves.

The drawing is that of pages and notebooks (`qdecay.reporting.graph`, `qdecay.reporting.boards`), in
pixels; here it is scaled to the axes, with its proportions kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from qdecay.model.info import ModelInfo
from qdecay.model.mdp import MDP
from qdecay.reporting import colours
from qdecay.reporting.boards import Board
from qdecay.reporting.graph import Arrow, Graph, graph_of
from qdecay.reporting.plots.naming import state_name, titled
from qdecay.reporting.plots.style import BEST, FAINT, INK, SOFT, pale, set_title
from qdecay.reporting.plots.words import SMALL, cut, points_of

_MARGIN = 0.06  # of a square, beside it


def draw_world(mdp: MDP, ax: Any, *, board: Board | None = None, title: str | None = None) -> Any:
    """Draw the board if there is one, otherwise the states and moves.

    Args:
        mdp: the model.
        ax: axes of matplotlib.
        board: the board of its states, or None.
        title: above the figure; None names the model.

    Returns: the axes.

    Raises:
        ValueError: there is no board, and the model is too large for a drawing of states and moves.
    """
    graph = None if board is not None else graph_of(mdp)
    if board is not None:
        _draw_board(board, mdp.start, ax)
    elif graph is not None:
        _draw_graph(graph, mdp, ax)
    else:
        raise ValueError("the model is too large to be drawn: draw its regions or its price")
    ax.set_axis_off()
    ax.set_aspect("equal")
    info = ModelInfo.of(mdp)
    set_title(ax, title or titled(info, "its states" if board is not None else "its moves"))
    return ax


def _draw_board(board: Board, start: int | None, ax: Any) -> None:
    from matplotlib.patches import Rectangle

    layer = next((each for each in board.layers if start in each.states), board.layers[0])
    fills = {"wall": SOFT, "hole": FAINT, "cliff": FAINT, "goal": pale(BEST)}
    cells = zip(layer.states, board.marks, board.kinds, strict=True)
    for place, (state, mark, kind) in enumerate(cells):
        row, column = divmod(place, board.columns)
        is_start = state is not None and state == start
        side = 1 - 2 * _MARGIN
        square = Rectangle(
            (column + _MARGIN, row + _MARGIN), side, side, facecolor=fills.get(kind, "none"),
            edgecolor=INK if is_start else FAINT, lw=2 if is_start else 1,
        )  # fmt: skip
        ax.add_patch(square)
        style: Any = {"ha": "center", "va": "center", "fontsize": SMALL, "parse_math": False}
        ax.text(column + 0.5, row + 0.5, mark, color=INK, **style)
    ax.set_xlim(0, board.columns)
    ax.set_ylim(board.rows, 0)


def _draw_graph(graph: Graph, mdp: MDP, ax: Any) -> None:
    from matplotlib.patches import FancyBboxPatch

    for arrow in graph.arrows:
        _draw_arrow(arrow, ax, not graph.busy)
    info = ModelInfo.of(mdp)
    style: Any = {"ha": "center", "va": "center", "fontsize": SMALL, "parse_math": False}
    x, y, width, height = graph.box
    scale = min(points_of(ax)[0] / width, points_of(ax)[1] / height)
    for node in graph.nodes:
        is_start = node.state is not None and node.state == mdp.start
        face = INK if is_start else "white"
        ends = f"round,pad=0,rounding_size={graph.radius}"
        corner, size = (node.x - graph.half, -graph.radius), (2 * graph.half, 2 * graph.radius)
        ax.add_patch(FancyBboxPatch(corner, *size, ends, facecolor=face, edgecolor=INK, zorder=3))
        name = f"{node.hidden}…" if node.state is None else state_name(info, node.state)
        colour = "white" if is_start else INK
        ax.text(node.x, 0, cut(name, 2 * graph.half * scale), color=colour, zorder=4, **style)
    ax.set_xlim(x, x + width)
    ax.set_ylim(y + height, y)


def _draw_arrow(arrow: Arrow, ax: Any, is_named: bool) -> None:
    from matplotlib.patches import PathPatch, Rectangle

    one = len(arrow.actions) == 1
    colour = (colours.action(arrow.actions[0]) if one else colours.TIED).light
    ax.add_patch(PathPatch(_path(arrow.line), facecolor="none", edgecolor=colour, lw=1.2))
    ax.add_patch(PathPatch(_path(arrow.head), facecolor=colour, edgecolor="none"))
    if arrow.stop is not None:
        x, y = arrow.stop
        ax.add_patch(Rectangle((x - 7, y - 7), 14, 14, facecolor=colour, edgecolor="none"))
    if is_named and arrow.label:
        x, y = arrow.at
        style: Any = {"ha": "center", "va": "baseline", "fontsize": SMALL, "parse_math": False}
        ax.text(x, y, arrow.label, color=INK, zorder=5, **style)


def _path(data: str) -> Any:
    """Return the path that SVG path data of absolute lines and curves describes."""
    from matplotlib.path import Path

    kinds = {"M": [Path.MOVETO], "L": [Path.LINETO], "Q": [Path.CURVE3] * 2, "C": [Path.CURVE4] * 3}
    points: list[tuple[float, float]] = []
    codes: list[Any] = []
    for letter, numbers in _commands(data):
        if letter == "Z":
            points.append(points[0])
            codes.append(Path.CLOSEPOLY)
        else:
            points += list(zip(numbers[::2], numbers[1::2], strict=True))
            codes += kinds[letter]
    return Path(points, codes)


def _commands(data: str) -> Iterator[tuple[str, Sequence[float]]]:
    for letter, numbers in re.findall(r"([MLQCZ])([^MLQCZ]*)", data):
        yield letter, [float(number) for number in numbers.split()]
