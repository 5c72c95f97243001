"""DiscountingChain: one choice of five delays, then a hundred steps on rails.

    t = 0        action i enters chain i
    t = 1 .. 99  every action does the same
    reward       1 on the step after which the clock shows 1, 3, 10, 30 or 100, by chain; 11/10 in
                 the chain with the bonus; else 0
    t = 100      ends the episode, by termination: the clock is part of the state

A reward at clock h weighs gamma**(h - 1). The chains are the branches of a `ChainLayout`: the start
is state 99, chain 0 lies left of it, and chain and clock can both be read off the state.

Break-even gammas. Without the bonus the shortest chain is best at every gamma < 1. With it on delay
h > 1, only the immediate 1 rivals 11/10 gamma**(h - 1): one break-even gamma, (10/11)**(1/(h - 1)).
With it on delay 1 there is none. A learner with gamma = 0.99 that is right in every choice thus
misses the bonus for h = 30 and 100, and bsuite's score, an undiscounted mean over the five bonus
places, counts it as a failure.

Source: bsuite's `discounting_chain.py`, whose `mapping_seed` draws the chain with the bonus. Its
observation is (chain, clock / 100); here it is their index.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from qdecay_envs.chain import ChainEnv
from qdecay_envs.delay_menu import in_words
from qdecay_envs.layout import ChainLayout
from qdecay_envs.vector import TabularVectorEnv

DELAYS = (1, 3, 10, 30, 100)
HORIZON = 100


class DiscountingChainEnv(ChainEnv):
    """bsuite's game of five delays; see the module.

    Args:
        bonus_delay: the delay whose reward is 11/10: 1, 3, 10, 30 or 100; None for no bonus.
        render_mode: see `TabularEnv`.

    Raises:
        ValueError: there is no such delay.
    """

    law = "g = (10/11)^(1/(h-1)) with the bonus on delay h > 1"

    def __init__(self, bonus_delay: int | None = 10, *, render_mode: str | None = None) -> None:
        if isinstance(bonus_delay, bool) or bonus_delay not in (None, *DELAYS):
            raise ValueError(
                f"bonus_delay must be None or one of {', '.join(map(str, DELAYS))}, "
                f"got {bonus_delay!r}"
            )
        self.bonus_delay = bonus_delay
        branches = tuple((in_words(delay), self._stream(delay)) for delay in DELAYS)
        super().__init__(ChainLayout(branches), render_mode=render_mode)

    def _stream(self, delay: int) -> tuple[Fraction, ...]:
        reward = Fraction(11, 10) if delay == self.bonus_delay else Fraction(1)
        stream = [Fraction(0)] * HORIZON
        stream[delay - 1] = reward
        return tuple(stream)


DiscountingChainVectorEnv = partial(TabularVectorEnv, DiscountingChainEnv)
