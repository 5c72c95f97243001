"""Text of other people in our own lines: short, and without what moves or hides the rest."""

from __future__ import annotations

import re

_WORD, _LINE = 200, 1000  # letters: of a word that somebody gave, and of a line
_LONG_WORD = re.compile(rf"\S{{{_WORD + 1},}}")


def spelt_out(text: str) -> str:
    r"""Return a text whose characters are all seen: others as escapes, as in a literal of Python.

    Letters of every script stay. Of what does not, some would move a terminal's cursor, and some
    turn the direction of the text beside them round.

    >>> spelt_out("gauche \u05d0 \u202e\n")
    'gauche א \\u202e\\n'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def one_line(message: str) -> str:
    """Return a message as one line, with the middle left out of very long words and lines.

    >>> one_line("no file " + "x" * 5000 + ".json")[-12:]
    'xxxxxxx.json'
    """
    line = _LONG_WORD.sub(lambda word: _cut(word[0], _WORD), " ".join(message.split()))
    return _cut(spelt_out(_cut(line, _LINE)), 2 * _LINE)


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    head = 2 * most // 3
    return f"{text[:head]}...{text[head + 3 - most :]}"
