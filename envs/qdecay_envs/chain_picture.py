"""Pictures of a chain: a pure function of the layout, the state and the last step.

Long corridors keep their ends and the states around the agent, so a picture has the same
size in every state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qdecay_envs.layout import ChainLayout
from qdecay_envs.screen import (
    INK,
    PALE,
    PAPER,
    REWARD,
    START,
    Canvas,
    Moment,
    short,
    short_number,
    visible,
)

END_NAMES = {"terminate": "end", "repeat": "start", "absorb": "for ever"}
_SLOTS = 7  # states of a corridor, or further branches, that a picture shows
_PITCH, _ROW, _RADIUS, _MARGIN = 84, 84, 19, 52  # pixels
_LETTERS = 17  # of a branch's name, for each of its first two steps


@dataclass(frozen=True)
class ChainScene:
    """What a picture shows: a layout, and a moment in it."""

    layout: ChainLayout
    moment: Moment

    def text(self) -> str:
        """Return one line per branch, the agent in brackets, and the last step.

        >>> print(ChainScene(ChainLayout.choice(stay=[1], move=[0, 0, 4]), Moment(0)).text())
        stay: [0] -1-> end
        move: [0] -0-> 1 -0-> 2 -4-> end
        at the start
        """
        corridors = self.layout.corridors()
        lines = [
            "..." if branch is None else _branch_text(self, branch, corridors[branch])
            for branch in visible(len(corridors), _branch_of(self))
        ]
        return "\n".join([*lines, self.moment.caption])

    def paint(self, pygame: Any) -> Any:
        """Return the drawing as a pygame surface."""
        return _Painting(pygame, self).finish()


def _branch_text(scene: ChainScene, branch: int, corridor: range) -> str:
    name, stream = scene.layout.branches[branch]
    parts = [f"{short(name, 20)}:", _state_text(scene, scene.layout.start)]
    for position in visible(len(corridor), _position(scene, corridor)):
        if position is None:
            parts.append("-> ...")
        else:
            parts.append(f"-{stream[position]}-> {_state_text(scene, corridor[position])}")
    return " ".join([*parts, f"-{stream[-1]}-> {END_NAMES[scene.layout.ending]}"])


def _state_text(scene: ChainScene, state: int) -> str:
    return f"[{state}]" if state == scene.moment.state else str(state)


def _position(scene: ChainScene, corridor: range) -> int | None:
    return corridor.index(scene.moment.state) if scene.moment.state in corridor else None


def _branch_of(scene: ChainScene) -> int | None:
    corridors = enumerate(scene.layout.corridors())
    return next((branch for branch, inside in corridors if scene.moment.state in inside), None)


class _Painting(Canvas):
    """One picture: branch 0 to the left of the start, the others to its right."""

    def __init__(self, pygame: Any, scene: ChainScene) -> None:
        self.scene = scene
        self.corridors = scene.layout.corridors()
        branch = _branch_of(scene)
        further = visible(len(self.corridors) - 2, None if branch is None else branch - 2)
        self.rows = [1, *(None if i is None else i + 2 for i in further)]
        left, right = self._columns(0), max(map(self._columns, range(1, len(self.corridors))))
        self.start = (_MARGIN + left * _PITCH, _MARGIN)
        width = max(2 * _MARGIN + (left + right) * _PITCH, 320)
        height = 2 * _MARGIN + (len(self.rows) - 1) * _ROW + 30
        super().__init__(pygame, width, height)

    def _columns(self, branch: int) -> int:
        return min(len(self.corridors[branch]), _SLOTS) + 1

    def finish(self) -> Any:
        """Draw everything and return the surface at its final size."""
        self._branch(0, self.start[1], -1)
        for row, branch in enumerate(self.rows):
            y = self.start[1] + row * _ROW
            if row:
                self.line(self.start, (self.start[0], y))
                self.line((self.start[0], y), (self.start[0] + _RADIUS, y))
            if branch is None:
                self.write("...", (self.start[0] + _PITCH // 2, y), 22, INK)
            else:
                self._branch(branch, y, 1)
        self._state(self.scene.layout.start, self.start)
        self.write(self.scene.moment.caption, (self.size[0] // 2, self.size[1] - 22), 22, INK)
        return super().finish()

    def _branch(self, branch: int, y: int, direction: int) -> None:
        name, stream = self.scene.layout.branches[branch]
        corridor = self.corridors[branch]
        x, step = self.start[0], direction * _PITCH
        below = x + 8 * direction, y + _RADIUS + 9
        self.write(short(name, _LETTERS * min(len(corridor) + 1, 2)), below, 17, side=direction)
        for position in visible(len(corridor), _position(self.scene, corridor)):
            if position is None:
                self._arrow((x, y), direction, "")
                self.write(". . .", (x + step, y), 24, INK)
            else:
                self._arrow((x, y), direction, short_number(stream[position]))
                self._state(corridor[position], (x + step, y))
            x += step
        self._arrow((x, y), direction, short_number(stream[-1]))
        self.write(END_NAMES[self.scene.layout.ending], (x + step + 8 * direction, y), 18, INK)

    def _state(self, state: int, centre: tuple[int, int]) -> None:
        fill = START if state == self.scene.layout.start else PAPER
        if state == self.scene.moment.state:
            fill = self.scene.moment.colour
        self.disc(centre, _RADIUS, fill)
        self.write(str(state), centre, 20, INK)

    def _arrow(self, tail: tuple[int, int], direction: int, label: str) -> None:
        x, y = tail
        tip = x + direction * (_PITCH - _RADIUS - 4)
        self.line((x + direction * _RADIUS, y), (tip, y))
        head = [(tip, y), (tip - direction * 9, y - 5), (tip - direction * 9, y + 5)]
        self.polygon(head)
        colour = PALE if label == "0" else REWARD
        self.write(label, (x + direction * _PITCH // 2, y - 14), 20, colour)
