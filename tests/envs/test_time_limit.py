"""Monitors report finished episodes: endless environments need a time limit, and take one."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest
from gymnasium.wrappers import RecordEpisodeStatistics
from gymnasium.wrappers.vector import RecordEpisodeStatistics as RecordVectorStatistics

import qdecay_envs  # noqa: F401  # registers the ids

ENDLESS = ["NChain", "RiverSwim", "ConstantOrSparse", "CombinationLock"]


def reported(steps: int, name: str, **options: Any) -> list[tuple[int, dict[str, Any], float]]:
    """Play action 0, which opens no lock; return what is reported, and the rewards until then."""
    env = RecordEpisodeStatistics(gym.make(f"qdecay/{name}-v0", **options))
    env.reset(seed=0)
    earned, found = 0.0, []
    for step in range(1, steps + 1):
        _, reward, terminated, truncated, info = env.step(0)
        earned += float(reward)
        if "episode" in info:
            found.append((step, info["episode"], earned))
        assert not terminated
        if truncated:
            env.reset()
            earned = 0.0
    return found


@pytest.mark.parametrize("name", ENDLESS)
def test_without_a_limit_nothing_is_reported(name: str) -> None:
    assert reported(200, name) == []


@pytest.mark.parametrize("name", ENDLESS)
def test_with_a_limit_every_episode_is(name: str) -> None:
    """Its length is the limit, its return the sum of its rewards."""
    found = reported(100, name, max_episode_steps=30)
    assert [(step, episode["l"]) for step, episode, _ in found] == [(30, 30), (60, 30), (90, 30)]
    for _, episode, earned in found:
        assert episode["r"] == pytest.approx(earned)


@pytest.mark.parametrize("name", ENDLESS)
def test_copies_in_a_vector_take_one_too(name: str) -> None:
    vector = RecordVectorStatistics(
        gym.make_vec(f"qdecay/{name}-v0", num_envs=3, max_episode_steps=30)
    )
    vector.reset(seed=0)
    infos = [vector.step([0, 0, 0])[4] for _ in range(30)]
    assert all("episode" not in info for info in infos[:-1])
    assert infos[-1]["episode"]["l"].tolist() == [30, 30, 30]


@pytest.mark.parametrize("name", ENDLESS)
def test_their_docstrings_say_so(name: str) -> None:
    """In the class, which the reference shows."""
    text = " ".join((type(gym.make(f"qdecay/{name}-v0").unwrapped).__doc__ or "").split())
    assert "max_episode_steps" in text and "report nothing" in text
