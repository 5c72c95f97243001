"""The states of `streams` for many seeds at once: numpy's SeedSequence and SFC64, compiled.

numpy takes about 50 microseconds of Python per seed, longer than a short run. The
constants and the order of the mixing are those of numpy's `SeedSequence` (O'Neill 2015, seed_seq
alternatives), which numpy guarantees not to change; a word of 32 bits is held in 64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay._support.compiled import compiled
from qdecay.learning.compiled.primitives import Words, uniform

_POOL = 4  # words
_WARM_UP = 12  # numbers that a fresh SFC64 discards
_INIT_A, _MULT_A, _INIT_B, _MULT_B, _MIX_L, _MIX_R = (
    np.uint64(n) for n in (0x43B0D7E5, 0x931E8875, 0x8B51F9DD, 0x58F38DED, 0xCA01F9DD, 0x4973F715)
)
_MASK, _0, _1, _16, _32 = (np.uint64(n) for n in (0xFFFFFFFF, 0, 1, 16, 32))

States = NDArray[np.uint64]


def agent_words(seeds: Sequence[int]) -> tuple[States, States]:
    """Return the states of the agents' and of their worlds' generators, both of shape (N, 4).

    Args:
        seeds: N >= 1 integers >= 0.
    """
    widest = max(_POOL, -(-max(seeds).bit_length() // 32))
    data = b"".join([seed.to_bytes(4 * widest, "little") for seed in seeds])
    entropy = np.frombuffer(data, dtype="<u4").astype(np.uint64).reshape(-1, widest)
    used = np.where(entropy != 0, np.arange(1, widest + 1), 0)
    learners, worlds = np.empty((len(seeds), 4), np.uint64), np.empty((len(seeds), 4), np.uint64)
    _seed_all(entropy, np.maximum(used.max(axis=1), _POOL), learners, worlds)
    return learners, worlds


@compiled
def _seed_all(entropy: Any, sizes: Any, learners: Any, worlds: Any) -> None:
    for i in range(len(sizes)):
        world, learner = worlds[i], learners[i]
        constant = _mix(entropy[i], sizes[i], world)
        for k in range(_POOL):
            learner[k] = world[k]
        _absorb(learner, constant, _1)  # the spawn keys of the two children
        _absorb(world, constant, _0)
        world[0] = _hashed(world[0], _INIT_B, _MULT_B)[0]
        _mix(world, 1, world)
        _sfc64(learner)
        _sfc64(world)


@compiled
def _mix(entropy: Any, size: int, pool: Any) -> Any:
    """Fill a pool of four words from `size` words, and return the constant of the next hash."""
    constant = _INIT_A
    for k in range(_POOL):
        pool[k], constant = _hashed(entropy[k] if k < size else _0, constant, _MULT_A)
    for source in range(_POOL):
        for k in range(_POOL):
            if k != source:
                word, constant = _hashed(pool[source], constant, _MULT_A)
                pool[k] = _mixed(pool[k], word)
    for source in range(_POOL, size):
        constant = _absorb(pool, constant, entropy[source])
    return constant


@compiled
def _absorb(pool: Any, constant: Any, number: Any) -> Any:
    for k in range(_POOL):
        word, constant = _hashed(number, constant, _MULT_A)
        pool[k] = _mixed(pool[k], word)
    return constant


@compiled
def _hashed(word: Any, constant: Any, multiplier: Any) -> tuple[Any, Any]:
    """Return the hash of a word, and the constant of the next one."""
    following = (constant * multiplier) & _MASK
    word = ((word ^ constant) * following) & _MASK
    return word ^ (word >> _16), following


@compiled
def _mixed(one: Any, two: Any) -> Any:
    word = (_MIX_L * one - _MIX_R * two) & _MASK
    return word ^ (word >> _16)


@compiled
def _sfc64(pool: Any) -> None:
    """Turn a pool into the state of the SFC64 that it seeds."""
    a, constant = _double(pool[0], pool[1], _INIT_B)
    b, constant = _double(pool[2], pool[3], constant)
    c, constant = _double(pool[0], pool[1], constant)
    words: Words = (a, b, c, _1)
    for _ in range(_WARM_UP):
        _, words = uniform(words)
    for k in range(4):
        pool[k] = words[k]


@compiled
def _double(low: Any, high: Any, constant: Any) -> tuple[Any, Any]:
    first, constant = _hashed(low, constant, _MULT_B)
    second, constant = _hashed(high, constant, _MULT_B)
    return first | (second << _32), constant
