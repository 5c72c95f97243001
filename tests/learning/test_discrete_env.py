"""Spaces of several discrete parts are numbered, for every learner alike."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple
from learners import LEARNERS, bits

from qdecay._support import memory
from qdecay.learning import q_learning
from qdecay.learning.discrete_env import as_discrete
from qdecay.model.mdp import MDP
from qdecay.model.numbering import Numbering

SPACES = [
    Discrete(3),
    Discrete(3, start=-1),
    MultiBinary(3),
    MultiBinary([2, 2]),
    MultiDiscrete([2, 3]),
    MultiDiscrete([2, 3], start=[1, -5]),
    MultiDiscrete(np.array([[2, 1], [1, 3]])),
    Tuple([Discrete(4)]),
    Tuple([Discrete(2), Tuple([MultiBinary(2), Discrete(3, start=7)]), MultiDiscrete([2, 2])]),
]
SIZES = [3, 3, 8, 16, 6, 6, 6, 4, 2 * 4 * 3 * 4]


@pytest.mark.parametrize(("space", "size"), list(zip(SPACES, SIZES, strict=True)), ids=str)
def test_every_element_has_a_number_of_its_own(space, size):
    """There and back for all of them, and each lies in the space."""
    numbering = Numbering(space)
    elements = [numbering.element(number) for number in range(size)]
    assert numbering.n == size
    assert all(element in space for element in elements)
    assert [numbering.number(element) for element in elements] == list(range(size))
    names = numbering.names()
    assert names is None if isinstance(space, Discrete) else len(set(names)) == size


def test_the_last_part_counts_fastest():
    """So that the numbers are those of `numpy.ravel_multi_index`; names show the elements."""
    hands = Numbering(Tuple([Discrete(32), Discrete(11), Discrete(2)]))
    assert hands.number((13, 10, 1)) == np.ravel_multi_index((13, 10, 1), (32, 11, 2))
    assert hands.names()[hands.number((13, 10, 1))] == "(13, 10, 1)"
    assert Numbering(Tuple([MultiBinary(2), Discrete(2)])).names()[5] == "([1, 0], 1)"


class Hands(gym.Env):
    """Blackjack with its hands numbered by hand."""

    observation_space, action_space = Discrete(32 * 11 * 2), Discrete(2)

    def __init__(self):
        self.inner = gym.make("Blackjack-v1")

    def number(self, hand):
        """Count as Python does."""
        return (int(hand[0]) * 11 + int(hand[1])) * 2 + int(hand[2])

    def reset(self, *, seed=None, options=None):
        """Deal."""
        hand, info = self.inner.reset(seed=seed)
        return self.number(hand), info

    def step(self, action):
        """Play."""
        hand, *rest = self.inner.step(action)
        return self.number(hand), *rest


@pytest.mark.parametrize("learn", LEARNERS, ids=lambda learn: learn.name)
@pytest.mark.slow
def test_learners_play_blackjack(learn):
    """Every learner learns what it learns of an environment that is numbered by hand."""
    arguments = dict(steps=3000, epsilon=0.5, seed=3)
    seen = learn(gym.make("Blackjack-v1"), 0.9, **arguments)
    assert bits(seen) == bits(learn(Hands(), 0.9, **arguments))
    assert seen.name == "Blackjack-v1"
    assert seen.state_names[(13 * 11 + 10) * 2 + 1] == "(13, 10, 1)"
    assert seen.action_names is None


@pytest.mark.parametrize("learn", LEARNERS, ids=lambda learn: learn.name)
def test_an_id_of_blackjack_is_learnt_on_its_model(learn):
    """Where a natural is a state of its own; nobody hits a 20."""
    known = learn("Blackjack-v1", 1.0, steps=400_000, epsilon=0.5, seed=3)
    assert (len(known.q), known.action_names) == (290, ("stick", "hit"))
    for name in ("20, dealer 6", "21, dealer 10, natural"):
        assert known.greedy[known.state_names.index(name)].tolist() == [True, False]


class Locks(gym.Env):
    """The action (1, 2) of six opens the lock, and pays 5; the view has to find it."""

    observation_space = MultiBinary(1)
    action_space = MultiDiscrete([2, 3])

    def reset(self, *, seed=None, options=None):
        """Lock."""
        super().reset(seed=seed)
        return np.zeros(1, dtype=np.int8), {}

    def step(self, action):
        """Try a code."""
        assert action in self.action_space
        opened = action.tolist() == [1, 2]
        return np.array([opened], dtype=np.int8), 5.0 * opened, opened, False, {}


def test_actions_of_several_parts_are_taken():
    """The code is action 1 * 3 + 2; the view is an environment like any other."""
    result = q_learning(Locks(), 0.5, steps=500, epsilon=1, step_size=1.0)
    assert result.q[0].tolist() == [2.5] * 5 + [5.0]
    assert (result.action_names[5], result.state_names) == ("[1, 2]", ("[0]", "[1]"))


@pytest.mark.parametrize("wrap", [lambda env: env, gym.wrappers.RecordEpisodeStatistics])
def test_an_environment_with_names_is_shown_with_them(wrap):
    """They are those of its model."""
    env = gym.make("qdecay/DeepSea-v0")
    result, model = q_learning(wrap(env), 0.5, steps=20), MDP.from_env(env)
    assert result.action_names == ("left", "right") == model.action_names
    assert result.state_names == model.state_names


@pytest.mark.parametrize("names", ["lr", [0, 1], ["left"], None])
def test_other_attributes_are_no_names(names):
    """An environment may use the word for something else."""
    env = gym.make("FrozenLake-v1").unwrapped
    env.action_names = env.state_names = names
    result = q_learning(env, 0.5, steps=20)
    assert (result.action_names, result.state_names) == (None, None)


def test_a_wrapper_may_give_actions_another_meaning():
    """Then the names of those below it would be wrong."""
    env = gym.wrappers.TransformAction(
        gym.make("qdecay/DeepSea-v0"), lambda action: 1 - action, Discrete(2)
    )
    assert q_learning(env, 0.5, steps=20).action_names is None


def test_discrete_environments_are_left_alone():
    """A view would only cost time."""
    env = gym.make("FrozenLake-v1")
    assert as_discrete(env) is env


@pytest.mark.parametrize(
    "space", [Box(0, 1), Tuple([Discrete(2), Box(0, 1)]), Dict(a=Discrete(2)), Tuple([])], ids=str
)
@pytest.mark.parametrize("name", ["observation", "action"])
def test_other_spaces_are_refused(name, space):
    """The message shows the one that is at fault, the other may be of several parts."""
    env = Locks()
    setattr(env, f"{name}_space", space)
    with pytest.raises(
        ValueError, match=f"needs a discrete {name} space, got {type(space).__name__}"
    ):
        q_learning(env, 0.9, steps=10)


def test_what_is_no_environment_is_refused():
    """By what it is."""
    with pytest.raises(TypeError, match="env must be an environment .*, got 3"):
        as_discrete(3)


@pytest.mark.parametrize(
    "element",
    [(1, 2), (1, 2, 3), (0, 11, 1), (0, -1, 0), (0, 0, None), 5, None, ([1], 0, 0)],
    ids=str,
)
def test_an_observation_outside_its_space_is_an_error(element):
    """Of another length, or with a part that is out of range or no number."""

    class Strange(gym.Env):
        observation_space = Tuple([Discrete(1), Discrete(11), Discrete(2)])
        action_space = Discrete(2)

        def reset(self, *, seed=None, options=None):
            return element, {}

    with pytest.raises(ValueError, match=r"returned .*, which is not in Tuple\(Discrete\(1\)"):
        q_learning(Strange(), 0.9, steps=10)


def test_what_cannot_fit_in_memory_is_refused(monkeypatch):
    """The number of states is the product of the parts: 2^200 of 200 switches."""
    env = Locks()
    env.observation_space = MultiBinary(200)
    with pytest.raises(MemoryError, match=f"a table of {2**200} states and 6 actions need"):
        q_learning(env, 0.9, steps=10)
    env.observation_space = MultiBinary(4)
    monkeypatch.setattr(memory, "physical", lambda: 8 * 16 * 6)
    assert as_discrete(env).observation_space.n == 16
    monkeypatch.setattr(memory, "physical", lambda: 8 * 16 * 6 - 1)
    with pytest.raises(MemoryError, match="16 states"):
        as_discrete(env)
