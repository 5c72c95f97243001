"""Environments that are not what exploring takes them for, each in another way, and honest twins.

All are a line of cells 0 to 5: action 0 goes back, action 1 on; leaving cell 4 pays 1 and ends.
"""

from __future__ import annotations

import copy
import itertools
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.utils import EzPickle

SHARED = np.random.default_rng(0)
COUNT = [0]


class Line(gym.Env[Any, Any]):
    """The line; it hides nothing."""

    def __init__(self) -> None:
        self.observation_space: Any = Discrete(6)
        self.action_space: Any = Discrete(2)
        self.cell = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.cell = 0
        return 0, {}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self.cell = max(0, self.cell - 1) if action == 0 else self.cell + 1
        ends = self.cell == 5
        return self.cell, float(ends), ends, False, {}


class Lever(Line):
    """Going back from cell 0 pulls a lever, which doubles the reward."""

    pulled = False

    def reset(self, **options: Any) -> Any:
        self.pulled = False
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.pulled = self.pulled or (self.cell == 0 and action == 0)
        cell, reward, *rest = super().step(action)
        return cell, reward * (2 if self.pulled else 1), *rest


class HashOfCell(Lever):
    """Its own `hash` forgets the lever."""

    def hash(self) -> int:
        return self.cell


class HashOfAll(Lever):
    """Its own `hash` has all."""

    def hash(self) -> tuple[int, bool]:
        return self.cell, self.pulled


class HashOfFaces(Line):
    """It shows the lever, which its own `hash` forgets."""

    def reset(self, **options: Any) -> Any:
        self.pulled = False
        return (0, False), super().reset(**options)[1]

    def step(self, action: Any) -> Any:
        self.pulled = self.pulled or (self.cell == 0 and action == 0)
        cell, *rest = super().step(action)
        return (cell, self.pulled), *rest

    def hash(self) -> int:
        return self.cell


class Clock(Line):
    """Counts steps, and does nothing with the number."""

    def reset(self, **options: Any) -> Any:
        self.steps = 0
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.steps += 1
        return super().step(action)


class Watch(Line):
    """Counts steps in something that is no number, and does nothing with it."""

    @staticmethod
    def counted(steps: int) -> Any:
        return f"{steps // 60:02}:{steps % 60:02}"

    def reset(self, **options: Any) -> Any:
        self.steps, self.watch = 0, self.counted(0)
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.steps += 1
        self.watch = self.counted(self.steps)
        return super().step(action)

    def seconds(self) -> int:
        """Read the watch."""
        minutes, seconds = self.watch.split(":")
        return 60 * int(minutes) + int(seconds)


class WatchIterator(Watch):
    """Counts in an iterator, which copies as pickle has it."""

    def reset(self, **options: Any) -> Any:
        self.watch = itertools.count()
        return Line.reset(self, **options)

    def step(self, action: Any) -> Any:
        next(self.watch)
        return Line.step(self, action)

    def seconds(self) -> int:
        return int(repr(self.watch)[6:-1])


class Slots:
    __slots__ = ("cell", "watch")


class WatchInSlots(Watch):
    """Has no attributes of its own but what is in slots: of an object, and of itself."""

    __slots__ = ("own",)

    def reset(self, **options: Any) -> Any:
        self.own = Slots()
        self.own.cell = self.own.watch = 0
        return Line.reset(self, **options)

    def step(self, action: Any) -> Any:
        self.own.watch += 1
        cell, *rest = Line.step(self, action)
        self.own.cell = cell
        return cell, *rest

    def seconds(self) -> int:
        return int(self.own.watch)


class LeverInSlots(Line):
    """The lever is in a slot, beside attributes."""

    class Held(Slots):
        pass

    def reset(self, **options: Any) -> Any:
        self.held = self.Held()
        self.held.colour, self.held.cell = "red", False
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.held.cell = self.held.cell or (self.cell == 0 and action == 0)
        cell, reward, *rest = super().step(action)
        return cell, reward * (2 if self.held.cell else 1), *rest


def paying(kind: type[Watch], steps: int) -> type[Watch]:
    """Return the same, which pays more after a number of steps."""

    class Paying(kind):  # type: ignore[valid-type, misc]
        def step(self, action: Any) -> Any:
            cell, reward, *rest = super().step(action)
            return cell, reward * (2 if self.seconds() > steps else 1), *rest

    Paying.__name__ = f"{kind.__name__}Paying{steps}"
    return Paying


WATCHES = [Watch, WatchInSlots]
if sys.version_info < (3, 14):  # from which on iterators cannot be copied
    WATCHES.append(WatchIterator)


class PaysByClock(Clock):
    """Pays less the later, as MiniGrid does."""

    def step(self, action: Any) -> Any:
        cell, reward, *rest = super().step(action)
        return cell, reward * max(0.01, 1 - 0.01 * self.steps), *rest


class EndsByClock(Clock):
    """Ends after nine steps, and calls that terminated."""

    def step(self, action: Any) -> Any:
        cell, reward, ends, *rest = super().step(action)
        return cell, reward, ends or self.steps == 9, *rest


class EndsLate(Clock):
    """Never ends but after 200 steps, and calls that terminated."""

    def step(self, action: Any) -> Any:
        super().step(action)
        self.cell = min(self.cell, 4)
        return self.cell, float(self.cell == 0), self.steps == 200, False, {}


class EndsByTotal(Line):
    """Pays a coin for each way there and back; ends after 30."""

    def reset(self, **options: Any) -> Any:
        self.coins, self.target = 0, 4
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        super().step(action)
        self.cell = min(self.cell, 4)
        is_there = self.cell == self.target
        self.coins += is_there
        self.target = 4 - self.target if is_there else self.target
        return self.cell, float(is_there), self.coins == 30, False, {}


class Fuel(Line):
    """Runs out of fuel after 100 steps, and pays for that."""

    def reset(self, **options: Any) -> Any:
        self.fuel = 100
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.fuel -= 1
        cell, reward, ends, *rest = super().step(action)
        return cell, reward if self.fuel else -10.0, ends or not self.fuel, *rest


class PaysLate(Clock):
    """Pays more after 300 steps."""

    def step(self, action: Any) -> Any:
        cell, reward, *rest = super().step(action)
        return cell, reward * (2 if self.steps > 300 else 1), *rest


class CutsByClock(Clock):
    """Ends after nine steps, and calls that truncated."""

    def step(self, action: Any) -> Any:
        cell, reward, ends, _, info = super().step(action)
        return cell, reward, ends, self.steps >= 9, info


class PaysAtTheCut(Clock):
    """Pays for the step at which it is cut off."""

    def step(self, action: Any) -> Any:
        cell, reward, ends, _, info = super().step(action)
        return cell, reward + (5 if self.steps == 100 else 0), ends, self.steps >= 100, info


class CutsByCell(Line):
    """Ends in cell 3, and calls that truncated."""

    def step(self, action: Any) -> Any:
        cell, reward, ends, _, info = super().step(action)
        return cell, reward, ends, cell == 3, info


class Remembers(Line):
    """Holds its last action, and does nothing with it."""

    def reset(self, **options: Any) -> Any:
        self.last = None
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.last = action
        return super().step(action)


class PaysTwice(Remembers):
    """Pays more for the second of two steps on."""

    def step(self, action: Any) -> Any:
        before = self.last
        cell, reward, *rest = super().step(action)
        return cell, reward + (0.5 if before == action == 1 else 0.0), *rest


class Counts(Lever):
    """Doubles the reward once the lever was pulled four times."""

    def reset(self, **options: Any) -> Any:
        self.pulls = 0
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.pulls += self.cell == 0 and action == 0
        self.pulled = self.pulls >= 4
        cell, reward, *rest = Line.step(self, action)
        return cell, reward * (2 if self.pulled else 1), *rest


class Patience(Line):
    """A ring of 600 cells; to stay twice in one of them pays."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = Discrete(600)
        self.stayed = False

    def step(self, action: Any) -> Any:
        pays = action == 0 and self.stayed and self.cell == 377
        self.stayed = action == 0
        self.cell = (self.cell + action) % 600
        return self.cell, float(pays), False, False, {}


class Slips(Line):
    """Goes back instead of on by chance."""

    def chance(self) -> float:
        return float(self.np_random.random())

    def step(self, action: Any) -> Any:
        return super().step(0 if self.chance() < 0.25 else action)


class DrawsOnly(Slips):
    """Draws a number, and does nothing with it."""

    def step(self, action: Any) -> Any:
        self.chance()
        return Line.step(self, action)


class SlipsRarely(Slips):
    """In one of a hundred steps."""

    def chance(self) -> float:
        return float(self.np_random.random()) * 25


class SlipsRarelyByPython(Slips):
    """The same from Python's global generator."""

    def chance(self) -> float:
        return random.random() * 25


class SlipsByPython(Slips):
    """From Python's global generator."""

    def chance(self) -> float:
        return random.random()


class SlipsByNumPy(Slips):
    """From NumPy's global generator."""

    def chance(self) -> float:
        return float(np.random.random())  # noqa: NPY002


class SlipsBySpace(Slips):
    """From the generator of its action space."""

    def chance(self) -> float:
        return 0.0 if self.action_space.sample() == 0 else 1.0


class SlipsByModule(Slips):
    """From a generator of its module, which copies share."""

    def chance(self) -> float:
        return float(SHARED.random())


class SlipsBySystem(Slips):
    """From a generator that is new in every step."""

    def chance(self) -> float:
        return float(np.random.default_rng().random())


class PaysByTime(Line):
    """Pays by the time of day."""

    def step(self, action: Any) -> Any:
        cell, _, *rest = super().step(action)
        return cell, float(time.perf_counter_ns() % 1000), *rest


class OnClass(Line):
    """Its place is an attribute of the class."""

    place = 0

    def reset(self, **options: Any) -> Any:
        type(self).place = 0
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.cell = type(self).place
        seen = super().step(action)
        type(self).place = self.cell
        return seen


class OnClassOnce(Line):
    """Pays for what no environment of its class has done before."""

    done: set[Any] = set()  # noqa: RUF012  # that is the lie

    def __init__(self) -> None:
        super().__init__()
        self.done.clear()

    def step(self, action: Any) -> Any:
        cell, reward, *rest = super().step(action)
        is_new = (cell, action) not in self.done
        self.done.add((cell, action))
        return cell, reward + is_new, *rest


class OnClassRarely(Line):
    """Pays for every thousandth step of all environments of its class."""

    steps = 0

    def step(self, action: Any) -> Any:
        cell, reward, *rest = super().step(action)
        type(self).steps += 1
        return cell, reward + (self.steps % 1000 == 0), *rest


class OnModule(Line):
    """Pays by a number of its module."""

    def step(self, action: Any) -> Any:
        COUNT[0] += 1
        cell, reward, *rest = super().step(action)
        return cell, reward + COUNT[0] % 2, *rest


class InClosure(Line):
    """Pays for every seventh step of all its copies."""

    def __init__(self) -> None:
        super().__init__()
        number = 0

        def tick() -> int:
            nonlocal number
            number += 1
            return number

        self.tick = tick

    def step(self, action: Any) -> Any:
        cell, reward, *rest = super().step(action)
        return cell, reward + (self.tick() % 7 == 0), *rest


class InList(Line):
    """Its place is in a list."""

    place = [0]  # noqa: RUF012  # replaced before it is used

    def reset(self, **options: Any) -> Any:
        self.place = [0]
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.cell = self.place[0]
        seen = super().step(action)
        self.place[0] = self.cell
        return seen


class Shallow(InList):
    """Its copies share the list."""

    def __deepcopy__(self, memo: Any) -> Any:
        return copy.copy(self)


class Deep(InList):
    """Copies itself, and well."""

    def __deepcopy__(self, memo: Any) -> Any:
        made = copy.copy(self)
        made.place = self.place.copy()
        return made


class Unlike(Line):
    """Begins elsewhere every time, whatever the seed."""

    def reset(self, **options: Any) -> Any:
        super().reset(**options)
        self.cell = int(np.random.default_rng().integers(5))
        return self.cell, {}


class PaysMore(Line):
    """Pays more in every episode."""

    episodes = 0

    def reset(self, **options: Any) -> Any:
        self.episodes += 1
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        cell, reward, *rest = super().step(action)
        return cell, reward * self.episodes, *rest


class PaysLaterEpisodes(PaysMore):
    """Pays more from the fourth episode on."""

    def step(self, action: Any) -> Any:
        cell, reward, *rest = Line.step(self, action)
        return cell, reward * (2 if self.episodes > 3 else 1), *rest


class PaysByShell(Line):
    """Counts in a variable of the shell, though its own generator is there."""

    def step(self, action: Any) -> Any:
        number = int(os.environ.get("LYING_STEPS", "0")) + 1
        os.environ["LYING_STEPS"] = str(number)
        cell, reward, *rest = super().step(action)
        return cell, reward + (number % 60 == 0), *rest


class MaskedByChance(Line):
    """Forbids its first action by chance."""

    def action_masks(self) -> list[bool]:
        return [self.np_random.random() < 0.5, True]


class Scattered(Line):
    """Begins in one of three cells, by its seed."""

    def reset(self, **options: Any) -> Any:
        super().reset(**options)
        self.cell = int(self.np_random.integers(3))
        return self.cell, {}


class ScatteredRarely(Line):
    """Begins elsewhere for one seed of a thousand or so."""

    def reset(self, **options: Any) -> Any:
        super().reset(**options)
        self.cell = int(self.np_random.random() < 0.001)
        return self.cell, {}


class Buffer(Line):
    """Shows the same array in every step."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = Box(0, 5, (1,), np.int64)
        self.shown = np.zeros(1, np.int64)

    def reset(self, **options: Any) -> Any:
        super().reset(**options)
        self.shown[0] = 0
        return self.shown, {}

    def step(self, action: Any) -> Any:
        self.shown[0], *rest = super().step(action)
        return self.shown, *rest


class View(Line):
    """Reads its place through a view of the array that it writes to."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = np.zeros(3, np.int64)
        self.first = self.cells[:1]

    def reset(self, **options: Any) -> Any:
        self.cells[:] = 0
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.cell = int(self.first[0])
        seen = super().step(action)
        self.cells[0] = self.cell
        return seen


class Anew(Line, EzPickle):
    """Is pickled by its arguments: a copy by pickle or deepcopy begins anew."""

    def __init__(self) -> None:
        Line.__init__(self)
        EzPickle.__init__(self)


class Tenths(Line):
    """Adds up tenths in floats, 0.1 + 0.2 and so on, with noise of rounding; shows whole cells."""

    def reset(self, **options: Any) -> Any:
        self.x, self.y, self.unknown = 0.0, np.zeros(20), float("nan")
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.x = max(0.0, self.x + (0.1 if action else -0.1))
        self.y[7] = self.x
        return super().step(action)


class Diary(Line):
    """Writes down its steps, adds up its rewards and looks at its watch."""

    def reset(self, **options: Any) -> Any:
        self.steps: list[Any] = []
        self.total, self.watch = 0.0, time.time()
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.steps.append((self.cell, action))
        cell, reward, *rest = super().step(action)
        self.total += reward - 0.1
        self.watch = time.time()
        return cell, reward - 0.1, *rest


class Endless(Line):
    """Goes on for ever, and shows nothing."""

    def step(self, action: Any) -> Any:
        self.cell += 1 + action
        return 0, 0.0, False, False, {}


class Grows(Line):
    """Writes into the large table that it has had from the beginning."""

    def __init__(self) -> None:
        super().__init__()
        self.table = np.zeros(1000, np.int64)

    def reset(self, **options: Any) -> Any:
        self.table[:] = 0
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        self.cell = int(self.table[0])
        seen = super().step(action)
        self.table[0] = self.cell
        return seen


class Treasure(Line):
    """Takes 3 from cell 2 of a large board that it has from the beginning, and fills anew."""

    def __init__(self) -> None:
        super().__init__()
        self.board = self.allocate()

    def allocate(self) -> Any:
        """Return an empty board."""
        return np.zeros(1000)

    def reset(self, **options: Any) -> Any:
        self.board[2] = 3
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        taken, self.board[self.cell] = self.board[self.cell], 0
        cell, reward, *rest = super().step(action)
        return cell, reward + taken, *rest


class TreasureInList(Treasure):
    """The same in a list, part of which it takes for itself."""

    def allocate(self) -> Any:
        self.all = [[0] * 1000]
        return self.all[0]


class TreasureInView(Treasure):
    """The same through a view that is made in every reset."""

    def allocate(self) -> Any:
        self.all = np.zeros(1000)
        return self.all[:5]

    def reset(self, **options: Any) -> Any:
        self.board = self.all[:5]
        return super().reset(**options)


class TreasureOnce(Treasure):
    """The same, never filled again."""

    def __init__(self) -> None:
        super().__init__()
        self.board[2] = 3

    def reset(self, **options: Any) -> Any:
        return Line.reset(self, **options)


class LeverOfTables(Lever):
    """Its lever chooses one of two large tables."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = np.full(200, 1.0), np.full(200, 2.0)
        self.table = self.up

    def reset(self, **options: Any) -> Any:
        self.table = self.up
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        if self.cell == 0 and action == 0:
            self.table = self.down
        cell, reward, *rest = Line.step(self, action)
        return cell, reward * self.table[cell], *rest


class Masked(Line):
    """Cannot go back from cell 0; says so as its wrappers like it."""

    def action_masks(self) -> list[bool]:
        return [self.cell > 0, True]


class MaskedInfo(Line):
    """Cannot go back from cell 0; says so in `info`."""

    def mask(self) -> dict[str, Any]:
        return {"action_mask": np.array([self.cell > 0, True], np.int8)}

    def reset(self, **options: Any) -> Any:
        return super().reset(**options)[0], self.mask()

    def step(self, action: Any) -> Any:
        return *super().step(action)[:4], self.mask()


def cell_of(env: Any) -> int:
    """Return the cell, and so forget all else."""
    return int(env.unwrapped.cell)


def ends(before: Any, action: Any, reward: Any, after: Any, terminated: bool) -> int:
    """Pay 1 for the end."""
    return int(terminated)


def set_cell(env: Any, cell: int) -> None:
    """Go to a cell, and leave all else as it is."""
    env.unwrapped.cell = cell


Options = dict[str, Any]
Lie = tuple[Callable[[], gym.Env[Any, Any]], Options, str]

LIES: list[Lie] = [
    (Lever, {"key": cell_of}, "state 4, action 1: depends on the history: .* unwrapped.pulled"),
    (
        HashOfCell,
        {},
        "state 4, action 1: depends on the history: it pays 1 .* 2 .* unwrapped.pulled",
    ),
    (HashOfFaces, {}, "observations depend on the history.* unwrapped.pulled"),
    (Counts, {"key": cell_of}, "depends on the history: it pays 1 .* 2 .* unwrapped.pulls"),
    (Patience, {"key": cell_of}, "state 377, action 0: depends .* pays 1 .* unwrapped.stayed"),
    (PaysByClock, {}, "depends on the history: it pays 0.95 .* unwrapped.steps: pass reward= "),
    (EndsByClock, {}, "it goes on .* ends .* unwrapped.steps: all episodes end after 9 steps, if"),
    (EndsLate, {}, "it goes on .* ends .* unwrapped.steps: all episodes end after 200 steps, if"),
    (EndsByTotal, {}, "it goes on .* ends .* unwrapped.coins: pass a key= "),
    (Fuel, {}, "it pays 0 .* pays -10 .* unwrapped.fuel: all episodes end after 100 steps, if"),
    (PaysLate, {}, "it pays 1 .* pays 2 .* unwrapped.steps: pass reward="),
    (paying(Watch, 12), {}, "it pays 1 .* pays 2 .* unwrapped.watch: pass reward="),
    *[(paying(kind, 300), {}, "it pays 1 .* pays 2 .* unwrapped.*: pass rew") for kind in WATCHES],
    (PaysAtTheCut, {}, "it pays 0 .* pays 5, cut off, .* unwrapped.steps"),
    (CutsByCell, {}, "truncated is no time limit here: an episode is cut off after 3 steps"),
    (PaysTwice, {}, "depends on the history: it pays .* unwrapped.last: pass reward= "),
    (Slips, {}, "is random: .* unwrapped.np_random: samples=N"),
    (SlipsRarely, {}, "is random: .* unwrapped.np_random: samples=N"),
    (SlipsRarelyByPython, {}, "is random: .* Python's random: samples=N"),
    (SlipsByPython, {}, "is random: .* Python's random: samples=N"),
    (SlipsByNumPy, {}, "is random: .* numpy.random: samples=N"),
    (SlipsBySpace, {}, "is random: .* unwrapped.action_space.np_random: samples=N"),
    (SlipsByModule, {}, "does not do the same twice: .*environments.SHARED changes"),
    (SlipsByModule, {"samples": 20}, "does not do the same twice: .*environments.SHARED changes"),
    (SlipsBySystem, {}, "does not do the same twice: .* outside the environment"),
    (PaysByTime, {}, "does not do the same twice: it pays .* outside the environment"),
    (OnClass, {}, "does not do the same twice: .* OnClass.place changes"),
    (OnClassOnce, {}, "from reset.* again: .* step 1 pays 1 and then 0: .*attribute of its class"),
    (OnClassRarely, {}, "it pays 0 .* 1 .* OnClassRarely.steps changes and is shared"),
    (TreasureOnce, {}, "again: .* pays 3 and then 0: reset leaves unwrapped.board as it was"),
    (PaysMore, {}, "again: .* pays 1 and then 2: reset leaves unwrapped.episodes as it was"),
    (PaysLaterEpisodes, {}, "again: .* pays 1 and then 2: reset leaves unwrapped.episodes as it"),
    (PaysByShell, {}, "it pays 0 .* pays 1 .*something outside the environment"),
    (
        MaskedByChance,
        {},
        "is random: it allows .*1 or allows .*1, .* unwrapped.np_random",
    ),
    (OnModule, {}, "does not do the same twice: it pays .*environments.COUNT changes"),
    (InClosure, {}, "does not do the same twice: it pays 0 .* 1; tick's number changes"),
    (Shallow, {}, "does not do the same twice: .* does not restore unwrapped.place"),
    (Unlike, {}, "reset\\(seed=0\\) twice: the second time it shows something else"),
    (
        Line,
        {"key": lambda env: time.perf_counter_ns()},
        "twice: the second time it has another key",
    ),
    (
        Lever,
        {"get_state": cell_of, "set_state": set_cell},
        "does not restore unwrapped.pulled: the copies share it, or get_state returns no copy",
    ),
]
"""What lies, how it is explored, and what the error says."""

HONEST: list[tuple[Callable[[], gym.Env[Any, Any]], Options]] = [
    (Line, {}),
    (Line, {"key": cell_of}),
    (Line, {"get_state": cell_of, "set_state": set_cell}),
    (PaysByClock, {"reward": "sign"}),
    (Clock, {}),
    *[(kind, {}) for kind in WATCHES],
    (CutsByClock, {}),
    (Remembers, {}),
    (DrawsOnly, {}),
    (DrawsOnly, {"samples": 5}),
    (InList, {}),
    (Deep, {}),
    (Buffer, {}),
    (View, {}),
    (Anew, {}),
    (Tenths, {}),
    (Grows, {}),
    (Diary, {"reward": ends}),
]
"""What is explored to the rows of `Line`."""
