"""Numbers and polynomials as MathML, which browsers typeset without a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from qdecay.exact.algebra.closed_form import ClosedForm, Radical

_LONGEST_WRITTEN = 5_000  # largest number of digits of a polynomial that a page shows
_LONGEST = 160  # characters of a polynomial that still reads as a formula
_LONG = 60  # of a polynomial in two numbers, in a table with other columns
_TERMS = 4  # of a side of an equation; more are shortened to the first two and the last
_SLASH = '<mo lspace="0" rspace="0">/</mo>'
_TIMES = "<mo>\u2062</mo>"  # without a sign


def math(content: str) -> str:
    """Return a MathML formula with the given content."""
    return f'<math displaystyle="true">{content}</math>'


def closed_form(form: ClosedForm) -> str:
    """Return the MathML of a closed form.

    >>> closed_form(Fraction(1, 2))
    '<math displaystyle="true"><mfrac><mn>1</mn><mn>2</mn></mfrac></math>'
    """
    if isinstance(form, Fraction):
        return math(_sum((form.numerator, _fraction(abs(form)))))
    if isinstance(form, Radical):
        return math(_sum((form.sign, _radical(form.radicand, form.degree))))
    root = f"<msqrt>{_number(form.square)}</msqrt>"
    if abs(form.factor) != 1:
        root = f"{_number(abs(form.factor))}{_TIMES}{root}"
    terms = [(form.factor, root)]
    if form.shift:
        terms.append((form.shift, _number(abs(form.shift))))
    if form.factor < 0 < form.shift:
        terms.reverse()
    if form.divisor == 1:
        return math(_sum(*terms))
    return math(f"<mfrac><mrow>{_sum(*terms)}</mrow>{_number(form.divisor)}</mfrac>")


def in_line(form: ClosedForm) -> str:
    """Return the MathML of a closed form, a fraction on one line.

    >>> in_line(Fraction(1, 2)).count("mfrac")
    0
    """
    if not isinstance(form, Fraction) or form.denominator == 1:
        return closed_form(form)
    over = f"{_number(abs(form.numerator))}{_SLASH}{_number(form.denominator)}"
    return math(_sum((form.numerator, over)))


def _radical(radicand: Fraction, degree: int) -> str:
    sign, base = "", f"<mrow><mrow><mo>(</mo>{_fraction(radicand)}<mo>)</mo></mrow></mrow>"
    if radicand.numerator == 1:
        sign, base = "<mo>−</mo>", _number(radicand.denominator)
    elif radicand.denominator == 1:
        base = _number(radicand.numerator)
    exponent = f"{sign}<mn>1</mn>{_SLASH}{_number(degree)}"
    return f"<msup>{base}<mrow>{exponent}</mrow></msup>"


def _fraction(value: Fraction) -> str:
    top, bottom = value.as_integer_ratio()
    return _number(top) if bottom == 1 else f"<mfrac>{_number(top)}{_number(bottom)}</mfrac>"


def _number(value: int) -> str:
    return f"<mn>{value}</mn>"


def _sum(*terms: tuple[int, str]) -> str:
    """Write terms, each with a number that has its sign."""
    signs = ["<mo>−</mo>" if number < 0 else "<mo>+</mo>" for number, _ in terms]
    written = "".join(sign + text for sign, (_, text) in zip(signs, terms, strict=True))
    return written.removeprefix("<mo>+</mo>")


@dataclass(frozen=True)
class Term:
    """A term of a side of an equation: factor gamma^power / (1 - gamma^cycle).

    Attributes:
        factor: not 0.
        power: of gamma.
        cycle: 0 if there is no denominator.
    """

    factor: Fraction
    power: int
    cycle: int = 0


def equation(left: Sequence[Term], right: Sequence[Term]) -> str:
    """Return the MathML of an equation in gamma as given, without bringing everything to one side.

    >>> equation([Term(Fraction(1), 0)], [Term(Fraction(4), 2)]).count("<mo>=</mo>")
    1
    """
    return math(f"{_side(left)}<mo>=</mo>{_side(right)}")


def _side(terms: Sequence[Term]) -> str:
    """Return a sum; terms over the same denominator share it."""
    if not terms:
        return _number(0)
    if terms[0].cycle == terms[-1].cycle:
        return _over(_shortened(terms), terms[0].cycle)
    whole, last = terms[:-1], terms[-1]  # only the last reward is repeated for ever
    tail = _over(_sum((1, _factored(last))), last.cycle)
    return f"{_shortened(whole)}{'<mo>−</mo>' if last.factor < 0 else '<mo>+</mo>'}{tail}"


def _shortened(terms: Sequence[Term]) -> str:
    signed = [(-1 if term.factor < 0 else 1, _factored(term)) for term in terms]
    if len(signed) > _TERMS:
        signed[2:-1] = [(1, "<mo>⋯</mo>")]
    return _sum(*signed)


def _factored(term: Term) -> str:
    """Return a term without its sign and its denominator."""
    size = abs(term.factor)
    number = "" if size == 1 and term.power else _fraction(size)
    return f"{number}{_TIMES if number and term.power else ''}{_power('γ', term.power)}"


def _over(content: str, cycle: int) -> str:
    if not cycle:
        return content
    below = f"<mn>1</mn><mo>−</mo>{_power('γ', cycle)}"
    return f"<mfrac><mrow>{content}</mrow><mrow>{below}</mrow></mfrac>"


def polynomial(coefficients: Sequence[int]) -> str | None:
    """Return the MathML of "polynomial in gamma = 0", or None if it would be too long.

    Args:
        coefficients: integers, the constant term first; the leading one is not zero.
    """
    terms = [(k, c) for k, c in enumerate(coefficients) if c]
    if sum(len(str(c)) + 4 for _, c in terms) > _LONGEST:
        return None
    return math(_sum(*((c, _term(k, abs(c))) for k, c in reversed(terms))) + "<mo>=</mo><mn>0</mn>")


def written(coefficients: Sequence[int]) -> str | None:
    """Return a long polynomial as HTML that wraps, or None if even that would be too long.

    >>> written([-1, 0, 2])
    '2 γ<sup>2</sup> − 1 = 0'
    """
    terms = [(k, c) for k, c in enumerate(coefficients) if c]
    if sum(len(str(c)) for _, c in terms) > _LONGEST_WRITTEN:
        return None
    text = " ".join(
        f"{'−' if c < 0 else '+'} {abs(c)}" + (f" γ<sup>{k}</sup>" if k else "")
        for k, c in reversed(terms)
    )
    return text.removeprefix("+ ") + " = 0"


def curve(terms: Sequence[tuple[int, int, int]], parameter: str) -> str | None:
    """Return the MathML of a polynomial in gamma and a parameter = 0; None if it is too long.

    >>> curve([(2, 1, 0), (-1, 0, 0)], "x")
    '<math displaystyle="true"><mn>2</mn><mi>γ</mi><mo>−</mo><mn>1</mn><mo>=</mo><mn>0</mn></math>'

    Args:
        terms: coefficient, power of gamma, power of the parameter.
        parameter: its symbol.
    """
    if sum(len(str(c)) + 2 * (i > 0) + (j > 0) * (1 + len(parameter)) for c, i, j in terms) > _LONG:
        return None
    shown = [(c, _term(i, abs(c), _power(parameter, j))) for c, i, j in terms]
    return math(_sum(*shown) + "<mo>=</mo><mn>0</mn>")


def written_curve(terms: Sequence[tuple[int, int, int]], parameter: str) -> str | None:
    """Return a long polynomial in two numbers as HTML that wraps, or None if it is too long.

    >>> written_curve([(-1, 2, 1), (1, 0, 3)], "x")
    '− 1 γ<sup>2</sup> x + 1 x<sup>3</sup> = 0'
    """
    if sum(len(str(c)) for c, _, _ in terms) > _LONGEST_WRITTEN:
        return None
    text = " ".join(
        f"{'−' if c < 0 else '+'} {abs(c)}{_raised('γ', i)}{_raised(parameter, j)}"
        for c, i, j in terms
    )
    return text.removeprefix("+ ") + " = 0"


def _raised(symbol: str, power: int) -> str:
    return f" {symbol}" + (f"<sup>{power}</sup>" if power > 1 else "") if power else ""


def _term(power: int, size: int, factor: str = "") -> str:
    number = "" if size == 1 and (power or factor) else _number(size)
    return number + _power("γ", power) + factor


def _power(symbol: str, power: int) -> str:
    text = f"<mi>{symbol}</mi>" if power else ""
    return f"<msup>{text}{_number(power)}</msup>" if power > 1 else text
