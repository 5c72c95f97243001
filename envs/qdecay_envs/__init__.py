"""Chain environments for Gymnasium: small-soon against large-late, with exact numbers.

Importing this package registers its ids; `gym.make("qdecay_envs:qdecay/LongDelay-v0")` does
both at once. The four homework chains have fixed layouts; `qdecay/Chain-v0` takes any.

>>> import gymnasium
>>> gymnasium.make("qdecay_envs:qdecay/StayOrMove-v0").observation_space
Discrete(3)
"""

from __future__ import annotations

import gymnasium

from qdecay_envs.chain import ChainEnv
from qdecay_envs.dynamics import exact_table
from qdecay_envs.layout import ChainLayout
from qdecay_envs.rational import RationalLike, rational

__all__ = ["LAYOUTS", "ChainEnv", "ChainLayout", "RationalLike", "exact_table", "rational"]

LAYOUTS = {
    "qdecay/StayOrMove-v0": ChainLayout.choice(stay=[1], move=[0, 0, 4]),
    "qdecay/LeftOrRight-v0": ChainLayout.choice(left=[0, 1], right=[0, 0, 3]),
    "qdecay/ShortDelay-v0": ChainLayout.choice(stay=[1], move=[0, 0, 0, 6]),
    "qdecay/LongDelay-v0": ChainLayout.choice(stay=[1], move=[0] * 99 + [110]),
}
"""The homework's chains by the id they are registered under."""


def _register() -> None:
    kwargs = {name: {"layout": layout.to_json()} for name, layout in LAYOUTS.items()}
    for name, arguments in {"qdecay/Chain-v0": {}, **kwargs}.items():
        if name not in gymnasium.registry:
            gymnasium.register(name, entry_point="qdecay_envs.chain:ChainEnv", kwargs=arguments)


_register()
