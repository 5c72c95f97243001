"""Models whose probabilities are relative frequencies: counts, gaps, and resamples.

If a state and action was tried n times, of which count led to one transition, that transition has p
= count / n. Another n tries might have led elsewhere; `resampled` draws such tries:

    multinomial  n new tries with the probabilities p: the bootstrap (Efron 1979);
    dirichlet    p' ~ Dirichlet(counts): the Bayesian bootstrap (Rubin 1981), the posterior of p
                 without prior weight; it has about the same spread, and no transition vanishes.

The probabilities of "dirichlet" are drawn as floats and rounded to multiples of 2^-22, at least one
each: exact solvers are quick where all have one small denominator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qdecay._support.checks import choice, whole
from qdecay._support.result import counted
from qdecay.model.reading import Pair
from qdecay.model.rows import ExactRows, with_probability

How = Literal["multinomial", "dirichlet"]
HOW = get_args(How)
_UNITS = 2**22


def counts_of(rows: ExactRows) -> NDArray[np.int64]:
    """Return how often each transition was seen, shape (K,); 0 where its pair was not counted.

    Raises:
        ValueError: the model has no counts.
    """
    shares = zip(rows, _visits(rows).tolist(), strict=True)
    return np.array([int(p * n) for (_, _, _, p, *_), n in shares], dtype=np.int64)


def estimated(visits: Mapping[Pair, int]) -> str:
    """Return a note that exact answers are exact for the counted probabilities."""
    least, most = min(visits.values()), max(visits.values())
    each = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return (
        f"probabilities are shares of {counted(sum(visits.values()), 'recorded transition')}, "
        f"{each} for a pair of state and action: exact for the data, estimates for the world"
    )


def resampled(rows: ExactRows, seed: int, how: How) -> ExactRows:
    """Return the rows of another draw; see `MDP.resample`."""
    choice(how, "how", HOW)
    rng = np.random.default_rng(whole(seed, "seed", 0))
    counts, visits = counts_of(rows), _visits(rows)
    numerators, denominators = counts.copy(), visits.copy()
    for begin, size in _counted_pairs(rows, visits):
        places = begin[:, None] + np.arange(size)
        if how == "multinomial":
            shares = counts[places] / visits[begin, None]
            numerators[places] = rng.multinomial(visits[begin], shares)
        else:
            numerators[places] = _units(rng.standard_gamma(counts[places]))
            denominators[places] = _UNITS
    drawn = zip(visits.tolist(), numerators.tolist(), denominators.tolist(), strict=True)
    changed = [
        with_probability(row, Fraction(k, d)) if n else row
        for row, (n, k, d) in zip(rows, drawn, strict=True)
    ]
    return replace(rows, rows=changed, visits=rows.visits if how == "multinomial" else {})


def _counted_pairs(
    rows: ExactRows, visits: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Yield groups of counted pairs with equally many transitions: their first ones, and how many.

    A single transition stays certain.
    """
    pairs = np.array([s * rows.n_actions + a for s, a, *_ in rows], dtype=np.int64)
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    sizes = np.diff(first, append=len(pairs))
    drawn = (sizes > 1) & (visits[first] > 0)
    for size in np.unique(sizes[drawn]).tolist():
        yield first[drawn & (sizes == size)], size


def _units(weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return each row's shares in whole units, at least one each; the largest takes the rest."""
    shares = weights / weights.sum(axis=1, keepdims=True)
    units: NDArray[np.int64] = np.maximum(np.rint(shares * _UNITS).astype(np.int64), 1)
    largest = units.argmax(axis=1)
    units[np.arange(len(units)), largest] += _UNITS - units.sum(axis=1)
    return units


def _visits(rows: ExactRows) -> NDArray[np.int64]:
    """Return how often the pair of each transition was tried, shape (K,); 0 where unknown."""
    if not rows.visits:
        raise ValueError(
            "the model has no counts: its probabilities are given, not estimated; "
            "MDP.from_transitions counts data"
        )
    return np.array([rows.visits.get((s, a), 0) for s, a, *_ in rows], dtype=np.int64)
