"""The console blocks of documentation: what is typed, and what it is shown to print."""

from __future__ import annotations

import re

_SECONDS = re.compile(r"\d+\.\d (s|min)$", re.MULTILINE)


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def commands(block: str) -> list[tuple[str, list[str]]]:
    """Each command of a block, with the lines it is shown to print."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
    assert parts[0] == ""
    return [(part.splitlines()[0], lines(part.split("\n", 1)[1])) for part in parts[1:]]


def lines(text: str) -> list[str]:
    """Lines without the time a run took, and without the width that it gives its column."""
    same = re.sub("─+", "─", _SECONDS.sub("", text))
    return [" ".join(line.split()) for line in same.splitlines()]
