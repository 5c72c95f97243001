r"""The worth of a reward some steps ahead for a learner whose targets span several steps.

A window of N steps adds up the rewards within it, the k-th times `inner`^k, and bootstraps from its
last state: times `full` if it is complete, times `cut` if a truncation, which follows every step
with probability p, ends it sooner. With q = 1 - p, such a learner values a reward of 1 after D more
steps at

    U(D) = (q inner)^D                              for D < N, the reward is reached in the window
         + sum_i p q^(i-1) cut U(D - i)             i = 1 .. min(D, N - 1), it is cut after i steps
         + q^(N-1) full U(D - N)                    for D >= N

With cut = full = g and inner = g an n-step return is discounted once, with inner = 1 frames are
skipped. If no state was ever acted in except every s-th (a skipped frame has no value), only cuts
after multiples of s count.

Where the choice repeats, windows run on past the start, but what they find there is the same
whichever branch they came from, as both take equally long: it does not move the point of
indifference. Only a window longer than a whole branch is different, if the action is repeated as
well: see `log_worth_repeated`.
"""

from __future__ import annotations

import math
from collections import deque
from functools import lru_cache


def times(count: float, log: float) -> float:
    """count * log, where nothing counted is 0 whatever the logarithm."""
    return count * log if count else 0.0


def safe_log(value: float) -> float:
    """log(value); -inf if it is not positive."""
    return math.log(value) if value > 0 else -math.inf


@lru_cache(maxsize=65_536)
def log_worth(
    distance: int,
    size: int,
    inner: float,
    cut: float,
    full: float,
    goes_on: float = 1.0,
    stride: int = 1,
) -> float:
    """Return log U(distance).

    Args:
        distance: D >= 0, in steps.
        size: N >= 1, in steps.
        inner, cut, full: the factors above, in (0, 1]; `cut` may be 0.
        goes_on: q, in (0, 1].
        stride: s, a divisor of N.
    """
    within = math.log(goes_on * inner)
    whole = (size - 1) * math.log(goes_on) + math.log(full)
    cuts = [(1 - goes_on) * goes_on ** (i - 1) * cut for i in range(stride, size, stride)]
    if not any(cuts):
        return times(distance // size, whole) + times(distance % size, within)
    blocks, rest = divmod(distance, stride)
    return _recursion(blocks, [*cuts, math.exp(whole)], stride * within, rest * within)


def _recursion(blocks: int, weights: list[float], within: float, first: float) -> float:
    """Return log U after `blocks` strides; a window has len(weights) of them, `first` is log U(0).

    Values are kept relative to the latest. Once their ratio repeats, it stays constant.
    """
    size, total, settled, before = len(weights), first, 0, math.nan
    recent = deque([1.0], maxlen=size)
    for block in range(1, blocks + 1):
        ratio = sum(weight * value for weight, value in zip(weights, recent, strict=False))
        if block < size:
            ratio += math.exp(first + block * within - total)
        total += math.log(ratio)
        settled = settled + 1 if abs(ratio - before) <= 1e-15 * ratio else 0
        if settled > size:
            return total + (blocks - block) * math.log(ratio)
        recent = deque((value / ratio for value in recent), maxlen=size)
        recent.appendleft(1.0)
        before = ratio
    return total


def log_worth_repeated(
    position: int, length: int, skip: int, gamma: float, goes_on: float, stride: int
) -> float:
    """Return log U of a reward that each round of a branch pays, where an action lasts longer.

    A window of `skip` >= `length` steps takes the branch again whenever it passes the start, so
    that the reward is paid several times. It ends inside the branch, where the next window begins.
    """
    paid = sum(goes_on**step for step in range(position, skip, length))
    for step in range(1, skip + 1):
        at = step % length  # at 0 the choice is made again, as in both branches
        if 0 < at <= position and (step == skip or at % stride == 0):
            chance = goes_on ** (step - 1) * (1 if step == skip else 1 - goes_on)
            onward = log_worth(position - at, skip, 1.0, gamma, gamma, goes_on, stride)
            paid += chance * gamma * math.exp(onward)
    return safe_log(paid)
