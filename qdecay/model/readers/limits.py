"""Size limits of exact reading: fractions take about ten microseconds and 500 bytes per row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qdecay.errors import InputError

MAX_TRANSITIONS = 400_000  # states as well
MAX_RECOVERED = 250_000  # of floats, which take twice as long
MAX_PAIRS = 5_000_000
_MEND = "an .npz is read in floats by `qdecay regions --numeric` and FloatMDP.load, up to 256 MiB"


def check_size(
    path: Path,
    transitions: int,
    n_states: Any = 1,
    n_actions: Any = 1,
    *,
    most: int = MAX_TRANSITIONS,
) -> None:
    """Refuse a model that would take more than seconds and a GiB to read exactly.

    Non-numbers are left to other checks.

    Raises:
        InputError: it has too many transitions, or too many states and actions.
    """
    if transitions > most:
        raise InputError(
            f"{path}: has {transitions:,} transitions, and at most {most:,} are read "
            f"exactly; {_MEND}"
        )
    if not (isinstance(n_states, int) and isinstance(n_actions, int)):
        return
    if n_states > MAX_TRANSITIONS or n_states * n_actions > MAX_PAIRS:
        raise InputError(
            f"{path}: has {n_states:,} states and {n_actions:,} actions, and at most "
            f"{MAX_TRANSITIONS:,} states and {MAX_PAIRS:,} pairs are read exactly; {_MEND}"
        )
