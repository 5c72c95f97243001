"""Integer polynomials: exact signs, and isolating intervals of real roots.

Polynomials are `flint.fmpz_poly`, constant term first. Root isolation follows Descartes'
rule of signs: the sign variations of (1 + t)^n q(1 / (1 + t)) bound the number of roots of q
in (0, 1), and 0 and 1 variations are exact. Intervals are halved until each has 0 or 1;
a cluster of v roots is approached by Newton steps of order v, so that two roots 10^-6000 apart take
tens of steps instead of twenty thousand.

Source: Collins and Akritas, SYMSAC 1976; Sagraloff, When Newton meets Descartes, ISSAC 2012.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from operator import index

from flint import arb, arb_poly, ctx, fmpq, fmpq_poly, fmpz_poly, nmod_poly

Interval = tuple[Fraction, Fraction]

_PRIME = 2**61 - 1  # any large prime
_SMALL_PRIMES = (5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)
_NEWTON_AFTER = 6  # bisections that do not split a cluster before Newton is worth its cost


def polynomial(coefficients: Sequence[int] | fmpz_poly) -> fmpz_poly:
    """Return the primitive polynomial with positive leading coefficient; zero stays zero."""
    if not isinstance(coefficients, fmpz_poly):
        coefficients = fmpz_poly([index(c) for c in coefficients])
    if coefficients.degree() < 0:
        return coefficients
    content = coefficients.content()
    return coefficients // (content if coefficients[coefficients.degree()] > 0 else -content)


def is_binomial(p: fmpz_poly) -> bool:
    """Return whether p is a x^n + c, n > 0, with c not 0."""
    return p.degree() > 0 and p[0] != 0 and int(p.deflation()[1]) == p.degree()


def linear(root: Fraction) -> fmpz_poly:
    """Return the primitive polynomial q x - p of the root p/q."""
    return fmpz_poly([-root.numerator, root.denominator])


def to_fmpq(value: Fraction) -> fmpq:
    """Return the same rational as a flint number."""
    return fmpq(value.numerator, value.denominator)


def sign_at(p: fmpz_poly, x: Fraction) -> int:
    """Return the exact sign of p(x): by balls if they decide, else by exact arithmetic."""
    point = to_fmpq(x)
    for precision in (128, 256):
        with ctx.workprec(precision):
            value = p(arb(point))
            if not value.contains(0):
                return 1 if value > 0 else -1
    exact = p(point)
    return int(exact > 0) - int(exact < 0)


def image(p: fmpz_poly, prime: int) -> nmod_poly | None:
    """Return p modulo a prime, or None if that has a smaller degree."""
    found = nmod_poly(p, prime)
    return found if found.degree() == p.degree() else None


def certainly_coprime(p: fmpz_poly, q: fmpz_poly) -> bool:
    """Return True only if p and q, not 0, have no common factor of positive degree.

    Modulo a prime that does not divide p's leading coefficient a factor keeps its degree.
    """
    found = image(p, _PRIME)
    return found is not None and found.gcd(nmod_poly(q, _PRIME)).degree() == 0


def certainly_irrational(p: fmpz_poly) -> bool:
    """Return True only if p has no rational root.

    As v divides the leading coefficient, a root u / v is also a root modulo every prime that does
    not divide that coefficient. By chance, a polynomial has no root modulo a third of all primes.
    """
    for prime in _SMALL_PRIMES:
        found = image(p, prime)
        if found is not None and all(int(found(x)) for x in range(prime)):
            return True
    return False


def variations(p: fmpz_poly) -> int:
    """Return the number of sign changes in the coefficients, zeros skipped."""
    signs = [c > 0 for c in p.coeffs() if c != 0]
    return sum(a != b for a, b in itertools.pairwise(signs))


def roots_bound(p: fmpz_poly, lower: Fraction, upper: Fraction) -> int:
    """Return Descartes' bound on the number of roots of p in (lower, upper).

    Balls give the signs of the transformed coefficients at a fraction of the cost of integers;
    where they cannot, integers do.
    """
    precision = p.degree() + 64 + 2 * _bits_of(upper - lower)
    for _ in range(3):
        with ctx.workprec(precision):
            line = arb_poly([arb(to_fmpq(lower)), arb(to_fmpq(upper - lower))])
            local = arb_poly(arb_poly(p)(line).coeffs()[::-1])
            bound = _certain_variations(local(arb_poly([1, 1])).coeffs())
        if bound is not None:
            return bound
        precision *= 3
    start, width = to_fmpq(lower), to_fmpq(upper - lower)
    exact = fmpq_poly(p)(fmpq_poly([start, width])).numer()
    if exact.degree() < p.degree():
        raise AssertionError("a substitution x -> a + w t, w > 0, keeps the degree")
    return variations(fmpz_poly(exact.coeffs()[::-1])(fmpz_poly([1, 1])))


def _certain_variations(coefficients: list[arb]) -> int | None:
    """Return the sign changes if unknown signs cannot alter their number, else None."""
    count, last, unknown = 0, 0, False
    for c in coefficients:
        sign = (c > 0) - (c < 0)
        if sign == 0:
            unknown = unknown or not c.is_zero()
            continue
        if unknown and sign != -last:
            return None
        count += sign == -last
        last, unknown = sign, False
    return None if unknown else count


def isolating_intervals(p: fmpz_poly, lower: Fraction, upper: Fraction) -> Iterator[Interval]:
    """Yield, from left to right, intervals with one root of a square-free p each.

    p must not vanish at lower and upper. The root lies strictly inside, or both ends equal
    it. Ends of the open intervals may be roots of p themselves (other, rational ones).
    """
    if lower >= 0 and variations(p) == 1:  # one positive root, for any degree
        if sign_at(p, lower) != sign_at(p, upper):
            yield lower, upper
        return
    stack = [(lower, upper, 0)]
    while stack:
        a, b, halvings = stack.pop()
        if a == b:
            yield a, b
            continue
        bound = roots_bound(p, a, b)
        if bound == 1:
            yield a, b
        elif bound > 1:
            closer = _around_cluster(p, a, b, bound) if halvings >= _NEWTON_AFTER else None
            if closer is not None:
                stack.append((*closer, 0))
                continue
            middle = (a + b) / 2
            stack.append((middle, b, halvings + 1))
            if sign_at(p, middle) == 0:
                stack.append((middle, middle, 0))
            stack.append((a, middle, halvings + 1))


def _around_cluster(p: fmpz_poly, lower: Fraction, upper: Fraction, bound: int) -> Interval | None:
    """Return a far smaller interval with the same Descartes bound, or None.

    Descartes' bound never grows when an interval is split, so a part with the same bound proves
    that the rest contains no root.
    """
    known, best, gain = _bits_of(upper - lower), None, 3
    while True:
        closer = None
        for centre in _newton_centres(p, lower, upper, bound, known + gain):
            radius = Fraction(2, 2 ** (known + gain))
            start, end = max(centre - radius, lower), min(centre + radius, upper)
            if (
                start < end
                and sign_at(p, start) * sign_at(p, end) != 0
                and (roots_bound(p, start, end) == bound)
            ):
                closer = start, end
                break
        if closer is None:
            return best
        best, gain = closer, 2 * gain


def _newton_centres(
    p: fmpz_poly, lower: Fraction, upper: Fraction, order: int, bits: int
) -> Iterator[Fraction]:
    """Yield Newton's guess for a root of that order from either end, rounded to `bits`."""
    derivative = p.derivative()
    for end in (lower, upper):
        with ctx.workprec(p.degree() + 64 + 4 * bits):
            start = arb(to_fmpq(end))
            guess = start - order * p(start) / derivative(start)
            if guess.is_finite():
                centre = _nearest(guess.mid(), bits)
                if lower <= centre <= upper:
                    yield centre


def refine(p: fmpz_poly, lower: Fraction, upper: Fraction, bits: int) -> Interval:
    """Return an interval of width <= 2^-bits around the one root of p in (lower, upper).

    p must change its sign between the ends, have one root there, and none at the ends. Newton's
    method proposes a short interval and the signs at its ends confirm it; if they do not, the
    interval is bisected. Both ends are equal only if the root is rational and was hit.
    """
    derivative, left_sign = p.derivative(), 0
    while upper - lower > Fraction(1, 2**bits):
        middle = (lower + upper) / 2
        closer = closer_interval(p, derivative, (lower, upper), middle, bits)
        if closer is not None:
            return closer
        middle = _short(middle, _bits_of(upper - lower) + 3)
        sign, left_sign = sign_at(p, middle), left_sign or sign_at(p, lower)
        if sign == 0:
            return middle, middle
        lower, upper = (middle, upper) if sign == left_sign else (lower, middle)
    return lower, upper


def closer_interval(
    p: fmpz_poly, derivative: fmpz_poly, around: Interval, start: Fraction, bits: int
) -> Interval | None:
    """Return an interval of width <= 2^-bits around the one root of p strictly inside another.

    Newton's method leads there from `start`, and opposite signs at the ends confirm it; or None.
    """
    guess = _newton_limit(p, derivative, around, start, bits)
    if guess is None:
        return None
    radius = Fraction(1, 2 ** (bits + 1))
    closer = max(around[0], guess - radius), min(around[1], guess + radius)
    signs = [sign_at(p, end) for end in closer]
    if 0 in signs:
        root = closer[signs.index(0)]
        return None if root in around else (root, root)
    return closer if signs[0] != signs[1] else None


def _newton_limit(
    p: fmpz_poly, derivative: fmpz_poly, around: Interval, start: Fraction, bits: int
) -> Fraction | None:
    """Return the limit of Newton's method, to bits + 4 places, or None if it leaves the
    interval."""
    with ctx.workprec(2 * bits + 96):
        x = arb(to_fmpq(start)).mid()
        low, high = (arb(to_fmpq(end)) for end in around)
        small = arb(2) ** (-bits - 6)
        for _ in range(8 + bits.bit_length()):
            step = (p(x) / derivative(x)).mid()
            if not step.is_finite():
                return None
            x = (x - step).mid()
            if not low < x < high:
                return None
            if abs(step) < small:
                return _nearest(x, bits + 4)
    return None


def _bits_of(width: Fraction) -> int:
    """Return an integer >= -log2(width), at most one more."""
    return max(0, width.denominator.bit_length() - width.numerator.bit_length() + 1)


def _short(value: Fraction, bits: int) -> Fraction:
    return Fraction(round(value * 2**bits), 2**bits)


def _nearest(value: arb, bits: int) -> Fraction:
    """Return a ball's midpoint, rounded to so many binary places."""
    mantissa, exponent = map(int, value.man_exp())
    places = exponent + bits + 1  # one more, to round
    twice = mantissa << places if places > 0 else mantissa >> -places
    return Fraction((twice + 1) >> 1, 2**bits)


def to_exact(value: arb) -> Fraction:
    """Return the exact value of a ball's midpoint, a dyadic number."""
    mantissa, exponent = value.man_exp()
    power = Fraction(2) ** int(exponent)
    return int(mantissa) * power
