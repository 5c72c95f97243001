"""Signs and roots of integer polynomials, for the checker of certificates; standard library only.

A polynomial is a list of integers, constant term first. Roots are counted by Descartes' rule of
signs: the sign variations of (1 + t)^n q(1 / (1 + t)) bound the number of roots of q in (0, 1),
and 0 and 1 variations are exact; other intervals are halved.

Source: Collins and Akritas, Polynomial real root isolation using Descartes' rule, SYMSAC 1976.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import accumulate, pairwise

Polynomial = list[int]

_MAX_BITS = 2**32  # 512 MiB: the most that a file can make the checker use for one table
_BITS_OF_ANY = 320  # that any Python integer in a list takes


class CertificateError(ValueError):
    """A certificate does not prove what it states; the message says what fails, and where."""


class BeyondChecker(CertificateError):
    """Checking would exceed the checker's limits of degree or memory, so nothing is decided."""


def require(holds: bool, reason: str) -> None:
    """Raise CertificateError with the reason unless the condition holds."""
    if not holds:
        raise CertificateError(reason)


def require_feasible(holds: bool, reason: str) -> None:
    """Raise BeyondChecker with the reason unless the condition holds."""
    if not holds:
        raise BeyondChecker(reason)


def require_memory(numbers: int, bits: int) -> None:
    """Raise BeyondChecker if this many numbers of this many bits take more than the allowed
    memory."""
    fits = numbers * (bits + _BITS_OF_ANY) <= _MAX_BITS
    require_feasible(fits, "the numbers exceed what this checker accepts")


def sign_at(p: Polynomial, x: Fraction) -> int:
    """Return the sign of p(x): -1, 0 or 1."""
    value, power = 0, 1
    for coefficient in reversed(p):
        value = value * x.numerator + coefficient * power
        power *= x.denominator
    return (value > 0) - (value < 0)


def quotient(p: Polynomial, divisor: Polynomial) -> Polynomial | None:
    """Return p / divisor, or None if that does not have integer coefficients.

    For a primitive divisor, by Gauss's lemma, it has them exactly if p is a multiple.
    """
    rest, result = list(p), [0] * (len(p) - len(divisor) + 1)
    for k in reversed(range(len(result))):
        result[k], remainder = divmod(rest[k + len(divisor) - 1], divisor[-1])
        if remainder:
            return None
        if result[k]:
            for i, coefficient in enumerate(divisor, k):
                rest[i] -= result[k] * coefficient
    return None if any(rest) else result


def without(p: Polynomial, divisor: Polynomial) -> Polynomial:
    """Return p divided by the divisor, of degree >= 1, as often as possible."""
    while (reduced := quotient(p, divisor)) is not None:
        p = reduced
    return p


def count_roots(p: Polynomial, a: Fraction, b: Fraction, most: int = 0) -> int:
    """Return the number of distinct roots in the open interval (a, b), 0 <= a < b.

    It is some number > `most` if there are more than that, or if roots, including complex ones, are
    too close to separate in reasonable time.
    """
    if p[0] and _variations(p) <= 1:  # this many positive roots, for any degree
        return int(sign_at(p, a) * sign_at(p, b) < 0)
    found, parts = 0, [_on_unit_interval(p, a, b)]
    halvings = 200 + 20_000 // len(p)  # a pair of roots 10^-60 apart takes 200
    while parts and found <= most:
        part = parts.pop()
        variations = _variations(_shifted(part[::-1]))
        if variations <= 1:
            found += variations
            continue
        if not halvings:
            return most + 1
        halvings -= 1
        left = [c << i for i, c in enumerate(part[::-1])][::-1]
        right = _shifted(left)
        found += right[0] == 0
        parts += [left, right]
        require_memory(len(parts) * len(p), max(map(int.bit_length, right)))
    return found


def _on_unit_interval(p: Polynomial, a: Fraction, b: Fraction) -> Polynomial:
    """Return a positive multiple of p(a + (b - a) x), for 0 <= a < b."""
    common = math.lcm(a.denominator, b.denominator)
    start, width, degree = int(a * common), int((b - a) * common), len(p) - 1
    require_memory(len(p), degree * common.bit_length() + max(map(int.bit_length, p)))
    q = _products(p, _powers(common, degree)[::-1])
    if start:  # q(start + y), through z = y / start, so that the shift is by 1
        scale = _powers(start, degree)
        q = list(map(int.__floordiv__, _shifted(_products(q, scale)), scale))
    q = _products(q, _powers(width, degree))
    content = math.gcd(*q)
    return [c // content for c in q]


def _powers(x: int, degree: int) -> list[int]:
    return list(accumulate([x] * degree, int.__mul__, initial=1))


def _products(p: list[int], q: list[int]) -> list[int]:
    return [x * y for x, y in zip(p, q, strict=True)]


def _shifted(p: Polynomial) -> Polynomial:
    """Return p(x + 1), by repeated Horner steps."""
    result = p[::-1]
    for length in range(len(p), 1, -1):
        result[:length] = accumulate(result[:length])
    return result[::-1]


def _variations(p: Polynomial) -> int:
    """Return the number of sign changes between neighbouring nonzero coefficients."""
    return sum(left != right for left, right in pairwise(c > 0 for c in p if c))
