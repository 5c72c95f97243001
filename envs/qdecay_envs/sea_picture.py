"""Pictures of a deep sea: its triangle, darker with the depth, the treasure, and the last step.

A large sea keeps its ends and the cells around the agent, so a picture has the same size in every
state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qdecay_envs.screen import Canvas, Colour, Moment, visible

_SLOTS = 11  # columns, and rows, that a picture shows at most
_PITCH, _MARGIN, _LINE = 46, 36, 20  # pixels
_SHALLOW, _DEEP, _TREASURE = (222, 235, 247), (148, 190, 222), (255, 221, 110)


@dataclass(frozen=True)
class SeaScene:
    """A sea with this many rows, and a moment in it.

    Row k has the states k (k + 1) / 2 and the k after it; the last state of the last row has the
    treasure. `words` say what the actions do, a line each.
    """

    size: int
    words: Sequence[str]
    moment: Moment

    def text(self) -> str:
        """Return the cells as lines, the agent in brackets, then the words and the last step.

        >>> print(SeaScene(2, ["right: costs 1"], Moment(2, "right", -1.0)).text())
         0
         1 [2]
        right: costs 1
        right, reward -1
        """
        width = len(str(self._last))
        lines = []
        for row in self._window():
            cells = (self._cell_text(state, width) for state in row)
            lines.append("".join(cells).rstrip() if row else "...")
        return "\n".join([*lines, *self.words, self.moment.caption])

    def paint(self, pygame: Any) -> Any:
        """Return the drawing as a pygame surface."""
        window = self._window()
        columns = max(map(len, window))
        wide = max(
            2 * _MARGIN + (columns - 1) * _PITCH,
            320,
            *(8 * len(words) + 24 for words in self.words),
        )
        below = 2 * _MARGIN + (len(window) - 1) * _PITCH
        canvas = Canvas(pygame, wide, below + _LINE * len(self.words) + 32)
        left = (wide - (columns - 1) * _PITCH) // 2
        for y, row in enumerate(window):
            for x, state in enumerate(row):
                self._paint_cell(canvas, state, (left + x * _PITCH, _MARGIN + y * _PITCH))
            if not row:
                canvas.write(". . .", (left + _PITCH // 2, _MARGIN + y * _PITCH), 24)
        for number, words in enumerate(self.words):
            canvas.write(words, (wide // 2, below + 8 + _LINE * number), 18)
        canvas.write(self.moment.caption, (wide // 2, canvas.size[1] - 20), 22)
        return canvas.finish()

    @property
    def _last(self) -> int:
        return self.size * (self.size + 1) // 2 - 1

    def _row_of(self, state: int) -> int:
        row = 0
        while (row + 1) * (row + 2) // 2 <= state:
            row += 1
        return row

    def _window(self) -> list[list[int | None]]:
        """Return the states to show; None is a gap in a row, an empty row a gap of rows."""
        row = self._row_of(self.moment.state)
        columns = visible(self.size, self.moment.state - row * (row + 1) // 2, _SLOTS)
        rows = visible(self.size, row, _SLOTS)
        return [[] if k is None else _chosen(k, columns) for k in rows]

    def _cell_text(self, state: int | None, width: int) -> str:
        if state is None:
            return " .. "
        return f"[{state:>{width}}]" if state == self.moment.state else f" {state:>{width}} "

    def _paint_cell(self, canvas: Canvas, state: int | None, centre: tuple[int, int]) -> None:
        if state is None:
            canvas.write(". . .", centre, 24)
            return
        has_treasure = state == self._last
        fill = _TREASURE if has_treasure else self._water(state)
        if state == self.moment.state:
            fill = self.moment.colour
        canvas.box(centre, _PITCH // 2 + 1, fill)
        canvas.write("+1" if has_treasure else str(state), centre, 24 if has_treasure else 17)

    def _water(self, state: int) -> Colour:
        depth = self._row_of(state) / max(self.size - 1, 1)
        pairs = zip(_SHALLOW, _DEEP, strict=True)
        red, green, blue = (round(one + (two - one) * depth) for one, two in pairs)
        return red, green, blue


def _chosen(row: int, columns: Sequence[int | None]) -> list[int | None]:
    """Return a row's states in the shown columns; a short row simply ends."""
    first = row * (row + 1) // 2
    shown: list[int | None] = [
        None if column is None else first + column
        for column in columns
        if column is None or column <= row
    ]
    while shown and shown[-1] is None:
        shown.pop()
    return shown
