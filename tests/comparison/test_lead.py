"""Where an agent's lead crosses 0, and that chance favours no side."""

from __future__ import annotations

import numpy as np
import pytest

from qdecay.comparison.lead import crossing, lead


@pytest.mark.parametrize("tables", [1, 2])
def test_more_actions_do_not_look_better(tables: int) -> None:
    """One action against five twins, noise as large as all there is: a mean lead of 0.

    Of variance (1 + 1/5) / tables; the largest of five would lead by 1.16.
    """
    values = np.random.default_rng(1).normal(size=(tables, 6, 4000))
    found = lead(values, [0], [1, 2, 3, 4, 5])
    variance = (1 + 1 / 5) / tables
    assert abs(found.mean()) < 4 * (variance / 4000) ** 0.5
    assert found.var() == pytest.approx(variance, rel=0.1)
    assert lead(values, [1, 2, 3, 4, 5], [0]).tolist() == (-found).tolist()


def test_the_middle_crossing_counts() -> None:
    """Of the three that rise at 1/2, 5/2 and 9/2 the second; an end where none does."""
    grid = np.arange(6.0)
    assert crossing(grid, np.array([-1.0, 1, -1, 1, -1, 1])) == (2.5, (2.0, 3.0))
    assert crossing(grid, np.array([-3.0, -1, 0, 1, 1, 1])) == (2.0, (2.0, 3.0))
    assert crossing(grid, np.ones(6)) == (0.0, (0.0, 0.0))
    assert crossing(grid, -np.ones(6)) == (5.0, (5.0, 5.0))
