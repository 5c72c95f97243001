"""Check whether an environment does what its table says, where a class may have changed either.

A class that overrides `step` or `reset` of another inherits its table: a subclass of FrozenLake
that pays for each step still has FrozenLake's table. In such cases a copy is played and compared
with the table.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, field
from io import StringIO
from math import isclose
from typing import Any
from warnings import catch_warnings

import gymnasium as gym
import numpy as np

from qdecay._support.one_line import one_line
from qdecay.model.readers.simulator.machine import globals_kept
from qdecay.model.readers.table_labels import Labels, as_label
from qdecay.model.rows import Row
from qdecay_envs.table import EXPLORE

_STEPS = 1000
_WALK = 20  # steps from a copy: behaviour may depend on the history
_TRUSTED = {"gymnasium", "gym", "qdecay_envs"}  # their own tests check their tables
_ABSTRACT = {(core, kind) for core in ("gymnasium.core", "gym.core") for kind in ("Env", "Wrapper")}
_NEAR = 1e-7  # of a reward, relatively: it may have 32 bits
_REMEDY = f"give the class a P and a start of its own, or explore it: {EXPLORE}"


def may_differ(owner: Any) -> bool:
    """Return whether the class of an environment overrides `step` or `reset` of another class."""
    kind = type(owner)
    if kind.__module__.partition(".")[0] in _TRUSTED:
        return False
    classes = [one for one in kind.__mro__ if (one.__module__, one.__name__) not in _ABSTRACT]
    return any(sum(name in vars(one) for one in classes) > 1 for name in ("step", "reset"))


def check_played(
    owner: Any, rows: Sequence[Row], states: Labels, actions: Labels, starts: Collection[int]
) -> tuple[str, ...]:
    """Play a copy of an environment, and compare what it does with the rows of its table.

    Starting where episodes begin, the least-tried actions of the states reached come first. If an
    episode ends, the next state does not matter. Rewards with noise are not compared.

    Args:
        owner: the environment, which is left as it was.
        rows: (state, action, next state, probability, reward, terminated), and perhaps duration.
        states, actions: the table's labels.
        starts: where episodes may begin; empty means anywhere.

    Returns: a remark, if the environment cannot be played.

    Raises:
        ValueError: it does not do what the table says; the message says where.
    """
    outcomes: dict[tuple[int, int], list[_Outcome]] = {}
    for s, a, t, probability, reward, ended, *more in rows:
        if probability:
            steps = (*more, 1)[0]
            outcomes.setdefault((s, a), []).append(_Outcome(t, reward, ended, steps))
    game = _Game(owner, outcomes, states, actions, starts)
    try:
        with globals_kept(), catch_warnings(action="ignore"), redirect_stdout(StringIO()):
            game.play()
    except _ContradictionError as error:
        raise ValueError(f"{one_line(str(error))}: {_REMEDY}") from None
    except Exception:  # whatever an environment raises
        changed = f"{type(owner).__name__} overrides step or reset, and cannot be played"
        return (f"{changed}: whether its table says what it does was not checked",)
    return ()


class _ContradictionError(Exception):
    """The environment does not do what its table says."""


@dataclass(frozen=True)
class _Outcome:
    """What follows an action: the number of the next state, the reward, whether it ended, and after
    how many steps."""

    state: int | None
    reward: Any
    ended: bool
    steps: Any


@dataclass
class _Game:
    owner: Any
    outcomes: Mapping[tuple[int, int], list[_Outcome]]
    states: Labels
    actions: Labels
    starts: Collection[int]
    tried: Counter[tuple[int, int]] = field(default_factory=Counter)
    reached: dict[int, Any] = field(default_factory=dict)  # a copy in each state
    by_attribute: bool = False  # whether the state is the attribute `s`, not the observation

    def __post_init__(self) -> None:
        self.available: dict[int, list[int]] = {}
        for state, action in self.outcomes:
            self.available.setdefault(state, []).append(action)
        self.noisy = bool(getattr(self.owner, "reward_noise", 0))

    def play(self) -> None:
        self.copied = deepcopy(self.owner)
        if getattr(self.copied, "render_mode", None) is not None:
            self.copied.render_mode = None
        held = vars(self.copied)
        # Shared by the copies: a table takes long to copy.
        self.tables = [held[name] for name in ("P", "P_exact") if name in held]
        draws = random.Random(0)
        steps = 0
        for walk in range(_STEPS):
            if steps >= _STEPS:
                return
            begins = walk % 2 == 0 or not self.reached
            env, state = self._begun(walk) if begins else self._resumed(walk)
            for _ in range(_WALK):
                steps += 1
                choices = self.available.get(state, [])
                if not choices:
                    break
                least = min(self.tried[state, a] for a in choices)
                action = draws.choice([a for a in choices if self.tried[state, a] == least])
                following = self._step(env, state, action)
                if following is None:
                    break
                state = following
                if state not in self.reached:
                    self.reached[state] = self._copy(env)

    def _begun(self, seed: int) -> tuple[Any, int]:
        env = self._copy(self.copied)
        try:
            found = env.reset(seed=seed)
        except TypeError:  # older environments take no seed
            found = env.reset()
        with_info = isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], dict)
        observation = found[0] if with_info else found
        if not self.reached:
            self.by_attribute = self._number(observation) is None
        state = self._number(env.s if self.by_attribute else observation)
        if state is None:
            raise LookupError("no state of the table")
        if self.starts and state not in self.starts:
            known = ", ".join(str(self.states.known[s]) for s in list(self.starts)[:3])
            raise _ContradictionError(
                f"{type(self.owner).__name__}.reset() begins in state {self.states.known[state]}, "
                f"and by its start distribution in {known}"
            )
        self.reached.setdefault(state, self._copy(env))
        return env, state

    def _resumed(self, seed: int) -> tuple[Any, int]:
        """Return a copy in the state whose actions were tried least."""
        state = min(self.reached, key=self._tries)
        env = self._copy(self.reached[state])
        if isinstance(env, gym.Env):
            env.np_random = np.random.default_rng(seed)
        return env, state

    def _copy(self, env: Any) -> Any:
        return deepcopy(env, {id(table): table for table in self.tables})

    def _tries(self, state: int) -> float:
        return min((self.tried[state, a] for a in self.available.get(state, [])), default=_STEPS)

    def _step(self, env: Any, state: int, action: int) -> int | None:
        """Take a step, which must be in the table; None if the walk is over."""
        self.tried[state, action] += 1
        observation, reward, terminated, *rest = env.step(self.actions.known[action])
        label = env.s if self.by_attribute else observation
        limited = len(rest) == 1 and "TimeLimit.truncated" in rest[0]  # in the older gym
        ended = bool(terminated) and not limited
        info = rest[-1] if rest and isinstance(rest[-1], Mapping) else {}
        seen = _Outcome(self._number(label), float(reward), ended, info.get("duration", 1))
        if not any(self._same(seen, outcome) for outcome in self.outcomes[state, action]):
            self._refuse(state, action, label, seen)
        stops = terminated or (len(rest) == 2 and rest[0]) or seen.state is None
        return None if stops else seen.state

    def _same(self, seen: _Outcome, outcome: _Outcome) -> bool:
        paid = self.noisy or isclose(seen.reward, outcome.reward, rel_tol=_NEAR, abs_tol=1e-12)
        if self._ends(seen) or self._ends(outcome):
            return paid and self._ends(seen) and self._ends(outcome)
        return paid and (seen.state, seen.steps) == (outcome.state, outcome.steps)

    def _ends(self, outcome: _Outcome) -> bool:
        """Whether nothing more can be earned, which includes a state that is never left and pays
        0."""
        state = outcome.state
        if outcome.ended or state is None:
            return outcome.ended
        return all(
            after.state == state and not after.reward
            for action in self.available.get(state, [])
            for after in self.outcomes[state, action]
        )

    def _number(self, given: Any) -> int | None:
        """Return the number of a state of the table; None if it is not one."""
        try:
            return self.states.numbers.get(as_label(given, "state"))
        except ValueError:
            return None

    def _refuse(self, state: int, action: int, label: Any, seen: _Outcome) -> None:
        place = f"P[{self.states.known[state]!r}][{self.actions.known[action]!r}]"
        table = [
            _shown(self.states.known[outcome.state or 0], outcome)
            for outcome in self.outcomes[state, action]
        ]
        table = list(dict.fromkeys(table))
        more = f" and {len(table) - 3} more" if table[3:] else ""
        raise _ContradictionError(
            f"{type(self.owner).__name__} does not do what its table says: a step returned "
            f"{_shown(label, seen)}, and {place} has "
            f"{', '.join(table[:3])}{more} as (next state, reward, terminated)"
        )


def _shown(state: Any, outcome: _Outcome) -> str:  # state may be an observation
    lasting = f" in {outcome.steps} steps" if outcome.steps != 1 else ""
    return f"({state}, {float(outcome.reward):g}, {outcome.ended}){lasting}"
