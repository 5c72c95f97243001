"""A limit of time, and what to say when it runs out."""

from __future__ import annotations

import time

from qdecay.errors import BudgetExceeded

_PRODUCTS_PER_SECOND = 1e8  # of machine words, in the exact power series; a cautious figure


class Budget:
    """Raises `BudgetExceeded` once `max_seconds` have gone by; None is no limit."""

    def __init__(self, max_seconds: float | None = None) -> None:
        if max_seconds is not None and not max_seconds > 0:
            raise ValueError(f"max_seconds must be > 0, got {max_seconds}")
        self.max_seconds = max_seconds
        self.started = time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def check(self) -> None:
        """Raise if the time is up."""
        if self.max_seconds is not None and self.spent > self.max_seconds:
            raise BudgetExceeded(f"stopped after {self.spent:.1f} s of {self.max_seconds:g} s")

    def afford(self, products: float, degree: int) -> None:
        """Raise if one exact polynomial alone would overrun what is left.

        Args:
            products: word-size multiplications that it needs.
            degree: bound of its degree, for the message.
        """
        self.check()
        if self.max_seconds is None:
            return
        needed = products / _PRODUCTS_PER_SECOND
        if needed > self.max_seconds - self.spent:
            raise BudgetExceeded(
                f"one exact polynomial of degree up to {degree} needs about {needed:.0f} s; "
                f"{self.max_seconds - self.spent:.1f} s of {self.max_seconds:g} s are left"
            )
