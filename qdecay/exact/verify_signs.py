"""Signs and roots of integer polynomials, for the checker of certificates; standard library only.

A polynomial is a list of integers, constant term first, the last one not 0. Roots are counted
by Descartes' rule of signs: the sign variations of (1 + t)^n q(1 / (1 + t)) bound the number of
roots of q in (0, 1), and 0 and 1 variations are exact; other intervals are halved.

Source: Collins and Akritas, Polynomial real root isolation using Descartes' rule, SYMSAC 1976.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import accumulate, pairwise

Polynomial = list[int]

_MAX_BITS = 2**30  # 128 MiB: what a file can make the checker spend on one table of numbers
_PRIMES = (2**61 - 1, 2**89 - 1, 2**107 - 1, 2**127 - 1)


class CertificateError(ValueError):
    """A certificate does not prove what it states; the message says what fails, and where."""


def require(holds: bool, reason: str) -> None:
    """Raise CertificateError with the reason unless the condition holds."""
    if not holds:
        raise CertificateError(reason)


def spend(bits: int) -> None:
    """Refuse a table that takes more memory than the checker spends."""
    require(bits <= _MAX_BITS, "the numbers grow beyond what this checker takes on")


def sign_at(p: Polynomial, x: Fraction) -> int:
    """Return the sign of p(x): -1, 0 or 1."""
    value, power = 0, 1
    for coefficient in reversed(p):
        value = value * x.numerator + coefficient * power
        power *= x.denominator
    return (value > 0) - (value < 0)


def primitive(p: Polynomial) -> Polynomial:
    """Return p divided by the greatest common divisor of its coefficients."""
    content = math.gcd(*p)
    return [c // content for c in p]


def quotient(p: Polynomial, divisor: Polynomial) -> Polynomial | None:
    """Return p / divisor, or None where that has no integer coefficients.

    For a primitive divisor these are all its multiples, by Gauss's lemma.
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
    """Return p divided by the divisor as often as that goes."""
    while (reduced := quotient(p, divisor)) is not None:
        p = reduced
    return p


def vanishes(p: Polynomial, a: Fraction, b: Fraction) -> bool:
    """Whether p may have a root in the closed interval [a, b]; False proves that it has none."""
    return not (sign_at(p, a) and sign_at(p, b)) or count_roots(p, a, b, most=0) > 0


def count_roots(p: Polynomial, a: Fraction, b: Fraction, most: int) -> int:
    """Return the number of roots in the open interval (a, b).

    It is some number > `most` where there are more than that, or where roots, complex ones
    included, lie too close to be told apart in a reasonable time.
    """
    degree = len(p) - 1
    found, parts = 0, [_on_unit_interval(p, a, b)] if a < b else []
    halvings = 200 + 20_000 // len(p)  # a pair of roots 10^-60 apart takes 200
    while parts and found <= most:
        part = parts.pop()
        variations = _variations(_shifted(part[::-1]))
        if variations <= 1:
            found += variations
            continue
        halvings -= 1
        if halvings < 0:
            return most + 1
        left = [c << (degree - i) for i, c in enumerate(part)]
        right = _shifted(left)
        found += right[0] == 0
        parts += [left, right]
    return found


def is_square_free(p: Polynomial) -> bool:
    """Whether p is shown to have no double root: modulo a prime it has none with p'."""
    return any(_is_square_free_modulo(p, prime) for prime in _PRIMES)


def _is_square_free_modulo(p: Polynomial, prime: int) -> bool:
    if p[-1] % prime == 0:
        return False
    a, b = [c % prime for c in p], [i * c % prime for i, c in enumerate(p)][1:]
    while b:
        if not b[-1]:
            b.pop()
            continue
        inverse = pow(b[-1], -1, prime)
        while len(a) >= len(b):
            factor, shift = a[-1] * inverse % prime, len(a) - len(b)
            for i, coefficient in enumerate(b, shift):
                a[i] = (a[i] - factor * coefficient) % prime
            a.pop()
        a, b = b, a
    return len(a) == 1


def _on_unit_interval(p: Polynomial, a: Fraction, b: Fraction) -> Polynomial:
    """Return a positive multiple of p(a + (b - a) x)."""
    common = math.lcm(a.denominator, b.denominator)
    start, width, degree = int(a * common), int((b - a) * common), len(p) - 1
    spend(degree * degree * common.bit_length() + sum(map(int.bit_length, p)))
    powers = list(accumulate([common] * degree, int.__mul__, initial=1))
    q = [c * power for c, power in zip(p, reversed(powers), strict=True)]
    if start:  # q(start + y) by way of z = y / start, so that the shift is by 1
        scale = list(accumulate([start] * degree, int.__mul__, initial=1))
        shifted = _shifted([c * s for c, s in zip(q, scale, strict=True)])
        q = [c // s for c, s in zip(shifted, scale, strict=True)]
    widths = accumulate([width] * degree, int.__mul__, initial=1)
    return primitive([c * w for c, w in zip(q, widths, strict=True)])


def _shifted(p: Polynomial) -> Polynomial:
    """Return p(x + 1), by repeated Horner steps."""
    result = p[::-1]
    for length in range(len(p), 1, -1):
        result[:length] = accumulate(result[:length])
    return result[::-1]


def _variations(p: Polynomial) -> int:
    """Return the number of sign changes between neighbouring coefficients that are not 0."""
    return sum((c < 0) != (d < 0) for c, d in pairwise(c for c in p if c))
