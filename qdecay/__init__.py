"""Understand, compute and measure the discount factor of reinforcement learning.

    >>> import qdecay
    >>> layout = qdecay.ChainLayout.choice(stay=[1], move=[0, 0, 4])
    >>> qdecay.break_even(layout).gammas
    (1/2,)

Importing the package imports Gymnasium and registers the environments `qdecay/...`. Everything
else loads when it is first used; `__init__.pyi` says where each name is at home.
"""

import lazy_loader

import qdecay_envs  # noqa: F401  # registers

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
