"""Lines of models whose transitions take several steps: as if every step were written out."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from qdecay import MDP, InputError, ModelLine, blackwell, policy_regions, undiscounted

GAMMAS = (Fraction(0), Fraction(9, 10), Fraction(1))


def rows(x: Fraction, *, written_out: bool) -> list[Any]:
    """Take 1 now; wait 3 steps for x; or try for 30 after 5 steps, which comes with x / 10."""
    try_for = [(0, 2, 0, 1 - x / 10, 0, True)]
    ends = [(0, 0, 0, 1, 1, True), (1, 0, 1, 1, x, True), (2, 0, 2, 1, 30, True)]
    if not written_out:
        waits = [(0, 1, 1, 1, 0, False, 3), (0, 2, 2, x / 10, 0, False, 5)]
        return [*ends, *waits, *try_for]
    path = [(0, 1, 3, 1, 0, False), (3, 0, 4, 1, 0, False), (4, 0, 1, 1, 0, False)]
    longer = [(0, 2, 5, x / 10, 0, False)]
    longer += [(k, 0, k + 1 if k < 8 else 2, 1, 0, False) for k in range(5, 9)]
    return [*ends, *path, *longer, *try_for]


def line(*, written_out: bool) -> ModelLine:
    """At the low end the long wait is impossible, and at the high one it is certain."""
    n = 9 if written_out else 3
    return ModelLine.of(
        lambda x: MDP.from_rows(rows(x, written_out=written_out), n_states=n, n_actions=3),
        low=0,
        high=10,
    )


@pytest.mark.parametrize("gamma", GAMMAS)
def test_waiting_is_as_good_as_written_out(gamma: Fraction) -> None:
    """The same polynomials, points and sets, at both ends too."""
    short, long = (policy_regions(line(written_out=out), gamma=gamma) for out in (False, True))
    for a, b in zip(short.breakpoints, long.breakpoints, strict=True):
        assert a.value == b.value and a.value.coefficients == b.value.coefficients
        assert a.changes[0] == b.changes[0]
    ours = [short.at_low, *short.regions, short.at_high]
    theirs = [long.at_low, *long.regions, long.at_high]
    assert ours == [None if sets is None else sets[:3] for sets in theirs]


def test_the_closed_form() -> None:
    """1 = (x / 10) 30 gamma^5, before 1 = x gamma^3."""
    found = policy_regions(line(written_out=False), gamma="9/10")
    assert [b.value for b in found.breakpoints] == [1 / (3 * Fraction(9, 10) ** 5)]
    assert found.breakpoints[0].changes[0].right == (2,)


@pytest.mark.parametrize("exact", [policy_regions, undiscounted, blackwell])
def test_durations_that_exact_solvers_cannot_write_out(exact: Any) -> None:
    """A ferry of a million steps is refused in a line, before a GiB is filled."""
    ferry = [(0, 0, 1, 1, 0, False, 1_000_000), (0, 1, 0, 1, 1, True), (1, 0, 1, 1, 6, True)]
    model = MDP.from_rows(ferry, n_states=2, n_actions=2)
    with pytest.raises(InputError, match="999,999 states to be written out step by step"):
        exact(model)
