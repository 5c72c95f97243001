"""What a probe found: indifference points, the discount curve through them, and a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from qdecay._support.result import Record, Result, counted, frame
from qdecay._support.shown import shortest
from qdecay.probing.curves import Cell, CurveFit, fit_curves
from qdecay.probing.question import Setting
from qdecay.probing.staircase import Staircase

if TYPE_CHECKING:
    import pandas as pd

_SIDES = 8  # answers after which "always the same action" is not chance (1 in 128)


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
    def side(self) -> str | None:
        """Why there is no indifference point: "near", "far" or "same action" was always taken, or
        it was "not asked"; None if there is one."""
        if not self.actions:
            return "not asked"
        if len(self.actions) >= _SIDES and len(set(self.actions)) == 1:
            return "same action"
        return self.staircase.always

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
        low, value, high = (math.exp(t / (self.delay - self.near_delay)) for t in found)
        return low, value, high

    @property
    def known(self) -> bool:
        """Whether it is as precise as requested, or certainly has no indifference point."""
        return self.staircase.done

    def to_json(self) -> dict[str, Any]:
        """Return the point as part of a qdecay.probe/1 document."""
        return {
            "setting": self.setting.name,
            "near_delay": self.near_delay,
            "delay": self.delay,
            "gamma": _ends(self.gamma),
            "always": self.side,
            "known": self.known,
            "ratios": [math.exp(x) for x in self.staircase.asked],
            "far": list(self.staircase.far),
        }


@dataclass(frozen=True, eq=False, repr=False)
class DiscountProfile(Result):
    """An agent's effective discount, as its choices show it.

    Attributes:
        agent: its name.
        told: its configured discount, or None if unknown.
        points: of every setting and delay.
        expected_trainings: the number stated beforehand, for an agent without noise.
        tolerance: target half-width of the interval of the log discount per step.
        from_store: how many of the answers were taken from a store; equal profiles may differ here.
        failed: how many trainings failed and were repeated with another seed.
    """

    SCHEMA: ClassVar[str] = "qdecay.probe/1"

    agent: str
    told: float | None
    points: tuple[Point, ...]
    expected_trainings: int
    tolerance: float
    from_store: int = field(default=0, compare=False)
    failed: int = field(default=0, compare=False)

    def _shown(self) -> str:
        return f"{self.agent}: {self.verdict}, {counted(self.trainings, 'training')}"

    @property
    def trainings(self) -> int:
        """How many agents were trained."""
        return sum(len(point.actions) for point in self.points)

    @cached_property
    def curve_points(self) -> tuple[Point, ...]:
        """The points that the curve is fitted to: those of the first setting."""
        first = self.points[0].setting
        return tuple(point for point in self.points if point.setting == first)

    @cached_property
    def fits(self) -> tuple[CurveFit, ...]:
        """The three curves, best first; empty if there is no indifference point."""
        if any(point.side == "same action" for point in self.curve_points):
            return ()
        return fit_curves(
            [Cell(point.near_delay, point.delay, point.staircase) for point in self.curve_points]
        )

    @property
    def gamma(self) -> tuple[float, float, float] | None:
        """The exponential curve's gamma with its 95 % interval as (low, value, high)."""
        for fit in self.fits:
            if fit.name == "exponential":
                (gamma,) = fit.parameters
                return gamma.low, gamma.value, gamma.high
        return None

    @property
    def curve(self) -> CurveFit | None:
        """The best curve, or None where the best one misses the points."""
        return self.fits[0] if self.fits and not self.fits[0].misses else None

    @property
    def behaves_as_told(self) -> bool | None:
        """Whether the configured gamma lies in the interval of an exponential curve that fits, or
        within the tolerance of its gamma; None if no gamma was given."""
        if self.told is None:
            return None
        if self.gamma is None or self.curve is None or self.curve.name != "exponential":
            return False
        low, value, high = self.gamma
        near = self.told > 0 and abs(math.log(value / self.told)) <= self.tolerance
        return low <= self.told <= high or near

    @property
    def verdict(self) -> str:
        """What the agent does, in words."""
        if self.gamma is None:
            return self._nothing_found()
        parts = [f"behaves as gamma = {shown(self.gamma)}"]
        if self.curve is None:
            parts = ["behaves as no single discount curve does"]
        elif self.curve.name != "exponential":
            parameters = ", ".join(map(str, self.curve.parameters))
            parts = [f"behaves as {parameters}"]
        if self.told is not None:
            parts.append(f"it was told {shortest(self.told)}")
        if self.curve is not None:
            parts.append(f"the curve is {self.curve.name}")
        parts += [
            f"at delay {point.delay} it always takes {_taken(point.side)}"
            for point in self.curve_points
            if point.side in ("near", "far")
        ]
        return "; ".join(parts)

    def _nothing_found(self) -> str:
        sides = {point.side for point in self.curve_points} - {"not asked"}
        if "same action" in sides:
            action = next(p.actions[0] for p in self.curve_points if p.side == "same action")
            return f"takes action {action} whatever is offered: there is no discount to measure"
        side = _taken(sides.pop()) if len(sides) == 1 else "one side"
        return f"always takes {side}, however much the other pays: no indifference point"

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        return {
            "agent": self.agent,
            "told": self.told,
            "gamma": _ends(self.gamma),
            "curve": None if self.curve is None else self.curve.name,
            "verdict": self.verdict,
            "trainings": self.trainings,
            "failed": self.failed,
            "expected_trainings": self.expected_trainings,
            "fits": [fit.to_json() for fit in self.fits],
            "points": [point.to_json() for point in self.points],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row per point: setting, delays, gamma with its interval, side and answers."""
        gammas = [point.gamma or (math.nan,) * 3 for point in self.points]
        return frame(
            {
                "setting": [point.setting.name for point in self.points],
                "near_delay": [point.near_delay for point in self.points],
                "delay": [point.delay for point in self.points],
                "low": [low for low, _, _ in gammas],
                "gamma": [gamma for _, gamma, _ in gammas],
                "high": [high for _, _, high in gammas],
                "always": [point.side for point in self.points],
                "answers": [len(point.actions) for point in self.points],
            }
        )


def _ends(interval: tuple[float, float, float] | None) -> dict[str, float] | None:
    return None if interval is None else dict(zip(("low", "value", "high"), interval, strict=True))


def _taken(side: str | None) -> str:
    return {"near": "the near reward", "far": "the far reward"}.get(side or "", "the same action")


def shown(interval: tuple[float, float, float]) -> str:
    """A value and its interval, to two digits of the interval's width.

    >>> shown((0.94612, 0.95123, 0.95634))
    '0.951 [0.946, 0.956]'
    """
    low, value, high = interval
    width = max(high - low, 1e-12)
    digits = min(max(1 - math.floor(math.log10(width)), 3), 9)
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
