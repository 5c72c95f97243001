"""Size limits of reading: exact numbers take about ten microseconds and 500 bytes per row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qdecay.errors import InputError
from qdecay.model.recover import Recovery, Unchanged

MAX_TRANSITIONS = 400_000  # states as well
MAX_RECOVERED = 250_000  # of floats, which take twice as long
MAX_PAIRS = 5_000_000


@dataclass(frozen=True)
class Limits:
    """How much a reader takes: at most a few seconds and a GiB.

    Attributes:
        transitions, states, pairs: of the model; pairs of state and action.
        file_bytes, lines: of a text file, and of all text files of a model together.
        unpacked_bytes: of an archive, compressed and unpacked.
        mend: what to do about a larger model.
    """

    transitions: int
    states: int
    pairs: int
    file_bytes: int
    lines: int
    unpacked_bytes: int
    mend: str


EXACTLY = Limits(
    MAX_TRANSITIONS,
    MAX_TRANSITIONS,
    MAX_PAIRS,
    1 << 24,
    300_000,
    1 << 25,
    "are read exactly; `qdecay regions --numeric` and FloatMDP.load read more, in floats",
)
RECOVERED = replace(EXACTLY, transitions=MAX_RECOVERED)
IN_FLOATS = Limits(
    1_500_000,
    1_500_000,
    20_000_000,
    1 << 27,
    2_500_000,
    1 << 28,
    "are read in floats; more fit in an .npz with a sparse P, up to 256 MiB",
)


def limits_for(recovery: Recovery) -> Limits:
    """Return the limits for a recovery: floats read exactly, or left unchanged."""
    return IN_FLOATS if isinstance(recovery, Unchanged) else RECOVERED


def check_size(
    path: Path,
    transitions: int,
    n_states: Any = 1,
    n_actions: Any = 1,
    *,
    most: int | None = None,
    limits: Limits = EXACTLY,
) -> None:
    """Refuse a model that would take more than a few seconds or a GiB to read.

    Non-numbers are left to other checks.

    Raises:
        InputError: it has too many transitions, or too many states and actions.
    """
    most = limits.transitions if most is None else most
    if transitions > most:
        raise InputError(
            f"{path}: has {transitions:,} transitions, and at most {most:,} {limits.mend}"
        )
    if not (isinstance(n_states, int) and isinstance(n_actions, int)):
        return
    if n_states > limits.states or n_states * n_actions > limits.pairs:
        raise InputError(
            f"{path}: has {n_states:,} states and {n_actions:,} actions, and at most "
            f"{limits.states:,} states and {limits.pairs:,} pairs {limits.mend}"
        )
