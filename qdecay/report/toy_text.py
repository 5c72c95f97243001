"""The boards of Gymnasium's toy-text environments, which their tables do not describe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_ARROWS = {"left": "left", "right": "right", "up": "up", "down": "down"}
_ARROWS |= {"west": "left", "east": "right", "north": "up", "south": "down"}


@dataclass(frozen=True)
class Layer:
    """One board: its label, and the state of each of its cells, row by row."""

    label: str
    states: tuple[int, ...]


@dataclass(frozen=True)
class Board:
    """States laid out as the cells of one or several boards of equal size.

    Attributes:
        rows, columns: of each layer.
        layers: the boards; one for each value of the rest of the state.
        actions: names of the actions.
        marks: a word for the special cells of the first layer's positions, "" for the others.
        cell: what a layer's label distinguishes, or "".
    """

    rows: int
    columns: int
    layers: tuple[Layer, ...]
    actions: tuple[str, ...]
    marks: tuple[str, ...]
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
                place = f"row {index // self.columns + 1}, column {index % self.columns + 1}"
                names[state] = f"{place}, {layer.label}" if layer.label else place
        return names


def board_of(env: Any) -> Board | None:
    """Return the board of a FrozenLake, CliffWalking or Taxi environment, or None."""
    inner = env.unwrapped
    reader = _READERS.get(type(inner).__name__)
    return None if reader is None else reader(inner)


def _frozen_lake(env: Any) -> Board:
    words = {b"S": "start", b"H": "hole", b"G": "goal"}
    rows, columns = env.desc.shape
    marks = tuple(words.get(letter, "") for letter in env.desc.ravel().tolist())
    states = Layer("", tuple(range(rows * columns)))
    return Board(rows, columns, (states,), ("left", "down", "right", "up"), marks)


def _cliff_walking(env: Any) -> Board:
    rows, columns = env.shape
    marks = ["cliff" if cliff else "" for cliff in env._cliff.ravel().tolist()]
    marks[(rows - 1) * columns], marks[-1] = "start", "goal"
    states = Layer("", tuple(range(rows * columns)))
    return Board(rows, columns, (states,), ("up", "right", "down", "left"), tuple(marks))


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
    return Board(5, 5, layers, actions, tuple(marks), "passenger and destination")


_READERS: dict[str, Callable[[Any], Board]] = {
    "FrozenLakeEnv": _frozen_lake,
    "CliffWalkingEnv": _cliff_walking,
    "TaxiEnv": _taxi,
}
