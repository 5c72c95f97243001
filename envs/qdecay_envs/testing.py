"""A contract for tabular environments: `step` must do what `P` says.

`check_tabular_env` checks any Gymnasium environment with a table `P[s][a] = [(probability, next
state, reward, terminated), ...]`, including Gymnasium's own toy text.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from statistics import NormalDist
from typing import Any

import gymnasium as gym
import numpy as np

from qdecay_envs.arguments import duration
from qdecay_envs.table import duration_of, reward_noise, table_owner

SIGNIFICANCE = 1e-6  # chance that a correct environment fails a frequency test
_RESETS = 200
# State, action, next state, reward, terminated, truncated, duration.
_Step = tuple[int, int, int, float, bool, bool, int]


class ContractBroken(AssertionError):
    """An environment breaks the contract; `findings` has one line for each violation."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = tuple(findings)


def check_tabular_env(
    env: gym.Env[Any, Any], *, seed: int = 0, steps: int = 5_000, strict_end: bool = False
) -> None:
    """Check that a tabular environment satisfies the contract; it is left in mid-episode.

    The table covers every state and action, its rows are distributions over known states,
    and `P_exact`, if present, rounds to it. Resets follow `initial_state_distrib`,
    equal seeds give equal episodes, every step taken is in the table, and the frequencies of
    start states and outcomes fit: Pearson's statistic, for outcomes over all rows that were
    visited enough, with false alarm probability about 1e-6 (and fixed by `seed`). Rewards may
    be noisy by a `reward_noise` attribute, a standard deviation. Info objects are not shared,
    and each supported render mode but "human" returns the right type.

    Args:
        env: has discrete spaces that start at 0 and a table `P`, possibly inside wrappers.
        seed: of the resets and of the uniformly random actions.
        steps: how many steps to take; >= 1.
        strict_end: also require a `RuntimeError` from a step before the first reset of a copy, and
            from a step after the end if one is reached. Gymnasium's toy text continues there and
            does not pass.

    Raises:
        ContractBroken: with one finding per violation.
    """
    findings = list(_table_findings(env))
    if not findings:  # without a valid table the rest has nothing to compare with
        findings += _exact_findings(env)
        findings += _reset_findings(env, seed)
        played = _play(env, seed, steps)
        if played != _play(env, seed, steps):
            findings.append(f"two runs from seed {seed} differ")
        findings += _support_findings(env, played)
        findings += _frequency_findings(env, played)
        findings += _sharing_findings(env, seed)
        findings += _render_findings(env, seed)
        if strict_end:
            findings += _end_findings(env, seed, steps)
    if findings:
        raise ContractBroken(findings)


def _sizes(env: gym.Env[Any, Any]) -> tuple[int, int]:
    spaces: Any = (env.observation_space, env.action_space)
    return int(spaces[0].n), int(spaces[1].n)


def _rows(env: gym.Env[Any, Any], name: str = "P") -> Iterator[tuple[str, Any]]:
    table = getattr(table_owner(env), name)
    n_states, n_actions = _sizes(env)
    for state in range(n_states):
        for action in range(n_actions):
            yield f"{name}[{state}][{action}]", table[state][action]


def _table_findings(env: gym.Env[Any, Any]) -> Iterator[str]:
    if not all(
        isinstance(s, gym.spaces.Discrete) for s in (env.observation_space, env.action_space)
    ):
        yield "the observation and action spaces must be Discrete"
        return
    try:
        owner = table_owner(env)
    except ValueError as error:
        yield str(error)
        return
    if not hasattr(owner, "P"):
        yield "there is no table P"
        return
    n_states, _ = _sizes(env)
    try:
        for place, row in _rows(env):
            yield from (f"{place}: {fault}" for fault in _row_faults(row, n_states))
    except (LookupError, TypeError, ValueError) as error:
        yield f"P does not cover every state and action: {error!r}"


def _row_faults(row: Any, n_states: int) -> Iterator[str]:
    for outcome in row:
        probability, state, reward, terminated = outcome[:4]
        if not 0 <= probability <= 1:
            yield f"the probability {probability} is outside 0 .. 1"
        if not 0 <= state < n_states:
            yield f"the next state {state} is outside 0 .. {n_states - 1}"
        if not math.isfinite(reward):
            yield f"the reward {reward} is not finite"
        if not isinstance(terminated, bool | np.bool_):
            yield f"terminated must be a bool, got {terminated!r}"
        try:
            duration(duration_of(outcome), "a duration")
        except (TypeError, ValueError) as error:
            yield str(error)
    total = math.fsum(probability for probability, *_ in row)
    if not math.isclose(total, 1, abs_tol=1e-9):
        yield f"the probabilities sum to {total}"


def _exact_findings(env: gym.Env[Any, Any]) -> Iterator[str]:
    if not hasattr(table_owner(env), "P_exact"):
        return
    for (place, exact), (_, row) in zip(_rows(env, "P_exact"), _rows(env), strict=True):
        if not all(isinstance(number, Fraction) for p, _, r, *_ in exact for number in (p, r)):
            yield f"{place}: probabilities and rewards must be fractions"
        elif sum(p for p, *_ in exact) != 1:
            yield f"{place}: the probabilities do not sum to 1"
        elif [(float(p), t, float(r), *rest) for p, t, r, *rest in exact] != list(row):
            yield f"{place} does not round to P"


def _reset_findings(env: gym.Env[Any, Any], seed: int) -> Iterator[str]:
    distribution = getattr(table_owner(env), "initial_state_distrib", None)
    if distribution is None:
        return
    if not math.isclose(math.fsum(distribution), 1, abs_tol=1e-9) or min(distribution) < 0:
        yield "initial_state_distrib is not a distribution"
        return
    seen = Counter(int(env.reset(seed=seed + i)[0]) for i in range(_RESETS))
    for state in sorted(seen):
        if not distribution[state] > 0:
            yield f"reset gave {state}, whose initial probability is 0"
    expected = {s: _RESETS * float(p) for s, p in enumerate(distribution) if p > 0}
    misfit = _misfit([(seen, expected)])
    if misfit:
        yield f"the start states' frequencies do not fit initial_state_distrib: {misfit}"


def _play(env: gym.Env[Any, Any], seed: int, steps: int) -> list[_Step]:
    actions = np.random.default_rng(seed).integers(_sizes(env)[1], size=steps)
    played: list[_Step] = []
    state, _ = env.reset(seed=seed)
    for action in actions.tolist():
        following, reward, terminated, truncated, info = env.step(action)
        step = (
            int(state),
            action,
            int(following),
            float(reward),
            bool(terminated),
            bool(truncated),
            info.get("duration", 1),
        )
        played.append(step)
        state = env.reset()[0] if terminated or truncated else following
    return played


def _support_findings(env: gym.Env[Any, Any], played: list[_Step]) -> Iterator[str]:
    table: Any = table_owner(env).P
    slack = 10 * reward_noise(env)
    for state, action, following, reward, terminated, _, steps in sorted(set(played)):
        if not any(
            (t, bool(done), (*more, 1)[0]) == (following, terminated, steps)
            and p > 0
            and abs(r - reward) <= slack
            for p, t, r, done, *more in table[state][action]
        ):
            lasting = f" in {steps} steps" if steps != 1 else ""
            got = f"({following}, {reward}, {terminated}){lasting}"
            yield f"step({action}) in state {state} gave {got}, which P[{state}][{action}] has not"


def _frequency_findings(env: gym.Env[Any, Any], played: list[_Step]) -> Iterator[str]:
    """Compare the outcomes of each row with the table."""
    noisy = bool(reward_noise(env))
    seen: dict[tuple[int, int], Counter[Any]] = {}
    for state, action, following, reward, terminated, _, steps in played:
        outcome = (following, terminated, None if noisy else reward, steps)
        seen.setdefault((state, action), Counter())[outcome] += 1
    misfit = _misfit(
        (counts, _expected(env, state, action, counts.total(), noisy))
        for (state, action), counts in seen.items()
    )
    if misfit:
        yield f"the outcomes' frequencies do not fit P: {misfit}"


def _misfit(pairs: Iterable[tuple[Counter[Any], dict[Any, float]]]) -> str:
    """Return why counts do not fit the expected ones, by Pearson's sum, or nothing if they do."""
    statistic, freedom = 0.0, 0
    for counts, expected in pairs:
        if len(expected) > 1 and min(expected.values()) >= 5:
            freedom += len(expected) - 1
            statistic += sum((counts[key] - value) ** 2 / value for key, value in expected.items())
    limit = _chi_square_quantile(1 - SIGNIFICANCE, freedom)
    if statistic <= limit:
        return ""
    return f"chi-square {statistic:.1f} with {freedom} degrees of freedom, above {limit:.1f}"


def _expected(
    env: gym.Env[Any, Any], state: int, action: int, visits: int, noisy: bool
) -> dict[Any, float]:
    table: Any = table_owner(env).P
    expected: dict[Any, float] = {}
    for probability, following, reward, terminated, *more in table[state][action]:
        paid = None if noisy else float(reward)
        key = (following, bool(terminated), paid, (*more, 1)[0])
        expected[key] = expected.get(key, 0.0) + visits * probability
    return {key: value for key, value in expected.items() if value > 0}


def _chi_square_quantile(level: float, freedom: int) -> float:
    """Return Wilson and Hilferty's approximation, which errs upwards this far out."""
    if freedom == 0:
        return 0.0
    spread = 2 / (9 * freedom)
    return float(freedom * (1 - spread + NormalDist().inv_cdf(level) * math.sqrt(spread)) ** 3)


def _sharing_findings(env: gym.Env[Any, Any], seed: int) -> Iterator[str]:
    first, second = env.reset(seed=seed)[1], env.reset(seed=seed)[1]
    if first is second:
        yield "reset returns the same info object twice"
    third = env.step(0)[4]
    if third is second:
        yield "step returns the info object of reset"


def _render_findings(env: gym.Env[Any, Any], seed: int) -> Iterator[str]:
    if env.spec is None:
        return
    for mode in sorted({"ansi", "rgb_array"}.intersection(env.metadata["render_modes"])):
        other = gym.make(env.spec, render_mode=mode)
        try:
            other.reset(seed=seed)
            picture: Any = other.render()
        except gym.error.DependencyNotInstalled:
            continue
        except Exception as error:
            yield f'render in mode "{mode}" raised {error!r}'
            continue
        finally:
            other.close()
        if mode == "ansi" and not isinstance(picture, str):
            yield f'render in mode "ansi" gave {type(picture).__name__}, not str'
        if mode == "rgb_array" and not _is_picture(picture):
            yield 'render in mode "rgb_array" did not give a uint8 array of shape (H, W, 3)'


def _is_picture(picture: Any) -> bool:
    is_bytes = isinstance(picture, np.ndarray) and picture.dtype == np.uint8
    return is_bytes and picture.ndim == 3 and picture.shape[2] == 3


def _end_findings(env: gym.Env[Any, Any], seed: int, steps: int) -> Iterator[str]:
    bare = env.unwrapped
    if env.spec is not None and not _refuses(gym.make(env.spec).unwrapped):
        yield "a step before the first reset does not raise RuntimeError"
    bare.reset(seed=seed)
    for action in np.random.default_rng(seed).integers(_sizes(env)[1], size=steps).tolist():
        if bare.step(action)[2]:
            if not _refuses(bare):
                yield "a step after the end does not raise RuntimeError"
            return


def _refuses(env: gym.Env[Any, Any]) -> bool:
    try:
        env.step(0)
    except Exception as error:
        return isinstance(error, RuntimeError)
    return False
