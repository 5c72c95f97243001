"""ConstantOrSparse: a small reward on every step, or a large one on every n-th, for ever.

    start      CONSTANT -> start, reward small
    start      SPARSE   -> the corridor of n - 1 states; its last step pays large and leads back
    corridor   SPARSE goes on; with `escape` CONSTANT gives up: start, reward 0

Break-even gamma of the start: where small / (1 - gamma) = large gamma**(n-1) / (1 - gamma**n), or

    large gamma**(n-1) = small (1 + gamma + ... + gamma**(n-1)).

For 0 < n small < large it is the one positive root, below 1; for n = 2 it is small / (large -
small), for n = 3 (s + sqrt(s (4 L - 3 s))) / (2 (L - s)). For large <= n small there is none: the
constant reward is better even on average. With `escape`, giving up j >= 3 steps before the reward
ties with going on where the same equation holds with j - 1 instead of n; those gammas lie below the
start's.

Even where the large reward is worth more, the small one can be better because of learning: with
`escape` a learner that tries actions at random must take SPARSE n times in a row, which takes
2**(n+1) - 2 steps on average, before it sees the large reward once.
"""

from __future__ import annotations

from functools import partial
from typing import Unpack

from qdecay_envs.arguments import flag, whole
from qdecay_envs.chain import ChainEnv, NoiseOptions
from qdecay_envs.layout import ChainLayout
from qdecay_envs.rational import RationalLike, rational
from qdecay_envs.vector import TabularVectorEnv

CONSTANT, SPARSE = 0, 1


class ConstantOrSparseEnv(ChainEnv):
    """A constant reward against a sparse one; see the module.

    Nothing ends an episode: monitors such as Gymnasium's RecordEpisodeStatistics and
    Stable-Baselines3's Monitor report nothing, unless you pass `max_episode_steps` to `gym.make`.

    Args:
        n: steps from one large reward to the next, 1 .. 10,000.
        small: reward of CONSTANT, in reward units, exact.
        large: reward of every n-th step of SPARSE.
        escape: whether CONSTANT gives up in the corridor, or goes on like SPARSE.
        options: slip, reward_noise and render_mode of `ChainEnv`.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is outside its range.
    """

    law = "start: large g^(n-1) = small (1 + g + .. + g^(n-1)); j steps before large: n = j-1"

    def __init__(
        self,
        n: int = 4,
        small: RationalLike = 1,
        large: RationalLike = 6,
        *,
        escape: bool = True,
        **options: Unpack[NoiseOptions],
    ) -> None:
        self.n = whole(n, "n", 1, 10_000)
        self.small, self.large = rational(small, "small"), rational(large, "large")
        layout = ChainLayout.choice(
            constant=[self.small], sparse=[*[0] * (self.n - 1), self.large], ending="repeat"
        )
        super().__init__(layout, escape=flag(escape, "escape"), **options)


ConstantOrSparseVectorEnv = partial(TabularVectorEnv, ConstantOrSparseEnv)
