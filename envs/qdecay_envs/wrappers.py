"""Wrappers that change a tabular model, each with the resulting table.

    TimeDilation(k)              every break-even gamma becomes its k-th root
    GeometricTruncation(p)       none moves; for a learner that treats truncation as termination,
                                 each is 1/(1-p) as large, and those that reach 1 vanish
    RewardScale(c)               none moves
    RewardShift(c)               none moves if nothing ends; else they do, as every step pays c
    PotentialShaping(phi, gamma) the choices at that gamma stay, and so does whether it is a
                                 break-even gamma; others move

A wrapper takes an environment with discrete spaces and a table, under watching wrappers at most
(see `table.table_owner`), and has its own `P`, and `P_exact` if the environment has one.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import gymnasium as gym

from qdecay_envs.arguments import listed, probability, whole
from qdecay_envs.rational import RationalLike, rational
from qdecay_envs.table import reward_noise, rounded, table_owner

# One table of exact numbers or of floats: the wrappers treat both alike.
_Outcome = tuple[Any, int, Any, bool] | tuple[Any, int, Any, bool, int]
_Row = list[_Outcome]
_Table = list[list[_Row]]


class TableWrapper(gym.Wrapper[int, int, int, int], gym.utils.RecordConstructorArgs):
    """A wrapper with a table; `_changed` defines how the table differs from the one below.

    Raises:
        ValueError: the environment has no table that is certain to describe it, or its spaces
            are not `Discrete` from 0.
    """

    def __init__(self, env: gym.Env[int, int], **arguments: Any) -> None:
        gym.utils.RecordConstructorArgs.__init__(self, **arguments)
        super().__init__(env)
        owner = table_owner(env)
        self.n_states = _size(env.observation_space, "observation_space")
        self.n_actions = _size(env.action_space, "action_space")
        self.P: _Table
        if hasattr(owner, "P_exact"):
            self.P_exact = self._changed(self._listed(owner.P_exact))
            self.P = rounded(self.P_exact)
        else:
            self.P = self._changed(self._listed(owner.P))

    def _changed(self, table: _Table) -> _Table:
        return [
            [[self._outcome(state, *outcome) for outcome in row] for row in rows]
            for state, rows in enumerate(table)
        ]

    def _outcome(
        self, state: int, chance: Any, following: int, reward: Any, terminated: bool, *duration: int
    ) -> _Outcome:
        """Return the changed outcome of a row of `state`, with a duration if it has one."""
        return (chance, following, reward, terminated, *duration)

    def _listed(self, table: Any) -> _Table:
        states, actions = range(self.n_states), range(self.n_actions)
        return [[list(table[state][action]) for action in actions] for state in states]


class TimeDilation(TableWrapper):
    """Put k - 1 empty steps after every action: every break-even gamma becomes its k-th root.

    A step's reward is paid immediately, and if it ends the episode there is no waiting. While
    waiting any action is accepted and pays 0. State s with w steps left to wait is s + w * S, so
    that the states in which the agent acts keep their numbers. A time limit below the wrapper
    counts actions, one above it counts steps. An action of d steps takes k d: its first step takes
    k (d - 1) + 1.

    Args:
        env: the environment.
        k: the factor by which everything takes longer, 1 .. 1,000.

    Raises:
        TypeError, ValueError: k is not an integer, or out of range; see also `TableWrapper`.
    """

    def __init__(self, env: gym.Env[int, int], k: int) -> None:
        self.k = whole(k, "k", 1, 1_000)
        super().__init__(env, k=self.k)
        size: Any = gym.spaces.Discrete(self.k * self.n_states)
        self.observation_space = size
        self._at, self._left = 0, 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return to the start, with nothing to wait for."""
        self._left = 0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: int) -> tuple[int, Any, bool, bool, dict[str, Any]]:
        """Act, or wait."""
        if self._left:
            if not self.action_space.contains(action):
                raise ValueError(f"action must be 0 .. {self.n_actions - 1}, got {action!r}")
            self._left -= 1
            return self._at + self._left * self.n_states, 0.0, False, False, {}
        state, reward, terminated, truncated, info = self.env.step(action)
        self._at, self._left = int(state), 0 if terminated else self.k - 1
        if "duration" in info:
            info = {**info, "duration": self._lasting(info["duration"])}
        return self._at + self._left * self.n_states, reward, terminated, truncated, info

    def _changed(self, table: _Table) -> _Table:
        waits: _Table = [
            [[(Fraction(1), state + (left - 1) * self.n_states, Fraction(0), False)]]
            * self.n_actions
            for left in range(1, self.k)
            for state in range(self.n_states)
        ]
        return [*super()._changed(table), *waits]

    def _lasting(self, duration: int) -> int:
        return self.k * (duration - 1) + 1

    def _outcome(
        self, state: int, chance: Any, following: int, reward: Any, terminated: bool, *duration: int
    ) -> _Outcome:
        left = 0 if terminated else self.k - 1
        lasting = map(self._lasting, duration)
        return (chance, following + left * self.n_states, reward, terminated, *lasting)


class GeometricTruncation(TableWrapper):
    """Truncate after each step with probability p, which moves no break-even gamma.

    The clock is not part of the environment, so the model does not change. A learner that treats
    truncation as termination sees gamma (1 - p) instead of gamma, hence every break-even gamma 1 /
    (1 - p) times as large: `P_mistaken` is the model that such a learner learns. It is one chance
    per action: where actions take several steps, the law does not hold.

    After each step that does not end the episode one u = `np_random.random()` is drawn; u < p
    truncates.

    Args:
        env: the environment.
        p: probability in [0, 1), exact; a float is read by its decimal text.

    Raises:
        TypeError, ValueError: p is not a number, or out of range; see also `TableWrapper`.
    """

    def __init__(self, env: gym.Env[int, int], p: RationalLike | float) -> None:
        self.p = probability(p, "p")
        if self.p == 1:
            raise ValueError("p must be below 1: no episode would have a second step")
        super().__init__(env, p=str(self.p))
        self._threshold = float(self.p)

    @property
    def P_mistaken(self) -> _Table:  # named as P is
        """The exact table in which truncation is termination.

        Raises:
            ValueError: the environment has no exact table.
        """
        if not hasattr(self, "P_exact"):
            raise ValueError("the environment below has no P_exact")
        return [[self._split(row) for row in rows] for rows in self.P_exact]

    def step(self, action: int) -> tuple[int, Any, bool, bool, dict[str, Any]]:
        """Take one step, and perhaps stop there."""
        state, reward, terminated, truncated, info = self.env.step(action)
        if not (terminated or truncated):
            truncated = bool(self.np_random.random() < self._threshold)
        return state, reward, terminated, truncated, info

    def _split(self, row: _Row) -> _Row:
        split: _Row = []
        for chance, following, reward, terminated, *rest in row:
            if terminated or not self.p:
                split.append((chance, following, reward, terminated, *rest))
            else:
                split.append((chance * (1 - self.p), following, reward, False, *rest))
                split.append((chance * self.p, following, reward, True, *rest))
        return split


class RewardRule(TableWrapper):
    """A wrapper that changes rewards by a rule for each step, which subclasses define.

    The rule is applied to the exact table; a step then pays the nearest float of the table's
    reward, or of the rule itself if the reward is noisy.
    """

    def __init__(self, env: gym.Env[int, int], **arguments: Any) -> None:
        self._paid: dict[tuple[int, int, bool, float, int], float] = {}
        super().__init__(env, **arguments)
        self._at = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return to the start."""
        state, info = self.env.reset(seed=seed, options=options)
        self._at = int(state)
        return state, info

    def step(self, action: int) -> tuple[int, Any, bool, bool, dict[str, Any]]:
        """Take one step, and pay by the rule."""
        state, reward, terminated, truncated, info = self.env.step(action)
        key = (self._at, int(state), bool(terminated), float(reward), info.get("duration", 1))
        paid = self._paid.get(key)
        if paid is None:
            paid = float(self._rule(*key))
        self._at = int(state)
        return state, paid, terminated, truncated, info

    def _rule(
        self, state: int, following: int, terminated: bool, reward: Any, duration: int
    ) -> Any:
        """Return the new reward of an action, exact if `reward` is."""
        raise NotImplementedError

    def _outcome(
        self, state: int, chance: Any, following: int, reward: Any, terminated: bool, *duration: int
    ) -> _Outcome:
        steps = (*duration, 1)[0]
        changed = self._rule(state, following, terminated, reward, steps)
        self._paid[state, following, bool(terminated), float(reward), steps] = float(changed)
        return (chance, following, changed, terminated, *duration)


class RewardScale(RewardRule):
    """Multiply every reward by a positive number, which moves no break-even gamma.

    Args:
        env: the environment.
        factor: exact, > 0.

    Raises:
        TypeError, ValueError: factor is not an exact number, or not positive; see also
            `TableWrapper`.
    """

    def __init__(self, env: gym.Env[int, int], factor: RationalLike) -> None:
        self.factor = rational(factor, "factor")
        if self.factor <= 0:
            raise ValueError(f"factor must be > 0, got {self.factor}")
        super().__init__(env, factor=str(self.factor))
        self.reward_noise = float(self.factor) * reward_noise(env)

    def _rule(
        self, state: int, following: int, terminated: bool, reward: Any, duration: int
    ) -> Any:
        return reward * self.factor


class RewardShift(RewardRule):
    """Add a number to every reward, which moves no break-even gamma if nothing ends.

    Then every policy gains offset / (1 - gamma). If episodes end, a longer one gains more, and the
    break-even gammas move; so they do if actions take several steps, as these pay the offset once.

    Args:
        env: the environment.
        offset: exact, in reward units.

    Raises:
        TypeError, ValueError: offset is not an exact number; see also `TableWrapper`.
    """

    def __init__(self, env: gym.Env[int, int], offset: RationalLike) -> None:
        self.offset = rational(offset, "offset")
        super().__init__(env, offset=str(self.offset))

    def _rule(
        self, state: int, following: int, terminated: bool, reward: Any, duration: int
    ) -> Any:
        return reward + self.offset


class PotentialShaping(RewardRule):
    """Add gamma^d phi(t) - phi(s) to every reward, which keeps the choices at that gamma.

    d is how many steps the action takes, 1 unless the table says so.

    phi is 0 after the end. At that gamma every policy loses phi(s), so the optimal actions there
    are unchanged, and so is whether it is a break-even gamma; at other gammas choices, and
    break-even gammas, may move (Ng, Harada & Russell 1999).

    Args:
        env: the environment.
        phi: the potential of each state, exact, in reward units.
        gamma: exact, 0 <= gamma <= 1.

    Raises:
        TypeError, ValueError: an argument does not have that form; see also `TableWrapper`.
    """

    def __init__(
        self, env: gym.Env[int, int], phi: Iterable[RationalLike], gamma: RationalLike
    ) -> None:
        entries = listed(phi, "phi", 10_000_000)
        self.phi = tuple(rational(value, f"phi[{state}]") for state, value in enumerate(entries))
        self.gamma = rational(gamma, "gamma")
        if not 0 <= self.gamma <= 1:
            raise ValueError(f"gamma must be from 0 to 1, got {self.gamma}")
        super().__init__(env, phi=[str(value) for value in self.phi], gamma=str(self.gamma))

    def _changed(self, table: _Table) -> _Table:
        if len(self.phi) != self.n_states:
            raise ValueError(f"phi must have {self.n_states} entries, got {len(self.phi)}")
        return super()._changed(table)

    def _rule(
        self, state: int, following: int, terminated: bool, reward: Any, duration: int
    ) -> Any:
        after = Fraction(0) if terminated else self.gamma**duration * self.phi[following]
        return reward + (after - self.phi[state])


def _size(space: Any, name: str) -> int:
    if not isinstance(space, gym.spaces.Discrete) or space.start != 0:
        raise ValueError(f"{name} must be Discrete from 0, got {space}")
    return int(space.n)
