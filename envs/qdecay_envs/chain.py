"""The chain environment plays a `ChainLayout`; its table is that of `dynamics.exact_table`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from typing import Any, TypedDict

from qdecay_envs.arguments import flag, probability
from qdecay_envs.chain_picture import ChainScene
from qdecay_envs.dynamics import exact_table
from qdecay_envs.layout import ChainLayout
from qdecay_envs.rational import RationalLike
from qdecay_envs.screen import Moment
from qdecay_envs.tabular import TabularEnv
from qdecay_envs.vector import TabularVectorEnv


class NoiseOptions(TypedDict, total=False):
    """The keyword arguments of `ChainEnv` that all derived environments accept."""

    slip: RationalLike | float
    reward_noise: float
    render_mode: str | None


class ChainOptions(NoiseOptions, total=False):
    """The keyword arguments of `ChainEnv` other than its layout."""

    escape: bool


class ChainEnv(TabularEnv):
    """A choice at a start state between streams of rewards.

    Observations are the states 0 .. n_states - 1, actions the branches 0 .. n_branches - 1. At the
    start, action i takes branch i; elsewhere every action walks on, except with `escape`. The
    endings `repeat` and `absorb` go on for ever: pass `max_episode_steps` to `gym.make`.

    Args:
        layout: a `ChainLayout`, or its `to_json()` document, which keeps the `EnvSpec` JSON
            serialisable.
        slip: probability that another action happens, 0 <= slip <= 1; see `exact_table`. A float is
            read by its shortest decimal text: 0.1 is 1/10.
        reward_noise: standard deviation of the normal noise on every reward, in reward units,
            finite and >= 0; the table's rewards are the means.
        escape: lets the other actions lead back from a corridor; see `exact_table`.
        render_mode: None, "ansi" (text), "rgb_array" (uint8, (H, W, 3)) or "human".

    Attributes:
        layout, slip, escape: as given; `P_exact`, `P`, `start` and the others as in `TabularEnv`.

    Raises:
        TypeError: an argument is missing or has the wrong type.
        ValueError: an argument is outside its range, or a number has no float.

    >>> env = ChainEnv(ChainLayout.choice(stay=[1], move=[0, 0, 4]))
    >>> state, info = env.reset()
    >>> [env.step(1)[:3] for _ in range(3)]
    [(1, 0.0, False), (2, 0.0, False), (2, 4.0, True)]
    """

    law = "two branches are level; where they end: sum_k near_k g^k = sum_k far_k g^k"
    start: int

    def __init__(
        self,
        layout: ChainLayout | Mapping[str, Any] | None = None,
        *,
        slip: RationalLike | float = 0,
        reward_noise: float = 0.0,
        escape: bool = False,
        render_mode: str | None = None,
    ) -> None:
        self.layout: ChainLayout = _layout(layout)
        self.slip: Fraction = probability(slip, "slip")
        self.escape: bool = flag(escape, "escape")
        super().__init__(
            exact_table(self.layout, self.slip, self.escape),
            self.layout.start,
            action_names=self.layout.names,
            reward_noise=reward_noise,
            render_mode=render_mode,
        )

    def _picture(self, moment: Moment) -> ChainScene:
        return ChainScene(self.layout, moment)


def _layout(layout: Any) -> ChainLayout:
    if isinstance(layout, ChainLayout):
        return layout
    if isinstance(layout, Mapping):
        return ChainLayout.from_json(dict(layout))
    got = "none" if layout is None else f"a {type(layout).__name__}"
    example = "layout=ChainLayout.choice(stay=[1], move=[0, 0, 4]).to_json()"
    raise TypeError(
        f"layout must be a ChainLayout or its document, got {got}: try {example}; in the shell "
        "write the document to a file and name that as SOURCE"
    )


ChainVectorEnv = partial(TabularVectorEnv, ChainEnv)
