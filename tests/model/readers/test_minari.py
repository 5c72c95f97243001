"""Minari datasets: episodes with one more observation than actions, counted as they were played."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from qdecay import MDP

IDS = ["FrozenLake-v1", "Blackjack-v1", "CliffWalking-v1"]


class Played:
    """Episodes of random actions, cut off after twenty, in the form of Minari's."""

    def __init__(self, name: str, episodes: int = 60) -> None:
        self.env = gym.make(name, max_episode_steps=20)
        self.env.action_space.seed(0)
        self.spec = SimpleNamespace(dataset_id="random/played-v0")
        self.observation_space, self.action_space = (
            self.env.observation_space,
            self.env.action_space,
        )
        self.rows: list[tuple[Any, ...]] = []
        self.first: list[Any] = []
        self.episodes = [self._episode(seed) for seed in range(episodes)]

    def iterate_episodes(self) -> Iterator[Any]:
        return iter(self.episodes)

    def _episode(self, seed: int) -> Any:
        state, _ = self.env.reset(seed=seed)
        self.first.append(state)
        seen, steps, over = [state], [], False
        while not over:
            action = int(self.env.action_space.sample())
            after, reward, terminated, truncated, _ = self.env.step(action)
            self.rows.append((state, action, float(reward), after, terminated))
            steps.append((action, float(reward), terminated, truncated))
            seen.append(after)
            state, over = after, terminated or truncated
        is_tuple = isinstance(state, tuple)
        observed = tuple(map(np.array, zip(*seen, strict=True))) if is_tuple else np.array(seen)
        names = ("actions", "rewards", "terminations", "truncations")
        parts = map(np.array, zip(*steps, strict=True))
        columns = dict(zip(names, parts, strict=True))
        return SimpleNamespace(id=seed, observations=observed, **columns)


@pytest.fixture(scope="module", params=IDS)
def played(request: pytest.FixtureRequest) -> Played:
    return Played(request.param)


def check(made: MDP, played: Played) -> None:
    """The model is that of the steps as they were taken."""
    sizes = {}
    if made.state_names is None:
        sizes = {"n_states": played.observation_space.n, "n_actions": played.action_space.n}
    same = MDP.from_transitions(played.rows, start=made.start, **sizes)
    assert (made, made.visits) == (same, same.visits)
    first = [made.state_names.index(str(s)) if made.state_names else s for s in played.first]
    assert made.starts == {s: pytest.approx(first.count(s) / len(first)) for s in set(first)}
    assert made.name == "random/played-v0"


def test_episodes_are_counted(played: Played) -> None:
    """Also the last step of those that were cut off, whose next state the data has."""
    check(MDP.from_transitions(played), played)


def test_a_dataset_of_minari_is_such_data(
    played: Played, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written and read by Minari itself."""
    pytest.importorskip("h5py")
    minari = pytest.importorskip("minari")
    from minari.data_collector import EpisodeBuffer

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    dataset = minari.create_dataset_from_buffers(
        "random/played-v0",
        [EpisodeBuffer(**vars(episode)) for episode in played.episodes],
        env=played.env,
        eval_env=played.env,
        author="n",
        author_email="n@example.org",
        algorithm_name="random",
        description="random actions",
        code_permalink="https://example.org",
    )
    check(MDP.from_transitions(dataset), played)


def test_continuous_observations_are_refused() -> None:
    """They must be binned by whoever knows how."""
    dataset = SimpleNamespace(
        iterate_episodes=lambda: iter(()),
        observation_space=gym.spaces.Box(0, 1, (2,)),
        action_space=gym.spaces.Discrete(2),
    )
    with pytest.raises(ValueError, match="observation_space is Box.*label for each state"):
        MDP.from_transitions(dataset)
    dataset.observation_space = gym.spaces.Discrete(3)
    with pytest.raises(ValueError, match="the dataset has no episodes"):
        MDP.from_transitions(dataset)
