"""The suite at a glance: every registered environment with its exact break-even gammas."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator

from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.regions import policy_regions
from qdecay.model.mdp import MDP
from qdecay_envs.layout import ChainLayout

SCHEMA = "qdecay.environments/1"
NEED_ARGUMENTS = ("qdecay/Chain-v0", "qdecay/GridWorld-v0")  # shown without a model


@dataclass(frozen=True)
class CatalogueEntry:
    """One registered id, made with its registered arguments.

    Attributes:
        env_id: the id for `gymnasium.make`.
        summary: one sentence.
        arguments: what the id is registered with, besides the defaults.
        law: the equation of its break-even gammas, in g; it names the states it applies to.
        n_states, n_actions, start: of its model; None if the id needs arguments (start also if
            episodes start in several states).
        break_evens: gammas at which the optimal actions of the start state change.
        breakpoints: gammas at which those of any state change.
    """

    env_id: str
    summary: str
    arguments: Mapping[str, Any]
    law: str
    n_states: int | None
    n_actions: int | None
    start: int | None
    break_evens: tuple[AlgebraicNumber, ...]
    breakpoints: tuple[AlgebraicNumber, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the entry as in a qdecay.environments/1 document."""
        return {
            "id": self.env_id,
            "summary": self.summary,
            "arguments": dict(self.arguments),
            "law": self.law,
            "n_states": self.n_states,
            "n_actions": self.n_actions,
            "start": self.start,
            "break_evens": [gamma.to_json() for gamma in self.break_evens],
            "breakpoints": [gamma.to_json() for gamma in self.breakpoints],
        }


@cache
def catalogue() -> tuple[CatalogueEntry, ...]:
    """Return all environments of the suite in the order of their registration."""
    return tuple(_entry(spec) for spec in gym.registry.values() if spec.namespace == "qdecay")


def _equation(layout: ChainLayout) -> str:
    """Return the equation of the branches of a chain that ends, such as 1 = 4 g^2."""
    sides = []
    for _, stream in layout.branches:
        terms = [f"{reward} g^{k}" for k, reward in enumerate(stream) if reward]
        sides.append(" + ".join(terms).replace(" g^0", "").replace("1 g", "g") or "0")
    return " = ".join(side.removesuffix("^1") for side in sides)


def _entry(spec: Any) -> CatalogueEntry:
    entry: Any = load_env_creator(spec.entry_point)
    summary = (sys.modules[entry.__module__].__doc__ or "").partition("\n")[0]
    if spec.id in NEED_ARGUMENTS:
        return CatalogueEntry(spec.id, summary, {}, entry.law, None, None, None, (), ())
    env: Any = gym.make(spec)
    law = _equation(env.unwrapped.layout) if "layout" in spec.kwargs else entry.law
    common = (spec.id, summary, spec.kwargs, law)
    mdp = MDP.from_env(env)
    regions = policy_regions(mdp)
    points = regions.breakpoints
    at_start = () if mdp.start is None else regions.start_breakpoints()
    return CatalogueEntry(
        *common,
        mdp.n_states,
        mdp.n_actions,
        mdp.start,
        tuple(points[i].gamma for i in at_start),
        tuple(point.gamma for point in points),
    )
