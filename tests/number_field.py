"""The field Q(x) of one real algebraic number: exact arithmetic with an order, for brute force."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_poly, fmpz_poly


class Field:
    """Q(x) for the root x of an irreducible polynomial between lower and upper.

    There is no other root between them, and the ends are none.
    """

    def __init__(self, polynomial: list[int], lower: Fraction, upper: Fraction) -> None:
        assert len(fmpz_poly(polynomial).factor()[1]) == 1, "irreducible"
        self.modulus = fmpq_poly(polynomial)
        self.lower, self.upper = lower, upper
        self._rising = _at(self.modulus, upper) > 0

    @property
    def x(self) -> Element:
        """The number itself."""
        return Element(self, fmpq_poly([0, 1]) % self.modulus)

    def sign(self, p: fmpq_poly) -> int:
        """Return the sign of p(x), by halving the interval: it is 0 for no p but 0."""
        if not p:
            return 0
        while True:
            middle, radius = (self.lower + self.upper) / 2, (self.upper - self.lower) / 2
            # By Taylor's formula around the middle: |p(x) - p(middle)| is at most the rest.
            rest, factor, derivative = Fraction(0), Fraction(1), p.derivative()
            for k in range(1, p.degree() + 1):
                factor *= radius / k
                rest += abs(_at(derivative, middle)) * factor
                derivative = derivative.derivative()
            value = _at(p, middle)
            if abs(value) > rest:
                return 1 if value > 0 else -1
            if (_at(self.modulus, middle) > 0) == self._rising:
                self.upper = middle
            else:
                self.lower = middle


class Element:
    """A number of the field."""

    def __init__(self, field: Field, p: fmpq_poly) -> None:
        self.field, self.p = field, p

    def _of(self, other: Any) -> fmpq_poly:
        if isinstance(other, Element):
            return other.p
        number = Fraction(other)
        return fmpq_poly([fmpq(number.numerator, number.denominator)])

    def _made(self, p: fmpq_poly) -> Element:
        return Element(self.field, p % self.field.modulus)

    def __add__(self, other: Any) -> Element:
        return self._made(self.p + self._of(other))

    def __sub__(self, other: Any) -> Element:
        return self._made(self.p - self._of(other))

    def __rsub__(self, other: Any) -> Element:
        return self._made(self._of(other) - self.p)

    def __mul__(self, other: Any) -> Element:
        return self._made(self.p * self._of(other))

    def __truediv__(self, other: Any) -> Element:
        divisor, inverse, _ = self._of(other).xgcd(self.field.modulus)
        return self._made(self.p * inverse / divisor[0])

    def __rtruediv__(self, other: Any) -> Element:
        return self._made(self._of(other)) / self

    __radd__, __rmul__ = __add__, __mul__

    def __eq__(self, other: object) -> bool:
        return not self - other

    def __lt__(self, other: Any) -> bool:
        return self.field.sign((self - other).p) < 0

    def __gt__(self, other: Any) -> bool:
        return self.field.sign((self - other).p) > 0

    def __bool__(self) -> bool:
        return bool(self.p)

    __hash__ = None  # type: ignore[assignment]


def _at(p: fmpq_poly, x: Fraction) -> Fraction:
    value = p(fmpq(x.numerator, x.denominator))
    return Fraction(int(value.p), int(value.q))


def eliminated(rows: list[list[Any]]) -> list[Any]:
    """Return x of A x = b, given the rows of [A | b], in any field."""
    rows = [list(row) for row in rows]
    for k in range(len(rows)):
        pivot = next(i for i in range(k, len(rows)) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for i, row in enumerate(rows):
            if i != k and row[k]:
                rows[i] = [x - row[k] * y for x, y in zip(row, rows[k], strict=True)]
    return [row[-1] for row in rows]
