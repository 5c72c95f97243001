"""The arrays of float models: how they are checked and corrected.

The matrix p has shape (S * A, S), row s * A + a; `r` and `ending` have shape (S, A).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from qdecay._support.checks import whole
from qdecay.model.base import FiniteMDP
from qdecay.model.reading import WITHIN, Pair, Reading, off_one
from qdecay.model.rows import SHARE_ROUNDING, no_share

_EPS = float(np.finfo(np.float64).eps)
_EXACT = 2**53  # up to which floats have every whole number
_LEAST = float(np.finfo(np.float64).tiny)  # below it floats lose digits


class Arrivals(NamedTuple):
    """The different pairs of next state and duration: columns of a matrix, in order.

    Attributes:
        state, duration: of each column; `duration` is None if all are 1, and then the columns are
            the states.
        column: the column of each transition.
    """

    state: NDArray[np.int64]
    duration: NDArray[np.int64] | None
    column: NDArray[np.int64]

    @classmethod
    def of(cls, to: NDArray[np.int64], steps: NDArray[np.int64] | None, n_states: int) -> Self:
        """Return the different pairs of some transitions."""
        if steps is None or (steps == 1).all():
            return cls(np.arange(n_states), None, to)
        longest = int(steps.max()) + 1
        found, column = np.unique(to * longest + steps, return_inverse=True)
        return cls(*np.divmod(found, longest), column)

    def places(
        self, matrix: sparse.csr_matrix, n_states: int
    ) -> tuple[sparse.csr_matrix, NDArray[np.int64] | None]:
        """Return a matrix over states for one over these columns, and its entries' durations."""
        if self.duration is None:
            return matrix, None
        matrix.sum_duplicates()
        parts = (matrix.data, self.state[matrix.indices], matrix.indptr)
        over_states = sparse.csr_matrix(parts, shape=(matrix.shape[0], n_states))
        return over_states, self.duration[matrix.indices]


def canonical(p: Any, r: NDArray[np.float64]) -> sparse.csr_matrix:
    """Return the matrix with sorted rows and unique entries; the same arrays if it already is.

    Raises:
        ValueError: r or p has another shape.
    """
    if r.ndim != 2 or r.size == 0:
        raise ValueError(f"r must have shape (S, A), got {r.shape}")
    if not sparse.issparse(p) or p.shape != (r.size, len(r)):
        raise ValueError(
            f"p must be a sparse matrix of shape (S * A, S) = {(r.size, len(r))}, "
            f"got {type(p).__name__} of shape {getattr(p, 'shape', None)}"
        )
    ready = isinstance(p, sparse.csr_matrix) and p.dtype == np.float64 and p.has_canonical_format
    if ready:
        return p
    matrix = sparse.csr_matrix(p, dtype=np.float64, copy=True)
    matrix.sum_duplicates()
    return matrix


def check_numbers(
    p: sparse.csr_matrix,
    r: NDArray[np.float64],
    ending: NDArray[np.float64] | None,
    worst: float,
) -> None:
    """Refuse numbers outside their range."""
    if ending is not None and ending.shape != r.shape:
        raise ValueError(f"ends must have the shape of r, {r.shape}, got {ending.shape}")
    if (r == -worst).any():
        raise ValueError(
            f"r must be finite, or nan or {worst} where the action is unavailable, got {-worst}"
        )
    if ((np.abs(r) < _LEAST) & (r != 0)).any():
        raise ValueError("r must be 0 or in the floats' normal range: give a smaller unit")
    for name, numbers in (("p", p.data), ("ends", np.zeros(0) if ending is None else ending)):
        if not (numbers.min(initial=0) >= 0 and numbers.max(initial=0) <= 1 + float(WITHIN)):
            raise ValueError(f"{name} must hold probabilities in [0, 1]")


def sums_of(p: sparse.csr_matrix, ending: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return the sum of the probabilities of each state and action, shape (S * A,)."""
    sums = np.asarray(p.sum(axis=1)).ravel()
    sums += 0 if ending is None else ending.ravel()
    return sums


def without(
    p: sparse.csr_matrix, ending: NDArray[np.float64] | None, out: NDArray[np.bool_]
) -> tuple[sparse.csr_matrix, NDArray[np.float64] | None]:
    """Return the probabilities without those of unavailable actions."""
    if (np.diff(p.indptr)[out.ravel()] > 0).any():
        p = p.copy()
        p.data[np.repeat(out.ravel(), np.diff(p.indptr))] = 0
        p.eliminate_zeros()
    if ending is not None and (ending[out] != 0).any():
        ending = np.where(out, 0, ending)
    return p, ending


def summing_to_one(
    p: sparse.csr_matrix,
    ending: NDArray[np.float64] | None,
    sums: NDArray[np.float64],
    available: NDArray[np.bool_],
    how: Reading,
) -> tuple[sparse.csr_matrix, NDArray[np.float64] | None, dict[Pair, Fraction]]:
    """Return the probabilities with rows that sum to 1 within rounding, and the sums divided by.

    Raises:
        ValueError: a row does not, and may not be normalised or is too far from 1.
    """
    far, sizes = sums - available.ravel(), np.diff(p.indptr)
    np.abs(far, out=far)  # there may be many pairs
    far /= _EPS
    off = np.flatnonzero(far > sizes + 2)
    if not off.size:
        return p, ending, {}
    n_actions = available.shape[1]
    scaled = {divmod(pair, n_actions): Fraction(sums[pair]) for pair in off.tolist()}
    for (s, a), total in scaled.items():
        if not (how.normalise and abs(total - 1) <= WITHIN):
            raise off_one(f"state {s}, action {a}", total)
    factors = np.ones(len(sums))
    factors[off] = 1 / sums[off]
    p = sparse.csr_matrix((p.data * np.repeat(factors, sizes), p.indices, p.indptr), p.shape)
    return p, None if ending is None else ending * factors.reshape(ending.shape), scaled


def counted_visits(visits: Mapping[Pair, int], model: FiniteMDP) -> dict[Pair, int]:
    """Return how often each pair was tried, in order, as `checked_visits` of exact numbers."""
    if not visits:
        return {}
    found = {pair: whole(n, f"visits of {pair}", 1, _EXACT) for pair, n in sorted(visits.items())}
    tries = np.zeros(model.r.shape)
    for s, a in found:
        if not (0 <= s < model.n_states and 0 <= a < model.n_actions and model.available[s, a]):
            raise ValueError(f"state {s}, action {a}: has visits, and no transitions")
        tries[s, a] = found[s, a]
    each = tries[model.state, model.action]
    counts = model.probability * each
    off = np.abs(counts - np.rint(counts)) > each * float(SHARE_ROUNDING)
    for k in np.flatnonzero(off)[:1]:
        s, a = int(model.state[k]), int(model.action[k])
        raise no_share(f"state {s}, action {a}", float(model.probability[k]), found[s, a])
    return found


def indices(values: ArrayLike, shape: tuple[int, ...], size: int, name: str) -> NDArray[np.int64]:
    """Return indices below `size` as an array of a shape; `name` is for the message.

    Raises:
        TypeError: they are not whole numbers.
        ValueError: they have another shape, or one is outside 0..size - 1.
    """
    found = np.asarray(values)
    if not np.issubdtype(found.dtype, np.integer):
        raise TypeError(f"{name} must be {shape} whole numbers, got {found.shape} {found.dtype}")
    if found.shape != shape or len(shape) != 1:
        raise ValueError(f"{name} must be {shape} whole numbers, got {found.shape} {found.dtype}")
    if found.size and not (found.min() >= 0 and found.max() < size):
        raise ValueError(f"{name} must be in 0..{size - 1}, got {found.min()}..{found.max()}")
    return found.astype(np.int64)
