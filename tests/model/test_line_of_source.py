"""NAME=LOW..HIGH of a source is the line that it says, or one line that says how to mend it."""

from fractions import Fraction

import pytest
from models import TAXI

from qdecay.errors import InputError
from qdecay.model.line_of_source import line_of
from qdecay.model.mdp import MDP
from qdecay.model.source import Source, Typed


def test_an_argument_of_floats_gets_the_nearest_and_the_line_is_exact():
    """At success rate 1/2 the other half goes to both sides alike."""
    line = line_of(Source("FrozenLake-v1"), "success_rate=1/3..1")
    middle = {p for s, a, _, p, *_ in line.at("1/2").rows() if (s, a) == (6, 1)}
    assert middle == {Fraction(1, 2), Fraction(1, 4)}
    assert line.low == MDP.from_env(Source("FrozenLake-v1").env())


def test_an_exact_argument_gets_the_exact_number():
    """A third is no float: the large reward of the chain is it nevertheless."""
    line = line_of(Source("qdecay/NChain-v0"), "large=0..1/3")
    assert set(line.high.exact_reward) == {0, 2, Fraction(1, 3)}


def test_every_step_or_one_reward_of_a_file(tmp_path):
    """Both change rewards alone, of any model."""
    path = tmp_path / "model.json"
    rows = [(0, 0, 0, "1/2", -3, False), (0, 0, 0, "1/2", 1, True)]
    MDP.from_rows(rows, n_states=1, n_actions=1).save(path)
    source = Source(str(path))
    assert set(line_of(source, "step_reward=-1..0").low.exact_reward) == {-4, 0}
    assert set(line_of(source, "reward:-3=-20..0").low.exact_reward) == {-20, 1}


@pytest.mark.parametrize(
    ("text", "over", "said"),
    [
        ("FrozenLake-v1", "success_rate", "--over takes NAME=LOW..HIGH, such as"),
        ("FrozenLake-v1", "=0..1", "--over takes NAME=LOW..HIGH, such as"),
        ("FrozenLake-v1", "success_rate=0..x", "HIGH must be a number like"),
        ("FrozenLake-v1", "success_rate=0..0,5", "'0,5': a decimal has a point, not a comma"),
        ("FrozenLake-v1", "success_rate=0...5", "--over takes NAME=LOW..HIGH, such as"),
        ("FrozenLake-v1", "success_rate=1..0", "low must be less than high"),
        (
            "FrozenLake-v1",
            "success_rate=1..2",
            "success_rate = 2: P[0][0][0]: probability must be in [0, 1]",
        ),
        (
            "FrozenLake-v1",
            "success_rate=0..1.1",
            "success_rate = 11/10: P[0][0][0]: probability must be in [0, 1], got -0.0500",
        ),
        (
            "FrozenLake-v1",
            "sucess_rate=0..1",
            "--over sucess_rate=0..1: has no argument sucess_rate; did you mean success_rate?",
        ),
        ("FrozenLake-v1", "reward=0..1", "step_reward, reward:VALUE"),
        (
            "FrozenLake-v1",
            "is_slippery=0..1",
            "is_slippery takes true or false, not numbers",
        ),
        ("FrozenLake-v1", "desc=0..1", "desc takes a list"),
        ("qdecay/NChain-v0", "n=4..8", "both ends must have the same n_states, got 4 and 8"),
        ("qdecay/NChain-v0", "n=4..4.5", "n takes a whole number, got 9/2"),
        ("qdecay/NChain-v0", "slip=0..2", "cannot be made with slip=2"),
        (TAXI, "reward:-11=0..1", "no transition has the reward -11"),
        (TAXI, "reward:x=0..1", "reward:x must be a number like"),
        ("no-such-env", "slip=0..1", "neither a file nor a registered Gymnasium id"),
    ],
)
def test_a_mistake_is_one_line(text, over, said):
    """It names the source or the option, and what is wrong."""
    with pytest.raises(InputError) as caught:
        line_of(Source(text), over)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message


def test_an_argument_that_is_given_or_of_a_file_is_refused(tmp_path):
    """One value cannot be a point and a line, and files have no arguments."""
    with pytest.raises(InputError, match="omit -k slip, which fixes it"):
        line_of(Source("qdecay/NChain-v0", {"slip": Typed.read("0.1")}), "slip=0..1")
    path = tmp_path / "model.json"
    MDP.from_rows([(0, 0, 0, 1, 1, True)], n_states=1, n_actions=1).save(path)
    with pytest.raises(InputError, match="a file of a model has no arguments"):
        line_of(Source(str(path)), "slip=0..1")
