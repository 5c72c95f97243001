"""Algebraic numbers against constructed roots, sympy, mpmath and exact identities."""

from __future__ import annotations

import copy
import itertools
import math
from fractions import Fraction
from pickle import dumps, loads

import mpmath
import pytest
import sympy
from flint import fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qdecay.exact.algebra.number import (
    AlgebraicNumber,
    isolate_quickly,
    isolate_roots,
    roots_with_multiplicity,
)
from qdecay.exact.algebra.polynomial import certainly_coprime, certainly_irrational

X = fmpz_poly([0, 1])
exact = settings(deadline=None, derandomize=True, max_examples=60)
polynomials = st.lists(st.integers(-9, 9), min_size=2, max_size=6).map(fmpz_poly)
fractions = st.fractions(min_value=-3, max_value=3, max_denominator=50)


def product(roots: list[Fraction]) -> fmpz_poly:
    """The integer polynomial with these roots."""
    result = fmpz_poly([1])
    for root in roots:
        result *= fmpz_poly([-root.numerator, root.denominator])
    return result


@exact
@given(st.lists(fractions, min_size=1, max_size=8), fractions, fractions)
def test_rational_roots_are_found_in_the_open_interval_with_multiplicity(roots, a, b):
    """A product of linear factors has exactly the roots it was made of."""
    if a == b:
        b += 1
    lower, upper = min(a, b), max(a, b)
    expected = sorted({r for r in roots if lower < r < upper})
    found = roots_with_multiplicity(product(roots), lower, upper)
    assert [(root.lower, root.upper, m) for root, m in found] == [
        (r, r, roots.count(r)) for r in expected
    ]


@exact
@given(st.lists(st.integers(-9, 9), min_size=2, max_size=7).filter(any))
def test_isolation_agrees_with_sympy(coefficients):
    """Number and place of the real roots agree with sympy's continued fractions."""
    gamma = sympy.Symbol("gamma")
    reference = sorted(set(sympy.Poly(coefficients[::-1], gamma).real_roots()))
    found = isolate_roots(coefficients, -100, 100)
    assert len(found) == len(reference)
    for root, expected in zip(found, reference, strict=True):
        digits = sympy.Float(root.decimal(30), 40)
        assert abs(digits - expected.evalf(40)) < sympy.Float("1e-25")


@exact
@given(st.lists(st.integers(-9, 9), min_size=3, max_size=6).filter(any))
def test_conversion_to_sympy_keeps_the_value(coefficients):
    """Rational, root, surd or CRootOf: sympy evaluates each to the same digits."""
    for root in isolate_roots(coefficients, -100, 100):
        value = root.to_sympy().evalf(30)
        assert abs(value - sympy.Float(root.decimal(30), 40)) < sympy.Float("1e-25")


@pytest.mark.parametrize("own", [[-2, 3], [-1, 0, 3], [-1, 1, 1], [-1, 0, 0, 2]])
@pytest.mark.parametrize("power", [1, 30])
def test_the_simple_form_of_a_root_is_on_its_own_factor(own: list[int], power: int) -> None:
    """2/3, 3^(-1/2), (sqrt(5) - 1)/2, 2^(-1/3): beside roots at both ends, and elsewhere."""
    others = product([Fraction(1, 2), Fraction(1), Fraction(1, 3)]) * (1 + X**power) * (X**2 - 2)
    number = AlgebraicNumber(fmpz_poly(own) * others, Fraction(1, 2), Fraction(1))
    assert number.simplified().coefficients == tuple(own)


@exact
@given(fractions, fractions, st.integers(2, 5))
def test_order_equality_and_hash_are_those_of_the_values(a, b, n):
    """Roots of different polynomials compare as their n-th powers do."""
    a, b = abs(a) + 1, abs(b) + 1
    [x] = isolate_roots(product([a])(X**n), 0, 10)
    [y] = isolate_roots(product([b])(X**n) * fmpz_poly([1, 0, 1]), 0, 10)
    assert (x < y, x == y, x > y) == (a < b, a == b, a > b)
    if a == b:
        assert hash(x) == hash(y)
    assert (x < b, x == b, x > b) == (a < b**n, a == b**n, a > b**n)


def test_equal_roots_of_coprime_looking_polynomials_are_one_number():
    """sqrt(1/2) as a root of high-degree polynomials that share only one factor."""
    shared = fmpz_poly([-1, 0, 2])
    left, right = (shared * fmpz_poly([k % 7 + 2 for k in range(degree)]) for degree in (51, 62))
    [x], [y] = isolate_roots(left), isolate_roots(right)
    assert x.degree > 2 and y.degree > 2
    assert x == y and len({x, y}) == 1
    assert x.sign_of(right) == 0 and x.sign_of(right + 1) == 1


def test_a_rational_equals_its_fraction_and_hashes_like_it():
    """Mixed sets and comparisons work."""
    half = AlgebraicNumber.of(Fraction(1, 2))
    assert half == Fraction(1, 2) and hash(half) == hash(Fraction(1, 2))
    assert half != 1 and 0 < half < 1 and half != "1/2"


@pytest.mark.parametrize(
    ("coefficients", "text"),
    [
        ([-10, 11], "10/11"),
        ([-1, 0, 4], "1/2"),
        ([-1, 0, 0, 6], "6^(-1/3)"),
        ([-1, 0, 0, 5], "5^(-1/3)"),
        ([-1] + 98 * [0] + [110], "110^(-1/99)"),
        ([-1] + 998 * [0] + [6], "6^(-1/999)"),
        ([-2, 0, 0, 0, 0, 3], "(2/3)^(1/5)"),
        ([-4, 0, 0, 0, 9], "(2/3)^(1/2)"),
        ([-8, 0, 0, 0, 0, 0, 27], "(2/3)^(1/2)"),
        ([-125] + 3 * [0] + [256], "(125/256)^(1/4)"),
        ([0, -1, 0, 0, 6], "6^(-1/3)"),
        ([-1, 1, 1], "(sqrt(5)-1)/2"),
        ([1, -3, 1], "(3-sqrt(5))/2"),
        ([-1, 2, 4], "(sqrt(5)-1)/4"),
        ([-1, -1, -1, 5], None),
    ],
)
def test_closed_forms(coefficients, text):
    """Rationals, roots and surds are recognised; nothing else is claimed."""
    [root] = isolate_roots(coefficients)
    assert root.closed_form() == text


def test_multiplicities_of_0_and_1_are_kept() -> None:
    """x^3 (x - 1)^2 (11 x^300 - 10)^2 on (-1, 2): these two roots among the others."""
    found = roots_with_multiplicity(X**3 * (X - 1) ** 2 * (11 * X**300 - 10) ** 2, -1, 2)
    assert [(root.closed_form(), m) for root, m in found] == [
        ("-(10/11)^(1/300)", 2),
        ("0", 3),
        ("(10/11)^(1/300)", 2),
        ("1", 2),
    ]


@exact
@given(st.integers(1, 9), st.integers(-20, 20), st.integers(-20, 20))
def test_closed_form_text_evaluates_to_the_root(a, b, c):
    """The text, read by sympy, has the digits of the root."""
    for root in isolate_roots([c, b, a], -1000, 1000):
        value = sympy.parse_expr(root.closed_form().replace("^", "**")).evalf(40)
        assert abs(value - sympy.Float(root.decimal(35), 45)) < sympy.Float("1e-30")


def test_decimals_are_rounded_correctly():
    """Against mpmath at twice the digits; a ratio against long division."""
    [root] = isolate_roots([-1, 0, 0, 6])
    with mpmath.workdps(100):
        assert root.decimal(40) == mpmath.nstr(mpmath.mpf(6) ** (mpmath.mpf(-1) / 3), 40)
    assert AlgebraicNumber.of(Fraction(10, 11)).decimal() == "0." + "90" * 19 + "91"
    assert AlgebraicNumber.of(Fraction(1, 2)).decimal() == "0.5"
    assert AlgebraicNumber.of(Fraction(-1, 3)).decimal(5) == "-0.33333"
    assert AlgebraicNumber.of(Fraction(2, 3 * 10**6)).decimal(3) == "0.000000667"
    assert AlgebraicNumber.of(1234567).decimal(3) == "1230000"
    assert AlgebraicNumber.of(0).decimal() == "0"


@exact
@given(st.integers(2, 10**6), st.integers(2, 6))
def test_floats_are_the_nearest_doubles(k, n):
    """float(x) is nearer to x than both neighbours, by exact signs of x^n k - 1."""
    [root] = isolate_roots([-1] + (n - 1) * [0] + [k])
    nearest = float(root)
    for neighbour in (math.nextafter(nearest, 0), math.nextafter(nearest, 1)):
        middle = (Fraction(nearest) + Fraction(neighbour)) / 2
        assert (k * middle**n < 1) == (neighbour < nearest)


@pytest.mark.parametrize("degree", [40, 60, 100])
def test_mignotte_roots_are_told_apart(degree):
    """x^n - 2 (10 x - 1)^2 has two roots near 1/10; the signs around them prove which is which."""
    p = X**degree - 2 * (10 * X - 1) ** 2
    below, above = isolate_roots(p)
    tenth = Fraction(1, 10)
    assert below < tenth < above
    gap = above.enclosure(4 * degree)[1] - below.enclosure(4 * degree)[0]
    # To first order (10 x - 1)^2 = 10^-n / 2, so the gap is near sqrt(2) 10^-(n/2 + 1).
    assert abs(float(gap * 10 ** (degree // 2 + 1)) - math.sqrt(2)) < 1e-6


def test_roots_ten_thousand_bits_apart_are_isolated():
    """Coefficients of 2,000 bits and a gap below 2^-10000 do not hang."""
    p = X**20 - 2 * (2**1000 * X - 1) ** 2
    below, above = isolate_roots(p)
    assert below < Fraction(1, 2**1000) < above


def test_wilkinson_roots_move_apart_as_mpmath_says():
    """A perturbed Wilkinson polynomial of degree 20, against mpmath at 200 digits."""
    p = product([Fraction(i, 21) for i in range(1, 21)]) * 2**23 - X**19
    found = isolate_roots(p)
    with mpmath.workdps(200):
        roots = mpmath.polyroots([int(c) for c in p.coeffs()][::-1], maxsteps=500, extraprec=2000)
        real = sorted(z.real for z in roots if abs(z.imag) < 1e-100 and 0 < z.real < 1)
        assert len(found) == len(real) > 5
        for root, expected in zip(found, real, strict=True):
            assert abs(mpmath.mpf(root.decimal(60)) - expected) < mpmath.mpf(10) ** -55


def test_chebyshev_roots_are_cosines():
    """All 80 roots of T_80 in order, against cos."""
    found = isolate_roots(fmpz_poly.chebyshev_t(80), -1, 1)
    expected = sorted(math.cos((2 * k + 1) * math.pi / 160) for k in range(80))
    assert [float(root) for root in found] == pytest.approx(expected, abs=1e-14)


def test_dense_degree_one_thousand_is_quick():
    """sum x^k = 3/2 on degree 1000: the root of 1/(1 - x) = 3/2 up to 3^-1000."""
    p = [-1] + 1000 * [2]
    [root] = isolate_roots(p)
    assert abs(root.enclosure(200)[0] - Fraction(1, 3)) < Fraction(1, 2**190)
    assert root != Fraction(1, 3) and root.sign_of(p) == 0


def test_intervals_isolate_and_signs_are_exact():
    """Every interval's ends have opposite signs, and p', p + 1 have their true signs."""
    p = fmpz_poly([1, -7, 3, 19, -5, -30, 11, 12])
    for root in isolate_roots(p, -10, 10):
        lower, upper = root.enclosure(80)
        assert upper - lower <= Fraction(1, 2**80)
        own = root.polynomial
        left, right = (int(own(_fmpq(end)) > 0) for end in (lower, upper))
        assert left != right
        assert root.sign_of(own) == 0
        assert root.sign_of(own + 1) == 1 and root.sign_of(own - 1) == -1
        assert root.sign_of(own.derivative()) == (1 if right else -1)


def _fmpq(value: Fraction):
    from flint import fmpq

    return fmpq(value.numerator, value.denominator)


def test_tiny_values_are_not_taken_for_zero():
    """2^300 x - floor(2^300 x) is positive, and less 1 it is negative."""
    [x] = isolate_roots([-1, 0, 0, 6])
    floor = math.floor(2**300 * x.enclosure(400)[0])
    assert x.sign_of([-floor, 2**300]) == 1
    assert x.sign_of([-floor - 1, 2**300]) == -1


def test_small_roots_of_binomials_keep_their_sign():
    """10^-30 is the square of 10^-15 and of -10^-15; 2 * 10^-30 has two irrational roots."""
    low, high = isolate_roots([-2, 0, 10**30], -1, 1)
    assert low < 0 < high
    assert (low.closed_form(), high.closed_form()) == (
        "-500000000000000000000000000000^(-1/2)",
        "500000000000000000000000000000^(-1/2)",
    )
    assert low.enclosure(8)[1] <= 0 <= high.enclosure(8)[0]
    assert [root.lower for root in isolate_roots([-1, 0, 10**30], -1, 1)] == [
        Fraction(-1, 10**15),
        Fraction(1, 10**15),
    ]


def test_numbers_agree_after_json():
    """The written polynomial and interval give the same number back."""
    for root in isolate_roots([-1, 5, 0, -9, 0, 7], -5, 5):
        data = root.to_json()
        lower, upper = Fraction(data["lower"]), Fraction(data["upper"])
        assert AlgebraicNumber(data["polynomial"], lower, upper) == root


@pytest.mark.parametrize("carried", [copy.copy, copy.deepcopy, lambda x: loads(dumps(x))])
def test_copies_and_pickles_are_the_same_number(carried):
    """Also one whose interval is tight already, or straddles 0; and a rational one."""
    for root in (*isolate_roots([-1, 5, 0, -9, 0, 7], -5, 5), AlgebraicNumber.of("2/3")):
        root.enclosure(200)
        other = carried(root)
        assert (other, hash(other), repr(other)) == (root, hash(root), repr(root))
        assert other.to_json() == root.to_json()


def test_a_rational_lies_between_any_two_numbers():
    """rational_below parts neighbours and refuses the wrong order."""
    roots = isolate_roots(X**40 - 2 * (10 * X - 1) ** 2)
    for left, right in itertools.pairwise(roots):
        middle = left.rational_below(right)
        assert left < middle < right
    with pytest.raises(ValueError, match="between"):
        roots[1].rational_below(roots[0])


def test_wrong_arguments_are_refused():
    """The zero polynomial and an empty interval have no answer; floats are not exact."""
    with pytest.raises(ValueError, match="zero polynomial"):
        isolate_roots([0, 0])
    with pytest.raises(ValueError, match="lower"):
        isolate_roots([1, 1], 1, 0)
    with pytest.raises(TypeError, match="exact"):
        AlgebraicNumber.of(0.5)
    with pytest.raises(TypeError, match="exact"):
        isolate_roots([-1, 0, 2], 0.25)
    with pytest.raises(TypeError, match="float"):
        isolate_roots([-1.5, 2])
    with pytest.raises(TypeError, match="float"):
        AlgebraicNumber.of(1).sign_of([-1, 1.5])


@pytest.mark.parametrize(
    ("p", "irrational"),
    [
        ((-2, 0, 1), True),
        ((-4, 0, 1), False),
        ((-3, 0, 0, 2), True),
        ((3 * 5 * 7 * 11 * 13, -(10**40)), False),
        ((-1, 5 * 7 * 11 * 13 * 17 * 19 * 23 * 29 * 31 * 37 * 41 * 43 * 47), False),
        # (x^2 - 13) (x^2 - 17) (x^2 - 221) has a root modulo every prime, and no rational one.
        ((-48841, 0, 6851, 0, -251, 0, 1), False),
    ],
)
def test_residues_prove_that_no_root_is_rational(p: tuple[int, ...], irrational: bool) -> None:
    """Never of a polynomial that has one, whatever divides its leading coefficient."""
    assert certainly_irrational(fmpz_poly(list(p))) == irrational


@exact
@given(polynomials, polynomials, polynomials)
def test_residues_prove_that_polynomials_are_coprime(p, q, common):
    """As sympy's division says, also if all three have a factor of one prime."""
    assume(min(p.degree(), q.degree(), common.degree()) > 0)
    prime = 2**61 - 1
    assert not certainly_coprime(p * common, q * common)
    if certainly_coprime(p, q):
        assert p.gcd(q).degree() == 0
    sparse = fmpz_poly([1, prime])  # modulo the prime it is 1
    assert not certainly_coprime(p * sparse, q * sparse)


@settings(exact, max_examples=20)
@given(st.fractions(0, 1, max_denominator=50), st.integers(41, 60), st.randoms())
def test_a_rational_root_of_high_degree_is_found(root, degree, rng):
    """Beyond the degrees that are factored: the numbers made simpler are the fraction."""
    assume(0 < root < 1)
    rest = fmpz_poly([rng.randint(-9, 9) or 1 for _ in range(degree)])
    found = isolate_roots(rest * fmpz_poly([-root.numerator, root.denominator]), 0, 1)
    assert [number.is_rational for number in found if number == root] == [True]


@pytest.mark.parametrize(
    "guess", [Fraction(1, 3), Fraction(7, 10), Fraction(1, 1000), Fraction(999, 1000)]
)
def test_a_guess_changes_no_root(guess: Fraction) -> None:
    """Good or bad, where one root lies between, several, none, one twice, or one at an end."""
    factors = [(-7, 0, 10, 3), (-1, 2), (-1, 1), (0, 1), (-2, -3, 9), (1, 0, 5), (-1, 0, 0, 2)]
    for chosen in itertools.product(range(3), repeat=len(factors)):
        if sum(chosen) > 3:
            continue
        p = fmpz_poly([1])
        for factor, times in zip(factors, chosen, strict=True):
            p *= fmpz_poly(list(factor)) ** times
        for lower, upper in (
            (Fraction(0), Fraction(1)),
            (Fraction(1, 4), Fraction(1, 2)),
            (Fraction(1, 2), Fraction(9, 10)),
        ):
            found = isolate_quickly(p, lower, upper, guess)
            assert found == isolate_roots(p, lower, upper)
            assert all(lower < root < upper for root in found)
