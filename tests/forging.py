"""Documents with one place changed, for the checkers of certificates to refuse."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from qdecay import CertificateError, verify

Document = dict[str, Any]
Path_ = tuple[str | int, ...]

ODD = [None, True, -1, 10**30, 1.5, float("nan"), "x", "9" * 5000, "1/0", [], [[]], {}, {"a": 1}]
"""Values of another kind than any in a certificate."""


def leaves(node: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every number, text, flag and null of a document."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from leaves(value, (*path, index))
    else:
        yield path, node


def lists(node: Any, path: Path_ = ()) -> Iterator[tuple[Path_, list[Any]]]:
    """Every list of a document."""
    if isinstance(node, dict | list):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        if isinstance(node, list):
            yield path, node
        for key, value in pairs:
            yield from lists(value, (*path, key))


def at(document: Document, path: Path_) -> Any:
    """The node at a path."""
    node: Any = document
    for key in path:
        node = node[key]
    return node


def changed(document: Document, path: Path_, value: Any) -> Document:
    """A copy with another value at a path."""
    result = copy.deepcopy(document)
    at(result, path[:-1])[path[-1]] = value
    return result


def nudged(value: Any) -> list[Any]:
    """Slightly wrong values for a leaf."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1, -value - 1]
    if value is None:
        return [0]
    try:
        number = Fraction(value)
    except ValueError:
        return [value + "1", value.replace("5", "7").replace("3", "7") + " "]
    shift = Fraction(1, 10**39) if "." in value else Fraction(1, 2)
    return [str(number + shift), str(number - shift), None]


def mutations(document: Document) -> Iterator[tuple[Path_, Document]]:
    """Every document that differs in one number, text or flag, or in one entry of a list."""
    for path, value in leaves(document):
        for other in nudged(value):
            yield path, changed(document, path, other)
    for path, entries in lists(document):
        for index in range(len(entries)):
            yield path, changed(document, path, entries[:index] + entries[index + 1 :])
            yield path, changed(document, path, [*entries[: index + 1], *entries[index:]])
        yield path, changed(document, path, [*entries, 0])
        yield path, changed(document, path, [*entries, 1])
        if entries[::-1] != entries:
            yield path, changed(document, path, entries[::-1])


def accepted(document: Any) -> bool:
    """Whether the checker accepts; any exception but its own fails the test."""
    reason = None
    try:
        verify(document)
    except CertificateError as error:
        reason = str(error)
    assert reason is None or (reason and "\n" not in reason)
    return reason is None
