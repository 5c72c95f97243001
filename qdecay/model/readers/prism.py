"""Models in the text files of PRISM and Storm: explicit files .tra, .lab and of rewards.

PRISM's files begin with their sizes:

    robot.tra    6 10 16            states, choices, transitions
                 0 0 1 3/5 east     state, choice, next state, probability, action (optional)
    robot.lab    0="init" 1="goal"
                 0: 0               state: labels
    robot.sta    (x,y)              variables (optional), see `state_values`
                 0:(0,0)            state:(values)

With `-exportrows` each choice has one line, `0 3/5:1 2/5:0 east`. In the file of a Markov chain
there is no column of choices. A `.pexp` has all of this in one file, each part under its heading.
Storm's files begin with the kind of the model, and have no sizes:

    dice.tra     mdp                or dtmc
                 0 0 1 0.5          state, choice, next state, probability
    dice.lab     #DECLARATION
                 init done
                 #END
                 0 init             state, labels

Which of the two it is is recognised by the contents. Lines that start with # are comments. Rewards
are read from the files of `reward_files`. A step from s earns the rewards of s, of its choice and
of its transition; a state without transitions is absorbing and earns its state reward for ever, as
in both programs. Numbers are read as written, or recovered where they are printed floats, see
`number_of_text`.

Source: PRISM manual, appendix Explicit Model Files; Storm, parser/AutoParser and the parsers that
it calls.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qdecay.errors import InputError
from qdecay.model.readers.companions import companion, companions
from qdecay.model.readers.explicit import ExplicitModel, pair_keys, pairs_of
from qdecay.model.readers.initial_states import initial_states
from qdecay.model.readers.kinds import require_mdp
from qdecay.model.readers.limits import check_size
from qdecay.model.readers.reward_files import (
    ENDINGS,
    RewardFile,
    files_beside,
    structure_files,
    with_rewards,
)
from qdecay.model.readers.state_values import state_names
from qdecay.model.readers.text_tables import (
    Lines,
    Table,
    TextReader,
    Words,
    check_below,
    check_count,
    whole_number,
)
from qdecay.model.recover import Recovery
from qdecay.model.rows import ModelRows

_HEADING = re.compile(r"# (Transitions|States|Observations|Labels|Reward structure)\b")
_KIND = re.compile(r"# Transitions \((\w+)\)")
_FORM = '"states choices transitions"'


def rows_of_prism(
    transitions: str | Path,
    state_rewards: str | Path | None = None,
    transition_rewards: str | Path | None = None,
    labels: str | Path | None = None,
    reward: str | int | None = None,
    recovery: Recovery | None = None,
) -> ModelRows:
    """Return the rows of the explicit files of an MDP or a discrete-time Markov chain.

    Args:
        transitions: the .tra file, or a .pexp with everything.
        state_rewards, transition_rewards, labels: the other files; if one is None, the file next to
            the first one with the same stem, if it exists; see `reward_files`.
        reward: the name or the number of the reward structure; None means the only one.
        recovery: what maps numbers to exact ones or to floats.

    The start state is the one labelled init, or named by a line "- - state" of the .tra file,
    or 0 if there is neither. Actions are the action names, if every choice of a state has its own;
    otherwise they are the numbers of the choices.

    Raises:
        InputError: a file cannot be read, is not such a model or has a malformed line (the message
            names file and line), there are no rewards, or several structures and none is named.
    """
    path, reader = Path(transitions), TextReader(recovery or Recovery())
    parts = _parts(reader.lines(path))
    model = _Transitions.read(parts.transitions, reader)
    given = [
        RewardFile(Path(file), kind)
        for file, kind in ((state_rewards, "state"), (transition_rewards, "transition"))
        if file is not None
    ]
    beside = companions(path, (*ENDINGS, ".lab", ".sta"))
    found = parts.rewards or files_beside(beside, given)
    chosen = structure_files(path, found, reward)
    explicit = with_rewards(model.explicit, chosen, reader, model.is_headed, model.is_chain)
    own = None if labels else parts.labels
    labelled = _part(own, labels or companion(beside, ".lab"), reader)
    starts = model.starts or [0]
    if labelled is not None:
        starts = initial_states(labelled, explicit.n_states)
    explicit = replace(explicit, start=starts[0] if len(starts) == 1 else None)
    # A further line for each state must not make a model too large to be read.
    valued = _part(parts.states, companion(beside, ".sta"), TextReader(reader.recovery))
    if valued is not None:
        explicit = replace(explicit, state_names=state_names(valued, explicit.n_states))
    return explicit.rows(path, reader.recovery, reader.limits)


def _part(found: Lines | None, file: str | Path | None, reader: TextReader) -> Lines | None:
    """Return a part that is in the file itself, or else that of another file, or None."""
    if found is None and file is not None:
        return reader.lines(Path(file))
    return found


@dataclass(frozen=True)
class _Parts:
    """The parts of a file: its transitions, and the other parts of a .pexp."""

    transitions: Lines
    states: Lines | None
    labels: Lines | None
    rewards: list[RewardFile]


def _parts(lines: Lines) -> _Parts:
    """Split a file at its headings; without headings, all lines are transitions."""
    headings = [(0, "Transitions")]
    comments = [place for place, line in enumerate(lines.text) if line[:1] == "#" and place]
    found = [(place, _HEADING.match(lines.text[place])) for place in comments]
    headings += [(place, match[1]) for place, match in found if match]
    ends = [place for place, _ in headings[1:]] + [len(lines.text)]
    transitions, states, labels, rewards, structure = lines, None, None, [], 0
    for (place, heading), end in zip(headings, ends, strict=True):
        part = Lines(lines.path, lines.text[place:end], lines.first + place)
        if heading == "Transitions":
            transitions = part
        elif heading == "States":
            states = part
        elif heading == "Labels":
            labels = part
        elif heading == "Reward structure":
            kind = "state" if "# State rewards" in part.text[:2] else "transition"
            structure += kind == "state"  # transition rewards of the same structure come next
            rewards.append(RewardFile(lines.path, kind, str(structure), part))
    return _Parts(transitions, states, labels, rewards)


@dataclass(frozen=True)
class _Transitions:
    """The content of a file of transitions.

    Attributes:
        explicit: the model without rewards.
        is_chain: whether it is a Markov chain, whose lines have no choice.
        is_headed: whether files of rewards begin with their sizes, as PRISM's do.
        starts: the states that it calls initial.
    """

    explicit: ExplicitModel
    is_chain: bool
    is_headed: bool
    starts: list[int]

    @classmethod
    def read(cls, lines: Lines, reader: TextReader) -> _Transitions:
        for number, line in enumerate(lines.text[:2], lines.first):
            if kind := _KIND.match(line):
                require_mdp(kind[1], f"{lines.path}:{number}")
        first = lines.first_words()
        if first is None:
            raise InputError(f"{lines.path}: the file is empty: its first line must be {_FORM}")
        if len(first[1]) == 1 and first[1][0].isalpha():
            return cls._of_storm(lines, first, reader)
        return cls._of_prism(lines, first, reader)

    @classmethod
    def _of_storm(cls, lines: Lines, first: Words, reader: TextReader) -> _Transitions:
        number, (kind,) = first
        require_mdp(kind, f"{lines.path}:{number}")
        is_chain = kind.lower() == "dtmc"
        table = _branches(lines.after(number), reader, is_chain, reader.limits.transitions)
        check_size(lines.path, len(table.line), limits=reader.limits)
        n_states = 1 + max(int(table.index[place].max(initial=-1)) for place in (0, -1))
        if not n_states:
            raise lines.error(number, "no transitions follow")
        return cls(_explicit(table, n_states, lines, is_chain), is_chain, False, [])

    @classmethod
    def _of_prism(cls, lines: Lines, first: Words, reader: TextReader) -> _Transitions:
        number, sizes = first[0], _sizes(first, lines)
        is_chain, n_states = len(sizes) == 2, sizes[0]
        check_size(lines.path, sizes[-1], n_states, limits=reader.limits)
        rest, starts = _starts(lines.after(number), n_states)
        table = _branches(rest, reader, is_chain, sizes[-1])
        check_count(table.line, sizes[-1], number, lines)
        for place in (0, len(table.index) - 1):
            check_below(table.index[place], n_states, table.line, lines, place + 1)
        explicit = _explicit(table, n_states, lines, is_chain)
        if not is_chain and len(explicit.state) != sizes[1]:
            raise lines.error(
                number, f"{sizes[1]} choices are announced, but {len(explicit.state)} follow"
            )
        return cls(explicit, is_chain, True, starts)


def _sizes(first: Words, lines: Lines) -> list[int]:
    """Return the sizes on PRISM's first line: two of a chain, three of an MDP, four of a POMDP."""
    number, words = first
    if len(words) == 4 and "".join(words).isdecimal() and words[0] != "0":
        require_mdp("POMDP", f"{lines.path}:{number}")
    if len(words) not in (2, 3):
        raise lines.error(
            number, f"the first line of an MDP must be {_FORM}, or mdp, got {len(words)} words"
        )
    return [whole_number(words, place, number, lines) for place in range(len(words))]


def _starts(lines: Lines, n_states: int) -> tuple[Lines, list[int]]:
    """Return the initial states on lines "- - state" at the beginning, and the lines after them."""
    starts: list[int] = []
    last = lines.first - 1
    for number, words in lines.words():
        if words[0] != "-":
            break
        starts.append(whole_number(words, words.count("-"), number, lines, n_states))
        last = number
    return lines.after(last), starts


def _branches(lines: Lines, reader: TextReader, is_chain: bool, most: int) -> Table:
    table = reader.table(lines, 2 if is_chain else 3, named=True, most=most)
    if is_chain and (rates := table.number > 1).any():
        place = f"{lines.path}:{table.line[np.argmax(rates)]}"
        raise InputError(f"{place}: a number is above 1: the rates of a CTMC are not read")
    return table


def _explicit(table: Table, n_states: int, lines: Lines, is_chain: bool) -> ExplicitModel:
    state, target = table.index[0], table.index[-1]
    number = np.zeros_like(state) if is_chain else table.index[1]
    keys, first, choice = np.unique(
        pair_keys(state, number), return_index=True, return_inverse=True
    )
    known = {name: code for code, name in enumerate(dict.fromkeys(table.name))}
    codes = np.array([known[name] for name in table.name], dtype=np.int64)
    other = codes != codes[first][choice]
    if not is_chain and other.any():
        at = int(np.argmax(other))
        names = table.name[first[choice[at]]], table.name[at]
        raise lines.error(
            int(table.line[at]), "the choice has two actions, {!r:.40} and {!r:.40}".format(*names)
        )
    names_of = [] if is_chain else [table.name[place] for place in first.tolist()]
    return ExplicitModel(n_states, *pairs_of(keys), names_of, choice, target, table.number)
