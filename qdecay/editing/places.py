"""The place in a document that a reader's message is about, so that a page can mark the field.

| document | places |
| --- | --- |
| chain | `branches[1].name`, `branches[1].rewards[2]`, `ending`; near is branch 0, far 1 |
| grid | `map[2]` (a row), `map[2][3]` (a cell), `legend.C.reward`, `wind[3]`, `noise`, ... |
| model | `transitions[3].probability`, `state_names[2]`, `start`, ... |

All count from 0. The readers' messages name places in words, some counted from 1; this module
recognises these words, and its tests break every field of every kind of document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_MISSING = re.compile(r'the key "(\w+)" is missing')
_ENDS = {"near": 0, "far": 1}  # of a chain of two branches
_CELL = re.compile(r"map(?:: | has two starts, in .* and in )row (\d+), column (\d+)")
_ROW = re.compile(r"map: row (\d+)")
_OF_CELL = re.compile(
    r": (reward|end|to|duration) | jumps (to) |takes no time: remove \"(duration)"
)
_COLUMN = re.compile(r"wind of column (\d+)")
_BRANCH = re.compile(r"(?:the (name) of )?branch (\d+) ")
_REWARD = re.compile(r"reward (\d+) of ")
_TRANSITION = re.compile(
    r"transition (\d+)(?: \(.*?\))?"
    r"(?:: (state|action|next state|probability|reward|terminated|duration|the common) )?"
)
_PAIR = re.compile(r"state (\d+), action (\d+): (?:probabilities|the common)")
_NAME = re.compile(r"(state|action)_names must (?:not be empty: |be distinct: \d+ and )(\d+)")


def place_of(kind: str, message: str, document: Mapping[str, Any]) -> str | None:
    """Return the place in a document of a kind; None if the message is about all of it.

    >>> chain = {"near": ["stay", [1]], "far": ["move", [0, "4.4.4"]]}
    >>> place_of("chain", "reward 1 of branch 'move' must be a number like ...", chain)
    'branches[1].rewards[1]'
    """
    if missing := _MISSING.match(message):
        key = missing[1]
        return f"branches[{_ENDS[key]}]" if kind == "chain" and key in _ENDS else key
    of_kind = {"chain": _in_chain, "grid": _in_grid, "model": _in_model}[kind]
    return of_kind(message, document) or _of_key(message, document)


def _of_key(message: str, document: Mapping[str, Any]) -> str | None:
    """Most messages begin with the key that they are about."""
    keys = [key for key in document if key and message.startswith(key)]
    return max(keys, key=len, default=None)


def _in_chain(message: str, document: Mapping[str, Any]) -> str | None:
    if found := _BRANCH.match(message):
        return f"branches[{found[2]}]" + ".name" * bool(found[1])
    names = _names_of(document)
    if message.startswith("two branches are named "):
        last = max((i for i, name in enumerate(names) if name in names[:i]), default=0)
        return f"branches[{last}].name"
    reward = _REWARD.match(message)
    rest = message[reward.end() :] if reward else message
    for number, name in enumerate(names):
        if rest.startswith(f"branch {name!r} "):
            return f"branches[{number}].rewards" + (f"[{reward[1]}]" if reward else "")
    return "branches" if message.startswith(("branches", "a choice needs")) else None


def _names_of(document: Mapping[str, Any]) -> list[Any]:
    branches = document.get("branches", [document.get("near"), document.get("far")])
    pairs = branches if isinstance(branches, list) else []
    return [pair[0] if isinstance(pair, list) and pair else None for pair in pairs]


def _in_grid(message: str, document: Mapping[str, Any]) -> str | None:
    if found := _CELL.match(message):
        return f"map[{int(found[1]) - 1}][{int(found[2]) - 1}]"
    if found := _ROW.match(message):
        return f"map[{int(found[1]) - 1}]"
    if found := _COLUMN.match(message):
        return f"wind[{int(found[1]) - 1}]"
    legend = document.get("legend")
    for character in legend if isinstance(legend, dict) else ():
        if len(character) == 1 and message.startswith(f"legend: {character!r}"):
            part = _OF_CELL.search(message)
            field = "" if part is None else f".{part[1] or part[2] or part[3]}"
            return f"legend.{character}{field}"
    return None


def _in_model(message: str, document: Mapping[str, Any]) -> str | None:
    if found := _NAME.match(message):
        return f"{found[1]}_names[{found[2]}]"
    if found := _TRANSITION.match(message):
        field = {"the common": "probability", None: ""}.get(found[2], found[2])
        return f"transitions[{found[1]}]" + (f".{field.replace(' ', '_')}" if field else "")
    if found := _PAIR.match(message):
        pair = [int(found[1]), int(found[2])]
        for number, row in enumerate(document["transitions"]):
            if row[:2] == pair:
                return f"transitions[{number}].probability"
    if re.match(r"state \d+, action \d+: ", message):
        return "visits"
    size = re.match(r"has [\d,]+ (transitions|states)", message)
    return None if size is None else {"states": "n_states"}.get(size[1], size[1])
