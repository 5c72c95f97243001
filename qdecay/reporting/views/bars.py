"""A bar over the whole axis: where each action is best, and the numbers at which that changes.

Nothing in it has a fixed width: parts are shares of the bar. Its labels are chosen once for narrow
and once for wide cells, by the room that their letters take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from qdecay.reporting.colours import ACTIONS, round_of
from qdecay.reporting.views.axis import Axis
from qdecay.reporting.views.markup import joined, tag

_NARROW, _WIDE = 330.0, 620.0  # pixels: a phone's cell, and what counts as a wide one
_LETTER = 8.0  # of a label, about
_SPACE = 10.0


@dataclass(frozen=True)
class Part:
    """A stretch of the bar, from one place to another: the best actions there, and their names."""

    left: float
    right: float
    actions: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class Mark:
    """Something at one place or between two.

    Attributes:
        left, right: its places.
        kind: "tick", "bracket", "touch", "other" (another state changes), "shade" or "beyond".
        label: the text above it, and its number of letters; 0 means no label.
        title: the text shown on hovering.
    """

    left: float
    right: float
    kind: str
    label: Markup | str = ""
    letters: int = 0
    title: str = ""


def bar(name: object, parts: Sequence[Part], marks: Sequence[Mark], axis: Axis) -> Markup:
    """Return the bar with its labels above and its axis below."""
    strip = [_part(part) for part in merged(parts)] + [_mark(mark) for mark in _apart(marks)]
    above = _labels(marks)
    return tag(
        "div",
        tag("div", name, class_="name") if name else "",
        tag("div", *above, class_="marks") if above else "",
        tag("div", *strip, class_="strip"),
        axis.html(),
        class_="bar",
    )


def merged(parts: Sequence[Part]) -> list[Part]:
    """Return the parts, with neighbours that have the same actions merged."""
    found: list[Part] = []
    for part in parts:
        if found and found[-1].actions == part.actions and found[-1].right == part.left:
            part = Part(found.pop().left, part.right, part.actions, part.text)
        found.append(part)
    return found


def _apart(marks: Sequence[Mark]) -> list[Mark]:
    """Leave out marks of other states within about a pixel of another mark."""
    kept = {(mark.kind, round(mark.left * _WIDE)): mark for mark in marks if mark.kind == "other"}
    return [*kept.values(), *(mark for mark in marks if mark.kind != "other")]


def colour_of(actions: Sequence[int]) -> str:
    """Return the colour of an action, or that of ties, as a CSS variable."""
    return f"--one: var(--{_action(actions[0]) if len(actions) == 1 else 'tied'})"


def _action(action: int) -> str:
    return f"action{action % len(ACTIONS)}"


def _part(part: Part) -> Markup:
    room, needed = part.right - part.left, len(part.text) * _LETTER + _SPACE
    text: object = ""
    if needed <= room * _NARROW:
        text = part.text
    elif needed <= room * _WIDE:
        text = tag("span", part.text, class_="wide")
    place = f"left: {100 * part.left:.3f}%; width: {100 * room:.3f}%"
    place += "" if text else "; padding: 0"
    kind, colours = "part", colour_of(part.actions)
    if len(part.actions) == 1 and (marks := round_of(part.actions[0])):
        kind = f"part round{marks}"
    if len(part.actions) > 1:  # stripes, as on pages
        one, two = map(_action, part.actions[:2])
        kind, colours = "part tie", f"--one: var(--{one}); --two: var(--{two})"
    return tag("div", text, class_=kind, style=f"{place}; {colours}", title=part.text)


def _mark(mark: Mark) -> Markup:
    place = f"left: {100 * mark.left:.3f}%"
    if mark.right > mark.left:
        place += f"; width: {100 * (mark.right - mark.left):.3f}%"
    return tag("div", class_=mark.kind, style=place, title=mark.title or None)


def _labels(marks: Sequence[Mark]) -> list[Markup]:
    """Return labels that do not overlap: those for a narrow cell, and more for a wide one."""
    narrow, wide = _fitting(marks, _NARROW), _fitting(marks, _WIDE)
    shown = []
    for i, mark in enumerate(marks):
        if i in wide or i in narrow:
            half = mark.letters / 2
            place = (
                f"left: clamp({half:g}ch, {50 * (mark.left + mark.right):.3f}%, 100% - {half:g}ch)"
            )
            shown.append(
                tag("span", mark.label, style=place, class_=None if i in narrow else "wide")
            )
    return shown


def _fitting(marks: Sequence[Mark], width: float) -> set[int]:
    found, end = set(), 0.0
    for i, mark in enumerate(marks):
        if mark.letters:
            half = mark.letters * _LETTER / 2
            middle = min(max((mark.left + mark.right) / 2 * width, half), width - half)
            if middle - half >= end:
                found.add(i)
                end = middle + half + _SPACE
    return found


def words(actions: Sequence[int], names: Sequence[str]) -> str:
    """Return a set of actions in words."""
    return " or ".join(names[action] for action in actions) or "no action"


__all__ = ["Mark", "Part", "bar", "colour_of", "joined", "merged", "words"]
