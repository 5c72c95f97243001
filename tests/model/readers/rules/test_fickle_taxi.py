"""Taxi with a fickle passenger by its rules: against the real environment, and by hand."""

from __future__ import annotations

from collections import Counter, deque
from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from models import TAXI
from simulated import Played, misfits, start_misfit

import qdecay
from qdecay import MDP, FloatMDP, as_mdp

WEATHER = {"dry": {}, "rainy": {"is_rainy": True}}
STEPS = 60_000
LENGTH = 40  # of an episode


def state_of(inner: Any, mdp: MDP) -> int:
    """The state, with whether the change is to come."""
    return mdp.state_names.index(f"{inner.s}, fickle" if inner.fickle_step else str(inner.s))


def play(options: dict[str, Any], mdp: MDP, steps: int) -> tuple[Counter[int], Counter[Played]]:
    """What the real environment does: most actions are drawn from those that do something."""
    inner: Any = gym.make(TAXI, fickle_passenger=True, **options).unwrapped
    rng = np.random.default_rng(0)
    begun: Counter[int] = Counter()
    played: Counter[Played] = Counter()
    inner.reset(seed=0)
    ended = True
    for step in range(steps):
        if ended or step % LENGTH == 0:
            inner.reset()
            begun[state := state_of(inner, mdp)] += 1
        useful = np.flatnonzero(inner.action_mask(inner.s))
        action = int(rng.choice(useful)) if rng.random() < 0.8 else int(rng.integers(6))
        _, reward, ended, _, _ = inner.step(action)
        following = state if ended else state_of(inner, mdp)
        played[state, action, following, reward, ended] += 1
        state = following
    return begun, played


@pytest.mark.slow
@pytest.mark.parametrize("weather", WEATHER)
def test_the_real_taxi_drives_as_the_model_says(weather: str) -> None:
    """Every outcome is in the model, and frequencies fit, as well as those of the beginnings."""
    mdp = as_mdp(TAXI, fickle_passenger=True, **WEATHER[weather])
    begun, played = play(WEATHER[weather], mdp, STEPS)
    assert list(misfits(mdp, played)) == []
    assert start_misfit(mdp, begun) is None
    changed = {s for s, _, t, _, _ in played if mdp.state_name(s).endswith("fickle") and t < 500}
    assert len(changed) == 12  # a place to get in, another to go to


def test_the_table_alone_does_not_fit() -> None:
    """That of a passenger who is never fickle, which the environment has."""
    steady = as_mdp(TAXI)
    rows = list(steady.rows())
    mdp = as_mdp(TAXI, fickle_passenger=True)
    _, played = play({}, mdp, 5_000)
    seen = Counter()
    for (s, a, t, r, ended), count in played.items():
        observed, following = (int(mdp.state_name(n).split(",")[0]) for n in (s, t))
        seen[observed, a, observed if ended else following, r, ended] += count
    assert len(rows) == 3000
    assert any("is not in the model" in fault for fault in misfits(steady, seen))


def test_states_are_those_that_can_be_reached() -> None:
    """Further ones wait elsewhere than at the destination, 25 * 4 * 3, or have just got in, 12."""
    mdp = as_mdp(TAXI, fickle_passenger=True)
    assert mdp.n_states == 500 + 300 + 12
    assert mdp.state_names[499:501] == ("499", "1, fickle")
    assert len(mdp.initial_states) == 600
    assert {s < 500: p for s, p in mdp.initial_states.items()} == {
        True: Fraction(7, 10) / 300,
        False: Fraction(3, 10) / 300,
    }
    settled = [row for row in mdp.rows() if row[0] < 500]
    assert settled == list(as_mdp(TAXI).rows())


def distances(inner: Any, place: tuple[int, int]) -> dict[tuple[int, int], int]:
    """How many moves it takes from a place, by the walls of the map."""
    found, queue = {place: 0}, deque([place])
    while queue:
        row, column = queue.popleft()
        for following in moves(inner, row, column):
            if following not in found:
                found[following] = found[row, column] + 1
                queue.append(following)
    return found


def moves(inner: Any, row: int, column: int) -> list[tuple[int, int]]:
    """Where a move leads; one into a wall is left out."""
    to = [(row + step, column) for step in (-1, 1) if 0 <= row + step <= 4]
    to += [
        (row, column + step)
        for step in (-1, 1)
        if inner.desc[1 + row, 2 * column + 1 + step] == b":"
    ]
    return to


def test_the_optimum_is_the_one_of_paths() -> None:
    """To the passenger, one step to get in, on to the destination; or one move that changes it.

    Each step costs 1, and the last one pays 20 instead.
    """
    inner: Any = gym.make(TAXI).unwrapped
    steady, fickle = [], []
    for place in inner.locs:
        away = distances(inner, place)
        for destination in inner.locs:
            if destination == place:
                continue
            on = away[destination]
            others = [distances(inner, other) for other in inner.locs if other != destination]
            after = min(
                1 + Fraction(sum(of[following] for of in others), 3)
                for following in moves(inner, *place)
            )
            for start in away.values():
                steady.append(20 - start - 1 - on)
                fickle.append(20 - start - 1 - after)
    expected = Fraction(7, 10) * sum(steady) / 300 + Fraction(3, 10) * sum(fickle) / 300
    found = qdecay.price(as_mdp(TAXI, fickle_passenger=True)).optimum.exact
    assert found == expected == Fraction(419, 50)


@pytest.mark.parametrize("share", [0, 1, 0.123456789012345678])
def test_any_share_of_fickle_passengers(share: float) -> None:
    """None, all, and a probability without a short decimal, which no row depends on."""
    inner: Any = gym.make(TAXI, fickle_passenger=True).unwrapped
    inner.fickle_probability = share
    mdp = MDP.from_env(inner)
    of_fickle = sum(p for s, p in mdp.initial_states.items() if s >= 500)
    assert (of_fickle, len(mdp.initial_states)) == (
        Fraction(share),
        300 if share in (0, 1) else 600,
    )


def test_versions_without_that_argument_have_3_in_10() -> None:
    inner: Any = gym.make(TAXI, fickle_passenger=True).unwrapped
    vars(inner).pop("fickle_probability", None)
    assert MDP.from_env(inner).initial_states == as_mdp(TAXI, fickle_passenger=True).initial_states


def test_every_door_reads_it() -> None:
    """With a time limit and floats; what a class changes is not known."""
    env: Any = gym.make(TAXI, fickle_passenger=True, is_rainy=True)
    mdp = MDP.from_env(env)
    assert mdp == as_mdp(TAXI, fickle_passenger=True, is_rainy=True)
    assert (mdp.name, mdp.time_limit) == (TAXI, 200)
    floats = FloatMDP.from_env(env)
    assert np.allclose(floats.p.toarray(), mdp.p.toarray(), atol=1e-15)
    assert floats.initial_states == mdp.initial_states

    class Other(type(env.unwrapped)):  # type: ignore[misc]
        """May have another passenger."""

    with pytest.raises(ValueError, match="the table of Other does not describe a fickle"):
        as_mdp(Other(fickle_passenger=True))
    assert as_mdp(Other()) == as_mdp(TAXI)
