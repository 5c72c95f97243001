"""Models in UMB, the unified Markov binary format that Storm and PRISM write, through `umbi`.

A choice of a state is an action; a branch is a transition. A step earns the rewards of its state,
of its choice and of its branch, if the file has them. A state without choices rests and
earns its state reward for ever, as in PRISM. Rationals are read unchanged; floats are treated as
printed ones and recovered (`recover`). Of several reward structures none is preferred: the file
must have one, or one must be named.

Source: https://github.com/pmc-tools/umb
"""

from __future__ import annotations

import json
import logging
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from qdecay._support.extras import require
from qdecay.errors import InputError, input_errors
from qdecay.model.readers.limits import MAX_RECOVERED, check_size
from qdecay.model.readers.prism import action_numbers
from qdecay.model.recover import Recovery
from qdecay.model.rows import ModelRows, Row
from qdecay_envs.decoding import decoding
from qdecay_envs.files import require_file

_MAX_BYTES = 1 << 23  # of the file and unpacked: umbi takes 0.3 s and ten MB for each MB
_MAX_BITS = 1 << 22  # where umbi makes an entry of a list, 8 bytes, out of every bit


def rows_of_umb(
    path: str | Path, reward: str | None = None, recovery: Recovery | None = None
) -> ModelRows:
    """Return the rows of a UMB file.

    Args:
        path: the .umb file: discrete time, at most one player, no intervals.
        reward: name of the reward structure; None is the only one.
        recovery: what maps floats to exact numbers.

    The start state is the initial one, if there is only one. Actions are the choices' actions, if
    every choice of a state has its own; otherwise they are the numbers of the choices.

    Raises:
        InputError: umbi is not installed, or the file cannot be read, is not such a model, or has
            no reward structure of that name.
    """
    ats, rewards = _read(Path(path))
    check_size(Path(path), ats.num_branches, ats.num_states, most=MAX_RECOVERED)
    try:
        return replace(_model(ats, rewards, reward, recovery or Recovery()), name=str(path))
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error


def _read(path: Path) -> tuple[Any, dict[str, dict[str, Any]]]:
    """Return the transition system, and its rewards by structure and by what they belong to.

    The rewards are taken from the file itself: umbi 0.2.5 leaves all but the last structure out of
    the system.
    """
    umbi = require("umbi", "umb", f"{path}: .umb files")
    logging.getLogger("umbi").addHandler(logging.NullHandler())  # its errors are raised as well
    # umbi raises whatever a malformed byte leads to.
    with input_errors(), decoding(path, Exception, problem="not a UMB file: "):
        require_file(path, _MAX_BYTES)
        _check_size(path)
        file = umbi.umb.read(path)
        return umbi.ats.explicit_umb_to_explicit_ats(file), (file.annotations or {}).get(
            "rewards", {}
        )


def _check_size(path: Path) -> None:
    """Refuse what unpacks to more than is read, before it is unpacked."""
    size, members = 0, []
    with tarfile.open(path) as archive:
        for member in archive:  # one by one: the next is found by unpacking this one
            members.append(member)
            size += member.size
            _limit(path, size, _MAX_BYTES)
        file = archive.extractfile("index.json")
        index = json.load(file) if file else {}
    has_bits = '"bool"' in json.dumps(index)
    may_be_bits = ("state-is-", "annotations/") if has_bits else ("state-is-",)
    bits = sum(member.size for member in members if member.name.startswith(may_be_bits))
    _limit(path, bits, _MAX_BITS)
    for name, count in index["transition-system"].items():  # umbi makes lists of that length
        if isinstance(count, int) and count > size:
            raise InputError(
                f"{path}: not a UMB file: {name} is {count}, and it holds {size} bytes"
            )


def _limit(path: Path, size: int, most: int) -> None:
    if size > most:
        raise InputError(f"{path}: unpacks to more than {most >> 20} MiB, the limit")


def _model(
    ats: Any, structures: dict[str, dict[str, Any]], reward: str | None, recovery: Recovery
) -> ModelRows:
    if ats.time.value != "discrete":
        raise ValueError(f"the time must be discrete, got {ats.time.value}")
    if ats.num_players > 1:
        raise ValueError(f"at most 1 player is supported, got {ats.num_players}")
    rewards = _Rewards(_structure(structures, reward), recovery)
    rows: list[tuple[tuple[int, int], Row]] = []
    names: dict[tuple[int, int], str] = {}
    for (state, number), choice, branch, index in _branches(ats):
        names[state, number] = _action_name(ats, choice)
        where = f"state {state}, choice {number}"
        p = Fraction(1) if branch.prob is None else _number(branch.prob, where, recovery)
        paid = rewards.at(state, choice.index, index)
        rows.append(((state, number), (state, 0, branch.target, p, paid, False)))
    numbers, action_names = action_numbers(names)
    moved: list[Row] = [(s, numbers[choice], t, p, r, end) for choice, (s, _, t, p, r, end) in rows]
    acting = {s for s, _ in names}
    resting = [s for s in range(ats.num_states) if s not in acting and rewards.of_state(s)]
    moved += [(s, 0, s, 1, rewards.of_state(s), False) for s in resting]
    starts = ats.initial_states
    return ModelRows(
        moved,
        ats.num_states,
        1 + max(numbers.values(), default=0),
        starts[0] if len(starts) == 1 else None,
        action_names=action_names,
        recovered=recovery.mapped,
    )


def _branches(ats: Any) -> Iterator[tuple[tuple[int, int], Any, Any, int]]:
    """Yield state and number of the choice, the choice, the branch and its number in the file."""
    index = 0
    for state in range(ats.num_states):
        for number, choice in enumerate(ats.get_state_choices(state)):
            for branch in choice.branches:
                yield (state, number), choice, branch, index
                index += 1


def _action_name(ats: Any, choice: Any) -> str:
    if choice.action is None:
        return ""
    names = ats.choice_action_to_name
    return names[choice.action] if names else str(choice.action)


def _structure(known: dict[str, dict[str, Any]], name: str | None) -> dict[str, Any]:
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name is None or name not in known:
        names = ", ".join(map(repr, known)) or "none"
        asked = "one reward structure is needed" if name is None else f"no rewards {name!r}"
        raise ValueError(f"{asked}; the file has {names}: name one with MDP.from_umb(path, reward)")
    return known[name]


class _Rewards:
    """The rewards of one structure by state, choice and branch."""

    def __init__(self, structure: dict[str, Any], recovery: Recovery) -> None:
        self._structure, self._recovery = structure, recovery

    def of_state(self, state: int) -> Fraction:
        return self._of("states", state)

    def at(self, state: int, choice: int, branch: int) -> Fraction:
        """What a step along a branch earns."""
        return self.of_state(state) + self._of("choices", choice) + self._of("branches", branch)

    def _of(self, what: str, index: int) -> Fraction:
        values = self._structure.get(what)
        if values is None:
            return Fraction(0)
        return _number(values[index], f"the reward of {what} {index}", self._recovery)


def _number(value: Any, where: str, recovery: Recovery) -> Fraction:
    if not isinstance(value, int | float | Fraction) or isinstance(value, bool):
        raise ValueError(f"{where}: a number is needed, got {type(value).__name__}")
    found: Fraction = recovery(value, where)
    return found
