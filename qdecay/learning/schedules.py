"""How exploration rates and step sizes decrease over time.

A schedule is a function of a count n = 1, 2, 3, ...: for the exploration rate n is the step
of the run, for a step size the n-th update of that state and action. Every value lies in
[0, 1]. Each schedule is one floating-point expression in one order of evaluation (powers have
a float exponent, so that they are C's `pow`), which lets compiled code give the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qdecay._support.checks import RealLike, count, real

_SHARE = "[0, 1]"


def _hold(schedule: Any, **numbers: float) -> None:
    """Give a frozen schedule its fields."""
    for name, number in numbers.items():
        object.__setattr__(schedule, name, number)


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant `value` in [0, 1]."""

    value: float

    def __init__(self, value: RealLike) -> None:
        _hold(self, value=real(value, "value", _SHARE))

    def at(self, n: int) -> float:
        """Return the value at count n >= 1."""
        return self.value


@dataclass(frozen=True, slots=True)
class Linear:
    """A straight line: `start` at n = 1, `end` from n = steps + 1 on.

    start + (end - start) * ((n - 1) / steps); start and end in [0, 1], steps >= 1.

    >>> Linear(1.0, 0.0, steps=4).at(2)
    0.75
    """

    start: float
    end: float
    steps: int

    def __init__(self, start: RealLike, end: RealLike, steps: int) -> None:
        _hold(self, start=real(start, "start", _SHARE), end=real(end, "end", _SHARE))
        _hold(self, steps=count(steps, "steps"))

    def at(self, n: int) -> float:
        """Return the value at count n >= 1."""
        if n > self.steps:
            return self.end
        return self.start + (self.end - self.start) * ((n - 1) / self.steps)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Geometric decay down to a floor: max(end, start * decay**(n - 1)).

    0 <= end <= start <= 1 and 0 < decay <= 1.

    >>> [Exponential(1.0, 0.2, decay=0.5).at(n) for n in (1, 2, 3, 4)]
    [1.0, 0.5, 0.25, 0.2]
    """

    start: float
    end: float
    decay: float

    def __init__(self, start: RealLike, end: RealLike, decay: RealLike) -> None:
        _hold(self, start=real(start, "start", _SHARE), end=real(end, "end", _SHARE))
        _hold(self, decay=real(decay, "decay", "(0, 1]"))
        if self.end > self.start:
            raise ValueError(f"end must be <= start = {self.start}, got {self.end}")

    def at(self, n: int) -> float:
        """Return the value at count n >= 1."""
        value = self.start * self.decay ** float(n - 1)
        return value if value > self.end else self.end


@dataclass(frozen=True, slots=True)
class Harmonic:
    """horizon / (horizon + n - 1), with a horizon >= 1; it meets Robbins and Monro's conditions.

    With horizon 1 it is 1 / n: as a step size, the value is the mean of the targets seen so far.
    Q-learning then needs a number of steps exponential in 1 / (1 - gamma) (Even-Dar and Mansour
    2003); with a horizon about 1 / (1 - gamma), or as long as the distance over which value
    propagates, a polynomial one (Wainwright 2019). See also `Polynomial`.

    Sources: Even-Dar and Mansour, Learning Rates for Q-learning, JMLR 5 (2003), 1-25; Wainwright,
    Stochastic approximation with cone-contractive operators, arXiv 1905.06265 (2019).

    >>> [Harmonic().at(n) for n in (1, 2, 4)], [Harmonic(3.0).at(n) for n in (1, 2, 4)]
    ([1.0, 0.5, 0.25], [1.0, 0.75, 0.5])
    """

    horizon: float

    def __init__(self, horizon: RealLike = 1.0) -> None:
        _hold(self, horizon=real(horizon, "horizon", ">= 1"))

    def at(self, n: int) -> float:
        """Return the value at count n >= 1."""
        return self.horizon / (self.horizon + (n - 1))


@dataclass(frozen=True, slots=True)
class Polynomial:
    """n**-exponent with exponent in (1/2, 1], where sum a_n diverges and sum a_n^2 does not.

    With it as step size and an exponent below 1, Q-learning needs a number of steps that is
    polynomial in 1 / (1 - gamma).

    Source: Even-Dar and Mansour, Learning Rates for Q-learning, JMLR 5 (2003), 1-25.
    """

    exponent: float

    def __init__(self, exponent: RealLike) -> None:
        _hold(self, exponent=real(exponent, "exponent", "(1/2, 1]"))

    def at(self, n: int) -> float:
        """Return the value at count n >= 1."""
        power: float = float(n) ** -self.exponent
        return power


Schedule = Constant | Linear | Exponential | Harmonic | Polynomial


def as_schedule(value: RealLike | Schedule, name: str) -> Schedule:
    """Return `value` itself if it is a schedule, else `Constant(value)`.

    Args:
        value: a schedule of this module, or a number in [0, 1].
        name: what the value is, for the error message.

    Raises:
        TypeError: `value` is neither a number nor one of the schedules.
        ValueError: the number is outside [0, 1].
    """
    return value if isinstance(value, Schedule) else Constant(real(value, name, _SHARE))
