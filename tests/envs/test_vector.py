"""The NumPy vector environment against Gymnasium's own, bit for bit."""

import pickle
import re
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import qdecay_envs
from qdecay_envs import ChainLayout, TabularVectorEnv
from qdecay_envs.arrays import Draws
from qdecay_envs.chain import ChainEnv
from qdecay_envs.river_swim import RiverSwimEnv

LAYOUT = ChainLayout.choice(a=[0, 1], b=[2], c=[0, 0, "7/2"], ending="repeat").to_json()
NEEDS: dict[str, dict[str, Any]] = {
    "qdecay/Chain-v0": {"layout": LAYOUT},
    "qdecay/GridWorld-v0": {"grid": ["S +1"]},
}
IDS = sorted(name for name in gym.registry if name.startswith("qdecay/"))
CASES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in IDS if name not in NEEDS),
    ("qdecay/GridWorld-v0", {"grid": ["S +1"], "noise": "1/3"}),
    ("qdecay/Chain-v0", {"layout": LAYOUT, "slip": "1/3", "escape": True}),
    ("qdecay/Chain-v0", {"layout": LAYOUT, "reward_noise": 0.5}),
    ("qdecay/Chain-v0", {"layout": LAYOUT, "slip": "1/3", "reward_noise": 0.5}),
    ("qdecay/RiverSwim-v0", {"variant": "strehl_littman"}),
    ("qdecay/DelayMenu-v0", {"slip": "1/4"}),
]
MODES = [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP]


def both(
    name: str, arguments: dict[str, Any], mode: AutoresetMode, n: int = 5, limit: int | None = 7
) -> tuple[Any, Any]:
    """Return ours and Gymnasium's vector of the same environment."""
    options = {**arguments, **({} if limit is None else {"max_episode_steps": limit})}
    ours: Any = gym.make_vec(name, num_envs=n, autoreset_mode=mode.value, **options)
    theirs = SyncVectorEnv([lambda: gym.make(name, **options)] * n, autoreset_mode=mode)
    return ours, theirs


def same(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> None:
    """Assert that two answers of `step` are equal in every bit, type and info."""
    *arrays, infos = ours
    *their_arrays, their_infos = theirs
    for mine, other in zip(arrays, their_arrays, strict=True):
        assert mine.dtype == other.dtype
        assert mine.tolist() == other.tolist()
    assert infos.keys() == their_infos.keys()
    for key, value in infos.items():
        assert np.array_equal(value, their_infos[key])


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.slow
def test_copies_play_gymnasiums_episodes(
    name: str, arguments: dict[str, Any], mode: AutoresetMode
) -> None:
    """From the same seed all states, rewards, flags and infos are SyncVectorEnv's, for 700 steps.

    Blocks of random numbers are used up more than once, and time limits strike; the second reset,
    without a seed, goes on with the same generators.
    """
    limit = None if "Discounting" in name else 7
    ours, theirs = both(name, arguments, mode, limit=limit)
    assert isinstance(ours, TabularVectorEnv)
    assert ours.observation_space == theirs.observation_space
    assert ours.metadata["autoreset_mode"] is mode
    actions = np.random.default_rng(1).integers(ours.single_action_space.n, size=(700, 5))
    for begin, seed in ((0, 3), (600, None), (650, [9, 9, 1, None, 4])):
        first, second = ours.reset(seed=seed), theirs.reset(seed=seed)
        assert first[0].tolist() == second[0].tolist()
        assert first[1] == second[1] == {}
        for step in actions[begin : {0: 600, 600: 650, 650: 700}[begin]]:
            same(ours.step(step), theirs.step(step))
    ours.close()
    theirs.close()


@pytest.mark.parametrize("kind", ["random", "standard_normal"])
def test_numbers_drawn_ahead_are_those_drawn_one_by_one(kind: str) -> None:
    """Also where copies use them up at different paces, and where one gets a new generator."""
    n = 3
    draws = Draws(n, getattr(np.random.Generator, kind))
    own = [np.random.default_rng(copy) for copy in range(n)]
    for copy in range(n):
        draws.begin(copy, np.random.default_rng(copy))
    pace = np.random.default_rng(9)
    following = [getattr(generator, kind)() for generator in own]
    for call in range(3_000):
        if call in (700, 701):
            own[1] = np.random.default_rng(call)
            following[1] = getattr(own[1], kind)()
            draws.begin(1, np.random.default_rng(call))
        used = pace.random(n) < (0.9, 0.5, 0.1)
        assert draws.take(used).tolist() == following
        for copy in used.nonzero()[0].tolist():
            following[copy] = getattr(own[copy], kind)()


def test_disabled_copies_wait_for_their_reset() -> None:
    """A copy that is over must be reset by mask, alone, with its own seed."""
    ours, theirs = both("qdecay/RiverSwim-v0", {}, AutoresetMode.DISABLED, n=3, limit=2)
    for vector in (ours, theirs):
        vector.reset(seed=0)
        vector.step(np.array([1, 1, 1]))
        vector.reset(options={"reset_mask": np.array([True, False, False])})
        vector.step(np.array([1, 1, 0]))
    with pytest.raises(RuntimeError, match="the episode of copy 1 is over"):
        ours.step(np.array([1, 1, 1]))
    mask = np.array([False, True, True])
    resets = [v.reset(seed=8, options={"reset_mask": mask.copy()}) for v in (ours, theirs)]
    assert resets[0][0].tolist() == resets[1][0].tolist()
    same(ours.step(np.array([0, 1, 1])), theirs.step(np.array([0, 1, 1])))


def test_what_is_returned_is_the_callers() -> None:
    """Writing into the answers, or the actions, changes nothing that follows."""
    vector = TabularVectorEnv(ChainEnv, 2, layout=LAYOUT)
    states, _ = vector.reset(seed=0)
    states[:] = 99
    actions = np.array([2, 1])
    answer = vector.step(actions)
    assert answer[0].tolist() == [2, 1]
    for array in answer[:4]:
        array[:] = 1
    actions[:] = 0
    assert vector.step(np.array([0, 2]))[0].tolist() == [3, 2]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_pictures_are_those_of_the_copies(mode: AutoresetMode) -> None:
    """Each copy is drawn as its scalar environment draws itself, before, amid and after."""
    name, arguments = "qdecay/NChain-v0", {"render_mode": "ansi"}
    ours, theirs = both(name, arguments, mode, n=2, limit=3)
    for vector in (ours, theirs):
        vector.reset(seed=0)
    assert ours.render() == theirs.render()
    for _ in range(6):
        for vector in (ours, theirs):
            vector.step(np.array([0, 1]))
        assert ours.render() == theirs.render()


def test_arrays_are_drawn_too() -> None:
    """In mode rgb_array a picture is a uint8 array; without a mode render warns."""
    pytest.importorskip("pygame")
    vector = gym.make_vec("qdecay/DeepSea-v0", num_envs=2, render_mode="rgb_array")
    vector.reset()
    pictures: Any = vector.render()
    assert [(p.dtype, p.ndim) for p in pictures] == [(np.uint8, 3)] * 2
    vector.close()
    silent = TabularVectorEnv(RiverSwimEnv)
    with pytest.warns(UserWarning, match="render_mode"):
        assert silent.render() == ()


def test_the_spec_makes_the_same_vector() -> None:
    """The spec of a vector survives pickle and JSON and makes an equal one."""
    vector = gym.make_vec("qdecay/NChain-v0", num_envs=3, slip="1/3", autoreset_mode="SameStep")
    assert vector.spec is not None
    again: Any = gym.make_vec(pickle.loads(pickle.dumps(vector.spec)))
    from_text: Any = gym.make_vec(gym.envs.registration.EnvSpec.from_json(vector.spec.to_json()))
    for copy in (again, from_text):
        assert copy.num_envs == 3
        assert copy.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
        assert copy.reset(seed=0)[0].tolist() == vector.reset(seed=0)[0].tolist()
        for _ in range(20):
            actions = vector.action_space.sample()
            same(copy.step(actions), vector.step(actions))


@pytest.mark.slow
@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("mode", ["sync", "async", "vector_entry_point"])
def test_every_vectorisation_makes_every_id(name: str, mode: Any) -> None:
    """`make_vec` works in each of Gymnasium's modes, and all three agree on the first steps."""
    arguments: Any = NEEDS.get(name, {})
    more: Any = {"vector_kwargs": {"context": "spawn"}} if mode == "async" else {}
    vector = gym.make_vec(name, num_envs=2, vectorization_mode=mode, **more, **arguments)
    member: Any = type(gym.make(name, **arguments).unwrapped)
    reference = TabularVectorEnv(member, 2, **kwargs_of(name))
    assert vector.reset(seed=1)[0].tolist() == reference.reset(seed=1)[0].tolist()
    for _ in range(3):
        same(reference.step(np.array([1, 0])), vector.step(np.array([1, 0])))
    vector.close()


def kwargs_of(name: str) -> dict[str, Any]:
    """Return the constructor's arguments of a registered id."""
    return NEEDS.get(name) or gym.spec(name).kwargs


def test_steps_need_a_reset() -> None:
    """Before the first reset there is nothing to step."""
    with pytest.raises(RuntimeError, match="call reset"):
        TabularVectorEnv(RiverSwimEnv, 2).step([0, 0])


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ([0, 2], "actions must be 0 .. 1, got 2"),
        ([-1, 0], "actions must be 0 .. 1, got -1"),
        ([0], "actions must be 2 integers"),
        ([0.0, 1.0], "actions must be 2 integers"),
        (1, "actions must be 2 integers"),
        (None, "actions must be 2 integers"),
    ],
)
def test_wrong_actions_are_refused(actions: Any, words: str) -> None:
    """The error names the action, and the episodes go on unharmed."""
    vector = TabularVectorEnv(RiverSwimEnv, 2)
    vector.reset()
    with pytest.raises(ValueError, match=re.escape(words)):
        vector.step(actions)
    assert vector.step([0, 0])[0].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"num_envs": 0}, ValueError, "num_envs must be from 1 to"),
        ({"num_envs": 2.0}, TypeError, "num_envs must be an integer, got 2.0"),
        ({"max_episode_steps": 0}, ValueError, "max_episode_steps must be from 1"),
        ({"max_episode_steps": "9"}, TypeError, "got '9'"),
        ({"autoreset_mode": "Never"}, ValueError, "'Never'"),
        ({"render_mode": "human"}, ValueError, "None, 'ansi' or 'rgb_array', got 'human'"),
        ({"n": 1}, ValueError, "n must be from 3 to 100,000, got 1"),
    ],
)
def test_bad_arguments_are_refused(
    arguments: dict[str, Any], kind: type[Exception], words: str
) -> None:
    """The constructor names the argument and its value, those of the member included."""
    with pytest.raises(kind, match=re.escape(words)):
        TabularVectorEnv(RiverSwimEnv, **{"num_envs": 2, **arguments})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"seed": [1]}, "seed must be an integer or 2"),
        ({"seed": "12"}, "seed must be an integer or 2 of them, got '12'"),
        ({"seed": 1.5}, "seed must be an integer or 2 of them, got 1.5"),
        ({"options": {"start": 1}}, "takes the option reset_mask only"),
        ({"options": {"reset_mask": [True, True]}}, "reset_mask must be 2 bools"),
        ({"options": {"reset_mask": np.array([1, 0])}}, "reset_mask must be 2 bools"),
        ({"options": {"reset_mask": np.array([True])}}, "reset_mask must be 2 bools"),
        ({"options": {"reset_mask": np.array([False, False])}}, "one of them true"),
    ],
)
def test_bad_resets_are_refused(arguments: dict[str, Any], words: str) -> None:
    """Seeds and masks of the wrong form are named."""
    with pytest.raises(ValueError, match=re.escape(words)):
        TabularVectorEnv(RiverSwimEnv, 2).reset(**arguments)


def test_every_member_has_a_vector_entry_point() -> None:
    """Each registered id names one that makes copies of its own scalar class."""
    for name in IDS:
        spec = gym.spec(name)
        entry = gym.envs.registration.load_env_creator(str(spec.vector_entry_point))
        scalar = gym.envs.registration.load_env_creator(str(spec.entry_point))
        assert entry.args == (scalar,)  # type: ignore[union-attr]
    assert qdecay_envs.TabularVectorEnv is TabularVectorEnv
