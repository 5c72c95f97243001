r"""Break-even in symbols: the law of one choice, and the reward that makes it a tie.

A reward r at delay m against a reward R at delay n ties where r g**m = R g**n, so

    g* = (r / R)**(1 / (n - m)),    R* = r * g**(m - n).

Every argument may be a sympy expression or an exact number; floats are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, get_args

import sympy

from qdecay._support.checks import RationalLike, choice, listed
from qdecay_envs.layout import Ending
from qdecay_envs.rational import rational, written

Exact: TypeAlias = RationalLike | sympy.Expr


def break_even_gamma(
    near_reward: Exact, near_delay: Exact, far_reward: Exact, far_delay: Exact
) -> sympy.Expr:
    """Return the gamma at which two delayed rewards are worth the same.

    Args:
        near_reward, far_reward: r and R in reward units; numbers must satisfy 0 < r < R.
        near_delay, far_delay: m and n in steps (0 is paid at once); numbers must satisfy
            0 <= m < n.

    Raises:
        TypeError: an argument is a float or not a number.
        ValueError: numbers are out of range, so that no gamma in (0, 1) ties the two.

    >>> r, R, m, n = sympy.symbols("r R m n", positive=True)
    >>> break_even_gamma(r, m, R, n)
    (r/R)**(1/(-m + n))
    >>> break_even_gamma(1, 0, 110, 99) == 110 ** sympy.Rational(-1, 99)
    True
    """
    r, big = _exact(near_reward, "near_reward"), _exact(far_reward, "far_reward")
    m, n = _exact(near_delay, "near_delay"), _exact(far_delay, "far_delay")
    _require(r > 0, f"near_reward must be > 0, got {r}")
    _require(r < big, f"far_reward must be > near_reward = {r}, got {big}")
    _require(m >= 0, f"near_delay must be >= 0, got {m}")
    _require(m < n, f"far_delay must be > near_delay = {m}, got {n}")
    return (r / big) ** (1 / (n - m))


def break_even_reward(
    near: Sequence[Exact],
    far: Sequence[Exact],
    reward: sympy.Symbol,
    gamma: Exact,
    ending: Ending = "terminate",
) -> sympy.Expr:
    """Return the value of the symbol `reward` at which two streams tie at `gamma`.

    Args:
        near, far: streams of exact numbers and sympy expressions, at least one of them linear in
            the symbol.
        reward: the symbol to solve for.
        gamma: an exact number in (0, 1), or a symbol.
        ending: what follows the last reward; see `ChainLayout`.

    Raises:
        TypeError: an entry is a float or not a number.
        ValueError: gamma is out of range, a stream is empty, or no value ties the two.

    >>> R, g = sympy.symbols("R g")
    >>> break_even_reward([1], [0, 0, R], R, "1/2")
    4
    >>> break_even_reward([1], [0, 0, 0, R], R, g)
    g**(-3)
    """
    choice(ending, "ending", get_args(Ending))
    if not isinstance(reward, sympy.Symbol):
        raise TypeError(f'reward must be a symbol such as sympy.Symbol("R"), got {written(reward)}')
    g = _exact(gamma, "gamma")
    _require(sympy.And(g > 0, g < 1), f"gamma must be in (0, 1), got {g}")
    gap = sympy.expand(_value(far, g, ending, "far") - _value(near, g, ending, "near"))
    slope = sympy.diff(gap, reward)
    if slope.has(reward):
        raise ValueError(f"the streams must be linear in {reward}")
    if sympy.simplify(slope) == 0:
        raise ValueError(
            f"no value of {reward} makes the streams tie: their difference does not depend on it"
        )
    return sympy.simplify(-gap.subs(reward, 0) / slope)


def _value(stream: Sequence[Exact], g: sympy.Expr, ending: Ending, name: str) -> sympy.Expr:
    if not stream:
        raise ValueError(f"the {name} stream has no reward: give it at least one, such as [0]")
    rewards = [_exact(r, f"reward {k} of {name}") for k, r in enumerate(listed(stream, name))]
    total = sum((r * g**k for k, r in enumerate(rewards)), sympy.Integer(0))
    if ending == "repeat":
        return total / (1 - g ** len(rewards))
    if ending == "absorb":
        return total + rewards[-1] * g ** len(rewards) / (1 - g)
    return total


def _exact(value: Exact, name: str) -> sympy.Expr:
    if isinstance(value, sympy.Expr) and not value.is_Rational:
        if value.has(sympy.Float, sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
            raise TypeError(f"{name} must be exact, got {value}: write fractions for floats")
        return value
    number = rational(value, name)
    return sympy.Rational(number.numerator, number.denominator)


def _require(condition: object, message: str) -> None:
    """Raise ValueError if a condition is certainly false; conditions on symbols may be true or
    false."""
    if condition in (False, sympy.false):
        raise ValueError(message)
