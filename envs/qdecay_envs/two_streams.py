"""TwoStreams: one choice between two streams of rewards, whose values may differ by any polynomial.

    NEAR   pays near[0] on that step, then near[1], ...
    FAR    pays far[0], far[1], ...

Break-even gammas: the roots in (0, 1) of far(gamma) - near(gamma), with far(gamma) = sum_k far[k]
gamma**k, where the episode then ends (the default). `with_polynomial` takes any polynomial: its
positive coefficients make the far stream, its negative ones the near one. A double root is a touch:
there the two tie, and no choice changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import partial
from typing import Self, Unpack

from qdecay_envs.arguments import listed
from qdecay_envs.chain import ChainEnv, ChainOptions
from qdecay_envs.layout import MAX_REWARDS, ChainLayout, Ending
from qdecay_envs.rational import RationalLike, rational
from qdecay_envs.vector import TabularVectorEnv

NEAR, FAR = 0, 1


class TwoStreamsEnv(ChainEnv):
    """A choice between two streams; see the module.

    Args:
        near, far: the rewards of each, at least one, exact. By default their difference is
            6 gamma**2 - 5 gamma + 1: far is best outside [1/3, 1/2].
        ending: what follows a stream; see `ChainLayout`.
        options: slip, reward_noise, escape and render_mode of `ChainEnv`.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: a stream is empty, or text is not a number.
    """

    law = "far(g) = near(g)"

    def __init__(
        self,
        near: Iterable[RationalLike] = (0, 5),
        far: Iterable[RationalLike] = (1, 0, 6),
        *,
        ending: Ending = "terminate",
        **options: Unpack[ChainOptions],
    ) -> None:
        branches = (("near", near), ("far", far))
        super().__init__(ChainLayout(branches, ending), **options)  # type: ignore[arg-type]

    @classmethod
    def with_polynomial(
        cls, coefficients: Iterable[RationalLike], **options: Unpack[ChainOptions]
    ) -> Self:
        """Return the choice whose values differ by a polynomial in gamma, constant term first.

        Raises:
            TypeError: a coefficient is not an exact number.
            ValueError: there are none, or text is not a number.

        >>> env = TwoStreamsEnv.with_polynomial([1, -5, 6])
        >>> [str(r) for r in env.layout.near], [str(r) for r in env.layout.far]
        (['0', '5', '0'], ['1', '0', '6'])
        """
        entries = listed(coefficients, "coefficients", MAX_REWARDS // 2)
        exact = [rational(value, f"coefficient {k}") for k, value in enumerate(entries)]
        none = Fraction(0)
        return cls(
            [max(-value, none) for value in exact],
            [max(value, none) for value in exact],
            **options,
        )


TwoStreamsVectorEnv = partial(TabularVectorEnv, TwoStreamsEnv)
