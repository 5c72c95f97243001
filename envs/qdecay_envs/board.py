"""Pictures of states in rows of cells: a line, a triangle, a grid.

A large board keeps its ends and the cells around the agent, so a picture has the same size in
every state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qdecay_envs.screen import (
    AGENT,
    ENDED,
    INK,
    PAPER,
    REWARD,
    START,
    Canvas,
    caption,
    short,
    visible,
)

_SLOTS = 11  # columns, and rows, that a picture shows at most
_PITCH, _HALF, _MARGIN = 68, 30, 44  # pixels


@dataclass(frozen=True)
class Board:
    """Rows of states, short notes on some of them, and the states where episodes start.

    >>> Board.line(3, {2: "+1"}, start=[0]).rows
    ((0, 1, 2),)
    """

    rows: tuple[tuple[int, ...], ...]
    notes: Mapping[int, str]
    start: frozenset[int]

    @classmethod
    def line(cls, n_states: int, notes: Mapping[int, str], start: Iterable[int]) -> Board:
        """Return the board of the states 0 .. n_states - 1 in one row."""
        return cls((tuple(range(n_states)),), notes, frozenset(start))

    def place(self, state: int) -> tuple[int, int]:
        """Return the row and the column of a state."""
        for number, row in enumerate(self.rows):
            if row and row[0] <= state <= row[-1]:
                return number, row.index(state)
        raise ValueError(f"the board has no state {state}")


@dataclass(frozen=True)
class BoardScene:
    """A board, the agent's state, and the step that led there."""

    board: Board
    action_names: Sequence[str] | None
    state: int
    action: int | None = None
    reward: float | None = None
    ended: bool = False

    @property
    def caption(self) -> str:
        """The last step in words."""
        name = None if self.action is None else self._action_name(self.action)
        return caption(name, self.reward, self.ended)

    def text(self) -> str:
        """Return the cells as lines, the agent in brackets, then the notes and the last step.

        >>> board = Board(((0,), (1, 2)), {2: "+1"}, frozenset([0]))
        >>> print(BoardScene(board, ("left", "right"), 2, 1, 0.0).text())
         0
         1 [2]
        state 2: +1
        right, reward 0
        """
        width = len(str(self.board.rows[-1][-1]))
        lines = []
        for row in self._window():
            cells = (self._cell_text(state, width) for state in row)
            lines.append("".join(cells).rstrip() if row else "...")
        notes = ", ".join(f"state {state}: {note}" for state, note in self.board.notes.items())
        return "\n".join([*lines, *([notes] if notes else []), self.caption])

    def paint(self, pygame: Any) -> Any:
        """Return the drawing as a pygame surface."""
        window = self._window()
        columns = max(map(len, window))
        canvas = Canvas(
            pygame,
            max(2 * _MARGIN + (columns - 1) * _PITCH, 320),
            2 * _MARGIN + (len(window) - 1) * _PITCH + 44,
        )
        for y, row in enumerate(window):
            for x, state in enumerate(row):
                self._paint_cell(canvas, state, (_MARGIN + x * _PITCH, _MARGIN + y * _PITCH))
            if not row:
                canvas.write(". . .", (_MARGIN + _PITCH // 2, _MARGIN + y * _PITCH), 24)
        canvas.write(self.caption, (canvas.size[0] // 2, canvas.size[1] - 20), 22)
        return canvas.finish()

    def _window(self) -> list[list[int | None]]:
        """Return the states to show; None is a gap in a row, an empty row a gap of rows."""
        at_row, at_column = self.board.place(self.state)
        columns = visible(max(map(len, self.board.rows)), at_column, _SLOTS)
        rows = visible(len(self.board.rows), at_row, _SLOTS)
        return [[] if row is None else _chosen(self.board.rows[row], columns) for row in rows]

    def _cell_text(self, state: int | None, width: int) -> str:
        if state is None:
            return " .. "
        return f"[{state:>{width}}]" if state == self.state else f" {state:>{width}} "

    def _paint_cell(self, canvas: Canvas, state: int | None, centre: tuple[int, int]) -> None:
        if state is None:
            canvas.write(". . .", centre, 24)
            return
        fill = START if state in self.board.start else PAPER
        if state == self.state:
            fill = ENDED if self.ended else AGENT
        canvas.box(centre, _HALF, fill)
        canvas.write(str(state), (centre[0], centre[1] - 6), 20, INK)
        note = self.board.notes.get(state, "")
        canvas.write(short(note, 12), (centre[0], centre[1] + 13), 14, REWARD)

    def _action_name(self, action: int) -> str:
        return self.action_names[action] if self.action_names else f"action {action}"


def _chosen(row: tuple[int, ...], columns: list[int | None]) -> list[int | None]:
    """Return a row's states in the shown columns; a short row simply ends."""
    shown: list[int | None] = [
        None if column is None else row[column]
        for column in columns
        if column is None or column < len(row)
    ]
    while shown and shown[-1] is None:
        shown.pop()
    return shown
