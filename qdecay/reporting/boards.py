"""The boards of grid worlds and of Gymnasium's toy text, which are not part of their tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qdecay.reporting.numerals import signed
from qdecay_envs.grid import ACTIONS, GridWorldEnv
from qdecay_envs.grid_layout import FREE, START, WALL, GridCell
from qdecay_envs.screen import short_number

_ARROWS = {"left": "left", "right": "right", "up": "up", "down": "down"}
_ARROWS |= {"west": "left", "east": "right", "north": "up", "south": "down"}


@dataclass(frozen=True)
class Layer:
    """One board: its label, and the state of each of its cells, row by row; a wall has none."""

    label: str
    states: tuple[int | None, ...]


@dataclass(frozen=True)
class Board:
    """States laid out as the cells of one or several boards of equal size.

    Attributes:
        rows, columns: of each layer.
        layers: the boards; one for each value of the rest of the state.
        actions: names of the actions.
        marks: a word for the special cells of the first layer's positions, "" for the others.
        kinds: how these cells are painted: as "start", "goal", "hole", "cliff", "wall" or "".
        cell: what the labels of layers distinguish, or "".
    """

    rows: int
    columns: int
    layers: tuple[Layer, ...]
    actions: tuple[str, ...]
    marks: tuple[str, ...]
    kinds: tuple[str, ...]
    cell: str = ""

    @property
    def arrows(self) -> tuple[str | None, ...]:
        """The direction that each action means, or None."""
        return tuple(_ARROWS.get(name) for name in self.actions)

    def state_names(self, n_states: int) -> list[str]:
        """Return a name for every state: its place, and its layer if there are several."""
        names = [str(state) for state in range(n_states)]
        for layer in self.layers:
            for index, state in enumerate(layer.states):
                if state is None:
                    continue
                place = f"row {index // self.columns + 1}, column {index % self.columns + 1}"
                names[state] = f"{place}, {layer.label}" if layer.label else place
        return names


def board_of(env: Any) -> Board | None:
    """Return the board of a grid world, FrozenLake, CliffWalking or Taxi, or None."""
    inner = env.unwrapped
    reader = _READERS.get(type(inner).__name__)
    return None if reader is None else reader(inner)


def _frozen_lake(env: Any) -> Board:
    words = {b"S": "start", b"H": "hole", b"G": "goal"}
    rows, columns = env.desc.shape
    marks = tuple(words.get(letter, "") for letter in env.desc.ravel().tolist())
    states = Layer("", tuple(range(rows * columns)))
    return Board(rows, columns, (states,), ("left", "down", "right", "up"), marks, marks)


def _cliff_walking(env: Any) -> Board:
    rows, columns = env.shape
    marks = ["cliff" if cliff else "" for cliff in env._cliff.ravel().tolist()]
    marks[(rows - 1) * columns], marks[-1] = "start", "goal"
    states = Layer("", tuple(range(rows * columns)))
    actions = ("up", "right", "down", "left")
    return Board(rows, columns, (states,), actions, tuple(marks), tuple(marks))


def _taxi(env: Any) -> Board:
    stands = ("red", "green", "yellow", "blue")
    layers = tuple(
        Layer(
            f"passenger {f'at {stands[where]}' if where < 4 else 'in the taxi'}, to {stands[to]}",
            tuple(env.encode(row, column, where, to) for row in range(5) for column in range(5)),
        )
        for where in range(5)
        for to in range(4)
    )
    marks = [""] * 25
    for name, (row, column) in zip(stands, env.locs, strict=True):
        marks[5 * row + column] = name[0].upper()
    actions = ("south", "north", "east", "west", "pick up", "drop off")
    return Board(5, 5, layers, actions, tuple(marks), ("",) * 25, "passenger and destination")


def _grid_world(env: GridWorldEnv) -> Board:
    grid = env.grid
    places = [(row, column) for row in range(grid.n_rows) for column in range(grid.n_columns)]
    states = Layer("", tuple(grid.states.get(place) for place in places))
    texts = [grid.cells[row][column] for row, column in places]
    cells = [grid[place] for place in places]
    marks = tuple(map(_mark, texts, cells))
    kinds = tuple(map(_kind, texts, cells))
    return Board(grid.n_rows, grid.n_columns, (states,), ACTIONS, marks, kinds)


def _mark(text: str, cell: GridCell | None) -> str:
    """The word for a cell of a grid: "+1" for an end, "A +10" where A has that reward."""
    if text in FREE or text == WALL:
        return ""
    if text == START:
        return "start"
    if len(text) > 1 or cell is None or cell.reward is None:
        return signed(text)
    return f"{text} {'+' if cell.reward > 0 else ''}{signed(short_number(cell.reward))}"


def _kind(text: str, cell: GridCell | None) -> str:
    if cell is None or text == START:
        return "start" if cell else "wall"
    is_cost = cell.reward is not None and cell.reward < 0
    if cell.end:
        return "hole" if is_cost else "goal"
    return "cliff" if is_cost else ""


_READERS: dict[str, Callable[[Any], Board]] = {
    "FrozenLakeEnv": _frozen_lake,
    "CliffWalkingEnv": _cliff_walking,
    "TaxiEnv": _taxi,
    "GridWorldEnv": _grid_world,
}
