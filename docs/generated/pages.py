"""What a generated page is, and how a section of them takes its place in the navigation."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from types import UnionType
from typing import Any, get_args


@dataclass(frozen=True)
class Page:
    """One page: where it is, relative to `docs`, its title in the navigation, and its text."""

    path: str
    title: str
    text: str


def first_line(thing: Any) -> str:
    """Return the first sentence of a docstring, as Markdown in which formulas stay plain."""
    if isinstance(thing, UnionType):
        return f"One of {', '.join(f'`{kind.__name__}`' for kind in get_args(thing))}."
    paragraph = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    sentence = re.match(r".*?\.(?=\s|$)", paragraph)
    first = sentence[0] if sentence else paragraph
    return plain(re.sub(r"; see the module( for the \w+)?", "", first))


def plain(text: str) -> str:
    """Return Markdown that shows a line of text as it is, but for `code`."""
    return "".join(
        part if part.startswith("`") else re.sub(r"([\\*_<>|\[\]&#$~^])", _entity, part)
        for part in re.split(r"(`[^`]+`)", text)
    )


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[1])};"


def expanded(nav: list[Any], sections: dict[str, list[Any]]) -> list[Any]:
    """Return the navigation with the pages of each section below its index page.

    Args:
        nav: as in `mkdocs.yml`.
        sections: for the path of an index page, what comes below it.
    """
    return [_expanded(entry, sections) for entry in nav]


def _expanded(entry: Any, sections: dict[str, list[Any]]) -> Any:
    if not isinstance(entry, dict):
        return entry
    ((title, inside),) = entry.items()
    if isinstance(inside, list):
        return {title: expanded(inside, sections)}
    return {title: [inside, *sections[inside]]} if inside in sections else entry
