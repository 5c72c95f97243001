"""User text in messages: short, and without characters that move or hide the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NAME = 40  # characters of a name in tables, pages and figures
_WORD, _LINE = 200, 1000  # characters: of a user's word, and of a line
_LONG_WORD = re.compile(rf"\S{{{_WORD + 1},}}")


def escaped(text: str) -> str:
    r"""Return a text with only visible characters: others are escaped, as in a Python literal.

    Letters of every script are kept. Some other characters would move a terminal's cursor, or
    reverse the direction of the text next to them.

    >>> escaped("gauche \u05d0 \u202e\n")
    'gauche א \\u202e\\n'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def one_line(message: str) -> str:
    """Return a message as one line, with the middle of very long words and lines omitted.

    >>> one_line("no file " + "x" * 5000 + ".json")[-12:]
    'xxxxxxx.json'
    """
    line = _LONG_WORD.sub(lambda word: _cut(word[0], _WORD), " ".join(message.split()))
    return _cut(escaped(_cut(line, _LINE)), 2 * _LINE)


def state_called(name: object) -> str:
    """Return "state 3", or a name that begins with that word itself.

    >>> state_called(3), state_called("home"), state_called("State 1b")
    ('state 3', 'state home', 'State 1b')
    """
    return str(name) if str(name).lower().startswith("state") else f"state {name}"


def shortened(names: Sequence[str]) -> list[str]:
    """Return names of at most 40 characters, unless that would make two of them alike.

    >>> shortened(["stay", "m" * 300])[1] == "m" * 27 + "…" + "m" * 12
    True
    """
    shown = [name if len(name) <= _NAME else f"{name[:27]}…{name[-12:]}" for name in names]
    return shown if len(set(shown)) == len(set(names)) else list(names)


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    head = 2 * most // 3
    return f"{text[:head]}...{text[head + 3 - most :]}"
