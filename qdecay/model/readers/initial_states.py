"""PRISM's and Storm's files of labels, which say which states are initial."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qdecay.errors import InputError
from qdecay.model.readers.text_tables import Lines, Words, whole_number

_LABEL = re.compile(r'(?<!\d)(\d{1,9})="([^"]+)"')
_INIT = "init"
_HEAD = 20  # lines within which Storm's declaration begins


def initial_states(lines: Lines, n_states: int) -> list[int]:
    """Return the states that are labelled init.

    Raises:
        InputError: a line is malformed, or no state is; the message names file and line.
    """
    is_declared = any(line.split()[:1] == ["#DECLARATION"] for line in lines.text[:_HEAD])
    labelled = _of_storm(lines) if is_declared else _of_prism(lines)
    starts = [whole_number([state], 0, number, lines, n_states) for number, state in labelled]
    if not starts:
        raise InputError(f"{lines.path}: no state is labelled init")
    return starts


def _of_prism(lines: Lines) -> Iterator[tuple[int, str]]:
    """Yield line and state of those labelled init."""
    rows = lines.words()
    header = next(rows, None)
    known = _LABEL.finditer(" ".join(header[1])) if header else iter(())
    wanted = {label[1] for label in known if label[2] == _INIT}
    if not wanted:
        raise InputError(f'{lines.path}: the first line must name the label "init", as 0="init"')
    for number, words in rows:
        state, colon, labels = " ".join(words).partition(":")
        if not colon:
            raise lines.error(number, 'a line must be "state: labels"')
        if wanted & set(labels.split()):
            yield number, state.strip()


def _of_storm(lines: Lines) -> Iterator[tuple[int, str]]:
    rows = lines.words(comment="\0")
    declared = set(_declared(rows, lines))
    for number, words in rows:
        if unknown := set(words[1:]) - declared:
            raise lines.error(number, f"the label {min(unknown)!r:.40} is not declared")
        if _INIT in words[1:]:
            yield number, words[0]


def _declared(rows: Iterator[Words], lines: Lines) -> Iterator[str]:
    """Yield the words between #DECLARATION and #END."""
    for _, words in rows:
        for word in words:
            if word == "#END":
                return
            if word != "#DECLARATION":
                yield word
    raise InputError(f"{lines.path}: the line #END is missing after #DECLARATION")
