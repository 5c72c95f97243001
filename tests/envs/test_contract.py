"""The contract of tabular environments, held by every registered id, and its own teeth."""

import copy
import importlib
import inspect
import json
import pickle
import warnings
from fractions import Fraction
from typing import Any, get_type_hints

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec, load_env_creator
from gymnasium.utils.env_checker import check_env

import qdecay_envs
from qdecay_envs import LAYOUTS, PRESETS, ChainEnv, ChainLayout, TabularEnv
from qdecay_envs.testing import ContractBroken, _chi_square_quantile, check_tabular_env

THREE = ChainLayout.choice(a=[0, 1], b=[2], c=[0, 0, "7/2"], ending="absorb")
NEEDS: dict[str, dict[str, Any]] = {
    "qdecay/Chain-v0": {"layout": THREE.to_json(), "slip": "1/10"},
    "qdecay/GridWorld-v0": {"grid": ["   +1", " # -1", "S   "], "noise": "1/5"},
}
IDS = sorted(name for name in gym.registry if name.startswith("qdecay/"))
CHAINS = ["qdecay/Chain-v0", *LAYOUTS]
CHAIN_VARIANTS: list[dict[str, Any]] = [
    {"slip": "1/10"},
    {"slip": 0.3, "escape": True},
    {"escape": True, "reward_noise": 0.5},
    {"slip": 1, "reward_noise": 2},
]
OTHERS: dict[str, list[dict[str, Any]]] = {
    "qdecay/NChain-v0": [{"slip": 0}, {"n": 2, "slip": "1/2", "small": "1/3"}],
    "qdecay/RiverSwim-v0": [{"variant": "strehl_littman"}, {"n": 3, "large": 2}],
    "qdecay/DeepSea-v0": [{"size": 2}, {"size": 7, "stochastic": True, "mapping_seed": 1}],
    "qdecay/DeepSeaStochastic-v0": [{"size": 3}],
    "qdecay/DiscountingChain-v0": [{"bonus_delay": None}],
    "qdecay/CombinationLock-v0": [{"code": [2], "n_actions": 3, "prize": "1/3"}],
    "qdecay/DelayMenu-v0": [{"menu": [["1/3", 0], [2, 4]], "ending": "repeat", "slip": "1/4"}],
    "qdecay/TwoStreams-v0": [{"near": [1], "far": ["1/3", 3], "ending": "absorb"}],
    "qdecay/ConstantOrSparse-v0": [{"n": 1}, {"escape": False, "slip": 0.5, "reward_noise": 1}],
    "qdecay/GridWorld-v0": [{"noise": 0.1, "wind": [0, 1, 0, -1], "acts_on": "entering"}],
    **{f"qdecay/{name}-v0": [{"living_reward": "-1/3", "noise": "1/10"}] for name in PRESETS},
}
VARIANTS = [
    *((name, {}) for name in IDS),
    *((name, arguments) for name in CHAINS for arguments in CHAIN_VARIANTS),
    *((name, arguments) for name, several in OTHERS.items() for arguments in several),
]


@pytest.fixture(autouse=True)
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pygame draw without a screen, Gymnasium's own pictures included."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


def make(name: str, **arguments: Any) -> gym.Env[Any, Any]:
    """Make a registered environment with the arguments that it cannot do without."""
    return gym.make(name, max_episode_steps=200, **{**NEEDS.get(name, {}), **arguments})


def test_the_suite_is_registered() -> None:
    """The ids of the reference layouts and of the suite are all there, under test below."""
    assert set(IDS) == {*CHAINS, *OTHERS}
    assert len(LAYOUTS) == 4


@pytest.mark.parametrize(("name", "arguments"), VARIANTS, ids=json.dumps)
def test_an_id_keeps_the_contract(name: str, arguments: dict[str, Any]) -> None:
    """Tables, steps, seeds, ends and pictures agree, for every id and every option."""
    check_tabular_env(make(name, **arguments), steps=2_000, strict_end=True)


@pytest.mark.parametrize("ending", ["terminate", "repeat", "absorb"])
def test_every_ending_keeps_the_contract(ending: Any) -> None:
    """Also for three branches that slip, escape and end in each way."""
    layout = ChainLayout.choice(a=[0, 1], b=[2], c=[0, 0, "7/2"], ending=ending)
    check_tabular_env(ChainEnv(layout, slip="1/5", escape=True), strict_end=True)


@pytest.mark.parametrize("name", IDS)
def test_gymnasium_has_nothing_to_say(name: str) -> None:
    """`check_env` passes without a warning, pictures included."""
    pytest.importorskip("pygame")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(name).unwrapped)


@pytest.mark.parametrize("name", IDS)
def test_a_window_shows_each_step(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In mode "human" reset and step draw, render returns None, and close shuts the window."""
    pygame = pytest.importorskip("pygame")
    monkeypatch.setitem(TabularEnv.metadata, "render_fps", 1_000)
    env: Any = make(name, render_mode="human")
    env.reset(seed=0)
    before = pygame.surfarray.array3d(pygame.display.get_surface())
    env.step(1)
    assert (pygame.surfarray.array3d(pygame.display.get_surface()) != before).any()
    assert env.render() is None
    env.close()
    assert not pygame.display.get_init()


@pytest.mark.parametrize("name", IDS)
def test_a_spec_travels(name: str) -> None:
    """A spec with its arguments survives JSON and pickle, and makes an equal environment."""
    variants = CHAIN_VARIANTS[:1] if name in CHAINS else OTHERS.get(name, [{}])
    env = make(name, **variants[-1])
    spec = env.spec
    assert spec is not None
    for copied in (EnvSpec.from_json(spec.to_json()), pickle.loads(pickle.dumps(spec))):
        assert copied == spec
        again: Any = gym.make(copied).unwrapped
        assert again.P_exact == env.unwrapped.P_exact  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", IDS)
def test_a_wrapped_environment_is_copied(name: str) -> None:
    """The whole stack of `gym.make` pickles and copies, mid-episode."""
    env = make(name)
    env.reset(seed=0)
    env.step(1)
    for twin in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
        assert twin.unwrapped.step(0) == copy.deepcopy(env).unwrapped.step(0)


@pytest.mark.parametrize("name", IDS)
def test_a_vector_steps_each_copy(name: str) -> None:
    """Three copies in a vector do what each does alone."""
    vector = gym.make_vec(name, num_envs=3, **NEEDS.get(name, {}))
    single = [make(name) for _ in range(3)]
    states, _ = vector.reset(seed=5)
    assert states.tolist() == [env.reset(seed=5 + i)[0] for i, env in enumerate(single)]
    actions = np.array([0, 1, 1])
    states, rewards, terminated, truncated, _ = vector.step(actions)
    alone = [env.step(action) for env, action in zip(single, actions, strict=True)]
    assert list(zip(states, rewards, terminated, truncated, strict=True)) == [a[:4] for a in alone]
    vector.close()


def parameters(maker: Any) -> list[str]:
    """Return the names of a constructor's parameters, those of its options included."""
    names: list[str] = []
    for parameter in inspect.signature(maker).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            (options,) = get_type_hints(maker.__init__)[parameter.name].__args__
            names.extend(get_type_hints(options))
        else:
            names.append(parameter.name)
    return names


@pytest.mark.parametrize(
    "junk", [float("nan"), 1 + 2j, b"1", "x\ny", object()], ids=lambda junk: type(junk).__name__
)
@pytest.mark.parametrize("name", IDS)
def test_junk_is_refused_wherever_it_is_given(name: str, junk: Any) -> None:
    """Every parameter of every constructor refuses it, in one line that names the parameter."""
    maker: Any = load_env_creator(str(gym.spec(name).entry_point))
    arguments = {**gym.spec(name).kwargs, **NEEDS.get(name, {})}
    for parameter in parameters(maker):
        with pytest.raises((TypeError, ValueError), match=parameter) as caught:
            maker(**{**arguments, parameter: junk})
        assert len(str(caught.value).splitlines()) == 1


def test_a_chain_without_layout_says_what_to_pass() -> None:
    """The bare id needs a layout, and the error shows one."""
    with pytest.raises(TypeError, match="try layout=ChainLayout"):
        gym.make("qdecay/Chain-v0")


def test_importing_again_registers_nothing_twice() -> None:
    """A reload neither warns nor replaces a registration."""
    before = dict(gym.registry)
    importlib.reload(qdecay_envs)
    assert {name: gym.registry[name] for name in IDS} == {name: before[name] for name in IDS}


def latest(name: str) -> str:
    """Return the newest registered version of an id of Gymnasium's."""
    own = (spec for spec in gym.registry.values() if spec.namespace is None)
    return max(spec.id for spec in own if spec.name == name)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("FrozenLake", {}),
        ("FrozenLake", {"map_name": "8x8", "is_slippery": False}),
        ("CliffWalking", {"is_slippery": True}),
        ("Taxi", {}),
        ("Taxi", {"is_rainy": True}),
    ],
)
def test_the_classics_keep_the_contract(name: str, arguments: dict[str, Any]) -> None:
    """Gymnasium's toy text passes, so the contract asks nothing peculiar to this package."""
    check_tabular_env(gym.make(latest(name), **arguments))


def test_a_fickle_passenger_is_caught() -> None:
    """Taxi's fickle passenger changes the goal on its own, which its P does not say."""
    with pytest.raises(ContractBroken, match=r"which P\[\d+\]\[\d\] has not"):
        check_tabular_env(gym.make(latest("Taxi"), fickle_passenger=True))


def test_toy_text_plays_on_after_the_end() -> None:
    """The strict end is this package's own: FrozenLake is named for lacking it."""
    with pytest.raises(ContractBroken) as caught:
        check_tabular_env(gym.make("FrozenLake-v1").unwrapped, strict_end=True)
    assert caught.value.findings == (
        "a step before the first reset does not raise RuntimeError",
        "a step after the end does not raise RuntimeError",
    )


def slippery() -> ChainEnv:
    """Return a sound environment for the breaches below."""
    return ChainEnv(ChainLayout.choice(a=[1], b=[0, 4]), slip="1/4")


def wrong_sum(env: Any) -> None:
    """Lose half a row."""
    env.P[0][0] = [(0.5, 0, 1.0, True)]


def wrong_state(env: Any) -> None:
    """Lead out of the chain."""
    env.P[1][1] = [(1.0, 2, 4.0, True)]


def wrong_reward(env: Any) -> None:
    """Promise 5 where 4 is paid."""
    env.P[1] = [[(1.0, 1, 5.0, True)]] * 2
    del env.P_exact


def wrong_odds(env: Any) -> None:
    """Promise 65 to 35 where 75 to 25 is played."""
    chances = (0.65, 0.35)
    env.P[0] = [[(p, *row[1:]) for p, row in zip(chances, rows, strict=True)] for rows in env.P[0]]
    del env.P_exact


def wrong_exact(env: Any) -> None:
    """Let the two tables disagree."""
    env.P_exact[1][0] = [(Fraction(1), 1, Fraction(5), True)]


def floats_as_exact(env: Any) -> None:
    """Pass floats off as exact."""
    env.P_exact = env.P


def missing_row(env: Any) -> None:
    """Forget a state."""
    del env.P[1]


def wrong_start(env: Any) -> None:
    """Promise another start."""
    env.initial_state_distrib = np.array([0.0, 1.0])


def wrong_start_odds(env: Any) -> None:
    """Promise 80 to 20 where 50 to 50 is drawn."""
    half = Fraction(1, 2)
    env.__dict__.update(TabularEnv(env.P_exact, {0: half, 1: half}).__dict__)
    env.initial_state_distrib = np.array([0.8, 0.2])


def broken_picture(env: Any) -> None:
    """Name a spec whose pictures cannot be drawn."""
    env.spec = EnvSpec("Broken-v0", entry_point=lambda **arguments: BrokenPicture(**arguments))


class BrokenPicture(ChainEnv):
    """A chain with no picture."""

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(LAYOUTS["qdecay/StayOrMove-v0"], render_mode=render_mode)

    def render(self) -> Any:
        """Fail."""
        raise ZeroDivisionError


def shared_info(env: Any) -> None:
    """Hand out one info object for ever."""
    info: dict[str, Any] = {}
    original = env.step, env.reset
    env.step = lambda action: (*original[0](action)[:4], info)
    env.reset = lambda **arguments: (original[1](**arguments)[0], info)


def own_randomness(env: Any) -> None:
    """Draw from a generator that no seed reaches."""
    stray, original = np.random.default_rng(0), env.step
    env.step = lambda action: original(action if stray.random() < 0.5 else 0)


@pytest.mark.parametrize(
    ("breach", "words"),
    [
        (wrong_sum, r"P\[0\]\[0\]: the probabilities sum to 0.5"),
        (wrong_state, r"P\[1\]\[1\]: the next state 2 is outside 0 .. 1"),
        (wrong_reward, r"gave \(1, 4.0, True\), which P\[1\]\[0\] has not"),
        (wrong_odds, "frequencies do not fit P"),
        (wrong_exact, r"P_exact\[1\]\[0\] does not round to P"),
        (floats_as_exact, "must be fractions"),
        (missing_row, "does not cover every state and action"),
        (wrong_start, "whose initial probability is 0"),
        (wrong_start_odds, "start states' frequencies do not fit initial_state_distrib"),
        (broken_picture, r'render in mode "ansi" raised ZeroDivisionError'),
        (shared_info, "info object"),
        (own_randomness, "two runs from seed 0 differ"),
    ],
)
def test_each_breach_is_found(breach: Any, words: str) -> None:
    """An environment broken in one way is refused with a finding that says which."""
    env = slippery()
    check_tabular_env(env)
    breach(env)
    with pytest.raises(ContractBroken, match=words) as caught:
        check_tabular_env(env)
    assert all(len(finding.splitlines()) == 1 for finding in caught.value.findings)


@pytest.mark.parametrize("freedom", [1, 2, 3, 10, 60])
def test_the_limit_of_the_frequency_test_is_no_lower_than_stated(freedom: int) -> None:
    """Against scipy: the approximate quantile is above the true one, by less than a sixth."""
    stats = pytest.importorskip("scipy.stats")
    true = stats.chi2.isf(1e-6, freedom)
    assert true <= _chi_square_quantile(1 - 1e-6, freedom) <= true * 7 / 6
