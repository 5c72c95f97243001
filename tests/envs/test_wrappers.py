"""The wrappers: what they do to every break-even gamma, over random models, and that they do it."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from qdecay import MDP
from qdecay.exact.algebra.number import AlgebraicNumber, isolate_roots
from qdecay.exact.at_gamma import optimal_actions
from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay_envs import LAYOUTS, ChainEnv, DeepSeaEnv, NChainEnv, RiverSwimEnv, TabularEnv
from qdecay_envs.testing import check_tabular_env
from qdecay_envs.wrappers import (
    GeometricTruncation,
    PotentialShaping,
    RewardScale,
    RewardShift,
    TimeDilation,
)

A = LAYOUTS["qdecay/StayOrMove-v0"]
exact = settings(deadline=None, derandomize=True, max_examples=25)
small = st.fractions(-3, 3, max_denominator=4)
gammas = st.fractions(0, 1, max_denominator=10).filter(lambda g: g < 1)


@st.composite
def environments(draw: st.DrawFn, ends: bool = True) -> TabularEnv:
    """Random tables of 1 to 4 states and 2 actions; with `ends`, some outcomes terminate."""
    n = draw(st.integers(1, 4))
    table = []
    for _ in range(n):
        rows = []
        for _ in range(2):
            weights = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n).filter(any))
            stop = draw(st.integers(0, 2)) if ends else 0
            total, reward = sum(weights) + stop, draw(small)
            row = [(Fraction(w, total), t, reward, False) for t, w in enumerate(weights) if w]
            rows.append([*row, *([(Fraction(stop, total), 0, reward, True)] if stop else [])])
        table.append(rows)
    return TabularEnv(table)


def regions(env: Any) -> PolicyRegions:
    """Return the exact regions of an environment, wrapped or not."""
    return policy_regions(MDP.from_env(env))


def gammas_of(found: PolicyRegions) -> list[AlgebraicNumber]:
    """Return the breakpoints."""
    return [b.gamma for b in found.breakpoints]


def same_after(
    before: Sequence[AlgebraicNumber], after: Sequence[AlgebraicNumber], scale: Fraction, power: int
) -> bool:
    """Whether each number before is scale * (number after) ** power, exactly and in order."""
    if len(before) != len(after):
        return False
    for old, new in zip(before, after, strict=True):
        polynomial = [Fraction(0)] * (power * old.degree + 1)
        for k, coefficient in enumerate(old.coefficients):
            polynomial[power * k] = coefficient * scale**k
        common = np.lcm.reduce([int(c.denominator) for c in polynomial], dtype=object)
        if new not in isolate_roots([int(c * common) for c in polynomial]):
            return False
    return True


@given(environments(), st.integers(1, 3))
@exact
def test_dilated_time_takes_the_root(env: TabularEnv, k: int) -> None:
    """k - 1 empty steps after each action: every breakpoint becomes its k-th root, sets stay."""
    plain, slow = regions(env), regions(TimeDilation(env, k))
    n = plain.n_states
    assert same_after(gammas_of(plain), gammas_of(slow), Fraction(1), k)
    assert [sets[:n] for sets in slow.regions] == list(plain.regions)


@given(environments(), st.fractions(0, 1, max_denominator=6).filter(lambda p: p < 1))
@exact
def test_truncation_moves_nothing_but_mistaken_for_the_end_it_does(
    env: TabularEnv, p: Fraction
) -> None:
    """The model stays; with truncation as termination, breakpoints are divided by 1 - p."""
    wrapped = GeometricTruncation(env, p)
    plain = regions(env)
    assert gammas_of(regions(wrapped)) == gammas_of(plain)
    mistaken = regions(TabularEnv(wrapped.P_mistaken))
    kept = [g for g in gammas_of(plain) if g < AlgebraicNumber.of(1 - p)]
    assert same_after(kept, gammas_of(mistaken), 1 - p, 1)


@given(environments(), st.fractions(Fraction(1, 5), 9, max_denominator=5))
@exact
def test_a_scale_moves_nothing(env: TabularEnv, factor: Fraction) -> None:
    """Positive multiples of all rewards have the same regions."""
    plain, scaled = regions(env), regions(RewardScale(env, factor))
    assert gammas_of(plain) == gammas_of(scaled)
    assert plain.regions == scaled.regions


@given(environments(ends=False), small)
@exact
def test_a_shift_moves_nothing_where_nothing_ends(env: TabularEnv, offset: Fraction) -> None:
    """The same number on top of all rewards has the same regions in models that go on for ever."""
    plain, shifted = regions(env), regions(RewardShift(env, offset))
    assert gammas_of(plain) == gammas_of(shifted)
    assert plain.regions == shifted.regions


def test_a_shift_moves_break_even_gammas_where_episodes_end() -> None:
    """A with 1 more for every step: 2 = 1 + g + 5 g**2, which is not at 1/2."""
    found = gammas_of(regions(RewardShift(ChainEnv(A), 1)))
    assert found == isolate_roots([-1, 1, 5])
    assert found != [AlgebraicNumber.of(Fraction(1, 2))]


@given(environments(), st.lists(small, min_size=4, max_size=4), gammas)
@exact
def test_shaping_keeps_the_choices_at_its_gamma(
    env: TabularEnv, phi: list[Fraction], gamma: Fraction
) -> None:
    """The optimal sets at the shaping's own gamma are those of the unshaped model."""
    shaped = PotentialShaping(env, phi[: len(env.P_exact)], gamma)
    assert optimal_actions(MDP.from_env(shaped), gamma) == optimal_actions(MDP.from_env(env), gamma)


def test_shaping_at_a_break_even_gamma_keeps_it_and_moves_others() -> None:
    """A breaks even at 1/2: shaped at 1/2 it still does, shaped at 3/4 it does not."""
    half = AlgebraicNumber.of(Fraction(1, 2))
    assert half in gammas_of(regions(PotentialShaping(ChainEnv(A), [0, 1, 2], "1/2")))
    assert half not in gammas_of(regions(PotentialShaping(ChainEnv(A), [0, 1, 2], "3/4")))


WRAPPED = [
    lambda env: TimeDilation(env, 3),
    lambda env: GeometricTruncation(env, "1/50"),
    lambda env: RewardScale(env, "1/3"),
    lambda env: RewardShift(env, "-2/7"),
    lambda env: PotentialShaping(env, [f"{s}/7" for s in range(env.observation_space.n)], "3/10"),
]
INNER = [
    lambda: gym.make("qdecay/RiverSwim-v0", max_episode_steps=50),
    lambda: gym.make("qdecay/DeepSea-v0", size=4),
    lambda: gym.make("qdecay/NChain-v0", max_episode_steps=40, slip="1/3"),
    lambda: gym.make("FrozenLake-v1"),
    lambda: RewardScale(TimeDilation(DeepSeaEnv(3, stochastic=True), 2), 2),
]


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("wrap", WRAPPED)
def test_steps_agree_with_the_new_table(wrap: Any, inner: Any) -> None:
    """Wrapped environments keep the contract of tabular ones: step, seed, odds and exact table."""
    check_tabular_env(wrap(inner()), steps=3_000)


@pytest.mark.parametrize("wrap", WRAPPED)
def test_gymnasium_checks_the_wrapped(wrap: Any) -> None:
    """`check_env` finds nothing; pytest would make its warnings errors."""
    with pytest.warns(UserWarning, match="unwrapped"):
        check_env(wrap(NChainEnv()), skip_render_check=True)


@pytest.mark.parametrize("wrap", WRAPPED)
def test_the_spec_rebuilds_the_wrapped(wrap: Any) -> None:
    """`gym.make` makes the same stack from the spec, also after a detour through JSON."""
    env = wrap(gym.make("qdecay/RiverSwim-v0", n=4))
    assert env.spec is not None
    for spec in (env.spec, EnvSpec.from_json(env.spec.to_json())):
        again: Any = gym.make(spec)
        assert again.P_exact == env.P_exact
        assert type(again) is type(env)


def test_time_is_dilated_as_stated() -> None:
    """Each action is followed by k - 1 empty steps; the reward of the action comes at once."""
    env = TimeDilation(ChainEnv(A), 3)
    env.reset()
    seen = [env.step(1)[:3] for _ in range(7)]
    waits = [(state + 3 * w, 0.0, False) for state in (1, 2) for w in (2, 1, 0)]
    assert seen == [*waits, (2, 4.0, True)]
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(1)
    env.reset()
    env.step(1)
    with pytest.raises(ValueError, match=r"action must be 0 \.\. 1, got 7"):
        env.step(7)


def test_truncation_comes_as_often_as_stated() -> None:
    """Lengths of 4,000 episodes are geometric: their mean is 1/p within 5 standard errors."""
    p = 0.25
    env = GeometricTruncation(RiverSwimEnv(), p)
    lengths = []
    for episode in range(4_000):
        env.reset(seed=0 if episode == 0 else None)
        length, over = 0, False
        while not over:
            _, _, terminated, over, _ = env.step(1)
            length += 1
            assert not terminated
        lengths.append(length)
    assert abs(np.mean(lengths) - 1 / p) < 5 * np.sqrt((1 - p) / p**2 / len(lengths))


def test_noise_is_scaled_too() -> None:
    """A noisy reward goes through the rule as it is: 3 * (r + noise)."""
    layout = LAYOUTS["qdecay/StayOrMove-v0"]
    plain, scaled = (ChainEnv(layout, reward_noise=1.0) for _ in range(2))
    wrapped = RewardScale(scaled, 3)
    plain.reset(seed=4)
    wrapped.reset(seed=4)
    for _ in range(3):
        assert wrapped.step(1)[1] == 3 * plain.step(1)[1]
    assert wrapped.reward_noise == 3.0
    again = RewardScale(TimeDilation(wrapped, 2), 200)
    assert again.reward_noise == 600.0
    check_tabular_env(again)


def test_an_unknown_wrapper_is_refused() -> None:
    """A wrapper that may change the dynamics and has no table cannot be wrapped further."""
    odd = gym.wrappers.TransformReward(NChainEnv(), lambda reward: -float(reward))
    with pytest.raises(ValueError, match="TransformReward changes rewards and has no table P"):
        TimeDilation(odd, 2)
    with pytest.raises(ValueError, match="has no table"):
        TimeDilation(gym.make("CartPole-v1"), 2)
    with pytest.raises(ValueError, match="has no P_exact"):
        _ = GeometricTruncation(gym.make("FrozenLake-v1"), "1/2").P_mistaken


@pytest.mark.parametrize(
    ("wrapper", "arguments", "kind", "words"),
    [
        (TimeDilation, (0,), ValueError, "k must be from 1 to 1,000, got 0"),
        (TimeDilation, (1.5,), TypeError, "k must be an integer, got 1.5"),
        (GeometricTruncation, (1,), ValueError, "p must be below 1"),
        (GeometricTruncation, (-0.5,), ValueError, "p must be a probability"),
        (GeometricTruncation, (float("nan"),), ValueError, "p must be a number"),
        (RewardScale, (0,), ValueError, "factor must be > 0, got 0"),
        (RewardScale, (0.5,), TypeError, "factor must be exact"),
        (RewardShift, (float("nan"),), TypeError, "offset must be exact"),
        (RewardShift, (None,), TypeError, "offset must be"),
        (
            PotentialShaping,
            (
                [1],
                0,
            ),
            ValueError,
            "phi must have 5 entries, got 1",
        ),
        (
            PotentialShaping,
            (
                [0.5] * 5,
                0,
            ),
            TypeError,
            r"phi\[0\] must be exact",
        ),
        (
            PotentialShaping,
            (
                5,
                0,
            ),
            TypeError,
            "phi must be a list, got 5",
        ),
        (
            PotentialShaping,
            (
                [0] * 5,
                2,
            ),
            ValueError,
            "gamma must be from 0 to 1",
        ),
        (
            PotentialShaping,
            (
                [0] * 5,
                0.9,
            ),
            TypeError,
            "gamma must be exact",
        ),
    ],
)
def test_bad_arguments_are_refused(
    wrapper: Any, arguments: tuple[Any, ...], kind: type[Exception], words: str
) -> None:
    """Each wrapper names the argument and its value."""
    with pytest.raises(kind, match=words):
        wrapper(NChainEnv(), *arguments)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_nothing_ends_while_time_passes(k: int) -> None:
    """5 k - (k - 1) steps of 5 actions: only what the environment below says ends an episode.

    An empty step pays 0, says nothing, ends nothing and cuts nothing off; after a truncated step
    one waits too, for the clock below is not the world's.
    """
    env = TimeDilation(
        gym.wrappers.TimeLimit(TabularEnv([[[(Fraction(1), 0, Fraction(3), False)]]]), 5), k
    )
    for _ in range(2):
        assert env.reset(seed=1) == (0, {})
        for step in range(5 * k):
            waiting = step % k > 0
            state, reward, terminated, truncated, info = env.step(0)
            assert state == k - 1 - step % k
            assert (reward, terminated) == (0.0 if waiting else 3.0, False)
            assert truncated == (step == 4 * k)
            assert not waiting or info == {}
        if k > 1:
            env.reset()
            env.step(0)  # with steps left to wait
            for action in (1, -1, "0", None):
                with pytest.raises(ValueError, match=r"action must be 0 \.\. 0, got"):
                    env.step(action)
