"""Models in DRN, Storm's direct encoding: states, their actions and their outcomes, as text.

    @type: MDP
    @value_type: double
    @parameters

    @reward_models
    coins steps
    @nr_states
    2
    @nr_choices
    3
    @model
    state 0 [0, 1] init             number, rewards by structure, labels
        action share [5, 0]         name, rewards by structure
            0 : 0.5                 next state, probability
            1 : 0.5
        action leave [10, 0]
            1 : 1
    state 1 [0, 1]
        action 0 [-1, 0]
            1 : 1

Lines that start with // are comments. A step earns the rewards of its state and of its action.
Numbers are read as written, or recovered where they are printed floats, see `number_of_text`.

Source: Storm, parser/DirectEncodingParser
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from qdecay.errors import InputError, input_errors
from qdecay.model.readers.explicit import ExplicitModel
from qdecay.model.readers.kinds import require_mdp
from qdecay.model.readers.limits import check_size
from qdecay.model.readers.numbers import Numbers
from qdecay.model.readers.reward_structures import chosen_structure
from qdecay.model.readers.text_tables import (
    Lines,
    TextReader,
    check_below,
    whole_number,
    whole_numbers,
)
from qdecay.model.recover import Recovery
from qdecay.model.rows import ModelRows

_COMMENT = "//"
_LABEL = re.compile(r'"([^"]+)"|([^\s"]+)')
_UNNAMED = "__NOLABEL__"
_ONE_LINE = ("@parameters", "@reward_models", "@nr_states", "@nr_choices")  # below the heading


def rows_of_drn(
    path: str | Path, reward: str | int | None = None, recovery: Recovery | None = None
) -> ModelRows:
    """Return the rows of a .drn file of an MDP or a discrete-time Markov chain.

    Args:
        path: the file.
        reward: name or number of the reward structure; None means the only one.
        recovery: what maps numbers to exact ones or to floats.

    The start state is the one labelled init, if there is only one. Actions are the action names,
    if every choice of a state has its own; otherwise they are the numbers of the choices.

    Raises:
        InputError: the file cannot be read, is not such a model or has a malformed line (the
            message names the line), or has no reward structure of that name.
    """
    path, reader = Path(path), TextReader(recovery or Recovery())
    lines = reader.lines(path)
    numbered = lines.numbered()
    header = _Header.read(numbered, lines)
    check_size(path, 0, header.n_states, limits=reader.limits)
    body = _Body()
    for number, line in numbered:
        body.take(number, line.strip(), lines)
    body.check(header, lines)
    return body.model(header, reward, reader, lines).rows(path, reader.recovery, reader.limits)


@dataclass
class _Header:
    """The part before the states."""

    number: int = 0  # of the line @model
    kind: str = ""
    values: str = "double"
    parameters: list[str] = field(default_factory=list)
    structures: list[str] = field(default_factory=list)
    placeholders: dict[str, str] = field(default_factory=dict)
    n_states: int = 0
    n_choices: int | None = None

    @classmethod
    def read(cls, numbered: Iterator[tuple[int, str]], lines: Lines) -> _Header:
        """Read lines up to @model."""
        found, heading = cls(), ""
        for number, line in ((number, text.strip()) for number, text in numbered):
            if line == "@model":
                found.number = number
                found._check(lines)
                return found
            key, colon, value = (part.strip() for part in line.partition(":"))
            if line.startswith(_COMMENT) or not (line or heading in _ONE_LINE):
                continue
            if line.startswith("@"):
                heading = key
                if colon:
                    found._take(number, key, [value], lines)
            elif heading == "@placeholders":
                found.placeholders[key] = value
            else:
                found._take(number, heading, line.split(), lines)
                heading = ""
        raise InputError(f"{lines.path}: the line @model is missing")

    def _take(self, number: int, heading: str, words: list[str], lines: Lines) -> None:
        if heading == "@type":
            self.kind = " ".join(words)
        elif heading == "@value_type":
            self.values = " ".join(words)
        elif heading == "@parameters":
            self.parameters = words
        elif heading == "@reward_models":
            self.structures = words
        elif heading == "@nr_states":
            self.n_states = whole_number(words, 0, number, lines)
        elif heading == "@nr_choices":
            self.n_choices = whole_number(words, 0, number, lines)
        else:
            raise lines.error(number, f"a heading such as @type is needed, got {words[0]!r:.40}")

    def _check(self, lines: Lines) -> None:
        path = str(lines.path)
        if not (self.kind and self.n_states):
            missing = "@nr_states" if self.kind else "@type: MDP"
            raise InputError(f"{path}: {missing} is missing before @model")
        require_mdp(self.kind, path)
        if self.parameters or self.values == "parametric":
            require_mdp(f"P{self.kind}", path)
        if self.values.endswith("-interval"):
            require_mdp(f"I{self.kind}", path)

    def meant(self, words: list[str]) -> list[str]:
        """Return words with placeholders replaced by their values."""
        known = self.placeholders
        return [known.get(word, word) for word in words] if known else words


@dataclass
class _Owners:
    """The states, or the choices, of a file: the line of each, and its rewards as written."""

    at: list[int] = field(default_factory=list)
    rewards: list[str] = field(default_factory=list)

    def add(self, number: int, text: str, lines: Lines) -> str:
        """Read the rewards in brackets from a text, and return what comes after them."""
        text, rewards = text.lstrip(), ""
        if text.startswith("["):
            rewards, bracket, text = text[1:].partition("]")
            if not bracket:
                raise lines.error(number, "the bracket ] after the rewards is missing")
        self.at.append(number)
        self.rewards.append(rewards)
        return text

    def column(self, place: int, header: _Header, reader: TextReader, lines: Lines) -> Numbers:
        """Return the rewards of one structure; missing ones are 0."""
        words = ["0"] * len(self.at)
        for owner, text in enumerate(self.rewards):
            if text:
                parts = text.split(",")
                if place >= len(parts):
                    raise lines.error(self.at[owner], f"{place + 1} rewards are needed")
                words[owner] = parts[place].strip()
        return reader.numbers(header.meant(words), self.at, lines, "the reward")


@dataclass
class _Body:
    """The parts of the states' lines: words and their line numbers, to be read by columns."""

    states: _Owners = field(default_factory=_Owners)
    choices: _Owners = field(default_factory=_Owners)
    state: list[int] = field(default_factory=list)  # of each choice
    names: list[str] = field(default_factory=list)  # of each choice
    begins: list[int] = field(default_factory=list)  # the first branch of each choice
    targets: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    at: list[int] = field(default_factory=list)  # the line of each branch
    starts: list[int] = field(default_factory=list)

    def take(self, number: int, line: str, lines: Lines) -> None:
        """Read one line.

        Raises:
            InputError: it is none of a state, an action or a branch.
        """
        if line[:1].isdigit() and self.state and self.state[-1] == len(self.states.at) - 1:
            target, colon, value = line.partition(":")
            if not colon:
                raise lines.error(number, 'a line must be "next state : probability"')
            self.targets.append(target.rstrip())
            self.values.append(value.strip())
            self.at.append(number)
        elif line.startswith("action ") and self.states.at:
            name, _, rest = line[7:].strip().partition(" ")
            self.state.append(len(self.states.at) - 1)
            self.names.append("" if name == _UNNAMED else name)
            self.begins.append(len(self.at))
            _check_brackets(self.choices.add(number, rest, lines), number, lines)
        elif line.startswith("state "):
            self._begin_state(number, line[6:].strip(), lines)
        elif line and not line.startswith(_COMMENT):
            needed = "an action" if line[:1].isdigit() else "a state, an action or a next state"
            raise lines.error(number, f"{needed} is needed first, got {line!r:.40}")

    def _begin_state(self, number: int, line: str, lines: Lines) -> None:
        name, _, rest = line.partition(" ")
        state = len(self.states.at)
        if whole_number([name], 0, number, lines) != state:
            raise lines.error(number, f"state {state} must come next, got {name}")
        labels = self.states.add(number, rest, lines)
        _check_brackets(labels, number, lines)
        if "init" in labels and ("init" in {a or b for a, b in _LABEL.findall(labels)}):
            self.starts.append(state)

    def check(self, header: _Header, lines: Lines) -> None:
        """Refuse sizes that differ from those of the header."""
        for announced, noun, count in (
            (header.n_states, "states", len(self.states.at)),
            (header.n_choices, "choices", len(self.state)),
        ):
            if announced is not None and announced != count:
                raise lines.error(
                    header.number, f"{announced} {noun} are announced, but {count} follow"
                )
        if header.kind.upper() == "DTMC":
            for choice, (state, other) in enumerate(pairwise(self.state), 1):
                if state == other:
                    text = f"state {state} of a DTMC has a second choice: is the type MDP?"
                    raise lines.error(self.choices.at[choice], text)

    def model(
        self, header: _Header, reward: str | int | None, reader: TextReader, lines: Lines
    ) -> ExplicitModel:
        """Return the model, with the rewards of the chosen structure."""
        state = np.array(self.state, dtype=np.int64)
        number = np.arange(len(state)) - np.searchsorted(state, state)
        target = whole_numbers(self.targets, self.at, lines, 1)
        check_below(target, header.n_states, np.array(self.at, dtype=np.int64), lines, 1)
        sizes = np.diff([*self.begins, len(self.at)])
        place = self._structure(header, reward, lines)
        unnamed = self.names == [str(choice) for choice in number.tolist()]  # as Storm writes them
        return ExplicitModel(
            header.n_states,
            state,
            number,
            [] if unnamed else self.names,
            np.repeat(np.arange(len(state)), sizes),
            target,
            reader.numbers(header.meant(self.values), self.at, lines, "the probability"),
            self.states.column(place, header, reader, lines),
            self.choices.column(place, header, reader, lines),
            start=self.starts[0] if len(self.starts) == 1 else None,
        )

    def _structure(self, header: _Header, reward: str | int | None, lines: Lines) -> int:
        """Return the place of the chosen structure; Storm calls structures without names rew0,
        ..."""
        written = next(filter(None, [*self.states.rewards, *self.choices.rewards]), "")
        count = len(written.split(",")) if written.strip() else 0
        names = header.structures or [f"rew{place}" for place in range(count)]
        with input_errors(f"{lines.path}: "):
            return chosen_structure(names, reward)


def _check_brackets(text: str, number: int, lines: Lines) -> None:
    """Refuse rewards after labels, where they would be ignored."""
    if any(label.startswith("[") for _, label in _LABEL.findall(text.partition(_COMMENT)[0])):
        raise lines.error(number, "rewards in brackets must come right after the state or action")
