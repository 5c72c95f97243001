"""Rational numbers known by intervals, beside the same numbers known as fractions."""

from __future__ import annotations

import copy
import itertools
from fractions import Fraction

import pytest

from qdecay import AlgebraicNumber, BudgetExceeded
from qdecay.exact.algebra.enclosed import EnclosedNumber
from qdecay.exact.algebra.number import isolate_roots

VALUES = [Fraction(-7, 3), Fraction(1, 3), Fraction(1, 3) + Fraction(1, 2**200), Fraction(5, 7)]


def enclosed(value: Fraction, origin: object = None) -> EnclosedNumber:
    """The number with ends that are never the value itself."""
    return EnclosedNumber(
        lambda bits: (value - Fraction(1, 2 ** (bits + 2)), value + Fraction(1, 2 ** (bits + 3))),
        900,
        origin,
    )


def test_order_and_decimals_are_those_of_the_fraction() -> None:
    numbers = [enclosed(value) for value in VALUES]
    others = [AlgebraicNumber.of(value) for value in VALUES]
    for (one, x), (two, y) in itertools.permutations(zip(numbers, VALUES, strict=True), 2):
        assert (one < two) == (x < y)
        assert (one < AlgebraicNumber.of(y)) == (AlgebraicNumber.of(x) < two) == (x < y)
        assert (one < y) == (x < y)
        assert one != two
    [root] = isolate_roots([-1, 0, 3])
    assert [number < root for number in numbers] == [other < root for other in others]
    assert [root > number for number in numbers] == [other < root for other in others]
    assert [number.decimal(80) for number in numbers] == [other.decimal(80) for other in others]
    assert [float(number) for number in numbers] == [float(other) for other in others]
    for number, value in zip(numbers, VALUES, strict=True):
        assert number.sign_of([-1, 2]) == (1 if 2 * value > 1 else -1)
        lower, upper = number.enclosure(300)
        assert lower <= value <= upper
        assert (upper - lower) * 2**300 <= 1
        far = number.stretched(Fraction(100, 7), Fraction(-1, 9))
        lower, upper = far.enclosure(100)
        assert lower <= Fraction(100, 7) * value - Fraction(1, 9) <= upper
        assert (upper - lower) * 2**100 <= 1


def test_documents_have_null_for_what_is_not_known() -> None:
    document = enclosed(VALUES[1]).to_json()
    assert document["polynomial"] is document["closed_form"] is None
    assert document["decimal"] == "0." + 40 * "3"
    assert Fraction(document["lower"]) < VALUES[1] < Fraction(document["upper"])


def test_what_would_take_the_fraction_says_so() -> None:
    """Equal numbers of no common origin, polynomials, and copies beyond their bits."""
    one, two = enclosed(VALUES[1]), enclosed(VALUES[1])
    message = r"a fraction of up to 900 bits is known by intervals: .* within 2\^-4096 of it"
    with pytest.raises(BudgetExceeded, match=message):
        one.__eq__(two)
    with pytest.raises(BudgetExceeded, match=message):
        one.__lt__(VALUES[1])
    with pytest.raises(BudgetExceeded, match="its polynomial is not computed"):
        _ = one.coefficients
    kept = copy.deepcopy(one)
    assert kept < Fraction(1, 3) + Fraction(1, 2**500)
    with pytest.raises(BudgetExceeded, match="was kept as an interval of 512 bits"):
        kept.enclosure(600)


def test_a_number_is_not_stretched_by_a_factor_below_zero() -> None:
    """The ends of its interval would be in the wrong order."""
    for number in (enclosed(VALUES[1]), AlgebraicNumber.of(VALUES[1])):
        for factor in (Fraction(-2), Fraction(0)):
            with pytest.raises(ValueError, match=f"factor must be > 0, got {factor}"):
                number.stretched(factor, Fraction(1))


def test_numbers_of_one_origin_are_equal() -> None:
    one, two, three = (enclosed(VALUES[1], origin) for origin in ("a", "a", "b"))
    assert one == two
    assert one.stretched(Fraction(2), Fraction(1)) == two.stretched(Fraction(2), Fraction(1))
    with pytest.raises(BudgetExceeded):
        one.__eq__(three)
