"""The list of the suite, and the two commands that belong to it."""

import json
from typing import Any

import gymnasium as gym
import pytest
from models import TAXI
from typer.testing import CliRunner

from qdecay import MDP
from qdecay.cli.app import app
from qdecay.exact.at_gamma import is_breakpoint
from qdecay.exact.regions import policy_regions
from qdecay.reporting.catalogue import catalogue
from qdecay_envs import LAYOUTS

RUN = CliRunner()
AT_START = {
    "qdecay/StayOrMove-v0": ["1/2"],
    "qdecay/LeftOrRight-v0": ["1/3"],
    "qdecay/ShortDelay-v0": ["6^(-1/3)"],
    "qdecay/LongDelay-v0": ["110^(-1/99)"],
    "qdecay/NChain-v0": ["(125/256)^(1/4)"],
    "qdecay/DiscountingChain-v0": ["(10/11)^(1/9)"],
    "qdecay/DelayMenu-v0": ["1/2", "2/3"],
    "qdecay/TwoStreams-v0": ["1/3", "1/2"],
}


@pytest.fixture(scope="module")
def listed() -> dict[str, Any]:
    """Return the members by id."""
    return {member.env_id: member for member in catalogue()}


def test_every_registered_id_is_listed_with_its_law(listed: dict[str, Any]) -> None:
    """No id of the namespace is missing, and each has a law and the size of its model."""
    assert set(listed) == {name for name in gym.registry if name.startswith("qdecay/")}
    for name, member in listed.items():
        assert member.law
        assert member.summary.endswith(".")
        if name not in ("qdecay/Chain-v0", "qdecay/GridWorld-v0"):  # which require arguments
            mdp = MDP.from_env(gym.make(name))
            assert (member.n_states, member.n_actions) == (mdp.n_states, mdp.n_actions)


def test_closed_forms_are_the_known_ones(listed: dict[str, Any]) -> None:
    """The break-even gammas of the start, where they have a closed form."""
    for name, forms in AT_START.items():
        assert [gamma.closed_form() for gamma in listed[name].break_evens] == forms
    assert {name: listed[name].law for name in LAYOUTS} == {
        "qdecay/StayOrMove-v0": "1 = 4 g^2",
        "qdecay/LeftOrRight-v0": "g = 3 g^2",
        "qdecay/ShortDelay-v0": "1 = 6 g^3",
        "qdecay/LongDelay-v0": "1 = 110 g^99",
    }


def test_each_listed_gamma_is_a_breakpoint_by_itself(listed: dict[str, Any]) -> None:
    """Asked at that one point, without the walk, the exact solver says the same."""
    for name in ("qdecay/NChain-v0", "qdecay/CombinationLock-v0", "qdecay/RiverSwim-v0"):
        mdp = MDP.from_env(gym.make(name))
        for gamma in listed[name].breakpoints:
            assert is_breakpoint(mdp, gamma)


def test_the_command_prints_a_table_and_a_document(listed: dict[str, Any]) -> None:
    """`qdecay envs` names every id; with --json it prints the same members as one document."""
    table = RUN.invoke(app, ["envs"]).output
    assert all(name in table for name in listed)
    document = json.loads(RUN.invoke(app, ["envs", "--json"]).output)
    assert document["schema"] == "qdecay.environments/1"
    for entry, member in zip(document["environments"], listed.values(), strict=True):
        decimals = [gamma.decimal() for gamma in member.breakpoints]
        assert entry["id"] == member.env_id
        assert entry["law"] == member.law
        assert [gamma["decimal"] for gamma in entry["breakpoints"]] == decimals


def test_learning_times_from_the_shell(tmp_path: Any) -> None:
    """`qdecay learn-curve` prints rows, JSON and a plot."""
    short = ["learn-curve", "--delay", "1,2", "--seeds", "2", "--steps", "60"]
    assert "epsilon-greedy" in RUN.invoke(app, short).output
    document = json.loads(RUN.invoke(app, [*short, "--gamma", "1/2,0.9", "--json"]).output)
    assert document["schema"] == "qdecay.learning-times/1"
    assert [(row["gamma"], row["delay"]) for row in document["rows"]][::4] == [
        ("1/2", 1),
        ("1/2", 2),
        ("9/10", 1),
        ("9/10", 2),
    ]
    pytest.importorskip("matplotlib")
    path = tmp_path / "times.svg"
    assert RUN.invoke(app, [*short, "--plot", str(path)]).exit_code == 0
    assert path.read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_learning_times_of_a_model_from_the_shell() -> None:
    """The table says where the choice changes and how large the gap is; JSON has both exactly."""
    few = ["--seeds", "2", "--steps", "60", "--gamma", "1/4,3/4"]
    shown = RUN.invoke(app, ["learn-curve", "qdecay/StayOrMove-v0", *few]).output
    assert "StayOrMove-v0, state 0: the best choice changes at 0.5" in shown
    assert "3/4 1.2500 move" in " ".join(shown.split())
    document = json.loads(
        RUN.invoke(app, ["learn-curve", "FrozenLake-v1", "--state", "14", *few, "--json"]).output
    )
    row = document["rows"][0]
    assert {name: row[name] for name in ("source", "state", "game", "delay", "random_walk")} == {
        "source": "FrozenLake-v1", "state": 14, "game": None, "delay": None, "random_walk": None
    }  # fmt: skip
    regions = policy_regions("FrozenLake-v1")
    assert row["gap"] == str(regions.action_gap(14)("1/4"))
    assert row["step_size"] == "harmonic:1.33333"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--delay", "1,2,1"], "a number is given twice"),
        (["--gamma", "1/2,0.5"], "a number is given twice"),
        (["--delay", "1;2"], "--delay takes whole numbers such as 1,2,4, got '1;2'"),
        (["--delay", "0"], "each of delays must be from 1 to 1,000, got 0"),
        (["--gamma", "1"], "--gamma must be in (0, 1), got '1'"),
        (["--game", "twice"], "game must be one of forever, once, got 'twice'"),
        (["--reward", "much"], "reward must be a number"),
        (["--reward", "6", "--advantage", "2"], "give advantage or reward, not both"),
        (["--state", "0"], "--state requires SOURCE"),
        (["-k", "slip=1/10"], "-k requires SOURCE"),
        (["--step-size", "0"], "--step-size: alpha must be in (0, 1], got '0'"),
        (["--step-size", "harmonic:1/2"], "--step-size: horizon must be >= 1, got '1/2'"),
        (["--step-size", "linear:3"], "--step-size: alpha must be a number"),
        (["FrozenLake-v1", "--delay", "3"], "--delay belongs to the games of homework D"),
        (["FrozenLake-v1", "--game", "once"], "--game belongs to the games of homework D"),
        (["FrozenLake-v1", "--state", "top"], "--state must be a number from 0 to 15, got 'top'"),
        (["FrozenLake-v1", "--gamma", "1"], "--gamma must be in (0, 1), got '1'"),
        ([TAXI], f"{TAXI}: the model has no start state: give --state"),
        (["CartPole-v1"], "CartPole-v1: CartPoleEnv has no table"),
    ],
)
def test_wrong_options_are_input_errors(arguments: list[str], words: str) -> None:
    """The message names the option's value, and is one line."""
    result = RUN.invoke(app, ["learn-curve", *arguments])
    assert words in str(result.exception)
    assert type(result.exception).__name__ == "InputError"
    assert len(str(result.exception).splitlines()) == 1
