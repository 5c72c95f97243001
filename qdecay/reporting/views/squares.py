"""A board as squares: the kinds of cells, and the actions of a policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from qdecay.reporting.boards import Board
from qdecay.reporting.views.markup import joined, note, tag
from qdecay.reporting.views.names import Names

_ARROWS = {"left": "←", "right": "→", "up": "↑", "down": "↓"}
_MOST_SQUARES = 400
_SQUARE = 3.4  # rem, of a square's side at most
_STILL = ("hole", "goal", "wall")  # no action is taken there


def board_picture(
    board: Board,
    start: int | None = None,
    actions_of: Callable[[int], Sequence[int]] | None = None,
) -> Markup:
    """Return the board; of several layers, the one with the start, or the first.

    Args:
        board: the board.
        start: the state to frame, or None.
        actions_of: the actions to show in each state's square, as arrows or first letters; None
            shows none.
    """
    layer = next((layer for layer in board.layers if start in layer.states), board.layers[0])
    if len(layer.states) > _MOST_SQUARES:
        return Markup("")
    squares = []
    for state, mark, kind in zip(layer.states, board.marks, board.kinds, strict=True):
        acts = state is not None and actions_of is not None and kind not in _STILL
        actions = actions_of(state) if acts else ()  # type: ignore[misc, arg-type]  # checked
        arrows = "".join(_arrow(board, action) for action in actions)
        look = "start" if state is not None and state == start else "" if kind == "start" else kind
        title = f"{'wall' if state is None else f'state {state}'} {mark}".strip()
        label = tag("small", mark) if mark and not arrows else ""
        squares.append(tag("div", arrows, label, class_=f"square {look}".strip(), title=title))
    columns = f"grid-template-columns: repeat({board.columns}, minmax(0, 1fr))"
    width = f"max-width: {_SQUARE * board.columns:g}rem"
    picture = tag("div", *squares, class_="board", style=f"{columns}; {width}")
    which = f"Of {len(board.layers)} boards, the one with {layer.label}." if layer.label else ""
    return joined([picture, note(which) if which else ""])


def policy_picture(
    names: Names, n_states: int, actions_of: Callable[[int], Sequence[int]]
) -> Markup:
    """Return the board with the best action on each square; nothing without a board."""
    board = names.board
    if board is None or sum(len(layer.states) for layer in board.layers) < n_states:
        return Markup("")
    as_registered = (
        f"On the board of {names.id} as it is registered." if names.is_registered else ""
    )
    picture = board_picture(board, names.start, actions_of)
    return joined([picture, note(as_registered) if as_registered and picture else ""])


def _arrow(board: Board, action: int) -> str:
    direction = board.arrows[action]
    return _ARROWS[direction] if direction else board.actions[action][:1].upper()
