"""Tables in text: lines of whole numbers, then a number, then perhaps a name, read by columns.

A file of a million lines is read in about a second: whole columns are checked at once, and line by
line only after a failure, so that the message names the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay.errors import InputError, input_errors
from qdecay.model.readers.limits import limits_for
from qdecay.model.readers.numbers import Numbers, numbers_array
from qdecay.model.recover import Recovery, Unchanged, number_of_text
from qdecay_envs.files import read_text

_CHUNK = 1 << 16  # lines whose words are in memory at the same time
_MAX_LINE = 1 << 20  # characters, which a list of words expands thirtyfold
_MAX_DIGITS = 9  # of an index
_MAX_WIDTH = 8  # words of a line
_OTHER_SPACE = "\t\r\v\f\x1c\x1d\x1e\x1f"
_PLAIN = set("0123456789+-.eE")  # characters of numbers that float() and `rational` read alike
_SYMBOL = re.compile(r"[A-Za-z_]\w*")
_NOT_NUMBERS = {"nan", "inf", "infinity", "e"}
Words = tuple[int, list[str]]
"""The number of a line, and its words."""


@dataclass(frozen=True)
class Lines:
    """Some lines of a file; `first` is the number of the first one."""

    path: Path
    text: Sequence[str]
    first: int = 1

    def error(self, number: int, problem: str) -> InputError:
        """Return the error that names file and line."""
        return InputError(f"{self.path}:{number}: {problem}")

    def after(self, number: int) -> Lines:
        """Return the lines after the line with a number."""
        return Lines(self.path, self.text[number - self.first + 1 :], number + 1)

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Yield each line with its number.

        Raises:
            InputError: one is so long that its words would not fit in memory.
        """
        for number, line in enumerate(self.text, self.first):
            if len(line) > _MAX_LINE:
                raise self.error(number, f"the line is longer than {_MAX_LINE:,} characters")
            yield number, line

    def words(self, comment: str = "#") -> Iterator[Words]:
        """Yield the lines that are neither empty nor comments."""
        for number, line in self.numbered():
            words = line.split()
            if words and not words[0].startswith(comment):
                yield number, words

    def first_words(self) -> Words | None:
        """Return the first line that is neither empty nor a comment, or None."""
        return next(self.words(), None)

    def blocks(self) -> Iterator[Lines]:
        """Yield the lines in parts, whose words fit in memory."""
        for begin in range(0, len(self.text), _CHUNK):
            yield Lines(self.path, self.text[begin : begin + _CHUNK], self.first + begin)


@dataclass(frozen=True)
class Table:
    """The columns of a table of n lines: line numbers, indices, a number and a name."""

    line: NDArray[np.int64]
    index: list[NDArray[np.int64]]
    number: Numbers
    name: list[str]


class TextReader:
    """Reads the text files of one model: they share their numbers, and a limit of lines."""

    def __init__(self, recovery: Recovery) -> None:
        self.recovery = recovery
        self.limits = limits_for(recovery)
        self._lines_left = self.limits.lines
        self._known: dict[str, Any] = {}

    def lines(self, path: Path) -> Lines:
        """Return the lines of a file.

        Raises:
            InputError: it cannot be read, or is too large.
        """
        with input_errors():
            text = read_text(path, self.limits.file_bytes, self._lines_left)
        self._lines_left -= text.count("\n")
        return Lines(path, text.removesuffix("\n").split("\n"))

    def table(
        self, lines: Lines, indices: int, *, named: bool = False, most: int | None = None
    ) -> Table:
        """Return the columns of lines with `indices` whole numbers, a number and maybe a name.

        Args:
            lines: the lines, or those with a whole choice each, see `_spread`.
            indices: how many whole numbers a line begins with.
            named: whether a name may follow.
            most: lines after which reading soon stops; None means the limit of transitions.

        Raises:
            InputError: a line has too few or too many words, or one of the wrong kind.
        """
        parts: list[Table] = []
        left = self.limits.transitions if most is None else most
        for part in self._parts(lines, indices, named):
            parts.append(part)
            left -= len(part.line)
            if left < 0:
                break
        if not parts:
            none = np.zeros(0, dtype=np.int64)
            return Table(none, [none] * indices, numbers_array([], self.recovery), [])
        return Table(
            np.concatenate([part.line for part in parts]),
            [np.concatenate([part.index[place] for part in parts]) for place in range(indices)],
            np.concatenate([part.number for part in parts]),
            [name for part in parts for name in part.name],
        )

    def _parts(self, lines: Lines, indices: int, named: bool) -> Iterator[Table]:
        if _is_spread(lines.first_words()):
            rows = _spread(lines, indices)
            while block := list(islice(rows, _CHUNK)):
                yield self._of_words(block, lines, indices, named)
            return
        for part in lines.blocks():
            columns = _regular_columns(part.text)
            if columns is not None and len(columns) in (indices + 1, indices + 1 + named):
                at = range(part.first, part.first + len(part.text))
                yield self._columns(columns, at, lines, indices)
            elif block := list(part.words()):
                yield self._of_words(block, lines, indices, named)

    def _of_words(self, block: list[Words], lines: Lines, indices: int, named: bool) -> Table:
        """The columns of lines of any lengths."""
        at = [number for number, _ in block]
        rows = [words for _, words in block]
        needed = indices + 1
        if not {needed, needed + named}.issuperset(map(len, rows)):
            number, words = next(w for w in block if len(w[1]) not in (needed, needed + named))
            raise lines.error(number, f"{needed} words are needed, got {len(words)}")
        columns = [[words[place] for words in rows] for place in range(needed)]
        if named:
            columns.append([words[needed] if len(words) > needed else "" for words in rows])
        return self._columns(columns, at, lines, indices)

    def _columns(
        self, columns: list[list[str]], at: Sequence[int], lines: Lines, indices: int
    ) -> Table:
        return Table(
            np.array(at, dtype=np.int64),
            [whole_numbers(columns[place], at, lines, place + 1) for place in range(indices)],
            self.numbers(columns[indices], at, lines, f"word {indices + 1}"),
            columns[-1] if len(columns) > indices + 1 else [""] * len(at),
        )

    def numbers(self, words: list[str], at: Sequence[int], lines: Lines, name: str) -> Numbers:
        """Return the numbers of a column, whose words are in the lines `at`.

        Raises:
            InputError: a word is not a number, or has no rational.
        """
        if isinstance(self.recovery, Unchanged) and _PLAIN.issuperset("".join(words)):
            try:
                floats = np.fromiter(map(float, words), np.float64, len(words))
            except ValueError:  # the next loop finds the wrong word
                floats = np.full(1, np.nan)
            if np.isfinite(floats).all():
                return floats
        known, found = self._known, []
        for place, word in enumerate(words):
            number = known.get(word)
            if number is None:
                number = known[word] = self.number(word, at[place], lines, name)
            found.append(number)
        return numbers_array(found, self.recovery)

    def number(self, word: str, at: int, lines: Lines, name: str) -> Any:
        """Return the number that a word stands for."""
        try:
            return self.recovery(number_of_text(word, name), name)
        except ValueError as error:
            raise lines.error(at, _other_model(word, name) or str(error)) from error


def _regular_columns(text: Sequence[str]) -> list[list[str]] | None:
    """Return the words of lines as columns, if all lines have equally many and single spaces.

    Splitting all at once takes a quarter of the time of splitting them one by one.
    """
    spaces = {line.count(" ") for line in text}
    joined = "\n".join(text)
    if len(spaces) != 1 or not joined.isascii() or any(other in joined for other in _OTHER_SPACE):
        return None
    if joined.startswith("#") or "\n#" in joined:  # a comment may have as many words as others
        return None
    words, width = joined.split(), spaces.pop() + 1
    if len(words) != width * len(text) or width > _MAX_WIDTH:
        return None
    return [words[place::width] for place in range(width)]


def whole_numbers(
    words: list[str], at: Sequence[int], lines: Lines, place: int
) -> NDArray[np.int64]:
    """Return a column of whole numbers >= 0, whose words are in the lines `at`.

    Raises:
        InputError: a word is not one.
    """
    text = "".join(words)
    lengths = set(map(len, words))
    if not (
        text.isascii() and text.isdecimal() and min(lengths) > 0 and max(lengths) <= _MAX_DIGITS
    ):
        for number, word in zip(at, words, strict=True):
            if not (word.isascii() and word.isdecimal() and len(word) <= _MAX_DIGITS):
                raise _no_index(lines, number, place, word)
    return np.fromiter(map(int, words), np.int64, len(words))


def whole_number(
    words: list[str], place: int, number: int, lines: Lines, size: int | None = None
) -> int:
    """Return a word of a line as a whole number >= 0, below `size` if one is given.

    Raises:
        InputError: it is not such a number, or there is no such word.
    """
    word = words[place] if place < len(words) else ""
    if word.isascii() and word.isdecimal() and len(word) <= _MAX_DIGITS:
        found = int(word)
        if size is None or found < size:
            return found
    limit = "" if size is None else f" below {size}"
    raise _no_index(lines, number, place + 1, word, limit)


def check_count(at: NDArray[np.int64], announced: int, number: int, lines: Lines) -> None:
    """Refuse a table whose number of lines differs from what its first line, `number`, says."""
    if len(at) > announced:
        raise lines.error(int(at[announced]), f"{announced} lines are announced, but more follow")
    if len(at) < announced:
        raise lines.error(number, f"{announced} lines are announced, but {len(at)} follow")


def _is_spread(first: Words | None) -> bool:
    """Whether each line of a table has a whole choice, such as `0 1/2:3 1/2:4 go`."""
    return first is not None and (len(first[1]) == 1 or ":" in first[1][1])


def _spread(lines: Lines, indices: int) -> Iterator[Words]:
    last, choice = "", 0
    for number, (state, *entries) in lines.words():
        choice = choice + 1 if state == last else 0
        last = state
        name = [entries.pop()] if entries and ":" not in entries[-1] else []
        middle = [str(choice)][: indices - 2]
        for entry in entries:
            value, _, target = entry.partition(":")
            yield number, [state, *middle, target, value, *name]


def check_below(
    column: NDArray[np.int64], size: int, at: NDArray[np.int64], lines: Lines, place: int
) -> None:
    """Refuse an index of a column that is not below `size`."""
    if (beyond := column >= size).any():
        first = int(np.argmax(beyond))
        raise _no_index(lines, int(at[first]), place, str(column[first]), f" below {size}")


def _no_index(lines: Lines, number: int, place: int, word: str, limit: str = "") -> InputError:
    if not limit and word.isascii() and word.isdecimal():
        limit = f" of at most {_MAX_DIGITS} digits"
    return lines.error(number, f"word {place} must be a whole number{limit}, got {word!r:.40}")


def _other_model(word: str, name: str) -> str:
    """Return which unsupported kind of model a word points to, or "" if none."""
    if word.startswith("["):
        return f"{name} is an interval, {word!r:.40}: models with intervals are not read"
    symbols = [symbol for symbol in _SYMBOL.findall(word) if symbol.lower() not in _NOT_NUMBERS]
    if symbols and not _PLAIN.issuperset(word):
        return f"{name} must be a number, got {word!r:.40}: parametric models are not read"
    return ""
