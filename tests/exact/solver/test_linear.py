"""Solvers of (I - B) x = b, against fresh solves."""

from __future__ import annotations

import numpy as np
import pytest

from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.linear import Inverse


def test_an_inverse_follows_the_rows_that_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row, several, all of them or another size; most of the time nothing is found anew."""
    random, inverse = np.random.default_rng(1), Inverse()
    inverted = []
    invert = np.linalg.inv
    monkeypatch.setattr(np.linalg, "inv", lambda a: inverted.append(len(a)) or invert(a))
    sizes = [12] * 60 + [9] * 20
    b = np.zeros((0, 0))
    for step, n in enumerate(sizes):
        rows = random.integers(0, n, 1 + step % 3) if step % 20 else np.arange(n)
        b = b[:n, :n].copy() if b.size else np.zeros((n, n))
        b[rows] = 0.99 * random.dirichlet(np.full(n, 0.3), len(rows))
        right = random.normal(size=(n, 2))
        expected = np.linalg.solve(np.eye(n) - b, right)
        assert inverse.solver(b)(right, 0.0) == pytest.approx(expected, rel=1e-9, abs=1e-11)
    assert 4 <= sum(size > 4 for size in inverted) <= 10


def test_singular_equations_have_no_bound() -> None:
    """Found anew, and after one row has changed."""
    inverse, b = Inverse(), np.diag([0.5, 0.5])
    inverse.solver(b)
    with pytest.raises(NoBound):
        inverse.solver(np.diag([0.5, 1.0]))
    with pytest.raises(NoBound):
        Inverse().solver(np.diag([0.5, 1.0]))
