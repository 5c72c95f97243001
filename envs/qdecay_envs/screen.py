"""Drawing with pygame: what a picture is, where it is shown, and how it is drawn.

pygame is imported only when something is drawn.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

_HEAD, _WING = 10, 0.5  # of an arrow: pixels, and radians to each side
_BENDS = 16  # pieces of a loop
_OVERSAMPLE = 2  # drawn larger and scaled down: smooth edges
PAPER, INK, PALE = (255, 255, 255), (40, 44, 52), (150, 156, 166)
START, REWARD = (222, 235, 247), (0, 128, 96)
_AGENT, _ENDED = (255, 159, 28), (255, 217, 160)

Point = tuple[int, int]
Colour = tuple[int, int, int]


class Picture(Protocol):
    """What an environment shows, as text and as a drawing."""

    def text(self) -> str:
        """Return the picture as lines of text."""

    def paint(self, pygame: Any) -> Any:
        """Return the picture as a pygame surface."""


@dataclass(frozen=True)
class Moment:
    """What every picture shows of an episode: the agent's state, and the step that led there.

    Attributes:
        state: where the agent is.
        action, reward: the name of the action that led there, and what it paid; None where the
            episode begins.
        ended: whether it ended the episode.
    """

    state: int
    action: str | None = None
    reward: float | None = None
    ended: bool = False

    @property
    def caption(self) -> str:
        """The step in words.

        >>> Moment(2, "move", 4.0, True).caption, Moment(0).caption
        ('move, reward 4, ended', 'at the start')
        """
        if self.action is None or self.reward is None:
            return "at the start"
        ended = ", ended" if self.ended else ""
        return f"{short(self.action, 20)}, reward {self.reward:.6g}{ended}"

    @property
    def colour(self) -> Colour:
        """The colour of the agent's state."""
        return _ENDED if self.ended else _AGENT


def short(text: str, length: int) -> str:
    """Return the text, cut to `length` characters."""
    return text if len(text) <= length else text[: length - 2] + ".."


def short_number(value: Fraction) -> str:
    """Return a number in about five characters.

    >>> short_number(Fraction(7, 2)), short_number(Fraction(1, 3000))
    ('7/2', '0.00033')
    """
    text = str(value)
    return text if len(text) <= 5 else f"{float(value):.2g}".replace("e+0", "e")


def visible(length: int, at: int | None, slots: int = 7) -> list[int | None]:
    """Return which of `length` positions to show, at most `slots`, with None for a gap.

    >>> visible(4, None), visible(98, 40)
    ([0, 1, 2, 3], [0, None, 39, 40, 41, None, 97])
    """
    if length <= slots:
        return list(range(length))
    if at is None or at < slots - 3:
        return [*range(slots - 2), None, length - 1]
    if at > length - slots + 2:
        return [0, None, *range(length - slots + 2, length)]
    before = (slots - 5) // 2
    return [0, None, *range(at - before, at - before + slots - 4), None, length - 1]


class Screen:
    """Draws pictures with pygame, as arrays or in its own window.

    Args:
        frames_per_second: the pace of the window.

    Raises:
        DependencyNotInstalled: pygame is missing.
    """

    def __init__(self, frames_per_second: int) -> None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # no greeting
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

    def array(self, picture: Picture) -> NDArray[np.uint8]:
        """Return the picture, shape (height, width, 3)."""
        pixels = self._pygame.surfarray.array3d(picture.paint(self._pygame))
        return np.ascontiguousarray(pixels.swapaxes(0, 1))

    def show(self, picture: Picture) -> None:
        """Show the picture in the window and wait for the next frame."""
        surface = picture.paint(self._pygame)
        if self._window is None:
            self._pygame.display.init()
            self._window = self._pygame.display.set_mode(surface.get_size())
            self._pygame.display.set_caption("qdecay")
        self._window.blit(surface, (0, 0))
        self._pygame.event.pump()
        self._pygame.display.update()
        self._clock.tick(self._frames_per_second)

    def close(self) -> None:
        """Close the window."""
        if self._window is not None:
            self._pygame.display.quit()
            self._window = None


class Canvas:
    """An empty canvas of width x height pixels, and the strokes drawn on it."""

    def __init__(self, pygame: Any, width: int, height: int) -> None:
        self.pygame, self.size = pygame, (width, height)
        self.surface = pygame.Surface((width * _OVERSAMPLE, height * _OVERSAMPLE))
        self.surface.fill(PAPER)

    def finish(self) -> Any:
        """Return the surface at its final size."""
        return self.pygame.transform.smoothscale(self.surface, self.size)

    def disc(self, centre: Point, radius: int, fill: Colour) -> None:
        """Draw a circle with a rim of ink."""
        for size, colour in ((radius, INK), (radius - 2, fill)):
            self.pygame.draw.circle(self.surface, colour, _scaled(centre), size * _OVERSAMPLE)

    def box(self, centre: Point, half: int, fill: Colour) -> None:
        """Draw a square with a rim of ink."""
        for size, colour in ((half, INK), (half - 2, fill)):
            corner = _scaled((centre[0] - size, centre[1] - size))
            side = 2 * size * _OVERSAMPLE
            self.pygame.draw.rect(self.surface, colour, (*corner, side, side))

    def polygon(self, points: list[Point]) -> None:
        """Fill a polygon with ink."""
        self.pygame.draw.polygon(self.surface, INK, [_scaled(point) for point in points])

    def line(self, tail: Point, tip: Point) -> None:
        """Draw a straight line."""
        self.pygame.draw.line(self.surface, INK, _scaled(tail), _scaled(tip), 2 * _OVERSAMPLE)

    def arrow(self, tail: Point, tip: Point) -> None:
        """Draw a straight line with a head at its tip."""
        self.line(tail, tip)
        angle = math.atan2(tip[1] - tail[1], tip[0] - tail[0])
        wings = [
            (tip[0] - _HEAD * math.cos(angle + turn), tip[1] - _HEAD * math.sin(angle + turn))
            for turn in (_WING, -_WING)
        ]
        self.polygon([tip, *((round(x), round(y)) for x, y in wings)])

    def loop(self, foot: Point, radius: int) -> None:
        """Draw a loop from a point above a disc back to it."""
        x, y = foot
        turns = [math.pi * (0.75 + 1.5 * k / _BENDS) for k in range(_BENDS + 1)]
        centre = y - radius + 3
        ring = [
            (round(x + radius * math.cos(t)), round(centre + radius * math.sin(t))) for t in turns
        ]
        for tail, tip in pairwise(ring):
            self.line(tail, tip)
        self.arrow(ring[-2], (x + 6, y + 2))

    def write(
        self, text: str, at: Point, size: int, colour: Colour = INK, *, side: int = 0
    ) -> None:
        """Write a line of text around a point, or right (1) or left (-1) of it."""
        font = self.pygame.font.Font(None, size * _OVERSAMPLE)
        image = font.render(text, True, colour)
        anchor = {0: "center", 1: "midleft", -1: "midright"}[side]
        self.surface.blit(image, image.get_rect(**{anchor: _scaled(at)}))


def _scaled(point: Point) -> Point:
    return point[0] * _OVERSAMPLE, point[1] * _OVERSAMPLE
