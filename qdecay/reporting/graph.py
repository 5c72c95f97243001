"""A small model as a drawing: its states on a line, its moves as arrows and arcs.

Moves to the right arch above the line and moves to the left below it; a move that ends the episode
points straight down. Actions with the same effect share one arrow. Long corridors of a chain are
shortened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import hypot

from qdecay._support.one_line import escaped
from qdecay.model.mdp import MDP
from qdecay.reporting.numerals import fraction
from qdecay_envs.layout import ChainLayout

MAX_STATES = 14  # above this, a table is clearer than a drawing
MAX_ARROWS = 64
_RADIUS, _DROP = 20.0, 62.0
_GAP = 78.0  # between two neighbours
_FEW, _MOST = 5, 12  # letters of a state's name: so many fit a circle, and a longer shape
_ENDS = 2  # states that a shortened corridor keeps at each end
_HEAD = 9.0
_BETWEEN = 10  # characters that fit between two neighbours
_LETTER = 7.0  # width of one, in pixels
_LONGEST_NUMBER = 9  # characters of a number that is not rounded
_CALM = 16  # arrows whose labels are all readable

Point = tuple[float, float]


@dataclass(frozen=True)
class Node:
    """A state on the line, or the gap of a shortened corridor (state None)."""

    x: float
    state: int | None
    hidden: int = 0


@dataclass(frozen=True)
class Arrow:
    """A move: the line, its head, and its label; `exact` is the label with exact numbers.

    `exact` is "" if the label is exact.
    """

    state: int
    actions: tuple[int, ...]
    line: str
    head: str
    label: str
    at: Point
    stop: Point | None = None
    exact: str = ""


@dataclass(frozen=True)
class Graph:
    """The drawing, in pixels.

    Attributes:
        nodes, arrows: what is drawn.
        box: x, y, width and height of the whole.
        busy: whether there are too many labels to show them all.
        half, radius: half the width and half the height of a state, whose ends are round.
    """

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    box: tuple[float, float, float, float]
    busy: bool
    half: float
    radius: float = _RADIUS


def graph_of(mdp: MDP, layout: ChainLayout | None = None) -> Graph | None:
    """Return the drawing, or None if the model is too large for one.

    Args:
        mdp: the model.
        layout: the layout of a chain, whose corridors may be shortened.
    """
    hidden = _hidden(layout) if layout is not None and mdp.n_states > MAX_STATES else []
    half = _half(mdp)
    nodes, slot = _nodes(mdp.n_states, hidden, half)
    if len(nodes) > MAX_STATES:
        return None
    moves = _moves(mdp, hidden)
    if len(moves) > MAX_ARROWS:
        return None
    arrows = _arrows(mdp, moves, slot, half)
    busy = any(move.probability != 1 for move in moves) or len(moves) > _CALM
    return Graph(tuple(nodes), tuple(arrows), _box(nodes, arrows, half), busy, half)


def _half(mdp: MDP) -> float:
    """Half the width of a state: a circle has no room for a long name."""
    letters = max(len(escaped(mdp.state_name(s))) for s in range(mdp.n_states))
    return _RADIUS if letters <= _FEW else _LETTER * min(letters, _MOST) / 2 + 8


def _hidden(layout: ChainLayout) -> list[range]:
    """The middle states of long corridors, as increasing ranges."""
    hidden = []
    for corridor in layout.corridors():
        states = sorted(corridor)
        if len(states) > 2 * _ENDS + 1:
            hidden.append(range(states[_ENDS - 1], states[-_ENDS]))
    return sorted(hidden, key=lambda states: states.start)


def _nodes(
    n_states: int, hidden: Sequence[range], half: float
) -> tuple[list[Node], dict[int, int]]:
    """The nodes from left to right, and the index of the one that shows each state."""
    nodes: list[Node] = []
    slot: dict[int, int] = {}
    for state in range(n_states):
        gap = next((states for states in hidden if state in states), None)
        if gap is None or state == gap.start:
            x = len(nodes) * (2 * half + _GAP)
            nodes.append(Node(x, state) if gap is None else Node(x, None, len(gap)))
        slot[state] = len(nodes) - 1
    return nodes, slot


# The next state or None, probability, reward and duration.
_Outcome = tuple[int | None, Fraction, Fraction, int]


@dataclass(frozen=True)
class _Move:
    """One outcome of actions with the same effect; a `target` of None ends the episode."""

    state: int
    actions: tuple[int, ...]
    target: int | None
    probability: Fraction
    reward: Fraction
    duration: int


def _moves(mdp: MDP, hidden: Sequence[range]) -> list[_Move]:
    outcomes: dict[tuple[int, int], list[_Outcome]] = {}
    for (s, a, t, p, r, ends, *_), steps in zip(mdp.rows(), mdp.duration.tolist(), strict=True):
        outcomes.setdefault((s, a), []).append((None if ends else t, p, r, steps))
    same: dict[tuple[int, tuple[_Outcome, ...]], list[int]] = {}
    for (s, a), found in outcomes.items():
        same.setdefault((s, tuple(found)), []).append(a)
    kept = [s for s in range(mdp.n_states) if not any(s in states for states in hidden)]
    leaving = {end for states in hidden for end in (states[0], states[-1])}
    return [
        _Move(s, tuple(actions), t, p, r, steps)
        for (s, found), actions in same.items()
        for t, p, r, steps in found
        if s in kept or (s in leaving and t in kept)
    ]


def _arrows(mdp: MDP, moves: Iterable[_Move], slot: dict[int, int], half: float) -> list[Arrow]:
    used: dict[tuple[int, int | None], int] = {}
    arrows = []
    for move in moves:
        start, end = slot[move.state], None if move.target is None else slot[move.target]
        turn = used[start, end] = used.get((start, end), -1) + 1
        whole = int(mdp.available[move.state].sum()) == len(move.actions)
        arrow = _arrow(move, start, end, half, turn, _label(mdp, move, whole, _written))
        exact = _label(mdp, move, whole, str)
        arrows.append(arrow if exact == arrow.label else replace(arrow, exact=exact))
    return arrows


def _label(mdp: MDP, move: _Move, whole: bool, write: Callable[[Fraction], str]) -> str:
    """Return the actions, unless all have the same effect, and the probability, steps and reward
    unless they are 1, 1 and 0."""
    parts = []
    if not (whole and len(move.actions) > 1):
        parts.append(", ".join(short(mdp.action_name(a)) for a in move.actions))
    if move.probability != 1:
        parts.append(f"p={write(move.probability)}".replace("=≈", "≈"))
    if move.reward:
        _, about, number = write(abs(move.reward)).rpartition("≈")
        parts.append(f"{about}{'+' if move.reward > 0 else '−'}{number}")
    if move.duration > 1:
        parts.append(f"{move.duration} steps")
    return " ".join(parts)


def _written(number: Fraction) -> str:
    return fraction(number, digits=2, longest=_LONGEST_NUMBER)


def short(name: str, longest: int = 12) -> str:
    """Return a name that fits a drawing: of a long one both ends, for many begin alike.

    >>> short("version one", 9), short("version two", 9)
    ('vers…one', 'vers…two')
    """
    if len(name) <= longest:
        return name
    return f"{name[: longest // 2].rstrip()}…{name[len(name) - (longest - 1) // 2 :].lstrip()}"


def _arrow(move: _Move, start: int, end: int | None, half: float, turn: int, label: str) -> Arrow:
    x1 = start * (2 * half + _GAP)
    if end is None:
        return _down(move, x1, turn, label)
    if end == start:
        return _loop(move, x1, turn, label)
    side, steps = (-1 if end > start else 1), abs(end - start)
    x2 = x1 - side * steps * (2 * half + _GAP)
    x1, x2 = x1 - side * (half - _RADIUS), x2 + side * (half - _RADIUS)  # of the round ends
    straight = side < 0 and steps == 1 and turn == 0 and len(label) <= _BETWEEN
    height = 0.0 if straight else 26.0 * (turn + 1) + 24.0 * (steps - 1)
    middle = ((x1 + x2) / 2, 2 * side * height)
    first, last = _toward((x1, 0), middle, _RADIUS), _toward((x2, 0), middle, _RADIUS + 3)
    line = f"M{_xy(first)}Q{_xy(middle)} {_xy(last)}"
    peak = (first[1] + 2 * middle[1] + last[1]) / 4
    at = (middle[0], peak + (-7 if side < 0 else 17))
    return Arrow(move.state, move.actions, line, _head(middle, last), label, at)


def _down(move: _Move, x: float, turn: int, label: str) -> Arrow:
    lean = (0, -34, 34, -68, 68)[turn % 5]
    last = _toward((x + lean, _DROP), (x, 0), 9)
    first = _toward((x, 0), (x + lean, _DROP), _RADIUS)
    line = f"M{_xy(first)}L{_xy(last)}"
    stop = (x + lean, _DROP)
    at = (stop[0], _DROP + 24)
    return Arrow(move.state, move.actions, line, _head(first, last), label, at, stop)


def _loop(move: _Move, x: float, turn: int, label: str) -> Arrow:
    size = 30.0 + 22 * turn
    first, last = (x - 9, -_RADIUS + 2), (x + 9, -_RADIUS - 1)
    left, right = (x - size, -_RADIUS - size), (x + size, -_RADIUS - size)
    line = f"M{_xy(first)}C{_xy(left)} {_xy(right)} {_xy(last)}"
    at = (x, -_RADIUS - 0.75 * size - 7)
    return Arrow(move.state, move.actions, line, _head(right, last), label, at)


def _toward(start: Point, end: Point, distance: float) -> Point:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = hypot(dx, dy) or 1.0
    return start[0] + dx / length * distance, start[1] + dy / length * distance


def _head(before: Point, tip: Point) -> str:
    back = _toward(tip, before, _HEAD)
    dx, dy = (tip[0] - back[0]) * 0.45, (tip[1] - back[1]) * 0.45
    return f"M{_xy(tip)}L{_xy((back[0] - dy, back[1] + dx))}L{_xy((back[0] + dy, back[1] - dx))}Z"


def _xy(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _box(
    nodes: Sequence[Node], arrows: Sequence[Arrow], half: float
) -> tuple[float, float, float, float]:
    reach = [(*arrow.at, len(arrow.label) * _LETTER / 2 + 8) for arrow in arrows]
    left = min([-half, *(x - wide for x, _, wide in reach)]) - 8
    right = max([nodes[-1].x + half, *(x + wide for x, _, wide in reach)]) + 8
    top = min([-_RADIUS, *(y - 12 for _, y, _ in reach)]) - 8
    bottom = max([_RADIUS, *(y + 6 for _, y, _ in reach)]) + 8
    return left, top, right - left, bottom - top
