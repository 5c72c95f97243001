"""Pictures of a chain: a pure function of the layout, the state and the last step.

Long corridors keep their ends and the states around the agent, so a picture has the same
size in every state. pygame is imported when something is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from qdecay_envs.layout import ChainLayout

END_NAMES = {"terminate": "end", "repeat": "start", "absorb": "for ever"}
_SLOTS = 7  # states of a corridor, or further branches, that a picture shows

_PITCH, _ROW, _RADIUS, _MARGIN = 84, 84, 19, 52  # pixels
_OVERSAMPLE = 2  # drawn larger and scaled down: smooth edges
_PAPER, _INK, _PALE = (255, 255, 255), (40, 44, 52), (150, 156, 166)
_AGENT, _ENDED, _START, _REWARD = (255, 159, 28), (255, 217, 160), (222, 235, 247), (0, 128, 96)


@dataclass(frozen=True)
class Scene:
    """What a picture shows: a layout, the agent's state, and the step that led there."""

    layout: ChainLayout
    state: int
    action: int | None = None
    reward: float | None = None
    ended: bool = False

    @property
    def caption(self) -> str:
        """The last step in words, such as "move, reward 4, ended"."""
        if self.action is None or self.reward is None:
            return "at the start"
        ended = ", ended" if self.ended else ""
        return f"{_short(self.layout.names[self.action], 20)}, reward {self.reward:.6g}{ended}"


def visible(length: int, at: int | None) -> list[int | None]:
    """Return which of `length` positions to show, at most 7, with None for a gap.

    >>> visible(4, None), visible(98, 40)
    ([0, 1, 2, 3], [0, None, 39, 40, 41, None, 97])
    """
    if length <= _SLOTS:
        return list(range(length))
    if at is None or at < _SLOTS - 3:
        return [*range(_SLOTS - 2), None, length - 1]
    if at > length - _SLOTS + 2:
        return [0, None, *range(length - _SLOTS + 2, length)]
    return [0, None, at - 1, at, at + 1, None, length - 1]


def as_text(scene: Scene) -> str:
    """Return one line per branch, the agent in brackets, and the last step.

    >>> print(as_text(Scene(ChainLayout.choice(stay=[1], move=[0, 0, 4]), 0)))
    stay: [0] -1-> end
    move: [0] -0-> 1 -0-> 2 -4-> end
    at the start
    """
    corridors = scene.layout.corridors()
    lines = [
        "..." if branch is None else _branch_text(scene, branch, corridors[branch])
        for branch in visible(len(corridors), _branch_of(scene))
    ]
    return "\n".join([*lines, scene.caption])


def _branch_text(scene: Scene, branch: int, corridor: range) -> str:
    name, stream = scene.layout.branches[branch]
    parts = [f"{_short(name, 20)}:", _state_text(scene, scene.layout.start)]
    for position in visible(len(corridor), _position(scene, corridor)):
        if position is None:
            parts.append("-> ...")
        else:
            parts.append(f"-{stream[position]}-> {_state_text(scene, corridor[position])}")
    return " ".join([*parts, f"-{stream[-1]}-> {END_NAMES[scene.layout.ending]}"])


def _state_text(scene: Scene, state: int) -> str:
    return f"[{state}]" if state == scene.state else str(state)


def _position(scene: Scene, corridor: range) -> int | None:
    return corridor.index(scene.state) if scene.state in corridor else None


def _branch_of(scene: Scene) -> int | None:
    inside = (i for i, states in enumerate(scene.layout.corridors()) if scene.state in states)
    return next(inside, None)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 2] + ".."


def _reward_text(reward: Fraction) -> str:
    text = str(reward)
    return text if len(text) <= 5 else f"{float(reward):.2g}".replace("e+0", "e")


class Screen:
    """Draws scenes with pygame, as arrays or in a window of its own.

    Args:
        frames_per_second: the pace of the window.

    Raises:
        DependencyNotInstalled: pygame is missing.
    """

    def __init__(self, frames_per_second: int) -> None:
        try:
            import pygame
        except ImportError as error:
            message = 'pygame is missing: run pip install "qdecay[render]"'
            raise DependencyNotInstalled(message) from error
        pygame.font.init()
        self._pygame: Any = pygame
        self._clock = pygame.time.Clock()
        self._frames_per_second = frames_per_second
        self._window: Any = None

    def array(self, scene: Scene) -> NDArray[np.uint8]:
        """Return the picture, shape (height, width, 3)."""
        pixels = self._pygame.surfarray.array3d(_Painting(self._pygame, scene).finish())
        return np.ascontiguousarray(pixels.swapaxes(0, 1))

    def show(self, scene: Scene) -> None:
        """Show the picture in the window and wait for the next frame."""
        surface = _Painting(self._pygame, scene).finish()
        if self._window is None:
            self._pygame.display.init()
            self._window = self._pygame.display.set_mode(surface.get_size())
            self._pygame.display.set_caption("qdecay chain")
        self._window.blit(surface, (0, 0))
        self._pygame.event.pump()
        self._pygame.display.update()
        self._clock.tick(self._frames_per_second)

    def close(self) -> None:
        """Close the window."""
        if self._window is not None:
            self._pygame.display.quit()
            self._window = None


class _Painting:
    """One picture: branch 0 to the left of the start, the others to its right."""

    def __init__(self, pygame: Any, scene: Scene) -> None:
        self.pygame, self.scene = pygame, scene
        self.corridors = scene.layout.corridors()
        branch = _branch_of(scene)
        further = visible(len(self.corridors) - 2, None if branch is None else branch - 2)
        self.rows = [1, *(None if i is None else i + 2 for i in further)]
        left, right = self._columns(0), max(map(self._columns, range(1, len(self.corridors))))
        self.start = (_MARGIN + left * _PITCH, _MARGIN)
        width = max(2 * _MARGIN + (left + right) * _PITCH, 320)
        height = 2 * _MARGIN + (len(self.rows) - 1) * _ROW + 30
        self.size = (width, height)
        self.surface = pygame.Surface((width * _OVERSAMPLE, height * _OVERSAMPLE))
        self.surface.fill(_PAPER)

    def _columns(self, branch: int) -> int:
        return min(len(self.corridors[branch]), _SLOTS) + 1

    def finish(self) -> Any:
        """Draw everything and return the surface at its final size."""
        self._branch(0, self.start[1], -1)
        for row, branch in enumerate(self.rows):
            y = self.start[1] + row * _ROW
            if row:
                self._line(self.start, (self.start[0], y))
                self._line((self.start[0], y), (self.start[0] + _RADIUS, y))
            if branch is None:
                self._text("...", (self.start[0] + _PITCH // 2, y), 22, _INK)
            else:
                self._branch(branch, y, 1)
        self._state(self.scene.layout.start, self.start)
        self._text(self.scene.caption, (self.size[0] // 2, self.size[1] - 22), 22, _INK)
        return self.pygame.transform.smoothscale(self.surface, self.size)

    def _branch(self, branch: int, y: int, direction: int) -> None:
        name, stream = self.scene.layout.branches[branch]
        corridor = self.corridors[branch]
        x, step = self.start[0], direction * _PITCH
        self._text(_short(name, 11), (x + step // 2, y + 14), 17, _PALE)
        for position in visible(len(corridor), _position(self.scene, corridor)):
            if position is None:
                self._text(". . .", (x + step, y), 24, _INK)
            else:
                self._arrow((x, y), direction, _reward_text(stream[position]))
                self._state(corridor[position], (x + step, y))
            x += step
        self._arrow((x, y), direction, _reward_text(stream[-1]))
        self._text(END_NAMES[self.scene.layout.ending], (x + step + 8 * direction, y), 18, _INK)

    def _state(self, state: int, centre: tuple[int, int]) -> None:
        fill = _START if state == self.scene.layout.start else _PAPER
        if state == self.scene.state:
            fill = _ENDED if self.scene.ended else _AGENT
        for radius, colour in ((_RADIUS, _INK), (_RADIUS - 2, fill)):
            self.pygame.draw.circle(
                self.surface, colour, self._scaled(centre), radius * _OVERSAMPLE
            )
        self._text(str(state), centre, 20, _INK)

    def _arrow(self, tail: tuple[int, int], direction: int, label: str) -> None:
        x, y = tail
        tip = x + direction * (_PITCH - _RADIUS - 4)
        self._line((x + direction * _RADIUS, y), (tip, y))
        head = [(tip, y), (tip - direction * 9, y - 5), (tip - direction * 9, y + 5)]
        self.pygame.draw.polygon(self.surface, _INK, [self._scaled(point) for point in head])
        colour = _PALE if label == "0" else _REWARD
        self._text(label, (x + direction * _PITCH // 2, y - 14), 20, colour)

    def _line(self, tail: tuple[int, int], tip: tuple[int, int]) -> None:
        ends = self._scaled(tail), self._scaled(tip)
        self.pygame.draw.line(self.surface, _INK, *ends, 2 * _OVERSAMPLE)

    def _text(
        self, text: str, centre: tuple[int, int], size: int, colour: tuple[int, int, int]
    ) -> None:
        font = self.pygame.font.Font(None, size * _OVERSAMPLE)
        image = font.render(text, True, colour)
        self.surface.blit(image, image.get_rect(center=self._scaled(centre)))

    def _scaled(self, point: tuple[int, int]) -> tuple[int, int]:
        return point[0] * _OVERSAMPLE, point[1] * _OVERSAMPLE
