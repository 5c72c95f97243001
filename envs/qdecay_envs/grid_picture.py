"""Pictures of a grid world: its map, the agent, and the last step.

A large grid keeps its edges and the cells around the agent, so a picture has the same size in every
state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qdecay_envs.grid_layout import FREE, START, WALL, GridLayout, Place
from qdecay_envs.screen import (
    INK,
    PALE,
    PAPER,
    REWARD,
    Canvas,
    Moment,
    visible,
)
from qdecay_envs.screen import START as START_COLOUR

_SLOTS = 13  # columns, and rows, that a picture shows at most
_PITCH, _HALF, _MARGIN = 60, 30, 44  # pixels
_GOOD, _BAD, _COST = (205, 232, 222), (250, 222, 216), (176, 52, 40)
_SHOWN = 7  # characters of a cell


@dataclass(frozen=True)
class GridScene:
    """What a picture shows: a grid, and a moment in it."""

    grid: GridLayout
    moment: Moment

    def text(self) -> str:
        """Return the map as lines, the agent in brackets, the wind, the legend, the last step.

        >>> grid = GridLayout(["  +1", "S# "])
        >>> print(GridScene(grid, Moment(0, "up", 0.0)).text())
        [ .]  .  +1
          S   #   .
        up, reward 0
        """
        rows, columns = self._window()
        shown = [
            self._cell_text((r, c)) for r in rows if r is not None for c in columns if c is not None
        ]
        width = max(map(len, [*shown, *map(str, self.grid.wind or ())]))
        lines = [
            "..." if row is None else "".join(self._framed(row, c, width) for c in columns).rstrip()
            for row in rows
        ]
        return "\n".join(
            [
                *lines,
                *self._wind_text(columns, width),
                *self._legend(),
                self.moment.caption,
            ]
        )

    def paint(self, pygame: Any) -> Any:
        """Return the drawing as a pygame surface."""
        rows, columns = self._window()
        notes = [*(["wind, in cells upwards"] if self.grid.wind else []), *self._legend()]
        wide = max(
            2 * _MARGIN + (len(columns) - 1) * _PITCH, 320, *(7 * len(n) + 20 for n in notes)
        )
        below = 2 * _MARGIN + (len(rows) - 1) * _PITCH
        canvas = Canvas(pygame, wide, below + 20 * len(notes) + 28 + (14 if self.grid.wind else 0))
        left = (wide - (len(columns) - 1) * _PITCH) // 2
        for y, row in enumerate(rows):
            for x, column in enumerate(columns):
                self._paint_cell(canvas, row, column, (left + x * _PITCH, _MARGIN + y * _PITCH))
        if self.grid.wind:
            for x, column in enumerate(columns):
                blown = "" if column is None else str(self.grid.wind[column])
                canvas.write(blown, (left + x * _PITCH, below), 20, PALE)
            below += 14
        for number, note in enumerate([*notes, self.moment.caption]):
            size, colour = (22, INK) if number == len(notes) else (18, REWARD)
            canvas.write(note, (wide // 2, below + 8 + 20 * number), size, colour)
        return canvas.finish()

    def _window(self) -> tuple[list[int | None], list[int | None]]:
        """Return the rows and the columns to show; None is a gap."""
        row, column = self.grid.places[self.moment.state]
        return (
            visible(self.grid.n_rows, row, _SLOTS),
            visible(self.grid.n_columns, column, _SLOTS),
        )

    def _cell_text(self, place: Place) -> str:
        text = self.grid.cells[place[0]][place[1]]
        return "." if text in FREE else text if len(text) <= _SHOWN else f"{text[: _SHOWN - 2]}.."

    def _framed(self, row: int, column: int | None, width: int) -> str:
        if column is None:
            return " .. "
        text = self._cell_text((row, column)).rjust(width)
        return f"[{text}]" if self._is_here(row, column) else f" {text} "

    def _is_here(self, row: int, column: int) -> bool:
        return self.grid.places[self.moment.state] == (row, column)

    def _wind_text(self, columns: list[int | None], width: int) -> list[str]:
        wind = self.grid.wind
        if wind is None:
            return []
        blown = (" .. " if c is None else f" {wind[c]:>{width}} " for c in columns)
        return [f"{''.join(blown).rstrip()}  wind, in cells upwards"]

    def _legend(self) -> list[str]:
        """Return the legend in words, a line for each character."""
        lines = []
        for character, cell in self.grid.legend.items():
            words = [
                *([] if cell.reward is None else [f"reward {cell.reward}"]),
                *(["the end"] if cell.end else []),
                *([] if cell.to is None else [f"to {cell.to}"]),
            ]
            if words:
                lines.append(f"{character}: {', '.join(words)}")
        return lines

    def _paint_cell(
        self, canvas: Canvas, row: int | None, column: int | None, centre: tuple[int, int]
    ) -> None:
        if row is None or column is None:
            canvas.write(". . .", centre, 24)
            return
        text = self.grid.cells[row][column]
        cell = self.grid[row, column]
        reward = None if cell is None else cell.reward
        costs = reward is not None and reward < 0
        fill = INK if cell is None else PAPER
        if cell is not None and (cell.end or costs):
            fill = _BAD if costs else _GOOD
        if text == START:
            fill = START_COLOUR
        if self._is_here(row, column):
            fill = self.moment.colour
        canvas.box(centre, _HALF + 1, fill)
        if text not in (WALL, *FREE):
            colour = INK if reward is None else _COST if costs else REWARD
            canvas.write(self._cell_text((row, column)), centre, 22, colour)
