"""The choices to learn: in a game of homework D, or in a state of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any, get_args

from qdecay._support.checks import RationalLike, choice, exact, listed, whole
from qdecay._support.deadline import Deadline
from qdecay.comparison.games import MAX_DELAY, Game, chain_of, reward_of
from qdecay.exact.at_gamma import optimal_actions
from qdecay.exact.regions import policy_regions
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.info import ModelInfo
from qdecay.model.mdp import MDP
from qdecay_envs.rational import rational

_DELAYS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Choice:
    """A choice to learn: which actions of a state are best at a gamma."""

    mdp: MDP
    state: int
    gamma: Fraction
    best: frozenset[int]
    labels: Mapping[str, Any]


def of_games(
    gammas: list[Fraction],
    game: Game | None,
    delays: Iterable[int] | None,
    advantage: RationalLike | None,
    reward: RationalLike | None,
) -> tuple[Iterator[Choice], int]:
    """The choices at the starts of the games, and how many there are."""
    played: Any = choice("forever" if game is None else game, "game", get_args(Game))
    lengths = listed(_DELAYS if delays is None else delays, "delays")
    lengths = [whole(delay, "each of delays", 1, MAX_DELAY) for delay in lengths]
    if advantage is not None and reward is not None:
        raise ValueError("give advantage or reward, not both: each of them fixes R")
    fixed = None if reward is None else rational(reward, "reward")
    worth = exact(2 if advantage is None else advantage, "advantage", "> 0")

    def choices() -> Iterator[Choice]:
        for gamma, delay in product(gammas, lengths):
            large = reward_of(played, delay, gamma, worth) if fixed is None else fixed
            mdp = MDP.from_env(chain_of(played, delay, large))
            labels = {"game": played, "delay": delay, "reward": large}
            assert mdp.start is not None
            best = frozenset(optimal_actions(mdp, gamma)[mdp.start])
            yield Choice(mdp, mdp.start, gamma, best, labels)

    return choices(), len(gammas) * len(lengths)


def of_model(
    problem: Problem, gammas: list[Fraction], state: int | str | None, deadline: Deadline
) -> Iterator[Choice]:
    """The choice in a state of a model, at every gamma."""
    mdp = as_exact_mdp(problem)
    at = mdp.start if state is None else mdp.state_index(state)
    if at is None:
        raise ValueError("the model has no start state: give state")
    if not mdp.available[at].any():
        raise ValueError(f"state {mdp.state_name(at)} has no actions to choose from")
    return _over_gammas(mdp, at, gammas, deadline)


def _over_gammas(
    mdp: MDP, state: int, gammas: list[Fraction], deadline: Deadline
) -> Iterator[Choice]:
    regions = policy_regions(mdp, max_seconds=deadline.rest)
    gap = regions.action_gap(state)
    for gamma in gammas:
        best = frozenset(regions.optimal_actions(gamma)[state])
        yield Choice(mdp, state, gamma, best, {"action_gap": gap, "info": ModelInfo.of(mdp)})
