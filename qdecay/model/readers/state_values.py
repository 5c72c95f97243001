"""PRISM's files of states, which list the values of the variables in each state.

    robot.sta    (x,full)
                 0:(0,false)
                 1:(1,true)

States are named by them: `x=1 full=true`.
"""

from __future__ import annotations

from qdecay.errors import InputError
from qdecay.model.readers.text_tables import Lines, whole_number


def state_names(lines: Lines, n_states: int) -> list[str]:
    """Return the names of the states, in order.

    Raises:
        InputError: a line is malformed, or a state is missing or appears twice.
    """
    rows = lines.words()
    first = next(rows, None)
    if first is None:
        raise InputError(f"{lines.path}: no variables: the first line must be (x,y)")
    variables = _values(first[1], first[0], lines)
    names = [""] * n_states
    for number, words in rows:
        state, colon, rest = "".join(words).partition(":")
        if not colon:
            raise lines.error(number, "a line must be state:(values)")
        at = whole_number([state], 0, number, lines, n_states)
        values = _values([rest], number, lines)
        if len(values) != len(variables):
            raise lines.error(number, f"{len(variables)} values are needed, got {len(values)}")
        if names[at]:
            raise lines.error(number, f"state {at} appears twice")
        names[at] = " ".join(f"{x}={value}" for x, value in zip(variables, values, strict=True))
    if "" in names:
        raise InputError(f"{lines.path}: state {names.index('')} is missing")
    return names


def _values(words: list[str], number: int, lines: Lines) -> list[str]:
    text = "".join(words)
    values = text[1:-1].split(",")
    if not (text.startswith("(") and text.endswith(")") and all(values)):
        raise lines.error(number, f"values must be written as (0,true), got {text!r:.40}")
    return values
