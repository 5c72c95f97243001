"""Files of rewards next to a .tra file, PRISM's and Storm's.

    robot.srew          6 1             states, lines
                        2 1.5           state, reward of each step spent in it
    robot.trew          6 10 1          states, choices, lines
                        0 0 1 3.5       state, choice, next state, reward of that transition
    robot1.srew, ...    the same for several structures, whose comments may name them:
                        # Reward structure "time"
    dice.state.rew      0 1             state, reward
    dice.trans.rew      0 0 13 1        state, choice, next state, reward
    dice.choice.rew     0 0 1           state, choice, reward
    dice.flip.trans.rew                 the same, for the structure flip

Storm's files have no sizes on their first line, and any name, as Storm takes them as options. If
the ending does not determine the kind, as in `dice.rew`, the number of words on a line does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qdecay.errors import InputError, input_errors
from qdecay.model.readers.companions import stem_of
from qdecay.model.readers.explicit import ExplicitModel, Indices, pair_keys
from qdecay.model.readers.numbers import Numbers
from qdecay.model.readers.reward_structures import chosen_structure
from qdecay.model.readers.text_tables import (
    Lines,
    Table,
    TextReader,
    check_below,
    check_count,
    whole_number,
)
from qdecay_envs.files import ending_of, opened, require_file

ENDINGS = (".srew", ".trew", ".rew")
_NUMBERED = re.compile(r"(?P<key>\d{0,9})\.(?P<kind>srew|trew)", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:\.(?P<key>[^.]+?))??(?:\.(?P<kind>state|trans|choice))?\.rew", re.IGNORECASE
)
_KINDS = {"srew": "state", "trew": "transition", "trans": "transition"}
_TITLE = re.compile(r'# Reward structure "([^"]*)"')
_HEAD = 1 << 12  # bytes in which a file may state the structure's name


@dataclass(frozen=True)
class RewardFile:
    """A file, or a part of one.

    Attributes:
        path: the file.
        kind: "state", "transition" or "choice", or "" if only its lines show it.
        key: the structure's number or name in the file's name, or "".
        section: the part of the file, or None for all of it.
    """

    path: Path
    kind: str
    key: str = ""
    section: Lines | None = None

    def title(self) -> str:
        """The name of the structure in the file's comments, or "" if it has none."""
        found = _TITLE.search(self._head())
        return found[1] if found else ""

    def _head(self) -> str:
        if self.section is not None:
            return "\n".join(self.section.text[:1])
        with input_errors():
            require_file(self.path, 1 << 40)
            with opened(self.path) as file:
                return file.read(_HEAD).decode("utf-8", "replace")

    def lines(self, reader: TextReader) -> Lines:
        """Return the lines, read once."""
        return self.section or reader.lines(self.path)


def files_beside(beside: Mapping[str, Path], given: list[RewardFile]) -> list[RewardFile]:
    """Return the files that belong to a .tra: those given, and those of `companions`.

    PRISM numbers the files of several structures; numbered files belong to the .tra only if there
    is no file without a number.
    """
    found = _beside(beside)
    if given:
        kinds = {file.kind for file in given} | {""}
        return given + [file for file in found if not file.key and file.kind not in kinds]
    if any(ending_of(file.path) != ".rew" and not file.key for file in found):
        found = [file for file in found if ending_of(file.path) == ".rew" or not file.key]
    return found


def _beside(beside: Mapping[str, Path]) -> list[RewardFile]:
    found = []
    for rest, file in beside.items():
        match = _NUMBERED.fullmatch(rest) or _NAMED.fullmatch(rest)
        if match:
            kind = (match["kind"] or "").lower()
            found.append(RewardFile(file, _KINDS.get(kind, kind), match["key"] or ""))
    return found


def structure_files(
    path: Path, files: Sequence[RewardFile], reward: str | int | None
) -> list[RewardFile]:
    """Return the files of the chosen structure.

    Raises:
        InputError: there are no rewards, none of that name, or several structures.
    """
    structures: dict[tuple[int, str], list[RewardFile]] = {}
    titles: dict[tuple[int, str], str] = {}
    for file in files:
        title = file.title()
        order = (int(file.key), "") if file.key.isdecimal() else (0, file.key)
        structures.setdefault(order, []).append(file)
        titles[order] = title or titles.get(order) or order[1]
    if not structures:
        stem = stem_of(path)
        raise InputError(
            f"{path}: no rewards: put {stem}.srew or {stem}.trew in the same folder, or Storm's "
            f"rewards as {stem}.rew"
        )
    places = sorted(structures)
    with input_errors(f"{path}: "):
        place = chosen_structure([titles[place] for place in places], reward)
    return structures[places[place]]


def with_rewards(
    model: ExplicitModel,
    files: Iterable[RewardFile],
    reader: TextReader,
    is_headed: bool,
    is_chain: bool,
) -> ExplicitModel:
    """Return the model with the rewards of some files.

    Args:
        model: the model.
        files: the files of one structure.
        reader: what reads the model's files.
        is_headed: whether the files begin with their sizes.
        is_chain: whether lines have no choice.

    Raises:
        InputError: a file is malformed, or is not of this model.
    """
    for file in files:
        lines = file.lines(reader)
        kind, table = _table(file, lines, reader, is_headed, is_chain, model.n_states)
        if kind == "state":
            more = _of_states(table, lines, model)
            model = replace(model, state_rewards=_sum(model.state_rewards, more))
        elif kind == "choice":
            more = _of_choices(table, lines, model)
            model = replace(model, choice_rewards=_sum(model.choice_rewards, more))
        else:
            more = _of_branches(table, lines, model, is_chain)
            model = replace(model, branch_rewards=_sum(model.branch_rewards, more))
    return model


def _sum(rewards: Numbers | None, more: Numbers) -> Numbers:
    return more if rewards is None else rewards + more


def _table(
    file: RewardFile,
    lines: Lines,
    reader: TextReader,
    is_headed: bool,
    is_chain: bool,
    n_states: int,
) -> tuple[str, Table]:
    """Return the kind of the rewards and their table."""
    header = lines.first_words() if is_headed else None
    rest = lines.after(header[0]) if header else lines
    first = rest.first_words()
    widths = {2: "state", 3: "choice", 4: "transition"}
    if is_chain:
        widths = {2: "state", 3: "transition"}
    width = len(first[1]) if first else 2
    kind = file.kind or widths.get(width, "transition")
    indices = {"state": 1, "choice": 2, "transition": 2 if is_chain else 3}[kind]
    if is_headed:
        _check_header(lines, header, 3 if kind == "transition" and not is_chain else 2, n_states)
    if header is None:
        return kind, reader.table(rest, indices)
    number, words = header
    announced = whole_number(words, len(words) - 1, number, lines)
    table = reader.table(rest, indices, most=announced)
    check_count(table.line, announced, number, lines)
    return kind, table


def _check_header(
    lines: Lines, header: tuple[int, list[str]] | None, words: int, n_states: int
) -> None:
    form = '"states lines"' if words == 2 else '"states choices lines"'
    if header is None:
        raise InputError(f"{lines.path}: the file is empty: its first line must be {form}")
    number, found = header
    if len(found) != words:
        raise lines.error(number, f"the first line must be {form}, got {len(found)} words")
    if whole_number(found, 0, number, lines) != n_states:
        raise lines.error(number, f"the model has {n_states} states, not {found[0]}")


def _of_states(table: Table, lines: Lines, model: ExplicitModel) -> Numbers:
    (state,) = table.index
    check_below(state, model.n_states, table.line, lines, 1)
    if (again := _repeated(state)) is not None:
        raise lines.error(
            int(table.line[again]), f"the reward of state {state[again]} is given twice"
        )
    return _spread(state, table.number, model.n_states)


def _of_choices(table: Table, lines: Lines, model: ExplicitModel) -> Numbers:
    place = _choices(table, lines, model)
    if (again := _repeated(place)) is not None:
        raise lines.error(int(table.line[again]), f"{_named(table, again)} is given twice")
    return _spread(place, table.number, len(model.state))


def _of_branches(table: Table, lines: Lines, model: ExplicitModel, is_chain: bool) -> Numbers:
    if is_chain:
        state, target = table.index
        table = replace(table, index=[state, np.zeros_like(state), target])
    check_below(table.index[2], model.n_states, table.line, lines, 2 if is_chain else 3)
    keys = _choices(table, lines, model) * model.n_states + table.index[2]
    branches = model.choice * model.n_states + model.target
    missing = ~np.isin(keys, branches)
    if missing.any():
        at = int(np.argmax(missing))
        raise lines.error(int(table.line[at]), f"{_named(table, at)} has no transition")
    if (again := _repeated(keys)) is not None:
        raise lines.error(int(table.line[again]), f"{_named(table, again)} is given twice")
    order = np.argsort(keys)
    found = _spread(np.zeros(0, dtype=np.int64), table.number[:0], len(branches))
    if len(keys):
        place = np.minimum(np.searchsorted(keys[order], branches), len(keys) - 1)
        paid = keys[order][place] == branches
        found[paid] = table.number[order][place[paid]]
    return found


def _choices(table: Table, lines: Lines, model: ExplicitModel) -> Indices:
    """The model's choice of each line."""
    wanted = pair_keys(table.index[0], table.index[1])
    known = pair_keys(model.state, model.number)
    place = np.minimum(np.searchsorted(known, wanted), max(0, len(known) - 1))
    missing = known[place] != wanted if len(known) else np.ones(len(wanted), dtype=np.bool_)
    if missing.any():
        at = int(np.argmax(missing))
        raise lines.error(int(table.line[at]), f"{_named(table, at)} has no transition")
    return place


def _named(table: Table, at: int) -> str:
    state, choice, *target = (int(column[at]) for column in table.index)
    return f"choice {choice} of state {state}" + (f" to {target[0]}" if target else "")


def _repeated(keys: Indices) -> int | None:
    """Return the place of the first repeated key, or None."""
    order = np.argsort(keys, kind="stable")
    again = order[1:][keys[order][1:] == keys[order][:-1]]
    return int(again.min()) if len(again) else None


def _spread(places: Indices, numbers: Numbers, size: int) -> Numbers:
    found = np.zeros(size, dtype=numbers.dtype)
    found[places] = numbers
    return found
