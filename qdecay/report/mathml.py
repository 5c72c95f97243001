"""Numbers and polynomials as MathML, which browsers typeset without any script.

What is written comes from a small grammar of digits, operators and `sqrt`; other text is shown as
it is, escaped, so that nothing from a file can become markup.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

_TOKEN = re.compile(r"\s*(\d+|sqrt|[-+*/^()])")
_LONGEST_WRITTEN = 5_000  # digits of a polynomial that a page shows at all
_LONGEST = 160  # characters of a polynomial that still reads as a formula


def math(content: str) -> str:
    """Return a MathML formula with the given content."""
    return f'<math displaystyle="true">{content}</math>'


def closed_form(text: str) -> str:
    """Return the MathML of a closed form as `AlgebraicNumber.closed_form` writes it.

    >>> closed_form("1/2")
    '<math displaystyle="true"><mfrac><mn>1</mn><mn>2</mn></mfrac></math>'
    """
    try:
        return math(_Parser(text).formula())
    except ValueError:
        return f"<span>{escape(text)}</span>"


def polynomial(coefficients: Sequence[int]) -> str | None:
    """Return the MathML of "polynomial in gamma = 0", or None where it would be too long.

    Args:
        coefficients: integers, the constant term first; the leading one is not zero.
    """
    terms = [(k, c) for k, c in enumerate(coefficients) if c]
    if sum(len(str(c)) + 4 for _, c in terms) > _LONGEST:
        return None
    written = [_term(k, c, first=i == 0) for i, (k, c) in enumerate(reversed(terms))]
    return math("".join(written) + "<mo>=</mo><mn>0</mn>")


def written(coefficients: Sequence[int]) -> str | None:
    """Return a long polynomial as HTML that wraps, or None where even that would be too long.

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


def _term(power: int, coefficient: int, *, first: bool) -> str:
    sign = "−" if coefficient < 0 else "" if first else "+"
    size = abs(coefficient)
    number = "" if size == 1 and power else f"<mn>{size}</mn>"
    symbol = "" if power == 0 else "<mi>γ</mi>"
    if power > 1:
        symbol = f"<msup>{symbol}<mn>{power}</mn></msup>"
    return (f"<mo>{sign}</mo>" if sign else "") + number + symbol


class _Parser:
    """Recursive descent over the text of a closed form; fractions stay inline in exponents."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._inline = False

    def formula(self) -> str:
        result = self._sum()
        if self._tokens:
            raise ValueError("something is left over")
        return result

    def _next_is(self, *wanted: str) -> bool:
        return bool(self._tokens) and self._tokens[0] in wanted

    def _take(self, wanted: str | None = None) -> str:
        if not self._tokens or (wanted is not None and self._tokens[0] != wanted):
            raise ValueError("not a closed form")
        return self._tokens.pop(0)

    def _sum(self) -> str:
        parts = []
        if self._next_is("-"):
            self._take()
            parts.append("<mo>−</mo>")
        parts.append(self._product())
        while self._next_is("+", "-"):
            parts.append("<mo>+</mo>" if self._take() == "+" else "<mo>−</mo>")
            parts.append(self._product())
        return "".join(parts)

    def _product(self) -> str:
        left, bare = self._power()
        while self._next_is("*", "/"):
            operator = self._take()
            right, bare_right = self._power()
            if operator == "/" and not self._inline:
                # The fraction bar groups: the parentheses of the text are not needed.
                left = f"<mfrac>{_row(bare or left)}{_row(bare_right or right)}</mfrac>"
            else:
                left += ("<mo>/</mo>" if operator == "/" else "<mo>⁢</mo>") + right
            bare = None
        return left

    def _power(self) -> tuple[str, str | None]:
        """The power, and what it is without its parentheses where it has some."""
        base, bare = self._atom()
        if not self._next_is("^"):
            return base, bare
        self._take("^")
        self._take("(")
        outside, self._inline = self._inline, True
        exponent = self._sum()
        self._inline = outside
        self._take(")")
        return f"<msup>{_row(base)}<mrow>{exponent}</mrow></msup>", None

    def _atom(self) -> tuple[str, str | None]:
        if self._next_is("("):
            self._take()
            inner = self._sum()
            self._take(")")
            return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>", inner
        if self._next_is("sqrt"):
            self._take()
            self._take("(")
            inner = self._sum()
            self._take(")")
            return f"<msqrt>{inner}</msqrt>", None
        number = self._take()
        if not number.isdigit():
            raise ValueError("a number is missing")
        return f"<mn>{number}</mn>", None


def _row(content: str) -> str:
    """Make several elements one argument; a lone number needs no wrapping."""
    alone = re.fullmatch(r"<mn>\d+</mn>", content)
    return content if alone else f"<mrow>{content}</mrow>"


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError("an unknown character")
        tokens.append(match[1])
        at = match.end()
    return tokens
