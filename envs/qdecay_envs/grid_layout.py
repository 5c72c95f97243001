"""Grid layouts: a text map, what its cells do, and the world's numbers.

    "   +1"     a number with its sign is one cell: an end with that reward
    " # -1"     # is a wall, S the start, a space or . a free cell
    "S   "      any other character is explained in the legend

A signed number is such as +1, -10, +1/2 or -0.5. All rows have equally many cells, and exactly one
cell is the start.

A step goes up, right, down or left, with probability `noise` to a side of that, half of it to each.
In a column with wind the agent is also blown that many cells up. The step is walked cell by cell,
first sideways, and stops at a wall or at the edge.

Every step pays `living_reward`, unless a cell that acts has its own reward, which then replaces it.
`acts_on` says for the whole grid when cells act, which means that they pay, end, jump, and take
`duration` steps instead of one:

    "leaving"    the agent stands on the cell; whatever it does there pays the cell's reward, and
                 then the episode ends, or the agent is where the cell jumps to. So a reward belongs
                 to the cell that is left: R(s) of Russell and Norvig's first three editions, the
                 exit action of CS 188, the jumps of Sutton and Barto. An end without a reward pays
                 nothing.
    "entering"   a step onto the cell pays its reward, and the episode is over, or the agent is
                 where the cell jumps to. So a reward belongs to the cell where a step ends: R(s, a,
                 s') of Russell and Norvig's fourth edition, the cliff and the goals of Sutton and
                 Barto.

With `bump_reward`, a step that stops where it began pays that reward instead, whatever the cell
has.

States are the cells that an agent can stand on, numbered from the top left, row by row; walls are
not states, nor are jumps that act on entering. The name of a state is its place in the notation of
Russell and Norvig, "(column, row)", counted from 1 and from the lower left.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cached_property
from string import digits
from typing import Any, Literal, get_args

from qdecay_envs.arguments import duration, listed, probability, whole
from qdecay_envs.documents import Table, canonical
from qdecay_envs.jsonfile import json_number, read_json_as, write_json
from qdecay_envs.rational import RationalLike, rational, written

ActsOn = Literal["leaving", "entering"]
Place = tuple[int, int]
"""Row and column in the map, counted from 0 and from the top left."""

SCHEMA = "qdecay.grid/1"
MAX_CELLS = 100_000  # a table of about 500 MB
WALL, START, FREE = "#", "S", " ."

_CELL = re.compile(r"[+-]\d+(?:/\d+|\.\d+)?|.", re.ASCII | re.DOTALL)
_OWN = f"{WALL}{START}{FREE}"  # characters that the legend cannot explain
_MINUS = "\N{MINUS SIGN}"
_DISCOUNTS = ("discount", "gamma", "discount_factor")


@dataclass(frozen=True)
class GridCell:
    """What a cell does; see the module.

    Attributes:
        reward: paid instead of the living reward; None means the living reward.
        end: whether the episode ends.
        to: the character of the cell to which it jumps, or None.
        duration: how many steps a move takes when the cell acts, >= 1: mud, a ferry, an option.
    """

    reward: Fraction | None = None
    end: bool = False
    to: str | None = None
    duration: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return the cell as an entry of a legend."""
        return {
            **({} if self.reward is None else {"reward": json_number(self.reward)}),
            **({"end": True} if self.end else {}),
            **({} if self.to is None else {"to": self.to}),
            **({} if self.duration == 1 else {"duration": self.duration}),
        }


_PLAIN = GridCell()


@dataclass(frozen=True, init=False, repr=False)
class GridLayout:
    """A grid world: its map, the legend of its cells, and its numbers; see the module.

    Args:
        map: the rows, from the top, as text.
        legend: explains every further character of the map: a `GridCell`, or a mapping with some of
            the keys `reward` (exact), `end` (True), `to` (a character that is on the map once) and
            `duration` (steps, >= 1).
        living_reward: what a step pays unless a cell says otherwise, exact, in reward units.
        noise: probability that a step goes to a side, 0 <= noise <= 1. A float is read by its
            shortest decimal text: 0.1 is 1/10.
        bump_reward: what a step pays that stops where it began; None means the same as other steps.
        wind: for each column, how many cells upwards its wind blows, < 0 for down; None means no
            wind.
        acts_on: when cells act: on "leaving" or on "entering" them.

    Raises:
        TypeError: something has the wrong type, such as a reward that is a float.
        ValueError: a number is out of range, the map has no or two starts, rows of different
            lengths, a character that is not explained or more than 100,000 cells, or the legend is
            wrong; the message says where.

    >>> grid = GridLayout(["   +1", " # -1", "S   "], living_reward="-0.04", noise="0.2")
    >>> grid.n_states, grid.names[grid.start]
    (11, '(1, 1)')
    """

    map: tuple[str, ...]
    legend: Mapping[str, GridCell]
    living_reward: Fraction
    noise: Fraction
    bump_reward: Fraction | None
    wind: tuple[int, ...] | None
    acts_on: ActsOn

    def __init__(
        self,
        map: Sequence[str],
        legend: Mapping[str, GridCell | Mapping[str, Any]] = {},
        *,
        living_reward: RationalLike = 0,
        noise: RationalLike | float = 0,
        bump_reward: RationalLike | None = None,
        wind: Sequence[int] | None = None,
        acts_on: ActsOn = "leaving",
    ) -> None:
        self._set("map", _rows(map))
        self._set("legend", _legend(legend))
        self._set("living_reward", rational(living_reward, "living_reward"))
        self._set("noise", probability(noise, "noise"))
        bump = None if bump_reward is None else rational(bump_reward, "bump_reward")
        self._set("bump_reward", bump)
        if not isinstance(acts_on, str) or acts_on not in get_args(ActsOn):
            names = " or ".join(repr(name) for name in get_args(ActsOn))
            raise ValueError(f"acts_on must be {names}, got {written(acts_on)}")
        self._set("acts_on", acts_on)
        self._check_map()
        self._check_legend()
        self._set("wind", None if wind is None else _wind(wind, self.n_columns))

    def __repr__(self) -> str:
        """Return the size and the numbers in a line."""
        size = f"{self.n_rows} x {self.n_columns} cells, {self.n_states} states"
        return f"GridLayout({size}, living reward {self.living_reward}, noise {self.noise})"

    def __hash__(self) -> int:
        """Return a hash of the content."""
        return hash(canonical(self.to_json()))

    @cached_property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """The cells of each row as they are written: "#", "S", "+1", ..."""
        return tuple(tuple(_CELL.findall(row)) for row in self.map)

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return len(self.cells)

    @property
    def n_columns(self) -> int:
        """The number of columns."""
        return len(self.cells[0])

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The place of each state."""
        return tuple(place for place in self._places() if self._is_state(self[place]))

    @cached_property
    def states(self) -> Mapping[Place, int]:
        """The state at each place that has one."""
        return {place: state for state, place in enumerate(self.places)}

    @property
    def n_states(self) -> int:
        """The number of states."""
        return len(self.places)

    @cached_property
    def start(self) -> int:
        """The state in which episodes start."""
        return self.states[self.marked[START]]

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each state, "(column, row)" from the lower left."""
        return tuple(f"({column + 1}, {self.n_rows - row})" for row, column in self.places)

    def __getitem__(self, place: Place) -> GridCell | None:
        """Return what the cell at a place does; None is a wall."""
        row, column = place
        text = self.cells[row][column]
        if text == WALL:
            return None
        if len(text) > 1:
            return GridCell(rational(text), end=True)
        return self.legend.get(text, _PLAIN)

    def is_free(self, row: int, column: int) -> bool:
        """Whether a place is on the map and not a wall."""
        inside = 0 <= row < self.n_rows and 0 <= column < self.n_columns
        return inside and self.cells[row][column] != WALL

    @cached_property
    def marked(self) -> Mapping[str, Place]:
        """The last place of each kind of cell, which locates the start and the targets of jumps."""
        return {self._text(place): place for place in self._places()}

    def changed(
        self, rewards: Mapping[str, RationalLike] | None = None, **numbers: Any
    ) -> GridLayout:
        """Return the grid with other numbers; None leaves one unchanged.

        Args:
            rewards: new rewards for characters of the legend.
            numbers: new values of `living_reward`, `noise`, `bump_reward`, `wind` or `acts_on`.
        """
        rewards = {} if rewards is None else rewards
        if not isinstance(rewards, Mapping):
            raise TypeError(
                f'rewards must be a mapping such as {{"r": -3}}, got {written(rewards)}'
            )
        legend = dict(self.legend)
        for character, reward in rewards.items():
            if character not in legend:
                known = _known(legend)
                raise ValueError(
                    f"rewards: {written(character)} is not in the grid's legend, which has {known}"
                )
            exact = rational(reward, f"rewards: the reward of {character!r}")
            legend[character] = replace(legend[character], reward=exact)
        given = {name: value for name, value in numbers.items() if value is not None}
        return replace(self, legend=legend, **given)

    def to_json(self) -> dict[str, Any]:
        """Return the grid as a "qdecay.grid/1" document: text, ints and lists only."""
        legend = {character: cell.to_json() for character, cell in self.legend.items()}
        bump, wind = self.bump_reward, self.wind
        return {
            "schema": SCHEMA,
            "map": list(self.map),
            **({"legend": legend} if legend else {}),
            "living_reward": json_number(self.living_reward),
            "noise": json_number(self.noise),
            **({} if bump is None else {"bump_reward": json_number(bump)}),
            **({} if wind is None else {"wind": list(wind)}),
            "acts_on": self.acts_on,
        }

    @classmethod
    def from_json(cls, document: Any) -> GridLayout:
        """Return the grid of a "qdecay.grid/1" document.

        Args:
            document: an object with "schema" and "map", and optionally the other arguments.

        Raises:
            ValueError: the document is not of that form; the message names the place.
        """
        table = Table("", "", document)
        table.demand_schema(SCHEMA, "a grid")
        for key in _DISCOUNTS:
            if key in table:
                table.refuse(
                    "a grid has no discount factor: give it to the command (--gamma) or to the "
                    "function (gamma=), and remove the key",
                    key,
                )
        found = {"map": table.demand("map", '"map": ["...+1", ".#.-1", "S..."]')}
        optional = [entry.name for entry in fields(cls)][1:]
        found |= {key: table.take(key) for key in optional if key in table}
        for key in optional:
            table.take(key)  # marks the key as known
        table.close()
        try:
            return cls(**found)
        except TypeError as error:
            raise ValueError(str(error)) from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> GridLayout:
        """Return the grid of a JSON file; decimals are read as written (0.7 is 7/10).

        Raises:
            ValueError: the file cannot be read, is not strict JSON (see `read_json`) or not a grid;
                the message is one line that starts with the path.
        """
        return read_json_as(path, cls.from_json)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the grid as a JSON file that `load` reads; see `write_json`."""
        write_json(path, self.to_json())

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _text(self, place: Place) -> str:
        return self.cells[place[0]][place[1]]

    def _places(self) -> Iterator[Place]:
        for row, cells in enumerate(self.cells):
            for column in range(len(cells)):
                yield row, column

    def _is_state(self, cell: GridCell | None) -> bool:
        return cell is not None and not (cell.to is not None and self.acts_on == "entering")

    def _check_map(self) -> None:
        """Refuse rows of different lengths, unknown characters, and other than one start."""
        if self.n_rows * max(map(len, self.cells)) > MAX_CELLS:
            raise ValueError(f"map has more than {MAX_CELLS:,} cells: make it smaller")
        for number, cells in enumerate(self.cells):
            if len(cells) != self.n_columns:
                raise ValueError(
                    f"map: row {number + 1} has {len(cells)} cells and row 1 has {self.n_columns}: "
                    "make them equal; a number such as +10 is one cell, a space too"
                )
        for place in self._places():
            text = self._text(place)
            if len(text) == 1 and text not in _OWN and text not in self.legend:
                raise ValueError(f"map: {_place(place)}: {_unknown(text, self.legend)}")
            if len(text) > 1:
                rational(text, f"map: {_place(place)}: the number")
        starts = [place for place in self._places() if self._text(place) == START]
        if not starts:
            raise ValueError(f"map has no start: write {START} in the cell where episodes start")
        if len(starts) > 1:
            first, second = map(_place, starts[:2])
            raise ValueError(f"map has two starts, in {first} and in {second}: keep one {START}")

    def _check_legend(self) -> None:
        """Refuse entries that are not on the map, and jumps that lead nowhere."""
        found = Counter(text for cells in self.cells for text in cells)
        for character, cell in self.legend.items():
            place = f"legend: {character!r}"
            if not found[character]:
                raise ValueError(f"{place} is not on the map: remove it, or write it there")
            if cell.to is None:
                continue
            if cell.end:
                raise ValueError(f'{place} ends the episode and jumps: remove "end" or "to"')
            if cell.to in (WALL, *FREE) or found[cell.to] != 1:
                times = "not" if not found[cell.to] else "more than once"
                raise ValueError(
                    f"{place} jumps to {cell.to!r}, which is {times} on the map: name a character "
                    f"that is there once, such as {START}"
                )
            target = self.legend.get(cell.to, _PLAIN)
            if self.acts_on == "entering" and (target.end or target.to is not None):
                raise ValueError(
                    f"{place} jumps to {cell.to!r}, which itself ends or jumps: with acts_on "
                    '"entering" a jump leads to a cell that does neither'
                )


def _rows(rows: Any) -> tuple[str, ...]:
    if isinstance(rows, str):
        raise TypeError(
            'map must be a list of its rows, such as ["...+1", "S..."], and not one text'
        )
    entries = listed(rows, "map", MAX_CELLS)
    for number, row in enumerate(entries):
        if not isinstance(row, str):
            raise TypeError(f"map: row {number + 1} must be text, got {written(row)}")
        if not row:
            raise ValueError(
                f"map: row {number + 1} is empty: write its cells, a space for a free one"
            )
        if len(row) > 64 * MAX_CELLS:
            raise ValueError(f"map has more than {MAX_CELLS:,} cells: make it smaller")
    return tuple(entries)


def _legend(legend: Any) -> dict[str, GridCell]:
    if not isinstance(legend, Mapping):
        example = 'such as {"x": {"reward": -1}}'
        raise TypeError(f"legend must be a mapping {example}, got {written(legend)}")
    found = {}
    for character, entry in legend.items():
        if not isinstance(character, str) or len(character) != 1 or not character.isprintable():
            raise ValueError(f"legend: {written(character)} must be one printable character")
        if character in _OWN or character in "+-" or character in digits:
            raise ValueError(f"legend: {character!r} has its own meaning on a map: take a letter")
        found[character] = _cell(entry, f"legend: {character!r}")
    return found


def _cell(entry: Any, place: str) -> GridCell:
    """Return the cell that an entry of a legend describes."""
    if isinstance(entry, GridCell):
        entry = entry.to_json()
    table = Table(place, "", entry)
    reward, end, to = table.take("reward"), table.take("end", False), table.take("to")
    time = table.take("duration")
    table.close()
    if not isinstance(end, bool):
        raise TypeError(f"{place}: end must be true or false, got {written(end)}")
    if to is not None and (not isinstance(to, str) or len(to) != 1):
        raise ValueError(f"{place}: to must be a character of the map, got {written(to)}")
    exact = None if reward is None else rational(reward, f"{place}: reward")
    if end and time not in (None, 1):
        raise ValueError(f'{place} ends the episode, which takes no time: remove "duration"')
    steps = 1 if time is None else duration(time, f"{place}: duration")
    return GridCell(exact, end, to, steps)


def _wind(wind: Any, n_columns: int) -> tuple[int, ...]:
    entries = listed(wind, "wind", n_columns)
    if len(entries) != n_columns:
        raise ValueError(
            f"wind must have a number for each of {n_columns} columns, got {len(entries)}"
        )
    return tuple(
        whole(blown, f"wind of column {number + 1}", -MAX_CELLS, MAX_CELLS)
        for number, blown in enumerate(entries)
    )


def _place(place: Place) -> str:
    return f"row {place[0] + 1}, column {place[1] + 1}"


def _unknown(text: str, legend: Mapping[str, GridCell]) -> str:
    """Say what is wrong with a character of the map."""
    if text in "+-":
        return f"{text!r} must be followed by a number, such as {text}1 or {text}1/2"
    if text in digits:
        return "a number needs its sign: write +10 for an end with the reward 10"
    if text == _MINUS:
        return f"{text!r} is not the minus sign of a keyboard: write -"
    remedy = "write # for a wall, S for the start, a space for a free cell"
    if text.isprintable():
        remedy += f', or explain it in the legend, such as {{"{text}": {{"reward": -1}}}}'
    return f"{text!r} is not in the legend, which has {_known(legend)}: {remedy}"


def _known(legend: Mapping[str, GridCell]) -> str:
    known = ", ".join(map(repr, legend)) or "no entries"
    return known if len(known) <= 60 else f"{known[:57]}..."
