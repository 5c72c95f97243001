"""The parts of a certificate that depend on what varies: gamma, or the parameter of a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay.exact.proof.reading import Sets
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.model.mdp import MDP

_DYNAMICS = ("schema", "n_states", "n_actions", "transitions")


class Parts(NamedTuple):
    """What a certificate contains besides the sets.

    Attributes:
        head: the members before its points.
        places: [f, [c, k]] of each point.
        hints: the entries after the sets of each interval.
        at_points: the entries after the sets of each point, at gamma = 1.
    """

    head: dict[str, Any]
    places: Iterator[list[Any]]
    hints: Iterator[list[Any]]
    at_points: Iterator[list[Any]] | None = None


def model_document(mdp: MDP) -> dict[str, Any]:
    """Return the document of a model, with the dynamics only."""
    document = mdp.to_json()
    return {key: document[key] for key in _DYNAMICS}


def policy_of(model: RationalModel, sets: Sets) -> NDArray[np.int64]:
    """Return the pair of the first action of every set."""
    pairs = [model.pairs_of(s) for s in range(model.n)]
    chosen = [
        next(pair for pair in own if not actions or actions[0] in model.actions[pair])
        for own, actions in zip(pairs, sets, strict=False)
    ]
    return np.array(chosen + [own[0] for own in pairs[model.n_own :]])
