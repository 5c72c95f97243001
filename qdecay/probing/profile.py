"""What a probe found: indifference points, the discount curve through them, and a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from qdecay._support.checks import instance
from qdecay._support.result import Result, counted, frame
from qdecay._support.viewed import Plotted
from qdecay.probing.curves import CurveFit
from qdecay.probing.diagnosis import Case, Diagnosis, diagnosis_of
from qdecay.probing.point import Point, ends
from qdecay.probing.posterior import BLIND, weigh

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class DiscountProfile(Result, Plotted):
    """An agent's effective discount, measured from its choices.

    Attributes:
        agent: the agent's name.
        told: its configured discount, or None if unknown.
        points: one for every setting and delay.
        expected_trainings: how many trainings were expected for an agent without noise.
        tolerance: target half-width of the interval of the log discount per step.
        from_store: how many answers were taken from a store; ignored when profiles are compared.
        failed: how many trainings failed and were repeated with another seed.
        timed_out: whether max_seconds ran out before all was asked.
    """

    SCHEMA: ClassVar[str] = "qdecay.probe/2"

    agent: str
    told: float | None
    points: tuple[Point, ...]
    expected_trainings: int
    tolerance: float
    from_store: int = field(default=0, compare=False)
    failed: int = field(default=0, compare=False)
    timed_out: bool = field(default=False, compare=False)

    def _shown(self) -> str:
        return f"{self.agent}: {self.verdict}, {counted(self.trainings, 'training')}"

    @property
    def trainings(self) -> int:
        """How many agents were trained."""
        return sum(len(point.actions) for point in self.points)

    @cached_property
    def curve_points(self) -> tuple[Point, ...]:
        """The points of the first setting, which show the curve."""
        first = self.points[0].setting
        return tuple(point for point in self.points if point.setting == first)

    @cached_property
    def _case(self) -> Case:
        posterior = weigh(self.points, self.told, self.tolerance)
        return Case(self.points, self.told, self.tolerance, posterior, self.timed_out)

    @cached_property
    def _diagnosis(self) -> Diagnosis:
        return diagnosis_of(self._case)

    @cached_property
    def gamma(self) -> tuple[float, float, float] | None:
        """Gamma with its 95 % interval as (low, value, high), if the agent discounts exponentially.

        From all answers if an exponential explains them best, or else from those of the first
        setting. None if choices do not depend on the offer.
        """
        return self._case.gamma

    @property
    def fits(self) -> tuple[CurveFit, ...]:
        """All curves, fitted to all answers, most likely first; empty if choices do not depend on
        the offer."""
        posterior = self._case.posterior
        return () if posterior.best.name in BLIND else posterior.fits

    @property
    def curve(self) -> CurveFit | None:
        """The best curve: the exponential unless another is ten times as likely; None if neither
        explains the answers."""
        return next((fit for fit in self.fits if fit.name == self._case.curve), None)

    @property
    def behaves_as_told(self) -> bool | None:
        """Whether the agent is as configured: True, False, or None if the answers leave it open.

        False if P(as configured | answers) <= 0.02. True if that is the likeliest explanation and
        the interval of gamma is as narrow as requested and contains the configured gamma.
        """
        return self._diagnosis.behaves_as_told

    @property
    def undecided(self) -> bool:
        """Whether the answers leave the question open: as configured or not, or, if no gamma was
        configured, which one."""
        return self._case.undecided

    @property
    def verdict(self) -> str:
        """What the agent does, as a sentence."""
        return self._diagnosis.text

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        return {
            "agent": self.agent,
            "told": self.told,
            "gamma": ends(self.gamma),
            "curve": None if self.curve is None else self.curve.name,
            "behaves_as_told": self.behaves_as_told,
            "verdict": self.verdict,
            "trainings": self.trainings,
            "failed": self.failed,
            "expected_trainings": self.expected_trainings,
            "diagnosis": self._diagnosis.body(),
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
                "side": [point.side for point in self.points],
                "answers": [len(point.actions) for point in self.points],
            }
        )


def diagnose(profile: DiscountProfile) -> Diagnosis:
    """Return what explains an agent's answers: how it was configured, a fault, or another curve.

    More settings and delays distinguish more explanations. The diagnosis comes from the same
    posterior as `profile.behaves_as_told` and `profile.verdict`.

    Raises:
        TypeError: `profile` is not a `DiscountProfile`.
    """
    return instance(profile, DiscountProfile, "profile", "what `qdecay.probe` returns")._diagnosis
