"""Models of floats: the same answers as exact ones, no exact numbers, and what they refuse."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from models import mdps
from scipy import sparse

from qdecay import MDP, FiniteMDP, InputError, blackwell, break_even, policy_regions
from qdecay.model.float_mdp import FloatMDP
from qdecay.planning import optimal_values


@settings(deadline=None, derandomize=True, max_examples=40)
@given(mdp=mdps())
def test_columns_give_the_same_model(mdp: MDP) -> None:
    """From shuffled transitions, and again from its own, a model has the exact model's values."""
    order = np.random.default_rng(0).permutation(len(mdp.state))
    names = ("state", "action", "next_state", "probability", "reward", "terminated")
    sizes = {"n_states": mdp.n_states, "n_actions": mdp.n_actions}
    first = FloatMDP.from_columns(**{n: getattr(mdp, n)[order] for n in names}, **sizes)
    again = FloatMDP.from_columns(**{n: getattr(first, n) for n in names}, **sizes)
    expected = optimal_values(mdp, 0.9, tol=1e-9)
    for model in (first, again):
        assert isinstance(model, FiniteMDP)
        assert (model.available == mdp.available).all()
        assert (model.ends == mdp.ends).all()
        found = optimal_values(model, 0.9, tol=1e-9)
        assert np.abs(found.v - expected.v).max() <= found.error + expected.error


def test_transitions_are_sorted_and_complete() -> None:
    """A float model's rows are those it was made of: one per way on, and one for the end."""
    p = sparse.csr_matrix([[0.25, 0.5], [0, 0], [0, 1], [1, 0]])
    mdp = FloatMDP.from_sparse(p, [[1, np.nan], [2, 3]], ends=[[0.25, 0], [0, 0]], start=1)
    assert mdp.state.tolist() == [0, 0, 0, 1, 1]
    assert mdp.action.tolist() == [0, 0, 0, 0, 1]
    assert mdp.next_state.tolist() == [0, 1, 0, 1, 0]
    assert mdp.terminated.tolist() == [False, False, True, False, False]
    assert mdp.probability.tolist() == [0.25, 0.5, 0.25, 1, 1]
    assert mdp.reward.tolist() == [1, 1, 1, 2, 3]
    assert mdp.available.tolist() == [[True, False], [True, True]]
    assert mdp.start == 1
    assert repr(mdp) == "FloatMDP(2 states, 2 actions, 5 transitions, start 1)"
    assert mdp.p is p


def test_tables_are_read_as_they_are() -> None:
    """`FloatMDP.from_env` has the model of `MDP.from_env`: 1/3 is within an ulp, names stay."""
    for env_id in ("FrozenLake-v1", "qdecay/StayOrMove-v0", "CliffWalkingSlippery-v1"):
        env = gym.make(env_id)
        exact, floats = MDP.from_env(env), FloatMDP.from_env(env)
        assert type(floats) is FloatMDP
        assert abs(floats.p - exact.p).max() <= 2**-53
        assert np.allclose(floats.r, exact.r, rtol=1e-15, atol=0, equal_nan=True)
        assert (floats.ends == exact.ends).all()
        assert floats.start == exact.start
        assert floats.state_names == exact.state_names
        assert floats.action_names == exact.action_names


@pytest.mark.parametrize("form", ["s", "sa", "ast", "sparse"])
def test_arrays_are_read_as_they_are(form: str, tmp_path) -> None:
    """`FloatMDP.from_arrays` and `load` have the model of `MDP.from_arrays`, R of any shape."""
    random = np.random.default_rng(3)
    p = random.multinomial(8, np.full(5, 0.2), size=(3, 5)) / 8
    r = random.integers(-4, 4, size={"s": (5,), "sa": (5, 3)}.get(form, (3, 5, 5))) / 2
    as_given = (list(map(sparse.csr_matrix, p)), list(map(sparse.csr_matrix, r)))
    arrays = as_given if form == "sparse" else (p, r)
    exact, floats = MDP.from_arrays(*arrays, start=2), FloatMDP.from_arrays(*arrays, start=2)
    np.savez(tmp_path / "model.npz", P=p, R=r)
    for model in (floats, FloatMDP.load(tmp_path / "model.npz")):
        assert (model.p != exact.p).nnz == 0
        assert (model.r == exact.r).all()
    assert floats.start == 2


@settings(deadline=None, derandomize=True, max_examples=25)
@given(mdp=mdps(ends=True))
def test_a_file_of_floats_comes_back(tmp_path_factory, mdp: MDP) -> None:
    """What `save` writes, `load` reads, bit for bit; exactly read, thirds are thirds again."""
    path = tmp_path_factory.mktemp("float") / "model.npz"
    rows = ("state", "action", "next_state", "probability", "reward", "terminated")
    sizes = {"n_states": mdp.n_states, "n_actions": mdp.n_actions, "start": mdp.start}
    floats = FloatMDP.from_columns(**{name: getattr(mdp, name) for name in rows}, **sizes)
    floats.save(path)
    again = FloatMDP.load(path)
    assert (again.p != floats.p).nnz == 0
    assert np.array_equal(again.r, floats.r, equal_nan=True)
    assert (again.ends == floats.ends).all()
    assert again.start == floats.start
    assert [p.name for p in path.parent.iterdir()] == ["model.npz"]
    exact = MDP.load(path)
    assert dict(exact.exact_r) == dict(mdp.exact_r)
    assert (exact.p != mdp.p).nnz == 0


BAD_FILES = [
    ({"R": np.zeros((2, 1))}, "the array P is missing"),
    ({"P_data": np.ones(2), "R": np.zeros((2, 1))}, "the array P_indices is missing"),
    ({"P_indices": np.array([0, 2])}, r"P_indices must be in 0\.\.1, got 0 to 2"),
    ({"P_indptr": np.array([0, 3, 2])}, "P_indptr must never decrease"),
    ({"P_data": np.array([1.0, 0.5])}, r"state 1, action 0: probabilities sum to (0\.5|1/2)"),
    ({"R": np.zeros(2)}, r"R must have shape \(S, A\)"),
    ({"R": np.array([["a"], ["b"]])}, "R must hold real numbers"),
    ({"start": np.array(2)}, r"start must be from 0 to 1"),
    ({"start": np.array([0, 1])}, "start must be one whole number, got an array of shape"),
    ({"start": np.array(1.0)}, r"start must be a whole number, without a decimal point, got 1\.0"),
    ({"P_indices": np.array([-1, 0])}, r"P_indices must be in 0\.\.1, got -1 to 0"),
    ({"P_indices": np.array([0.5, 0])}, "P_indices must hold whole numbers"),
    ({"P_indices": np.array([0])}, "P_indices must have as many numbers as P_data, 2, got 1"),
    ({"P_indptr": np.array([0, 1])}, r"P_indptr must have S \* A \+ 1 = 3 numbers"),
    ({"P_indptr": np.array([0, 1, 1])}, "P_indptr must go from 0 to the length of P_data, 2"),
    ({"P_data": np.ones((2, 1))}, "P_data must have one dimension"),
    ({"end": np.zeros((2, 1))}, "unknown array end; did you mean ends. known: P, P_data"),
    ({"Start": np.array(0)}, "unknown array Start; did you mean start"),
    ({"gamma": np.array(0.9)}, "unknown array gamma; known: P, P_data, P_indices"),
    ({"P": np.ones((1, 2, 2)) / 2}, "the arrays P and P_data cannot be combined: leave one"),
    ({"ends": np.zeros((1, 2))}, "ends must have the shape of R"),
]


@pytest.mark.parametrize(("change", "message"), BAD_FILES)
def test_bad_files_of_floats_are_refused(change: dict, message: str, tmp_path) -> None:
    """One line says what is wrong, and in which file; the exact reader refuses each too."""
    path = tmp_path / "bad.npz"
    good = {"P_data": np.ones(2), "P_indices": np.array([1, 0]), "P_indptr": np.array([0, 1, 2])}
    whole = {**good, "R": np.zeros((2, 1)), **change}
    np.savez(path, **(change if "is missing" in message else whole))
    with pytest.raises(InputError, match=message) as error:
        FloatMDP.load(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match=".") as exact:
        MDP.load(path)
    assert "sum" in message or re.search(message, str(exact.value))


def test_a_dense_file_names_its_start_and_no_endings(tmp_path) -> None:
    """`start` is taken, `ends` refused with what to do instead, in both ways of reading."""
    path = tmp_path / "dense.npz"
    dense = {"P": [[[1.0, 0], [0, 1]], [[0, 1], [0, 1]]], "R": [[1.0, 0], [4, 4]]}
    np.savez(path, **dense, start=1)
    assert [kind.load(path).start for kind in (MDP, FloatMDP)] == [1, 1]
    np.savez(path, **dense, ends=[[0, 0], [1, 1]])
    for kind in (MDP, FloatMDP):
        with pytest.raises(InputError, match="P and ends cannot be combined: give P as P_data"):
            kind.load(path)


def test_float_models_have_no_exact_numbers() -> None:
    """Asking for them is one clear error, also through a file."""
    mdp = FloatMDP.from_env(gym.make("FrozenLake-v1"))
    for name in ("exact_probability", "exact_reward", "exact_r"):
        assert not hasattr(mdp, name)
    for function in (policy_regions, blackwell, break_even):
        with pytest.raises(TypeError, match="holds floats only: .* or use numeric_policy_regi"):
            function(mdp)
    with pytest.raises(
        ValueError, match=r"n\.json: the name must end in \.npz: this model holds flo"
    ):
        mdp.save("never-written.json")


def test_the_callers_arrays_stay_as_they_are() -> None:
    """A matrix that is not sorted is copied before it is sorted."""
    indices = np.array([1, 0, 0, 1], dtype=np.int32)
    p = sparse.csr_matrix((np.full(4, 0.5), indices, np.array([0, 2, 4])), shape=(2, 2))
    FloatMDP.from_sparse(p, [[0], [1]])
    assert indices.tolist() == [1, 0, 0, 1]


HALF = sparse.csr_matrix([[0.5, 0.5], [1, 0]])
BAD = [
    ((HALF, [[1.0], [1e-310]]), {}, "r must be 0 or in the floats' normal range"),
    ((HALF, [[1.0], [np.inf]]), {}, "r must be finite"),
    ((HALF, [1.0, 2.0]), {}, r"r must have shape \(S, A\)"),
    ((HALF, [[1.0, 2.0]]), {}, r"shape \(S \* A, S\) = \(2, 1\)"),
    ((HALF.toarray(), [[1.0], [2.0]]), {}, "sparse matrix"),
    ((HALF * 0.9, [[1.0], [2.0]]), {}, r"state 0, action 0: probabilities sum to 0\.9"),
    ((-HALF, [[1.0], [2.0]]), {}, "p must hold probabilities"),
    ((HALF * np.nan, [[1.0], [2.0]]), {}, "p must hold probabilities"),
    (
        (HALF, [[1.0], [2.0]]),
        {"ends": [[0.1], [0.0]]},
        r"0: probabilities sum to 1\.1",
    ),
    ((HALF, [[1.0], [2.0]]), {"ends": [0.1, 0.0]}, "ends must have the shape of r"),
    ((HALF, [[1.0], [2.0]]), {"start": 2}, r"start must be from 0 to 1"),
]


@pytest.mark.parametrize(("arguments", "options", "message"), BAD)
def test_what_is_no_model_is_refused(arguments, options, message: str) -> None:
    """The message says which number is wrong, and where."""
    with pytest.raises(ValueError, match=message):
        FloatMDP.from_sparse(*arguments, **options)


BAD_COLUMNS = [
    ({"state": [0, 2]}, r"state must be in 0\.\.1, got 0\.\.2"),
    ({"action": [0, -1]}, r"action must be in 0\.\.0"),
    ({"next_state": [0.0, 1.0]}, "next_state must be .2,. whole numbers"),
    ({"state": [0]}, "state must be .2,. whole numbers"),
    ({"terminated": [0, 1]}, "terminated must be .2,. of bool"),
    ({"reward": [0.0, np.nan]}, "reward must be finite, got nan"),
    ({"probability": [1.0, 0.5]}, r"state 1, action 0: probabilities sum to (0\.5|1/2)"),
]


@pytest.mark.parametrize(("change", "message"), BAD_COLUMNS)
def test_bad_columns_are_refused(change: dict, message: str) -> None:
    """So are columns that do not fit."""
    good = dict(
        state=[0, 1], action=[0, 0], next_state=[1, 0], probability=[1.0, 1.0], reward=[1, 2]
    )
    assert FloatMDP.from_columns(**good, n_states=2, n_actions=1).r.tolist() == [[1], [2]]
    with pytest.raises((TypeError, ValueError), match=message):
        FloatMDP.from_columns(**{**good, **change}, n_states=2, n_actions=1)


WITHOUT_A_CACHE = """
from qdecay._support.compiled import compiled
source = compile("def twice(x): return 2 * x", "/proc/no/such/place.py", "exec")
names = {}
exec(source, names)
print(compiled(names["twice"])(21))
"""


def test_kernels_compile_where_nothing_can_be_written() -> None:
    """With no directory for numba's cache, kernels work all the same."""
    nowhere = {"HOME": "/proc/no", "XDG_CACHE_HOME": "/proc/no", "LOCALAPPDATA": "/proc/no"}
    environment = {**os.environ, **nowhere, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("NUMBA_CACHE_DIR", None)
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_CACHE], env=environment, capture_output=True, text=True
    )
    assert (result.stdout, result.stderr) == ("42\n", "")
