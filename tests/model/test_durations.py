"""Transitions that take several steps: read, kept, written and written out step by step."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from semi_markov import ACTIONS, random_rows

from qdecay import MDP, FloatMDP, InputError, epsilon_soft
from qdecay.model.rows import ModelRows
from qdecay.model.unrolling import Waiting

NAP = [(0, 0, 1, 1, 0, False, 3), (1, 0, 0, 1, 7, False), (1, 1, 0, 1, 1, True, 9)]


def nap(rows: Any = NAP, **options: Any) -> MDP:
    """A model in which one transition takes three steps."""
    return MDP.from_rows(rows, n_states=2, n_actions=2, start=0, **options)


@pytest.mark.parametrize(
    ("duration", "error", "message"),
    [
        (0, ValueError, "duration must be >= 1, got 0"),
        (-3, ValueError, "duration must be >= 1, got -3"),
        (2.5, TypeError, "duration must be an integer, got 2.5"),
        (True, TypeError, "duration must be an integer, got True"),
        ("3", TypeError, "duration must be an integer, got '3'"),
        (None, TypeError, "duration must be an integer, got None"),
        (10**6 + 1, ValueError, "at most 1,000,000 steps, each of which is a state to solvers"),
        (10**400, ValueError, "at most 1,000,000 steps"),
    ],
)
@pytest.mark.parametrize("kind", ["exact", "floats", "terminated", "never"])
def test_a_duration_is_a_whole_number_of_steps(
    kind: str, duration: Any, error: type[Exception], message: str
) -> None:
    """One line says where and which, also where it does not matter."""
    row = (1, 0, 0, 0 if kind == "never" else 1, 7, kind == "terminated", duration)
    rows = [NAP[0], row, (1, 0, 0, 1, 7, False)] if kind == "never" else [NAP[0], row]
    expected = pytest.raises(error, match=f"transition 1 \\(state 1, action 0\\): .*{message}")
    with expected as caught:
        if kind == "floats":
            FloatMDP.of(ModelRows(rows, 2, 2))
        else:
            nap(rows)
    assert "\n" not in str(caught.value)


def test_rows_have_six_entries_unless_some_take_longer() -> None:
    """And where one does, all have seven."""
    assert [len(row) for row in nap().rows()] == [7, 7, 7]
    assert [len(row) for row in nap([row[:6] for row in NAP]).rows()] == [6, 6, 6]
    once = nap([(*row[:6], 1) for row in NAP])
    assert once == nap([row[:6] for row in NAP])
    assert {len(row) for row in once.to_json()["transitions"]} == {6}
    assert not once.is_semi_markov
    assert once.unrolled() is once


def test_a_duration_is_part_of_a_model() -> None:
    """It is compared, kept apart in merging, and 1 where nothing follows."""
    assert nap().duration.tolist() == [3, 1, 1]
    assert nap() != nap([(0, 0, 1, 1, 0, False, 2), *NAP[1:]])
    half = Fraction(1, 2)
    both = nap([(0, 0, 1, half, 0, False, 3), (0, 0, 1, half, 0, False, 2), *NAP[1:]])
    assert both.duration.tolist() == [2, 3, 1, 1]
    one = nap([(0, 0, 1, half, 0, False, 3), (0, 0, 1, half, 0, False, 3), *NAP[1:]])
    assert one == nap()
    ended = nap([*NAP[:2], (1, 1, 0, half, 1, True, 9), (1, 1, 0, half, 1, True, 2)])
    assert ended == nap()


def test_it_survives_files_copies_and_changes_of_form(tmp_path: Path) -> None:
    """JSON, pickles, floats, exploration."""
    path = tmp_path / "nap.json"
    nap().save(path)
    assert MDP.load(path) == nap() == pickle.loads(pickle.dumps(nap()))
    assert "[0, 0, 1, 1, 0, false, 3]" in path.read_text()
    floats = FloatMDP.load(path)
    assert floats == FloatMDP.from_mdp(nap())
    assert floats.duration.tolist() == [3, 1, 1]
    assert floats == pickle.loads(pickle.dumps(floats))
    assert floats != FloatMDP.from_mdp(nap([(0, 0, 1, 1, 0, False, 2), *NAP[1:]]))
    soft = epsilon_soft(nap(), "1/2")
    assert soft.duration[soft.state == 0].tolist() == [3]
    with pytest.raises(ValueError, match=r"an \.npz file cannot say"):
        floats.save(tmp_path / "nap.npz")


def test_a_file_with_a_wrong_duration_is_refused_in_one_line(tmp_path: Path) -> None:
    """With its path."""
    path = tmp_path / "nap.json"
    nap().save(path)
    path.write_text(path.read_text().replace("false, 3]", "false, 2.5]"))
    for kind in (MDP, FloatMDP):
        with pytest.raises(InputError, match=r"nap\.json: transition 0 .* duration must be an int"):
            kind.load(path)
    path.write_text(path.read_text().replace("2.5]", "3, 1]"))
    with pytest.raises(InputError, match="must have 6 entries .* or 7 with its duration, got 8"):
        MDP.load(path)


@pytest.mark.parametrize("seed", range(10))
def test_written_out_a_model_waits_in_states_that_transitions_share(seed: int) -> None:
    """One per target and remaining steps, of one action that pays nothing."""
    rows = random_rows(seed)
    mdp = MDP.from_rows(rows, n_states=3, n_actions=ACTIONS, start=0)
    made = mdp.unrolled()
    needed = {(t, k) for _, _, t, p, _, ends, d in rows if p and not ends for k in range(1, d)}
    assert made.n_states == 3 + len(needed)
    assert not made.is_semi_markov
    assert (made.start, made.n_actions) == (0, ACTIONS)
    waits = made.state >= 3
    assert made.action[waits].tolist() == [0] * len(needed)
    assert not made.reward[waits].any()
    going = dict(zip(made.state.tolist(), made.next_state.tolist(), strict=True))
    arrivals = set()
    for at in range(3, made.n_states):
        steps = 1
        to = going[at]
        while to >= 3:
            steps, to = steps + 1, going[to]
        arrivals.add((to, steps))
    assert arrivals == needed


@pytest.mark.parametrize("seed", range(10))
def test_floats_are_written_out_alike(seed: int) -> None:
    """Probabilities, rewards and ends."""
    mdp = MDP.from_rows(random_rows(seed), n_states=3, n_actions=ACTIONS, start=0)
    one, two = FloatMDP.from_mdp(mdp).unrolled(), FloatMDP.from_mdp(mdp.unrolled())
    assert (one.p != two.p).nnz == 0
    np.testing.assert_array_equal(one.r, two.r)
    assert (one.n_states, one.available.tolist()) == (two.n_states, two.available.tolist())
    np.testing.assert_array_equal(one.ends, two.ends)
    assert (FloatMDP.from_mdp(mdp).p != mdp.p).nnz == 0


def test_waiting_is_worth_what_is_waited_for_later() -> None:
    """gamma^k of it: where planning begins from given values."""
    waiting = Waiting.of(nap())
    assert waiting.remaining.tolist() == [1, 2]
    assert waiting.values(np.array([5.0, 8.0]), 0.5).tolist() == [5, 8, 4, 2]


def test_waiting_states_are_named_unless_that_is_a_name() -> None:
    """After what they wait for."""
    made = nap(state_names=["here", "there"]).unrolled()
    assert made.state_names == ("here", "there", "there in 1", "there in 2")
    assert nap(state_names=["here", "here in 1"]).unrolled().state_names is not None
    assert nap(state_names=["there in 1", "there"]).unrolled().state_names is None


def test_too_long_durations_are_refused_where_they_are_written_out() -> None:
    """Reading takes them: learners do not need the states."""
    rows = [(s, 0, (s + 1) % 60, 1, 1, False, 10**6) for s in range(60)]
    long = MDP.from_rows(rows, n_states=60, n_actions=1)
    with pytest.raises(ValueError, match="durations are too long to be written out step by step"):
        long.unrolled()


def test_columns_may_have_durations() -> None:
    """As the seventh, by name."""
    columns = {"state": [0, 1], "action": [0, 0], "next_state": [1, 0], "reward": [0, 7]}
    sizes = {"n_states": 2, "n_actions": 1, "probability": [1, 1]}
    made = FloatMDP.from_columns(**columns, **sizes, duration=[3, 1])
    assert made.duration.tolist() == [3, 1]
    assert not FloatMDP.from_columns(**columns, **sizes, duration=[1, 1]).is_semi_markov
    for wrong, error in (([3, 0], ValueError), ([3, 2.5], TypeError), ([3], ValueError)):
        with pytest.raises(error, match="duration"):
            FloatMDP.from_columns(**columns, **sizes, duration=wrong)
