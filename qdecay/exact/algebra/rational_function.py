"""Quotients of integer polynomials in gamma, such as the value of a state in one region."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from flint import fmpz_poly

from qdecay_envs.rational import RationalLike, rational

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True)
class RationalFunction:
    """numerator(gamma) / denominator(gamma), coprime integer coefficients, constant term first.

    >>> geometric = RationalFunction((1,), (1, -1))
    >>> geometric("9/10"), str(geometric)
    (Fraction(10, 1), '1 / ((-1)*x + 1)')
    """

    numerator: tuple[int, ...]
    denominator: tuple[int, ...]

    @classmethod
    def of(cls, numerator: fmpz_poly, denominator: fmpz_poly) -> RationalFunction:
        """Return the quotient in lowest terms, its denominator positive at 0.

        The denominator must not vanish at 0.
        """
        common = numerator.gcd(denominator)
        if (denominator[0] < 0) != (common[0] < 0):
            common = -common
        parts = (numerator // common, denominator // common)
        return cls(*(tuple(int(c) for c in part.coeffs()) for part in parts))

    def __call__(self, gamma: RationalLike) -> Fraction:
        """Return the exact value at a rational gamma.

        Raises:
            TypeError, ValueError: gamma is not an exact number; see `qdecay_envs.rational`.
            ZeroDivisionError: the denominator vanishes there.
        """
        x = rational(gamma, "gamma")
        return _horner(self.numerator, x) / _horner(self.denominator, x)

    def slope(self, gamma: RationalLike) -> Fraction:
        """Return the exact derivative at a rational gamma; see `__call__` for what is raised."""
        x = rational(gamma, "gamma")
        top, bottom = (_horner(p, x) for p in (self.numerator, self.denominator))
        rise, fall = (_horner(_derivative(p), x) for p in (self.numerator, self.denominator))
        return (rise * bottom - top * fall) / bottom**2

    def __str__(self) -> str:
        """Both polynomials, in x."""
        top, bottom = (fmpz_poly(list(p)) for p in (self.numerator, self.denominator))
        return str(top) if bottom.coeffs() == [1] else f"{_wrapped(top)} / {_wrapped(bottom)}"

    def to_sympy(self) -> sympy.Expr:
        """Return the quotient as a sympy expression in gamma."""
        import sympy

        gamma = sympy.Symbol("gamma")
        top, bottom = (
            sympy.Poly(list(reversed(p)) or [0], gamma).as_expr()
            for p in (self.numerator, self.denominator)
        )
        return top / bottom


def _horner(coefficients: tuple[int, ...], x: Fraction) -> Fraction:
    value = Fraction(0)
    for c in reversed(coefficients):
        value = value * x + c
    return value


def _derivative(coefficients: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(k * c for k, c in enumerate(coefficients))[1:]


def _wrapped(p: fmpz_poly) -> str:
    return f"({p})" if sum(c != 0 for c in p.coeffs()) > 1 else str(p)
