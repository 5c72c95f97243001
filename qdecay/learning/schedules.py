"""How exploration and step sizes fall with time.

A schedule is a function of a count n = 1, 2, 3, ...: for the exploration rate n is the step
of the run, for a step size the n-th update of that state and action. Every value lies in
[0, 1]. Each schedule is one floating-point expression in one order of evaluation (powers have
a float exponent, so that they are C's `pow`), which lets compiled code give the same bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real


@dataclass(frozen=True, slots=True)
class Constant:
    """The same `value` for ever, in [0, 1]."""

    value: float

    def __post_init__(self) -> None:
        """Refuse a value outside [0, 1]."""
        _require_fraction(self.value, "value")

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

    def __post_init__(self) -> None:
        """Refuse ends outside [0, 1] and fewer than one step."""
        _require_fraction(self.start, "start")
        _require_fraction(self.end, "end")
        if self.steps < 1:
            raise ValueError(f"steps must be >= 1, got {self.steps}")

    def at(self, n: int) -> float:
        """Return the value at count n >= 1."""
        if n > self.steps:
            return self.end
        return self.start + (self.end - self.start) * ((n - 1) / self.steps)


@dataclass(frozen=True, slots=True)
class Exponential:
    """A geometric fall to a floor: max(end, start * decay**(n - 1)).

    0 <= end <= start <= 1 and 0 < decay <= 1.

    >>> [Exponential(1.0, 0.2, decay=0.5).at(n) for n in (1, 2, 3, 4)]
    [1.0, 0.5, 0.25, 0.2]
    """

    start: float
    end: float
    decay: float

    def __post_init__(self) -> None:
        """Refuse values outside [0, 1], a rise, and a decay of 0."""
        _require_fraction(self.start, "start")
        _require_fraction(self.end, "end")
        _require_fraction(self.decay, "decay")
        if self.end > self.start:
            raise ValueError(f"end must be <= start = {self.start}, got {self.end}")
        if self.decay == 0:
            raise ValueError("decay must be > 0, got 0")

    def at(self, n: int) -> float:
        """Return the value at count n >= 1."""
        value = self.start * self.decay ** float(n - 1)
        return value if value > self.end else self.end


@dataclass(frozen=True, slots=True)
class Harmonic:
    """horizon / (horizon + n - 1), with a horizon >= 1; it meets Robbins and Monro's conditions.

    With horizon 1 it is 1 / n: as a step size, the value is the mean of the targets seen so far.
    Q-learning then needs a number of steps exponential in 1 / (1 - gamma) (Even-Dar and Mansour
    2003); with a horizon about 1 / (1 - gamma), or as long as the way that value has to come
    back, a polynomial one (Wainwright 2019). See also `Polynomial`.

    Sources: Even-Dar and Mansour, Learning Rates for Q-learning, JMLR 5 (2003), 1-25; Wainwright,
    Stochastic approximation with cone-contractive operators, arXiv 1905.06265 (2019).

    >>> [Harmonic().at(n) for n in (1, 2, 4)], [Harmonic(3.0).at(n) for n in (1, 2, 4)]
    ([1.0, 0.5, 0.25], [1.0, 0.75, 0.5])
    """

    horizon: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a horizon below 1 or without end."""
        if not isinstance(self.horizon, Real) or isinstance(self.horizon, bool):
            raise TypeError(f"horizon must be a number, got {self.horizon!r}")
        if not 1 <= self.horizon < math.inf:  # also refuses NaN
            raise ValueError(f"horizon must be >= 1 and finite, got {self.horizon}")

    def at(self, n: int) -> float:
        """Return the value at count n >= 1."""
        return self.horizon / (self.horizon + (n - 1))


@dataclass(frozen=True, slots=True)
class Polynomial:
    """n**-exponent with exponent in (1/2, 1], where sum a_n diverges and sum a_n^2 does not.

    Below 1 it is polynomial in 1 / (1 - gamma) as a step size of Q-learning.

    Source: Even-Dar and Mansour, Learning Rates for Q-learning, JMLR 5 (2003), 1-25.
    """

    exponent: float

    def __post_init__(self) -> None:
        """Refuse an exponent outside (1/2, 1]."""
        _require_fraction(self.exponent, "exponent")
        if self.exponent <= 0.5:
            raise ValueError(f"exponent must be in (1/2, 1], got {self.exponent}")

    def at(self, n: int) -> float:
        """Return the value at count n >= 1."""
        power: float = float(n) ** -self.exponent
        return power


Schedule = Constant | Linear | Exponential | Harmonic | Polynomial


def as_schedule(value: float | Schedule, name: str) -> Schedule:
    """Return `value` itself if it is a schedule, else `Constant(value)`.

    Args:
        value: a schedule of this module, or a number in [0, 1].
        name: what the value is, for the error message.

    Raises:
        TypeError: `value` is neither a number nor one of the schedules.
        ValueError: the number is outside [0, 1].
    """
    if isinstance(value, Schedule):
        return value
    return Constant(_require_fraction(value, name))


def _require_fraction(value: float, name: str) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number or a schedule, got {value!r}")
    if not 0 <= value <= 1:  # also refuses NaN
        raise ValueError(f"{name} must be in [0, 1], got {value}")
    return float(value)
