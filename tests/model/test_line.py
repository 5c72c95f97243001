"""Model lines: what lies on them, what does not, and what each refusal says."""

from __future__ import annotations

import functools
import json
import pickle
from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from brute_force import Policies
from model_lines import aima, random_line
from models import TAXI

from qdecay import MDP, ModelLine
from qdecay.model.line import Parameter

HALF = Fraction(1, 2)


def job(wage: Fraction) -> MDP:
    """1 for ending, or a wage."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 0, 1, wage, True)]
    return MDP.from_rows(rows, n_states=1, n_actions=2)


def slip(p: Fraction, reward: Fraction = Fraction(1)) -> MDP:
    """Ends with p and a reward; else it stays."""
    rows: list[Any] = [(0, 0, 0, p, reward, True), (0, 0, 0, 1 - p, 0, False)]
    return MDP.from_rows(rows, n_states=1, n_actions=1)


def pairs_of(mdp: MDP) -> Any:
    """Expected rewards and chances to go on, of all pairs."""
    return Policies(mdp).pairs


# -- what lies on it


def test_the_models_between_are_mixtures() -> None:
    """(1 - x) low + x high in every chance and expected reward, by another program."""
    for seed in range(60):
        line, _ = random_line(seed)
        assert (line.at(0), line.at(1)) == (line.low, line.high)
        for x in (Fraction(1, 7), HALF, Fraction(99, 100)):
            assert pairs_of(line.at(x)) == Policies.on_line(line.low, line.high, x).pairs


def test_a_line_of_a_function_passes_through_its_models() -> None:
    line = ModelLine.of(aima, low="-2", high=0)
    assert line.parameter == Parameter("living", Fraction(-2), Fraction(0))
    for living in (-2, Fraction(-32, 1445), "-1e-3", 0):
        assert line.at(living) == aima(Fraction(living))


def test_names_and_start_are_kept() -> None:
    low, high = (
        MDP.from_rows(
            [(0, 0, 1, 1, reward, False), (1, 0, 1, 1, 0, True)],
            n_states=2, n_actions=1, start=0, state_names=["home", "away"], action_names=["go"],
        )
        for reward in (0, 1)
    )  # fmt: skip
    between = ModelLine(low, high).at(HALF)
    assert (between.start, between.state_names) == (0, ("home", "away"))
    assert between.action_names == ("go",)


def test_names_of_one_end_are_enough() -> None:
    named = MDP.from_rows(job(HALF).rows().rows, n_states=1, n_actions=2, action_names=["a", "b"])
    assert ModelLine(named, job(HALF)).at(HALF).action_names == ("a", "b")
    ModelLine(job(HALF), named)


def test_ends_may_be_anything_that_is_a_model(tmp_path) -> None:
    for name, reward in (("low", 0), ("high", 3)):
        job(Fraction(reward)).save(tmp_path / f"{name}.json")
    line = ModelLine(str(tmp_path / "low.json"), tmp_path / "high.json")
    assert line.at(HALF) == job(Fraction(3, 2))
    assert ModelLine("FrozenLake-v1", gym.make("FrozenLake-v1")).low.n_states == 16


def test_step_reward_is_added_to_every_step() -> None:
    lake = MDP.from_env(gym.make("FrozenLake-v1"))
    line = ModelLine.of_step_reward("FrozenLake-v1", low=-1, high=1)
    for added in (Fraction(-1), Fraction(1, 3), Fraction(0)):
        expected = [(s, a, t, p, r + added, end) for s, a, t, p, r, end in lake.rows()]
        model = MDP.from_rows(expected, n_states=16, n_actions=4)
        assert pairs_of(line.at(added)) == pairs_of(model)
    assert line.parameter.name == "step_reward"


def test_rewards_of_one_value_become_the_parameter() -> None:
    """Taxi's -10 for picking up or dropping where it is not allowed."""
    taxi = MDP.from_env(gym.make(TAXI))
    line = ModelLine.of_reward(taxi, -10, low=-20, high=0)
    assert line.at(-10) == taxi
    for value in (-20, Fraction(-1, 2)):
        expected = [value if r == -10 else r for r in taxi.exact_reward]
        assert list(line.at(value).exact_reward) == expected
    assert line.parameter.name == "reward:-10"


def test_a_reward_of_binary_floats_is_the_nearest_one() -> None:
    """0.1 of arrays that are taken as they are is no tenth, and called so all the same."""
    rows = np.ones((1, 1, 1)), np.array([[0.1]])
    line = ModelLine.of_reward(MDP.from_arrays(*rows, numbers="binary"), "0.1", low=0, high=1)
    assert (line.low.exact_reward, line.high.exact_reward) == ((0,), (1,))
    assert line.parameter.name == "reward:1/10"
    with pytest.raises(ValueError, match="no transition has the reward"):  # beyond floats
        ModelLine.of_reward(line.low, 10**400, low=0, high=1)


def test_a_line_is_a_value() -> None:
    one, two = (ModelLine.of(job, low=0, high=3) for _ in range(2))
    assert one == two == pickle.loads(pickle.dumps(one))
    assert hash(one) == hash(two)
    assert one != ModelLine.of(job, low=0, high=2)
    assert json.loads(json.dumps(one.parameter.to_json())) == {
        "name": "wage", "low": "0", "high": "3",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("builder", "name"),
    [
        (job, "wage"),
        (functools.partial(slip, reward=HALF), "p"),
        (lambda *several: job(several[0]), "several"),
        (functools.partial(job), "wage"),
    ],
)
def test_the_number_is_named_like_the_argument(builder: Any, name: str) -> None:
    assert ModelLine.of(builder, low=0, high=1).parameter.name == name
    assert ModelLine.of(builder, low=0, high=1, name="y").parameter.name == "y"


def test_a_line_shows_itself_in_one_line() -> None:
    assert (
        repr(ModelLine.of(job, low=0, high=3)) == "ModelLine(wage from 0 to 3: 1 state, 2 actions)"
    )
    odd = ModelLine.of(job, low=0, high=3, name="a\nb\x1b[2J")
    assert repr(odd) == r"ModelLine(a b\x1b[2J from 0 to 3: 1 state, 2 actions)"


# -- what does not


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (
            lambda x: job(x * x),
            "not affine in x: state 0, action 1: at x = 3/8 the expected reward is 9/64, and on "
            "the straight line between both ends 3/8",
        ),
        (
            lambda x: slip((1 + x * x) / 4),
            "state 0, action 0, to 0: at x = 3/8 the probability of going on is",
        ),
        # Chance and reward are affine, what they earn is not.
        (lambda x: slip(x, x), "state 0, action 0: at x = 3/8 the expected reward is 9/64"),
        (
            lambda x: MDP.from_rows(
                [(0, 0, 0, 1, 1, False, 1 + int(8 * x))], n_states=1, n_actions=1
            ),
            "state 0, action 0, to 0 in 1 step: at x = 3/8 the probability of going on is 0",
        ),
    ],
)
def test_the_entry_that_bends_is_named(builder: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelLine.of(builder, low=0, high=1)


def test_names_of_states_and_actions_are_in_the_message() -> None:
    def bent(x: Fraction) -> MDP:
        rows = [(0, 0, 0, 1, x * x, True)]
        return MDP.from_rows(rows, n_states=1, n_actions=1, state_names=["s"], action_names=["a"])

    with pytest.raises(ValueError, match="state s, action a: at x = 3/8"):
        ModelLine.of(bent, low=0, high=1)


def test_a_model_of_another_shape_on_the_way_is_refused() -> None:
    def grows(x: Fraction) -> MDP:
        return MDP.from_rows([], n_states=2 if x in (0, 1) else 3, n_actions=1)

    with pytest.raises(ValueError, match="n_states, got 2 and 3"):
        ModelLine.of(grows, low=0, high=1)


def two(**more: Any) -> MDP:
    rows = more.pop("rows", [(0, 0, 0, 1, 1, True), (0, 1, 0, 1, 2, True)])
    return MDP.from_rows(rows, **{"n_states": 1, "n_actions": 2, **more})


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (two(n_states=2), "both ends must have the same n_states, got 1 and 2"),
        (two(n_actions=3), "both ends must have the same n_actions, got 2 and 3"),
        (two(start=0), "both ends must have the same start, got None and 0"),
        (two(rows=[(0, 0, 0, 1, 1, True)]),
         "state 0, action 1: available at the low end and not at the high end"),
        (two(action_names=["a", "c"]), "action_names: 1 is 'b' at the low end and 'c'"),
        (two(state_names=["there"]), "state_names: 0 is 'here' at the low end and 'there'"),
    ],
)  # fmt: skip
def test_ends_of_other_shapes_are_refused(other: MDP, message: str) -> None:
    low = two(
        action_names=["a", "b"] if other.action_names else None,
        state_names=["here"] if other.state_names else None,
    )
    with pytest.raises(ValueError, match=message):
        ModelLine(low, other)


def fails(x: Fraction) -> Any:
    return json.loads("{")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ModelLine(job(HALF), 7), TypeError, "high: problem must be an MDP"),
        (lambda: ModelLine("no.json", job(HALF)), ValueError, "low: no.json: cannot be read"),
        (lambda: ModelLine(job(HALF), job(HALF), "x"), TypeError, "parameter must be a Parameter"),
        (lambda: ModelLine.of(5, low=0, high=1), TypeError, "builder must be a function"),
        (lambda: ModelLine.of(job, low=0.5, high=1), TypeError, "low must be exact, got the float"),
        (lambda: ModelLine.of(job, low=0, high=None), TypeError, "high must be an int, a Fraction"),
        (lambda: ModelLine.of(job, low="one", high=2), ValueError, "low must be a number like"),
        (lambda: ModelLine.of(job, low=3, high=3), ValueError,
         "low must be less than high, got wage from 3 to 3"),
        (lambda: ModelLine.of(job, low=0, high=1, name=3), TypeError, "name must be a text, got 3"),
        (lambda: ModelLine.of(lambda x: 7, low=0, high=1), TypeError, "x = 0: problem must be"),
        (lambda: ModelLine.of(lambda: job(HALF), low=0, high=1), TypeError, "x = 0: .*argument"),
        (lambda: ModelLine.of(fails, low=0, high=1), ValueError, "x = 0: Expecting"),
        (lambda: ModelLine.of(lambda x: {}["wage"], low=0, high=1), ValueError,
         "x = 0: KeyError: 'wage'"),
        (lambda: ModelLine.of(slip, low=0, high=2), ValueError,
         r"p = 2: .*probability must be in \[0, 1\], got 2"),
        (lambda: ModelLine.of(slip, low=-1, high=1), ValueError, "p = -1: .*got -1"),
        (lambda: ModelLine.of_reward(job(HALF), 2, low=0, high=1), ValueError,
         "no transition has the reward 2: there are 1/2, 1"),
        (lambda: ModelLine.of_reward(job(HALF), 1.0, low=0, high=1), TypeError, "value must be"),
        (lambda: ModelLine.of_step_reward(7, low=0, high=1), TypeError, "problem must be an MDP"),
        (lambda: ModelLine.of_step_reward(job(HALF), low=1, high=0), ValueError, "less than high"),
        (lambda: Parameter("x", 0.5, 1), TypeError, "low must be exact"),
    ],
)  # fmt: skip
def test_what_makes_no_line_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as refusal:
        make()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (4, ValueError, r"wage must be in \[0, 3\], got 4"),
        ("-1/9", ValueError, r"wage must be in \[0, 3\], got -1/9"),
        (0.5, TypeError, "wage must be exact, got the float 0.5"),
        ("half", ValueError, "wage must be a number like"),
        (None, TypeError, "wage must be an int, a Fraction or text"),
    ],
)
def test_values_outside_the_line_are_refused(value: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        ModelLine.of(job, low=0, high=3).at(value)


def test_rewards_of_one_transition_stay_apart() -> None:
    """A coin that pays 0 or 2 at the low end and 4 or 8 at the high one is a coin between them.

    Where the ends have other numbers of rewards, the expected one is left.
    """

    def coin(*rewards: int) -> MDP:
        rows: list[Any] = [(0, 0, 0, Fraction(1, len(rewards)), r, True) for r in rewards]
        return MDP.from_rows(rows, n_states=1, n_actions=1, start=0)

    line = ModelLine(coin(0, 2), coin(4, 8))
    assert line.at("1/4") == MDP.from_rows(
        [(0, 0, 0, "1/2", 1, True), (0, 0, 0, "1/2", "7/2", True)],
        n_states=1, n_actions=1, start=0,
    )  # fmt: skip
    assert ModelLine(coin(0, 2), coin(4)).at("1/2") == MDP.from_rows(
        [(0, 0, 0, 1, "5/2", True)], n_states=1, n_actions=1, start=0
    )
