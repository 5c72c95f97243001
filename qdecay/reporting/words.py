"""A choice between streams of rewards in words, and as the equation that a student writes.

A reward r at step k is worth r gamma^k. What follows the last reward of a stream of length L adds,
for a policy that always chooses this branch,

    terminate  nothing:             sum_k r_k gamma^k
    repeat     the same, for ever:  sum_k r_k gamma^k / (1 - gamma^L)
    absorb     its last reward:     sum_(k < l) r_k gamma^k + r_l gamma^l / (1 - gamma), l = L - 1

and at the break-even gamma both sides are equal. The equation is written with the streams as given,
without bringing everything to one side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from qdecay.reporting import mathml
from qdecay.reporting.numerals import fraction, signed
from qdecay_envs.layout import ChainLayout, Stream

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MOST = 3  # rewards of a stream that are listed one by one
_ENDINGS = {"terminate": "", "repeat": ", again and again", "absorb": ", the last one for ever"}


def question(layout: ChainLayout) -> str:
    """Return the choice in words.

    >>> question(ChainLayout.choice(stay=[1], move=[0, 0, 4]))
    '1 now, or 4 two steps later'
    >>> question(ChainLayout.choice(left=[0, 1], right=[0, 0, 3]))
    '1 after one step, or 3 after two'
    >>> question(ChainLayout.choice(stay=[1], move=[0] * 99 + [110], ending="repeat"))
    '1 now, or 110 after 99 steps, again and again'
    """
    (_, first), *others = layout.branches
    steps = [waiting(first)]
    steps += [waiting(each) for _, each in others]
    told = [_told(first, _after)]
    for _, stream in others:
        later = steps[0] == 0 and (waiting(stream) or 0) < len(_NUMBERS)
        told.append(_told(stream, _later if later else _after))
    if all(steps) and len(told) == 2:  # both wait: the second need not repeat the unit
        told[1] = told[1].removesuffix(" steps")
    return ", or ".join(told) + _ENDINGS[layout.ending]


def exactly(layout: ChainLayout) -> str:
    """Return the streams with exact numbers if the words round one; otherwise ""."""
    if all(
        fraction(reward) == signed(str(reward)) for _, each in layout.branches for reward in each
    ):
        return ""
    return "; ".join(
        f"{name}: {signed(shown_stream(stream, str))}" for name, stream in layout.branches
    )


def waiting(stream: Stream) -> int | None:
    """Return the steps before the one reward of a stream; None if it has several or none."""
    found = [k for k, reward in enumerate(stream) if reward]
    return found[0] if len(found) == 1 else None


def shown_stream(stream: Sequence[Fraction], write: Callable[[Fraction], str] = fraction) -> str:
    """Return the rewards, a long run of equal numbers shortened.

    >>> shown_stream([Fraction(0)] * 99 + [Fraction(110)])
    '0 × 99, 110'
    """
    parts: list[tuple[Fraction, int]] = []
    for reward in stream:
        if parts and parts[-1][0] == reward:
            parts[-1] = (reward, parts[-1][1] + 1)
        else:
            parts.append((reward, 1))
    return ", ".join(
        f"{write(reward)} × {count}" if count > 5 else ", ".join([write(reward)] * count)
        for reward, count in parts
    )


def equation(layout: ChainLayout) -> str | None:
    """Return the equation of two branches as MathML; None if there are more.

    >>> equation(ChainLayout.choice(left=[0, 1], right=[0, 0, 3])).count("<mi>γ</mi>")
    2
    """
    if len(layout.branches) != 2:
        return None
    return mathml.equation(*(_side(stream, layout.ending) for _, stream in layout.branches))


def _told(stream: Stream, when: Callable[[int], str]) -> str:
    rewards = [(k, reward) for k, reward in enumerate(stream) if reward]
    if not rewards:
        return "nothing"
    if len(rewards) > _MOST:
        return f"the rewards {shown_stream(stream)}"
    return " and ".join(f"{fraction(reward)} {when(k)}" for k, reward in rewards)


def _after(steps: int) -> str:
    return f"after {_counted(steps)}" if steps else "now"


def _later(steps: int) -> str:
    return f"{_counted(steps)} later" if steps else "now"


def _counted(steps: int) -> str:
    number = _NUMBERS[steps] if steps < len(_NUMBERS) else f"{steps:,}"
    return f"{number} step{'' if steps == 1 else 's'}"


def _side(stream: Stream, ending: str) -> list[mathml.Term]:
    """Return the terms of a branch: coefficient, power of gamma, and denominator."""
    last = len(stream) - 1
    terms = [(reward, k) for k, reward in enumerate(stream) if reward]
    if ending == "terminate":
        return [mathml.Term(reward, k) for reward, k in terms]
    if ending == "repeat":
        return [mathml.Term(reward, k, last + 1) for reward, k in terms]
    return [mathml.Term(reward, k, 1 if k == last else 0) for reward, k in terms]
