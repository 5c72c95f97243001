"""An indifference point: what was asked at one place, and what the answers there say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from qdecay._support.result import Record, counted
from qdecay.probing.question import Place, Setting
from qdecay.probing.staircase import Staircase


@dataclass(frozen=True, eq=False, repr=False)
class Point(Record):
    """The answers at one delay in one setting.

    Attributes:
        setting: the environment in which the choice was offered.
        near_delay, delay: m and n, in steps.
        staircase: every question asked there, with its answer.
        actions: the action taken each time: 0 or 1, whose sides are swapped from question to
            question.
    """

    setting: Setting
    near_delay: int
    delay: int
    staircase: Staircase
    actions: tuple[int, ...]

    def _shown(self) -> str:
        found = f"gamma {shown(self.gamma)}" if self.gamma else f"no gamma: {self.side}"
        where = f"{self.setting.name}, delay {self.delay}"
        return f"{where}: {found}, {counted(len(self.actions), 'answer')}"

    @property
    def place(self) -> Place:
        """The setting and the two delays."""
        return Place(self.setting, self.near_delay, self.delay)

    @property
    def side(self) -> str | None:
        """Why there is no indifference point: "near" or "far" if only that was taken so far, "not
        asked" if nothing was; None if both were taken."""
        return self.staircase.always if self.actions else "not asked"

    @property
    def log_discount(self) -> tuple[float, float, float] | None:
        """log(D(n) / D(m)) with its 95 % interval as (low, value, high); None without an
        indifference point."""
        if self.side is not None:
            return None
        known = self.staircase.posterior
        return known.low, known.median, known.high

    @property
    def gamma(self) -> tuple[float, float, float] | None:
        """(r / R)**(1 / (n - m)) with its 95 % interval as (low, value, high)."""
        if (found := self.log_discount) is None:
            return None
        low, value, high = (math.exp(t / self.place.steps) for t in found)
        return low, value, high

    @property
    def known(self) -> bool:
        """Whether it is as precise as requested, or certainly has no indifference point."""
        return self.staircase.done

    def to_json(self) -> dict[str, Any]:
        """Return the point as part of a probe document."""
        return {
            "setting": self.setting.name,
            "near_delay": self.near_delay,
            "delay": self.delay,
            "gamma": ends(self.gamma),
            "side": self.side,
            "known": self.known,
            "ratios": [math.exp(x) for x in self.staircase.asked],
            "far": list(self.staircase.far),
        }


def ends(interval: tuple[float, float, float] | None) -> dict[str, float] | None:
    """Return an interval as JSON."""
    return None if interval is None else dict(zip(("low", "value", "high"), interval, strict=True))


def shown(interval: tuple[float, float, float]) -> str:
    """A value and its interval, to two digits of the interval's width.

    >>> shown((0.94612, 0.95123, 0.95634))
    '0.951 [0.946, 0.956]'
    """
    low, value, high = interval
    if low == high:
        return f"{value:.9g}"
    width = max(high - low, 1e-12)
    digits = min(max(1 - math.floor(math.log10(width)), 3), 9)
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
