"""Pictures of states in a line, with arrows from each to its neighbours and back to the first.

Long lines keep their ends and the states around the agent, so a picture has the same size in every
state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qdecay_envs.screen import (
    INK,
    PAPER,
    REWARD,
    START,
    Canvas,
    Moment,
    visible,
)

_SLOTS = 7  # states that a picture shows at most
_PITCH, _RADIUS, _MARGIN = 112, 19, 64  # pixels
_ABOVE, _LOOP, _BELOW, _LINE = 40, 36, 62, 20  # over the states, of loops, below, of words


@dataclass(frozen=True)
class Line:
    """What is drawn of a model whose states stand in a line.

    The texts of arrows are one for each state, "" for none; an empty list for none at all.

    Attributes:
        n_states: how many states there are.
        starts: where episodes start.
        on: from a state to the next one.
        stay: from a state to itself.
        back: from a state to the one before.
        to_first: from all states to the first one.
        out: from the last state out of the line, with its reward.
        words: what the actions do, a line each.
    """

    n_states: int
    starts: frozenset[int]
    on: Sequence[str] = ()
    stay: Sequence[str] = ()
    back: Sequence[str] = ()
    to_first: str = ""
    out: str = ""
    words: Sequence[str] = ()


@dataclass(frozen=True)
class LineScene:
    """A line, and a moment in it."""

    line: Line
    moment: Moment

    def text(self) -> str:
        """Return the states with the arrows between them, the agent in brackets, and the words.

        >>> line = Line(3, frozenset([0]), on=["4/5"] * 3, words=["back: to state 0"])
        >>> print(LineScene(line, Moment(1, "on", 0.0)).text())
        0 -4/5-> [1] -4/5-> 2
        back: to state 0
        on, reward 0
        """
        parts: list[str] = []
        for state in self._window():
            if state is None:
                parts.append("...")
                continue
            parts.append(f"[{state}]" if state == self.moment.state else str(state))
            if on := self._onwards(state):
                parts.append(f"-{on}->")
        ends = ["end"] if self.line.out else []
        return "\n".join([" ".join([*parts, *ends]), *self.line.words, self.moment.caption])

    def paint(self, pygame: Any) -> Any:
        """Return the drawing as a pygame surface."""
        window = self._window()
        columns = len(window) + bool(self.line.out)
        wide = max(
            2 * _MARGIN + (columns - 1) * _PITCH, 320, *(8 * len(w) + 24 for w in self.line.words)
        )
        below = self._above + (_BELOW if self._has_below else 26)
        canvas = Canvas(pygame, wide, below + _LINE * len(self.line.words) + 34)
        left = (wide - (columns - 1) * _PITCH) // 2
        places = {state: left + k * _PITCH for k, state in enumerate(window) if state is not None}
        for k, state in enumerate(window):
            if state is None:
                canvas.write(". . .", (left + k * _PITCH, self._above), 24)
        for state, x in places.items():
            self._paint_state(canvas, state, x)
        if self.line.out:
            canvas.write("end", (left + (columns - 1) * _PITCH, self._above), 18)
        if self.line.to_first:
            self._paint_return(canvas, list(places.values()))
        for number, words in enumerate(self.line.words):
            canvas.write(words, (wide // 2, below + 10 + _LINE * number), 18)
        canvas.write(self.moment.caption, (wide // 2, canvas.size[1] - 20), 22)
        return canvas.finish()

    @property
    def _above(self) -> int:
        """Return the distance from the upper edge to the middle of the states."""
        return _ABOVE + _LOOP * bool(self.line.stay)

    @property
    def _has_below(self) -> bool:
        return bool(self.line.to_first or self.line.back)

    def _onwards(self, state: int) -> str:
        """Return the text of the arrow to the next state, or out of the line."""
        return _at(self.line.on, state) if state + 1 < self.line.n_states else self.line.out

    def _window(self) -> list[int | None]:
        return visible(self.line.n_states, self.moment.state, _SLOTS)

    def _paint_state(self, canvas: Canvas, state: int, x: int) -> None:
        if on := self._onwards(state):
            tip = x + _PITCH - _RADIUS - 4
            canvas.arrow((x + _RADIUS, self._above), (tip, self._above))
            colour = REWARD if state + 1 == self.line.n_states else INK
            canvas.write(on, (x + _PITCH // 2 - 2, self._above - 13), 17, colour)
        if stay := _at(self.line.stay, state):
            canvas.loop((x, self._above - _RADIUS), 12)
            canvas.write(stay, (x, self._above - _RADIUS - 34), 17)
        if (back := _at(self.line.back, state)) and state:
            y = self._above + _RADIUS + 12
            canvas.line((x, self._above + _RADIUS), (x - 12, y))
            canvas.line((x - 12, y), (x - _PITCH + 14, y))
            canvas.arrow((x - _PITCH + 14, y), (x - _PITCH + 5, self._above + _RADIUS + 1))
            canvas.write(back, (x - _PITCH // 2, y + 12), 17)
        fill = START if state in self.line.starts else PAPER
        if state == self.moment.state:
            fill = self.moment.colour
        canvas.disc((x, self._above), _RADIUS, fill)
        canvas.write(str(state), (x, self._above), 20)

    def _paint_return(self, canvas: Canvas, places: Sequence[int]) -> None:
        """Draw the way back from every state to the first one, below the line."""
        y = self._above + _RADIUS + 16
        for x in places[1:]:
            canvas.line((x, self._above + _RADIUS), (x, y))
        canvas.line((places[-1], y), (places[0], y))
        canvas.arrow((places[0], y), (places[0], self._above + _RADIUS + 2))
        canvas.write(self.line.to_first, ((places[0] + places[-1]) // 2, y + 12), 17)


def _at(texts: Sequence[str], state: int) -> str:
    return texts[state] if texts else ""
