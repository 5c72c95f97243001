"""The finite MDP that every solver reads, exact or in floats, and the ways to build it."""

from qdecay_envs.grid_layout import GridLayout
from qdecay_envs.layout import ChainLayout

__all__ = ["ChainLayout", "GridLayout"]
