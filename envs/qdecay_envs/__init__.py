"""Gymnasium environments about the discount factor: small-soon against large-late, exactly.

Importing this package registers its ids; `gym.make("qdecay_envs:qdecay/LongDelay-v0")` does both.
The four homework chains have fixed layouts, while `qdecay/Chain-v0` takes any layout; likewise the
grid worlds of textbooks are fixed, and `qdecay/GridWorld-v0` takes any grid. Every environment has
an exact table (`qdecay_envs.table`) and a vector version (`qdecay_envs.vector`).

>>> import gymnasium
>>> gymnasium.make("qdecay_envs:qdecay/StayOrMove-v0").observation_space
Discrete(3)
"""

from __future__ import annotations

from typing import Any

import gymnasium

from qdecay_envs.chain import ChainEnv
from qdecay_envs.combination_lock import CombinationLockEnv
from qdecay_envs.constant_or_sparse import ConstantOrSparseEnv
from qdecay_envs.deep_sea import DeepSeaEnv
from qdecay_envs.delay_menu import DelayMenuEnv
from qdecay_envs.discounting_chain import DiscountingChainEnv
from qdecay_envs.dynamics import exact_table
from qdecay_envs.grid import GridWorldEnv, grid_table
from qdecay_envs.grid_layout import GridCell, GridLayout
from qdecay_envs.grid_presets import PRESETS
from qdecay_envs.layout import ChainLayout
from qdecay_envs.n_chain import NChainEnv
from qdecay_envs.rational import RationalLike, rational
from qdecay_envs.river_swim import RiverSwimEnv
from qdecay_envs.tabular import TabularEnv
from qdecay_envs.two_streams import TwoStreamsEnv
from qdecay_envs.vector import TabularVectorEnv

__all__ = [
    "LAYOUTS",
    "PRESETS",
    "ChainEnv",
    "ChainLayout",
    "CombinationLockEnv",
    "ConstantOrSparseEnv",
    "DeepSeaEnv",
    "DelayMenuEnv",
    "DiscountingChainEnv",
    "GridCell",
    "GridLayout",
    "GridWorldEnv",
    "NChainEnv",
    "RationalLike",
    "RiverSwimEnv",
    "TabularEnv",
    "TabularVectorEnv",
    "TwoStreamsEnv",
    "exact_table",
    "grid_table",
    "rational",
]

LAYOUTS = {
    "qdecay/StayOrMove-v0": ChainLayout.choice(stay=[1], move=[0, 0, 4]),
    "qdecay/LeftOrRight-v0": ChainLayout.choice(left=[0, 1], right=[0, 0, 3]),
    "qdecay/ShortDelay-v0": ChainLayout.choice(stay=[1], move=[0, 0, 0, 6]),
    "qdecay/LongDelay-v0": ChainLayout.choice(stay=[1], move=[0] * 99 + [110]),
}
"""The homework's chains by their registered ids."""


# Id and class, with arguments where one class gives several environments.
_MEMBERS: list[tuple[str, type[TabularEnv], dict[str, Any]]] = [
    ("Chain", ChainEnv, {}),
    *((name, ChainEnv, {"layout": layout.to_json()}) for name, layout in LAYOUTS.items()),
    ("NChain", NChainEnv, {}),
    ("RiverSwim", RiverSwimEnv, {}),
    ("DeepSea", DeepSeaEnv, {}),
    ("DeepSeaStochastic", DeepSeaEnv, {"stochastic": True}),
    ("DiscountingChain", DiscountingChainEnv, {}),
    ("CombinationLock", CombinationLockEnv, {}),
    ("DelayMenu", DelayMenuEnv, {}),
    ("TwoStreams", TwoStreamsEnv, {}),
    ("ConstantOrSparse", ConstantOrSparseEnv, {}),
    ("GridWorld", GridWorldEnv, {}),
    *((name, GridWorldEnv, {"grid": name}) for name in PRESETS),
]


def _register() -> None:
    for name, member, arguments in _MEMBERS:
        env_id = name if "/" in name else f"qdecay/{name}-v0"
        if env_id not in gymnasium.registry:
            place = f"{member.__module__}:{member.__name__}"
            gymnasium.register(
                env_id,
                entry_point=place,
                vector_entry_point=f"{place.removesuffix('Env')}VectorEnv",
                kwargs=arguments,
            )


_register()
