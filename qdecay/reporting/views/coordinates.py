"""A board from the names of states: "(1, 3)" is column 1, row 3, counted from the bottom left.

Grid worlds name their cells like this. Names alone prove nothing, so moves have to agree: the
likeliest outcomes of left, right, up and down must lie in that direction.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from qdecay.model.mdp import MDP
from qdecay.reporting.boards import Board, Layer
from qdecay.reporting.numerals import fraction

_NAME = re.compile(r"\((\d{1,4}), (\d{1,4})\)")
_STEPS = {"left": (-1, 0), "right": (1, 0), "up": (0, 1), "down": (0, -1)}
_MOST_CELLS = 2500

Place = tuple[int, int]  # column, row from the bottom


def board_of_names(
    state_names: Sequence[str] | None, action_names: Sequence[str] | None
) -> Board | None:
    """Return the board that names of states and actions describe, without marks, or None."""
    if state_names is None or not action_names or not set(action_names) <= set(_STEPS):
        return None
    found = [_NAME.fullmatch(name) for name in state_names]
    places = [(int(match[1]), int(match[2])) for match in found if match is not None]
    if len(set(places)) < len(state_names):
        return None
    columns, rows = (max(each) for each in zip(*places, strict=True))
    if columns * rows > _MOST_CELLS or min(map(min, places)) < 1:
        return None
    of_place = {place: state for state, place in enumerate(places)}
    states = [of_place.get((x, y)) for y in range(rows, 0, -1) for x in range(1, columns + 1)]
    kinds = tuple("wall" if state is None else "" for state in states)
    blank = ("",) * len(states)
    layer = Layer("", tuple(states))
    return Board(rows, columns, (layer,), tuple(action_names), blank, kinds)


def board_of_model(model: MDP) -> Board | None:
    """Return the board of a model whose moves agree, with its ends and its start marked, or
    None."""
    board = board_of_names(model.state_names, model.action_names)
    if board is None or model.state_names is None or model.action_names is None:
        return None
    if not _moves_agree(model, model.state_names, model.action_names):
        return None
    ends = _ends(model)
    marks, kinds = list(board.marks), list(board.kinds)
    for place, state in enumerate(board.layers[0].states):
        if state in ends:
            reward = ends[state]
            marks[place] = ("+" if reward > 0 else "") + fraction(reward)
            kinds[place] = "goal" if reward > 0 else "hole"
        elif state is not None and state == model.start:
            marks[place], kinds[place] = "start", "start"
    layers, actions = board.layers, board.actions
    return Board(board.rows, board.columns, layers, actions, tuple(marks), tuple(kinds))


def _moves_agree(model: MDP, state_names: Sequence[str], action_names: Sequence[str]) -> bool:
    """Whether the likeliest outcome of every move stays, ends, or goes where its name says."""
    likeliest: dict[tuple[int, int], tuple[Fraction, int]] = {}
    for s, a, t, p, _, ends, *_ in model.rows():
        if not ends and p > likeliest.get((s, a), (Fraction(0), 0))[0]:
            likeliest[s, a] = p, t
    places = [tuple(map(int, name.strip("()").split(", "))) for name in state_names]
    moved = 0
    for (s, a), (_, t) in likeliest.items():
        (x, y), (dx, dy) = places[s], _STEPS[action_names[a]]
        if s != t and places[t] != (x + dx, y + dy):
            return False
        moved += s != t
    return moved > 0


def _ends(model: MDP) -> dict[int, Fraction]:
    """The states in which every action ends the episode, with the reward that all of them pay."""
    paid: dict[int, set[Fraction | None]] = defaultdict(set)
    for s, _, _, _, r, ends, *_ in model.rows():
        paid[s].add(Fraction(r) if ends else None)
    return {s: reward for s, each in paid.items() for reward in each if each == {reward} and reward}
