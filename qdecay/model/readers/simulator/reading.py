"""The exact rows of an environment without a table.

Exploring assumes that an environment is deterministic, that its copies are independent of each
other, and that equal keys mean equal states; `checking` tests these assumptions. A time limit is
not part of the dynamics: it becomes the model's `time_limit`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from enum import EnumMeta
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypedDict

import gymnasium as gym
import numpy as np

from qdecay._support.checks import choice, instance, whole
from qdecay._support.deadline import Deadline
from qdecay._support.one_line import one_line
from qdecay._support.progress import OnProgress, reporting
from qdecay._support.result import counted
from qdecay.model.numbering import Numbering, is_finite
from qdecay.model.readers.simulator.checking import Checks
from qdecay.model.readers.simulator.copying import Copier, SharedChangedError, copier
from qdecay.model.readers.simulator.diagnosis import Diagnosis, IsRandomError
from qdecay.model.readers.simulator.episodes import compare, played, played_later
from qdecay.model.readers.simulator.exploring import Explorer
from qdecay.model.readers.simulator.graph import Graph
from qdecay.model.readers.simulator.keys import CallersKey, Fields, Key, OwnHash, has_own_hash
from qdecay.model.readers.simulator.left_out import GROWING, left_out
from qdecay.model.readers.simulator.limits import time_limit
from qdecay.model.readers.simulator.machine import Machine, RewardFunction, globals_kept, sign
from qdecay.model.readers.simulator.naming import Names
from qdecay.model.recover import Recovery
from qdecay.model.rows import ModelRows, Row
from qdecay_envs.rational import written

REWARDS: Mapping[str, RewardFunction] = {"sign": sign}
"""Rewards with a name: "sign" is 1, 0 or -1 if the environment's reward is > 0, 0 or < 0."""
# NumPy 2 shows its numbers as np.float64(0.1); earlier versions showed plain ones.
_PLAIN_NUMBERS: Any = {} if np.__version__.startswith("1.") else {"legacy": "1.25"}
_MAX_ACTIONS = 100_000
_OTHER_SEEDS = 5  # their episodes show whether the start is random


class ExploringOptions(TypedDict, total=False):
    """How an environment is explored.

    Attributes:
        key: a function `key(env)` whose value is equal for equal states; any type, even an array.
            None uses `env.hash()` or the observation with the environment's fields; see `keys`.
        reward: a function `reward(observation, action, reward, next_observation, terminated)` that
            returns the model's reward in place of the environment's, exact or a float. The text
            "sign" means the sign of the environment's reward: 1, 0 or -1.
        get_state, set_state: functions `get_state(env)` and `set_state(env, state)`, for
            environments that cannot be copied; the environment itself is then used, and left where
            an episode begins.
        samples: for random environments: the number of starts to explore from, and of tries of
            every action if any is random, to estimate probabilities. None explores from one start,
            and randomness is an error.
        seed: >= 0; of the episode from whose start exploring begins (the first of several), and of
            everything random here.
        max_states: the number of states beyond which exploring is given up.
        max_seconds: limit of wall time; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` now and then.
    """

    key: Callable[[Any], Any] | None
    reward: RewardFunction | Literal["sign"] | None
    get_state: Callable[[Any], Any] | None
    set_state: Callable[[Any, Any], Any] | None
    samples: int | None
    seed: int
    max_states: int
    max_seconds: float | None
    progress: bool | OnProgress


def rows_of_simulator(
    env: Any,
    *,
    key: Callable[[Any], Any] | None = None,
    reward: RewardFunction | Literal["sign"] | None = None,
    get_state: Callable[[Any], Any] | None = None,
    set_state: Callable[[Any, Any], Any] | None = None,
    samples: int | None = None,
    seed: int = 0,
    max_states: int = 100_000,
    max_seconds: float | None = None,
    progress: bool | OnProgress = False,
    recovery: Recovery | None = None,
) -> ModelRows:
    """Return the rows of an environment, found by trying every action in every state.

    Raises:
        TypeError: an argument is of the wrong kind, or the environment cannot be copied.
        ValueError: an argument is out of range, there are more than `max_states` states, or the
            environment is not as assumed; the message says what is wrong, where, and what to do.
        UserCodeError: the environment, or a function that was passed, raised an error.
        BudgetExceeded: the time is up.
    """
    instance(env, gym.Env, "env", "an environment such as gymnasium.make(id)")
    if isinstance(reward, str):
        choice(reward, "reward", tuple(REWARDS))
    paid = REWARDS[reward] if isinstance(reward, str) else reward
    for function, name in ((key, "key"), (paid, "reward")):
        if function is not None and not callable(function):
            raise TypeError(f"{name} must be a function, got {written(function)}")
    if samples is not None:
        samples = whole(samples, "samples", 1)
    seed, max_states = whole(seed, "seed", 0), whole(max_states, "max_states", 1)
    if not is_finite(env.action_space):
        raise ValueError(f"actions must be discrete, got {one_line(str(env.action_space))}")
    if Numbering(env.action_space).n > _MAX_ACTIONS:
        shown = one_line(str(env.action_space))
        raise ValueError(f"at most {_MAX_ACTIONS:,} actions are tried in every state, got {shown}")
    deadline = Deadline(max_seconds)
    with _as_ever(), reporting(progress) as report:
        copied: frozenset[str] = frozenset()  # large parts that steps have changed

        def explored(*, sampled: bool) -> ModelRows:
            copies = copier(env, get_state, set_state, copied)
            try:
                made = _Reading(env, copies, key, paid, samples, seed, deadline, sampled=sampled)
                return made.rows(max_states, report, recovery or Recovery())
            finally:
                try:
                    copies.look()  # shared parts may have caused the findings, and errors too
                finally:
                    copies.close()

        def modelled(*, sampled: bool) -> ModelRows:
            nonlocal copied
            while True:
                try:
                    return explored(sampled=sampled)
                except SharedChangedError as changed:
                    copied |= changed.names

        try:
            return modelled(sampled=False)
        except IsRandomError:
            if samples is None:
                raise
            return modelled(sampled=True)


@contextmanager
def _as_ever() -> Iterator[None]:
    """Restore the global generators afterwards, and hide what environments print.

    Meanwhile NumPy's integers print as plain ones: MiniGrid's `hash()` is made from text, in which
    a position that was set would otherwise differ from the same position reached by steps.
    """
    with (
        globals_kept(),
        warnings.catch_warnings(action="ignore"),
        np.printoptions(**_PLAIN_NUMBERS),
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        redirect_stdout(nowhere),
    ):
        yield


class _Reading:
    def __init__(
        self,
        env: Any,
        copies: Copier,
        key: Callable[[Any], Any] | None,
        reward: RewardFunction | None,
        samples: int | None,
        seed: int,
        deadline: Deadline,
        *,
        sampled: bool,
    ) -> None:
        self.env, self.samples, self.seed, self.sampled = env, samples, seed, sampled
        self.actions = Numbering(env.action_space)
        self.action_names = _action_names(env, self.actions)
        own = OwnHash() if has_own_hash(env) else None
        given: Key | None = CallersKey(key) if key is not None else own
        first_key = given or (lambda env, seen: seen)
        self.machine = Machine(env, copies, self.actions, first_key, reward, deadline)
        self.remarks: list[str] = []
        self.episodes, self.later = played(self.machine, seed), played_later(self.machine, seed)
        self.left_out = left_out(self.episodes)
        if given is None:
            self.machine.key = Fields(self.left_out, copies.parts)
        elif key is None:
            self.remarks.append("states are distinguished by the environment's own hash()")

    def rows(self, max_states: int, report: OnProgress, recovery: Recovery) -> ModelRows:
        sampled = self.sampled
        ways = frozenset[str]().union(*self.left_out.values())
        names = Names(ways, by_key=isinstance(self.machine.key, CallersKey))
        diagnosis = Diagnosis(self.machine, names, self._action_name, sampled=sampled)
        checks = Checks(self.machine, names, diagnosis, self.seed, sampled=sampled)
        explorer = Explorer(
            self.machine,
            checks,
            samples=self.samples if sampled else None,
            max_states=max_states,
            report=report,
        )
        graph = explorer.explore(range(self.seed, self.seed + (self.samples or 1)))
        is_own = isinstance(self.machine.key, Fields)
        long = bool(self.left_out.keys() & GROWING) or not is_own
        limit = time_limit(checks, long=long)
        checks.walk(limit, long=long)
        compare(self.episodes, self.later, self.seed)
        if is_own:
            self.remarks += _told_left_out(self.left_out, checks)
        self.remarks += _told_hidden(graph)
        called = names.all()
        self.remarks += _told_certain(explorer)
        self.remarks += _told_without_actions(graph, called)
        if self.samples is None:
            self.remarks += self._other_starts(graph)
        starts = {s: Fraction(n, len(graph.begins)) for s, n in graph.starts.items()}
        return ModelRows(
            list(self._rows(graph, recovery, called)),
            len(graph),
            self.actions.n,
            next(iter(starts)) if len(starts) == 1 else None,
            called,
            self.action_names,
            recovery.mapped,
            getattr(getattr(self.env, "spec", None), "id", None),
            limit,
            starts if len(starts) > 1 else {},
            visits=dict(_visits(graph)) if sampled else {},
            remarks=tuple(self.remarks),
        )

    def _rows(self, graph: Graph, recovery: Recovery, names: list[str]) -> Iterator[Row]:
        for state, actions in enumerate(graph.counts):
            for action, outcomes in actions.items():
                total = sum(outcomes.values())
                for (to, reward, terminated, steps), number in outcomes.items():
                    where = f"state {names[state]}, action {self._action_name(action)}"
                    chance = recovery(Fraction(number, total), where)
                    yield (
                        state,
                        action,
                        to,
                        chance,
                        recovery(reward, f"{where}: reward"),
                        terminated,
                        steps,
                    )

    def _action_name(self, action: int) -> str:
        return self.action_names[action] if self.action_names else str(action)

    def _other_starts(self, graph: Graph) -> list[str]:
        """Say so if other seeds begin elsewhere, or may begin elsewhere."""
        keys, draws = [], False
        for seed in range(self.seed + 1, self.seed + 1 + _OTHER_SEEDS):
            keys.append(self.machine.begin(seed).key)
            draws = draws or self.machine.has_drawn(seed)
        known = set(graph.begins.values())
        elsewhere = sum(graph.index.get(key) not in known for key in keys)
        if not elsewhere:
            alike = f"reset draws random numbers, but starts alike with {_OTHER_SEEDS} other seeds"
            return [alike] if draws else []
        return [
            f"reset starts elsewhere with {elsewhere} of {_OTHER_SEEDS} other seeds: this is the "
            f"model from the start of seed {self.seed}; samples=N (--samples N) takes N starts"
        ]


def _visits(graph: Graph) -> Iterator[tuple[tuple[int, int], int]]:
    for state, actions in enumerate(graph.counts):
        for action, outcomes in actions.items():
            yield (state, action), sum(outcomes.values())


def _told_left_out(found: Mapping[str, frozenset[str]], checks: Checks) -> list[str]:
    """Say what was left out, and how far it was checked to have no effect."""
    names = [f"{name} ({kind})" for kind, group in found.items() for name in sorted(group)]
    if not names:
        return []
    growing = [name for kind, group in found.items() for name in sorted(group) if kind in GROWING]
    tried = " and ".join(
        f"{checks.ranges[name][0]:,.6g} <= {name} <= {checks.ranges[name][1]:,.6g}"
        if name in checks.ranges
        else f"{name} changed {counted(checks.longest, 'time')}"
        for name in growing
    )
    until = f"; no effect was seen while {tried}" if tried else ""
    return [f"ignored when distinguishing states: {', '.join(names)}{until}"]


def _told_hidden(graph: Graph) -> list[str]:
    """Say so if an agent sees less than the state."""
    shown = len({graph.seen[state].observation for state in graph.entered})
    if shown == len(graph.entered):
        return []
    return [
        f"{len(graph.entered):,} states show {shown:,} different observations: agents that rely "
        f"on them alone see less than the model"
    ]


def _told_certain(explorer: Explorer) -> list[str]:
    """Say so if actions draw random numbers, and how far these were checked to have no effect."""
    if not explorer.certain:
        return []
    least, most = explorer.tried
    tries = counted(most, "try", "tries")
    between = tries if least == most else f"{least:,} to {tries}"
    return [
        f"{counted(explorer.certain, 'action')} draw random numbers, which had no effect in "
        f"{between} of each"
    ]


def _told_without_actions(graph: Graph, names: list[str]) -> list[str]:
    idle = [names[state] for state in sorted(graph.entered) if not graph.goes[state]]
    if not idle:
        return []
    others = f" and {len(idle) - 1:,} more" if idle[1:] else ""
    return [f"no action is available in state {idle[0]}{others}: absorbing with reward 0"]


def _action_names(env: Any, actions: Numbering) -> list[str] | None:
    """Return the environment's names of its actions, or what their numbers stand for."""
    own = getattr(env.unwrapped, "action_names", None)
    if isinstance(own, Collection) and len(own) == actions.n:
        return list(own)
    named = getattr(env.unwrapped, "actions", None)
    if isinstance(named, EnumMeta):
        listed: Mapping[str, Any] = named.__members__
        members = {member.value: name for name, member in listed.items()}
        if set(members) == set(range(actions.n)):
            return [str(members[number]) for number in range(actions.n)]
    made = actions.names()
    return None if made is None else list(made)
