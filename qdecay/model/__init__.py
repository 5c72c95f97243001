"""The finite MDP that every solver reads, exact or in floats, and how it is made."""

from qdecay_envs.layout import ChainLayout

__all__ = ["ChainLayout"]
