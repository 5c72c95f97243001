"""Models as PRISM and Storm exchange them in text: explicit files .tra, .srew, .trew and .lab.

    robot.tra    6 10 16            states, choices, transitions
                 0 0 1 3/5 east     state, choice, next state, probability, action (optional)
    robot.srew   6 1                states, lines
                 2 1.5              state, reward of each step spent in it
    robot.trew   6 10 1             states, choices, lines
                 0 0 1 3.5          state, choice, next state, reward of that transition
    robot.lab    0="init" 1="goal"
                 0: 0               state: labels

Lines that start with # are comments. A step from s earns both its rewards; a state without
transitions rests and earns its state reward for ever, as in PRISM. Numbers are read as written;
those of more than 15 digits are treated as printed floats and recovered (`recover`).

Source: PRISM manual, appendix Explicit Model Files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from qdecay.errors import InputError, input_errors
from qdecay.model.readers.limits import check_size
from qdecay.model.recover import Recovery, is_typed
from qdecay.model.rows import ModelRows, Row, added
from qdecay_envs.files import read_text
from qdecay_envs.rational import rational

_MAX_BYTES = 1 << 24
_MAX_LINES = 200_000  # of all files together: twenty microseconds each, with their rows
_MAX_LINE = 1 << 20  # which a list of words expands thirtyfold
_LABEL = re.compile(r'(?<!\d)(\d{1,9})="([^"]+)"')
Choice = tuple[int, int]
Transitions = dict[Choice, dict[int, Fraction]]


class Reader:
    """What all files of a model share: the recovered numbers, the remaining lines."""

    def __init__(self, recovery: Recovery) -> None:
        self.recovery = recovery
        self.lines_left = _MAX_LINES


@dataclass(slots=True)  # frozen, each of half a million would take a microsecond more
class Line:
    """The words of one line, and its position."""

    path: Path
    number: int
    words: list[str]

    def error(self, problem: str) -> InputError:
        """Return the error that names file and line."""
        return InputError(f"{self.path}:{self.number}: {problem}")

    def index(self, place: int, size: int | None = None) -> int:
        """Return a word as an integer >= 0, below `size` if one is given."""
        word = self.words[place]
        number = int(word) if len(word) < 10 and word.isascii() and word.isdecimal() else -1
        if number < 0 or (size is not None and number >= size):
            limit = "" if size is None else f" below {size}"
            raise self.error(f"word {place + 1} must be a whole number{limit}, got {word!r:.40}")
        return number

    def number_at(self, place: int, reader: Reader) -> Fraction:
        """Return a word as the number it stands for."""
        word = self.words[place]
        try:
            exact = rational(word, f"word {place + 1}")
            if "/" in word or is_typed(word.lower()):
                return exact
            found: Fraction = reader.recovery(float(word), f"word {place + 1}")
            return found
        except ValueError as error:
            raise self.error(str(error)) from error

    def sum(self, total: Fraction, more: Fraction) -> Fraction:
        """Return the sum of two probabilities of one transition."""
        try:
            return added(total, more, "the transition")
        except ValueError as error:
            raise self.error(str(error)) from error


def rows_of_prism(
    transitions: str | Path,
    state_rewards: str | Path | None = None,
    transition_rewards: str | Path | None = None,
    labels: str | Path | None = None,
    recovery: Recovery | None = None,
) -> ModelRows:
    """Return the rows of the explicit files of an MDP.

    Args:
        transitions: the .tra file.
        state_rewards, transition_rewards, labels: the other files; if one is None, the file next to
            the first one with the same stem and .srew, .trew or .lab, if it exists.
        recovery: what maps printed floats to exact numbers.

    The start state is the one labelled init, or named by a line "- - state" of the .tra file,
    or 0 if there is neither. Actions are the action names, if every choice of a state has its own;
    otherwise they are the numbers of the choices.

    Raises:
        InputError: a file cannot be read, is not an MDP or has a malformed line (the message names
            file and line), or there are no rewards.
    """
    path, reader = Path(transitions), Reader(recovery or Recovery())
    first = Path(state_rewards) if state_rewards else _beside(path, ".srew")
    second = Path(transition_rewards) if transition_rewards else _beside(path, ".trew")
    third = Path(labels) if labels else _beside(path, ".lab")
    if first is None and second is None:
        raise InputError(
            f"{path}: no rewards: put {path.stem}.srew or {path.stem}.trew in the same folder"
        )
    n_states, moves, names, start = _transitions(path, reader)
    resting = _state_rewards(first, n_states, reader) if first else {}
    moving = _transition_rewards(second, moves, n_states, reader) if second else {}
    if third is not None:
        start = _initial(third, n_states, reader)
    action_of, action_names = action_numbers(names)
    n_actions = 1 + max(action_of.values(), default=0)
    check_size(path, len(names), n_states, n_actions)
    rows: list[Row] = [
        (s, action_of[s, k], t, p, resting.get(s, Fraction(0)) + moving.get((s, k, t), 0), False)
        for (s, k), successors in moves.items()
        for t, p in successors.items()
    ]
    acting = {s for s, _ in moves}
    rows += [(s, 0, s, 1, r, False) for s, r in resting.items() if r and s not in acting]
    return ModelRows(
        rows,
        n_states,
        n_actions,
        start,
        action_names=action_names,
        recovered=reader.recovery.mapped,
        name=str(path),
    )


def _beside(path: Path, suffix: str) -> Path | None:
    other = path.with_suffix(suffix)
    return other if other.is_file() else None


def _lines(path: Path, reader: Reader) -> Iterator[Line]:
    """Yield the lines of a file that are neither empty nor comments."""
    with input_errors():
        text = read_text(path, _MAX_BYTES, reader.lines_left)
    reader.lines_left -= text.count("\n")
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > _MAX_LINE:
            raise InputError(f"{path}:{number}: the line is longer than {_MAX_LINE:,} characters")
        words = line.split()
        if words and not line.startswith("#"):
            yield Line(path, number, words)


def _header(lines: Iterator[Line], path: Path, words: int, form: str) -> Line:
    header = next(lines, None)
    if header is None:
        raise InputError(f"{path}: the file is empty: its first line must be {form}")
    if len(header.words) != words:
        raise header.error(
            f"the first line of an MDP must be {form}, got {len(header.words)} words"
        )
    return header


def _counted(lines: Iterator[Line], header: Line, words: tuple[int, ...]) -> Iterator[Line]:
    """Yield the lines, and check their lengths and their number, the header's last word."""
    announced, count = header.index(len(header.words) - 1), 0
    check_size(header.path, announced)
    for line in lines:
        if len(line.words) not in words:
            raise line.error(f"{words[0]} words are needed, got {len(line.words)}")
        count += line.words[0] != "-"
        if count > announced:
            raise line.error(f"{header.words[-1]} lines are announced, but more follow")
        yield line
    if count != announced:
        raise header.error(f"{header.words[-1]} lines are announced, but {count} follow")


def _transitions(
    path: Path, reader: Reader
) -> tuple[int, Transitions, dict[Choice, str], int | None]:
    """Return the number of states, successors and action name of each choice, and the start."""
    lines = _lines(path, reader)
    header = _header(lines, path, 3, '"states choices transitions"')
    n_states = header.index(0)
    check_size(path, header.index(2), n_states)
    moves: Transitions = {}
    names: dict[Choice, str] = {}
    starts: list[int] = []
    for line in _counted(lines, header, (4, 5, 3)):
        if line.words[0] == "-":
            starts.append(line.index(2, n_states))
            continue
        if len(line.words) == 3:
            raise line.error("4 words are needed: state, choice, next state, probability")
        choice, target = (line.index(0, n_states), line.index(1)), line.index(2, n_states)
        successors = moves.setdefault(choice, {})
        p = line.number_at(3, reader)
        successors[target] = line.sum(successors[target], p) if target in successors else p
        name = line.words[4] if len(line.words) == 5 else ""
        if names.setdefault(choice, name) != name:
            raise line.error(f"the choice has two actions, {names[choice]!r} and {name!r}")
    if len(moves) != header.index(1):
        raise header.error(f"{header.words[1]} choices are announced, but {len(moves)} follow")
    return n_states, moves, names, (starts or [0])[0] if len(starts) < 2 else None


def action_numbers(names: dict[Choice, str]) -> tuple[dict[Choice, int], list[str] | None]:
    """Return the action number of each choice, and the actions' names if they have any.

    >>> action_numbers({(0, 0): "east", (0, 1): "west", (1, 0): "west"})
    ({(0, 0): 0, (0, 1): 1, (1, 0): 1}, ['east', 'west'])
    >>> action_numbers({(0, 0): "", (0, 1): ""})
    ({(0, 0): 0, (0, 1): 1}, None)
    """
    own = {(s, name) for (s, _), name in names.items()}
    if len(own) < len(names) or "" in names.values() or not names:
        return {choice: choice[1] for choice in names}, None
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names.values()))}
    return {choice: numbers[name] for choice, name in names.items()}, list(numbers)


def _state_rewards(path: Path, n_states: int, reader: Reader) -> dict[int, Fraction]:
    lines = _lines(path, reader)
    header = _header(lines, path, 2, '"states lines"')
    _check_same(header, n_states)
    rewards: dict[int, Fraction] = {}
    for line in _counted(lines, header, (2,)):
        state = line.index(0, n_states)
        if state in rewards:
            raise line.error(f"the reward of state {state} is given twice")
        rewards[state] = line.number_at(1, reader)
    return rewards


def _transition_rewards(
    path: Path, moves: Transitions, n_states: int, reader: Reader
) -> dict[tuple[int, int, int], Fraction]:
    lines = _lines(path, reader)
    header = _header(lines, path, 3, '"states choices lines"')
    _check_same(header, n_states)
    rewards: dict[tuple[int, int, int], Fraction] = {}
    for line in _counted(lines, header, (4,)):
        s, k, t = line.index(0, n_states), line.index(1), line.index(2, n_states)
        if t not in moves.get((s, k), {}) or (s, k, t) in rewards:
            problem = "is given twice" if (s, k, t) in rewards else "has no transition"
            raise line.error(f"choice {k} of state {s} to {t} {problem}")
        rewards[s, k, t] = line.number_at(3, reader)
    return rewards


def _check_same(header: Line, n_states: int) -> None:
    if header.index(0) != n_states:
        raise header.error(f"the model has {n_states} states, not {header.words[0]}")


def _initial(path: Path, n_states: int, reader: Reader) -> int | None:
    """Return the one state labelled init, or None if there are several."""
    lines = _lines(path, reader)
    header = next(lines, None)
    known = _LABEL.finditer(" ".join(header.words)) if header else iter(())
    wanted = {label[1] for label in known if label[2] == "init"}
    if not wanted:
        raise InputError(f'{path}: the first line must name the label "init", as 0="init"')
    starts = []
    for line in lines:
        state, colon, labels = " ".join(line.words).partition(":")
        if not colon:
            raise line.error('a line must be "state: labels"')
        if wanted & set(labels.split()):
            starts.append(Line(path, line.number, [state.strip()]).index(0, n_states))
    if not starts:
        raise InputError(f"{path}: no state is labelled init")
    return starts[0] if len(starts) == 1 else None
