"""How numbers are read: as short or binary fractions, normalised, as costs; missing actions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from qdecay import MDP, FloatMDP, value_iteration
from qdecay.model.base import FiniteMDP
from qdecay.model.reading import Reading

ROOT = 2**-0.5  # neither a short decimal nor a small fraction

# Two states, two actions. Action 1 cannot be chosen in state 0.
KEPT = [(0, 0, 0, "1/4", 1, False), (0, 0, 1, "3/4", 1, False)]
KEPT += [(1, 0, 1, 1, 2, False), (1, 1, 0, 1, -3, False)]
EXPECTED = MDP.from_rows(KEPT, n_states=2, n_actions=2)
P = np.array([[[0.25, 0.75], [0.0, 1.0]], [[0.5, 0.5], [1.0, 0.0]]])  # P[a][s, t]
R = np.array([[1.0, 5.0], [2.0, -3.0]])  # R[s, a]


def _npz(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "m.npz", **arrays)
    return folder / "m.npz"


def _sparse(p: np.ndarray) -> sparse.csr_matrix:
    return sparse.csr_matrix(p.transpose(1, 0, 2).reshape(4, 2))


def _parts(p: np.ndarray) -> dict[str, Any]:
    matrix = _sparse(p)
    return {"P_data": matrix.data, "P_indices": matrix.indices, "P_indptr": matrix.indptr}


def _by_transition(p: np.ndarray, r: np.ndarray) -> np.ndarray:
    return np.broadcast_to(r.T[:, :, None], p.shape)


PAIRS = ([0, 0, 1, 1], [0, 1, 0, 1])
FORMS: dict[str, Callable[..., FiniteMDP]] = {
    "arrays": lambda p, r, _, **how: MDP.from_arrays(p, r, **how),
    "rewards of transitions": lambda p, r, _, **how: MDP.from_arrays(
        p, _by_transition(p, r), **how
    ),
    "sparse matrices": lambda p, r, _, **how: MDP.from_arrays(
        [sparse.csr_matrix(m) for m in p], r, **how
    ),
    "product of pairs": lambda p, r, _, **how: MDP.from_state_action_pairs(
        r, p.transpose(1, 0, 2), **how
    ),
    "pairs": lambda p, r, _, **how: MDP.from_state_action_pairs(
        r.ravel(), _sparse(p), *PAIRS, **how
    ),
    "npz": lambda p, r, folder, **how: MDP.load(_npz(folder, P=p, R=r), **how),
    "sparse npz": lambda p, r, folder, **how: MDP.load(_npz(folder, **_parts(p), R=r), **how),
    "floats of arrays": lambda p, r, _, **how: FloatMDP.from_arrays(p, r, **how),
    "floats of transitions": lambda p, r, _, **how: FloatMDP.from_arrays(
        p, _by_transition(p, r), **how
    ),
    "floats": lambda p, r, _, **how: FloatMDP.from_sparse(_sparse(p), r, **how),
    "floats of npz": lambda p, r, folder, **how: FloatMDP.load(_npz(folder, P=p, R=r), **how),
    "floats of sparse npz": lambda p, r, folder, **how: FloatMDP.load(
        _npz(folder, **_parts(p), R=r), **how
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mark", ["row of zeros", "nan", "-inf", "a cost of inf"])
def test_an_action_is_missing_in_one_way_everywhere(form: str, mark: str, tmp_path: Path) -> None:
    """No probability, or a reward of nan or -inf: the model is that of the other rows."""
    p, r = P.copy(), R.copy()
    if mark == "row of zeros":
        p[1, 0] = 0
    else:
        r[0, 1] = np.nan if mark == "nan" else -np.inf
    costs = mark == "a cost of inf"
    made = FORMS[form](p, -r if costs else r, tmp_path, **({"minimise": True} if costs else {}))
    wanted = EXPECTED if isinstance(made, MDP) else FloatMDP.from_mdp(EXPECTED)
    assert np.array_equal(made.r, wanted.r, equal_nan=True)
    assert (made.p != wanted.p).nnz == 0 and made.remarks == ()


@pytest.mark.parametrize("form", FORMS)
def test_a_state_without_actions_is_remarked_on(form: str, tmp_path: Path) -> None:
    """It is absorbing with reward 0, which an array may not have meant."""
    p = P.copy()
    p[:, 1] = 0
    made = FORMS[form](p, R, tmp_path)
    assert made.remarks == ("no action is available in state 1: absorbing with reward 0",)
    assert value_iteration(made, "1/2").v[1] == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mark", [np.inf, "P = 0"])
def test_what_is_no_model_at_all_is_refused(form: str, mark: Any, tmp_path: Path) -> None:
    """An infinite reward, or nothing to choose anywhere."""
    p, r = (P * 0, R) if mark == "P = 0" else (P, R + mark)
    with pytest.raises(ValueError, match="must be finite|no action is available in any state"):
        FORMS[form](p, r, tmp_path)


def test_some_rewards_of_an_action_cannot_be_missing() -> None:
    """A reward of nan on one successor only is a fault."""
    r = _by_transition(P, R).copy()
    r[1, 0, 1] = np.nan
    for kind in (MDP, FloatMDP):
        with pytest.raises(ValueError, match="action 1, state 0: the reward of 1 is nan, but"):
            kind.from_arrays(P, r)


# -- sums

ROUNDED = np.array([[[0.333333, 0.666666], [0.0, 1.0]]])  # off by one millionth


@pytest.mark.parametrize("kind", [MDP, FloatMDP])
def test_rows_that_nearly_sum_to_one_are_normalised(kind: Any) -> None:
    """Each number over the sum; the model says which rows, and what they summed to."""
    with pytest.raises(ValueError, match=r"state 0, action 0: .* not 1: normalise=True"):
        kind.from_arrays(ROUNDED, [1, 2])
    made = kind.from_arrays(ROUNDED, [1, 2], normalise=True)
    assert made.p.toarray()[0] == pytest.approx([1 / 3, 2 / 3], rel=1e-15)
    assert list(made.scaled) == [(0, 0)]
    assert float(made.scaled[0, 0]) == 0.333333 + 0.666666


def test_normalised_rows_are_exact() -> None:
    """333333/999999 is 1/3; a row that sums to 1 stays as it is."""
    made = MDP.from_arrays(ROUNDED, [1, 2], normalise=True)
    third = Fraction(1, 3)
    assert made.exact_probability == (third, 2 * third, 1)
    assert made.scaled == {(0, 0): Fraction(999999, 10**6)}


@pytest.mark.parametrize("kind", [MDP, FloatMDP])
@pytest.mark.parametrize("how", [{}, {"normalise": True}])
def test_a_sum_far_from_one_is_refused(kind: Any, how: dict[str, Any]) -> None:
    """Beyond 1e-5 no option divides it; the sum is said."""
    with pytest.raises(ValueError, match=r"state 0, action 0: .* sum to .*99.*, not 1$"):
        kind.from_arrays(ROUNDED * 0.9999, [1, 2], **how)


def test_a_sum_that_prints_as_one_is_shown_by_what_it_lacks() -> None:
    """1 - 1e-30 is not 1."""
    with pytest.raises(ValueError, match=r"sum to 1 - 1e-30, not 1: normalise=True"):
        MDP.from_rows([(0, 0, 0, f"0.{'9' * 30}", 0, False)], n_states=1, n_actions=1)


def test_the_ends_of_an_action_are_normalised_with_it() -> None:
    """The chance of ending belongs to the sum."""
    made = FloatMDP.from_sparse(
        sparse.csr_matrix([[0.5]]), [[1.0]], ends=[[0.499999]], normalise=True
    )
    assert made.ending is not None
    assert made.p[0, 0] + made.ending[0, 0] == pytest.approx(1, abs=1e-16)
    assert made.p[0, 0] / made.ending[0, 0] == pytest.approx(0.5 / 0.499999)


# -- numbers


def test_binary_numbers_are_the_fractions_that_floats_are() -> None:
    """Fraction(float) by the standard library; the largest of a row takes what rounding lost."""
    p, r = [[[ROOT, 1 - ROOT], [0.1, 0.9]]], [ROOT, 0.1]
    with pytest.raises(ValueError, match="neither a short decimal.*--numbers binary.*--numeric"):
        MDP.from_arrays(p, r)
    made = MDP.from_arrays(p, r, numbers="binary")
    assert dict(made.exact_r) == {(0, 0): Fraction(ROOT), (1, 0): Fraction(0.1)}
    total = Fraction(0.1) + Fraction(0.9)
    assert made.exact_probability[2:] == (Fraction(0.1), 1 - Fraction(0.1))
    assert made.scaled == {(1, 0): total} and total != 1


@pytest.mark.parametrize("form", [name for name in FORMS if "floats" not in name])
def test_narrow_floats_are_short_by_their_own_digits(form: str, tmp_path: Path) -> None:
    """0.1 of 32 bits is 1/10, though as a double it is 0.10000000149011612."""
    p = np.array([[[0.1, 0.9], [0.0, 1.0]], [[0.5, 0.5], [1.0, 0.0]]], dtype=np.float32)
    r = np.array([[0.1, 5], [2, 0.3]], dtype=np.float32)
    made = FORMS[form](p, r, tmp_path)
    assert isinstance(made, MDP)
    assert {Fraction(1, 10), Fraction(9, 10)} <= set(made.exact_probability)
    assert made.exact_r[0, 0] == Fraction(1, 10) and made.exact_r[1, 1] == Fraction(3, 10)


@pytest.mark.parametrize("seed", range(20))
def test_random_rows_of_floats_sum_to_one_exactly(seed: int) -> None:
    """Rows that NumPy normalised are off by rounding, and every solver demands a sum of 1."""
    p = np.random.default_rng(seed).dirichlet(np.ones(5), size=(2, 5))
    made = MDP.from_arrays(p, np.zeros(5), numbers="binary")
    sums: dict[tuple[int, int], Fraction] = {}
    for s, a, _, chance, _, _ in made.rows():
        sums[s, a] = sums.get((s, a), Fraction(0)) + chance
    assert set(sums.values()) == {Fraction(1)}
    assert all(chance.denominator.bit_count() == 1 for chance in made.exact_probability)
    assert np.abs(made.p.toarray().reshape(5, 2, 5).transpose(1, 0, 2) - p).max() < 1e-15


def test_normalised_binary_rows_are_floats_that_sum_to_one() -> None:
    """Divided by the sum as floats are, and the largest takes the rest."""
    made = MDP.from_arrays(ROUNDED, [1, 2], numbers="binary", normalise=True)
    least, most = made.exact_probability[:2]
    assert least == Fraction(0.333333 / (0.333333 + 0.666666)) and least + most == 1
    assert made.remarks == ("divided 1 row of probabilities by sums within 1.0e-06 of 1",)


def test_binary_numbers_do_not_normalise() -> None:
    """A millionth is no rounding."""
    with pytest.raises(ValueError, match="normalise=True"):
        MDP.from_arrays(ROUNDED, [1, 2], numbers="binary")


# -- costs


@pytest.mark.parametrize("form", FORMS)
def test_costs_are_negative_rewards(form: str, tmp_path: Path) -> None:
    """The same model with every reward negated."""
    made, plain = (FORMS[form](P, sign * R, tmp_path, **how) for sign, how in SIGNS)
    assert np.array_equal(made.r, plain.r)
    assert (made.p != plain.p).nnz == 0


SIGNS: list[tuple[int, dict[str, Any]]] = [(1, {"minimise": True}), (-1, {})]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"numbers": "decimal"}, "numbers must be one of short, binary, got 'decimal'"),
        ({"numbers": 2}, "numbers must be one of short, binary, got 2"),
        ({"normalise": 1}, "normalise must be True or False, got 1"),
        ({"minimise": "yes"}, "minimise must be True or False, got 'yes'"),
        ({"minimize": True}, "minimize"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    """By name and value."""
    for make in (Reading, lambda **how: MDP.from_arrays(P, R, **how)):
        with pytest.raises((TypeError, ValueError), match=message):
            make(**options)
