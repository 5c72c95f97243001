"""Data in which a column says how many steps each transition took."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qdecay import MDP, FloatMDP, InputError

COLUMNS: dict[str, list[Any]] = {
    "state": [0, 0, 0, 0, 1],
    "action": [0, 0, 0, 0, 1],
    "reward": [1, 1, 1, 1, 5],
    "next_state": [1, 1, 1, 1, 0],
    "terminated": [False, False, False, False, True],
    "duration": [2, 2, 2, 5, 9],
}


def test_a_duration_is_one_more_thing_that_is_seen() -> None:
    """Shares of the tries; it does not matter where the episode ended."""
    mdp = MDP.from_transitions(COLUMNS)
    assert list(zip(mdp.duration.tolist(), map(str, mdp.exact_probability), strict=True)) == [
        (2, "3/4"),
        (5, "1/4"),
        (1, "1"),
    ]
    assert mdp.counts.tolist() == [3, 1, 1]
    assert mdp.remarks == MDP.from_transitions({**COLUMNS, "duration": [1] * 5}).remarks
    assert FloatMDP.from_transitions(COLUMNS) == FloatMDP.from_mdp(mdp)
    again = mdp.resample(3)
    assert set(again.duration.tolist()) <= {1, 2, 5}


def test_files_of_data_may_have_the_column(tmp_path: Path) -> None:
    """By its name."""
    rows = zip(*COLUMNS.values(), strict=True)
    lines = [",".join(map(str, row)) for row in (COLUMNS, *rows)]
    path = tmp_path / "seen.csv"
    path.write_text("\n".join(lines))
    assert MDP.load(path) == MDP.from_transitions(COLUMNS)
    path.write_text(path.read_text().replace("False,5", "False,2.5"))
    with pytest.raises(
        InputError, match=r"csv: line 5: duration must be a whole number, got '2.5'"
    ):
        MDP.load(path)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (0, ValueError, "duration must be >= 1, got 0"),
        (2.5, TypeError, "duration must be an integer, got 2.5"),
        ("2", TypeError, "duration must be an integer, got '2'"),
        (10**7, ValueError, "duration must be at most 1,000,000 steps"),
        (None, ValueError, "duration is missing"),
    ],
)
def test_a_wrong_duration_is_named_by_its_transition(
    wrong: Any, error: type[Exception], message: str
) -> None:
    """In one line."""
    with pytest.raises(error, match=f"transition 3: {message}"):
        MDP.from_transitions({**COLUMNS, "duration": [2, 2, 2, wrong, 1]})
