"""Integer polynomials in two numbers: what names a curve of gamma and a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from flint import Ordering, fmpz_mpoly_ctx, fmpz_poly

from qdecay._support.result import Record

_RING = fmpz_mpoly_ctx.get(["gamma", "x"], Ordering.lex)
Powers = tuple[int, int]


@dataclass(frozen=True, eq=False, repr=False)
class CurvePolynomial(Record):
    """A primitive polynomial in gamma and a parameter; the curve is where it is 0.

    Attributes:
        terms: (coefficient, power of gamma, power of the parameter), by falling powers; the first
            coefficient is positive.

    >>> curve = CurvePolynomial.of({(0, 0): 2, (2, 1): -4, (2, 0): 2})
    >>> curve, curve.at(Fraction(3, 2)), curve.degrees
    (CurvePolynomial(2 gamma^2 x - gamma^2 - 1), 4*x^2 + (-2), (2, 1))
    """

    terms: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, coefficients: Mapping[Powers, int]) -> CurvePolynomial:
        """Return the polynomial of the coefficients by powers; not all are 0."""
        found = sorted(((p, c) for p, c in coefficients.items() if c), reverse=True)
        common = gcd(*(c for _, c in found)) * (1 if found[0][1] > 0 else -1)
        return cls(tuple((c // common, *powers) for powers, c in found))

    @property
    def degrees(self) -> Powers:
        """The highest powers of gamma and of the parameter."""
        return max(i for _, i, _ in self.terms), max(j for *_, j in self.terms)

    def at(self, value: Fraction) -> fmpz_poly:
        """Return the polynomial in gamma at a value of the parameter, times a positive number."""
        return _substituted([(i, j, c) for c, i, j in self.terms], value)

    def over(self, gamma: Fraction) -> fmpz_poly:
        """Return the polynomial in the parameter at a gamma, times a positive number."""
        return _substituted([(j, i, c) for c, i, j in self.terms], gamma)

    def factors(self) -> list[CurvePolynomial]:
        """Return the irreducible factors in which gamma or the parameter occurs."""
        _, found = _RING.from_dict({(i, j): c for c, i, j in self.terms}).factor()
        parts = [
            {(int(i), int(j)): int(c) for (i, j), c in factor.to_dict().items()}
            for factor, _ in found
        ]
        return [CurvePolynomial.of(part) for part in parts]

    def written(self, parameter: str = "x") -> str:
        """Return the polynomial as text, with a name for the parameter."""
        text = "".join(_term(c, {"gamma": i, parameter: j}) for c, i, j in self.terms)
        return text.removeprefix(" + ")

    def _shown(self) -> str:
        return self.written()

    def to_json(self) -> list[list[int]]:
        """Return the terms as lists."""
        return [list(term) for term in self.terms]


def _substituted(terms: Sequence[tuple[int, int, int]], number: Fraction) -> fmpz_poly:
    """Return the sum of c x^i number^j over terms (i, j, c), times a power of its denominator."""
    degree = max(j for _, j, _ in terms)
    coefficients = [0] * (1 + max(i for i, _, _ in terms))
    for i, j, c in terms:
        coefficients[i] += c * number.numerator**j * number.denominator ** (degree - j)
    return fmpz_poly(coefficients)


def _term(coefficient: int, powers: Mapping[str, int]) -> str:
    factors = [name if n == 1 else f"{name}^{n}" for name, n in powers.items() if n]
    size = abs(coefficient)
    shown = [str(size), *factors] if size != 1 or not factors else factors
    return f" {'-' if coefficient < 0 else '+'} {' '.join(shown)}"
