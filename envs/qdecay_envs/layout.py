"""Chain layouts: one choice at a start state between streams of rewards.

A branch is a name and a stream of rewards r_0, r_1, ..., r_(L-1). Choosing it pays r_0 on the same
step and r_k on the k-th step after it, so it is worth

    r_0 + gamma r_1 + ... + gamma**(L-1) r_(L-1)

and then what the ending adds: `terminate` nothing more, `repeat` gamma**L times the
start's value, `absorb` r_(L-1) again on every later step.

The states lie on a line. A stream of length L has a corridor of L - 1 states: branch 0's
lies left of the start, branch 1's right of it, those of further branches follow on the right.
So stay=[1], move=[0, 0, 4] has the states 0 (start), 1, 2; and left=[0, 1],
right=[0, 0, 3] has the states 0, 1 (start), 2, 3.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any, Literal, get_args

from qdecay_envs.documents import Table
from qdecay_envs.jsonfile import json_number, read_json_as, write_json
from qdecay_envs.rational import RationalLike, rational, written

Ending = Literal["terminate", "repeat", "absorb"]
Stream = tuple[Fraction, ...]

SCHEMA = "qdecay.layout/1"
MAX_REWARDS = 100_000  # of all branches together: a table of about 100 MB


@dataclass(frozen=True)
class ChainLayout:
    """Streams of rewards to choose between, and what happens after they end.

    Args:
        branches: two or more (name, rewards) pairs; the rewards are exact numbers, in reward
            units, and are stored as fractions. At most 100,000 rewards in all.
        ending: what follows the last reward of a stream.

    Raises:
        TypeError: a reward is a float or not a number, or something has the wrong type.
        ValueError: fewer than two branches, an empty stream, a name that is empty, repeated or not
            printable, text that is not a number, too many rewards, an unknown ending.

    >>> layout = ChainLayout.choice(stay=[1], move=[0, 0, 4])
    >>> layout.n_states, layout.start
    (3, 0)
    """

    branches: tuple[tuple[str, Stream], ...]
    ending: Ending = "terminate"

    def __post_init__(self) -> None:
        """Check the branches and the ending; store the rewards as fractions."""
        object.__setattr__(self, "branches", _branches(self.branches))
        if self.ending not in get_args(Ending):
            names = ", ".join(map(repr, get_args(Ending)))
            raise ValueError(f"ending must be one of {names}, got {self.ending!r}")

    @classmethod
    def choice(
        cls, /, *, ending: Ending = "terminate", **streams: Iterable[RationalLike]
    ) -> ChainLayout:
        """Return the layout with one branch per keyword, in the order written.

        A branch named "ending" requires the plain constructor.

        >>> ChainLayout.choice(stay=["1/2"], move=[0] * 99 + [110], ending="repeat").n_states
        100
        """
        return cls(tuple(streams.items()), ending)  # type: ignore[arg-type]  # __post_init__ parses

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the branches; action i at the start takes branch i."""
        return tuple(name for name, _ in self.branches)

    @property
    def near(self) -> Stream:
        """The first branch's rewards."""
        return self.branches[0][1]

    @property
    def far(self) -> Stream:
        """The second branch's rewards."""
        return self.branches[1][1]

    @property
    def start(self) -> int:
        """The state where the choice is made: branch 0's corridor lies left of it."""
        return len(self.near) - 1

    @property
    def n_states(self) -> int:
        """The number of states: the start, the corridors, and the absorbing extras."""
        return 1 + sum(len(states) for states in self.corridors())

    def corridors(self) -> tuple[range, ...]:
        """Return the states of every branch in walking order away from the start.

        Under `absorb` the last state of each branch repeats the last reward for ever. The start
        cannot do that, so a branch of length 1 then gets its own absorbing state; these are
        numbered last, at the right end of the line.
        """
        corridors = [range(self.start - 1, -1, -1)]
        end = self.start + 1
        for _, stream in self.branches[1:]:
            corridors.append(range(end, end + len(stream) - 1))
            end = corridors[-1].stop
        if self.ending == "absorb":
            for index, (_, stream) in enumerate(self.branches):
                if len(stream) == 1:
                    corridors[index] = range(end, end + 1)
                    end += 1
        return tuple(corridors)

    def to_json(self) -> dict[str, Any]:
        """Return the layout as a "qdecay.layout/1" document: strings, ints and lists only."""
        pairs = [
            [name, [json_number(reward) for reward in stream]] for name, stream in self.branches
        ]
        if len(pairs) == 2:
            return {"schema": SCHEMA, "near": pairs[0], "far": pairs[1], "ending": self.ending}
        return {"schema": SCHEMA, "branches": pairs, "ending": self.ending}

    @classmethod
    def from_json(cls, document: Any) -> ChainLayout:
        """Return the layout of a "qdecay.layout/1" document.

        Args:
            document: an object with "schema", either "near" and "far" or "branches", each
                branch a [name, [rewards]] pair, and optionally "ending".

        Raises:
            ValueError: the document is not of that form; the message names the place.

        >>> branches = {"near": ["stay", [1]], "far": ["move", [0, "1/2"]]}
        >>> ChainLayout.from_json({"schema": "qdecay.layout/1", **branches}).far
        (Fraction(0, 1), Fraction(1, 2))
        """
        table = Table("", "", document)
        table.demand_schema(SCHEMA, "a layout")
        ending = table.take("ending", "terminate")
        if "branches" in table:
            branches = table.take("branches")
        else:
            branches = [
                table.demand(key, f'"{key}": ["name", [rewards]]') for key in ("near", "far")
            ]
        table.close()
        try:
            return cls(branches, ending)
        except TypeError as error:
            raise ValueError(str(error)) from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ChainLayout:
        """Return the layout of a JSON file; decimals are read as written (0.7 is 7/10).

        Raises:
            ValueError: the file cannot be read, is not strict JSON (see `read_json`) or not a
                layout; the message is one line that starts with the path.
        """
        return read_json_as(path, cls.from_json)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the layout as a JSON file that `load` reads; see `write_json`."""
        write_json(path, self.to_json())


def _branches(branches: Any) -> tuple[tuple[str, Stream], ...]:
    if isinstance(branches, str) or not isinstance(branches, Iterable):
        raise TypeError(f"branches must be (name, rewards) pairs, got {written(branches)}")
    result: list[tuple[str, Stream]] = []
    room = MAX_REWARDS
    for index, pair in enumerate(branches):
        name, rewards = _pair(f"branch {index}", pair)
        _check_name(name, [known for known, _ in result])
        result.append((name, _stream(name, rewards, room)))
        room -= len(result[-1][1])
    if len(result) < 2:
        raise ValueError(f"a choice needs at least 2 branches, got {len(result)}")
    for name, rewards in result:  # after mistakes in the others: it may be still to be typed
        if not rewards:
            raise ValueError(f"branch {name!r} has no reward: give it at least one, such as [0]")
    return tuple(result)


def _check_name(name: Any, known: list[str]) -> None:
    if not isinstance(name, str):
        raise TypeError(f"the name of branch {len(known)} must be text, got {written(name)}")
    if not name.strip() or not name.isprintable():
        raise ValueError(f"the name of branch {len(known)} is not printable: {written(name)}")
    if name in known:
        raise ValueError(f"two branches are named {name!r}: give each its own name")


def _stream(name: str, rewards: Any, room: int) -> Stream:
    if isinstance(rewards, str | bytes | dict) or not isinstance(rewards, Iterable):
        raise TypeError(f"branch {name!r} must be a list of rewards, got {written(rewards)}")
    listed = list(islice(rewards, room + 1))
    if len(listed) > room:
        raise ValueError(f"branch {name!r} exceeds {MAX_REWARDS:,} rewards in total: shorten it")
    return tuple(
        rational(reward, f"reward {step} of branch {name!r}") for step, reward in enumerate(listed)
    )


def _pair(place: str, pair: Any) -> tuple[Any, Any]:
    if not (isinstance(pair, list | tuple) and len(pair) == 2):
        raise ValueError(f'{place} must be ["name", [rewards]], got {written(pair)}')
    return pair[0], pair[1]
