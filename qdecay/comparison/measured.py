"""Learned thresholds of an environment without a table, for which no exact ones are known.

Each agent acts at random, once, and the recorded steps teach every gamma, so that its learned
values are smooth in gamma. Where the choice of most agents changes between two gammas of a coarse
grid, the same steps are learned again with a fine grid there and the step size of such a gamma, and
each agent's threshold is where its own lead crosses 0. Flips closer together than the coarse grid
go unnoticed.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise

import numpy as np

from qdecay._support.progress import Progress
from qdecay.comparison.agents import Budget
from qdecay.comparison.forecast import averaging
from qdecay.comparison.lead import Floats, crossing, lead
from qdecay.comparison.result import Comparison
from qdecay.comparison.subject import Env, Subject
from qdecay.comparison.thresholds import LearnedThreshold
from qdecay.comparison.training import AVERAGED_FROM
from qdecay.learning import Harmonic, Schedule, TabularLearner, double_q_learning
from qdecay.learning.arguments import discrete_spaces, index_reader
from qdecay.learning.discrete_env import as_discrete, names_of
from qdecay.learning.recorded import Recording, record, recorded_values
from qdecay.learning.shared_streams import require_memory
from qdecay.model.base import state_index

STEPS = 50_000  # of each agent by default: a minute for ten of them at 0.1 ms a step
_GAMMAS = np.linspace(0.02, 0.98, 33)
_CLOSER = 16  # gammas of the fine grid
_NEAR = 0.1  # how far from the coarse flip the fine grid reaches
_ANY_GAMMA = Harmonic(100)  # values of all but the highest gammas forget where they began
_VISITS = 100  # of each action of the state: fewer say too little


@dataclass(frozen=True)
class MeasuredAgents:
    """Agents that learn one state of an environment from recorded steps.

    Attributes:
        state: the state whose choice flips.
        recordings: one for each seed.
        learner: the rule that they learn by.
        epsilon: of the policy whose values SARSA and Expected SARSA learn.
        budget: the agents, and what may be spent on them.
    """

    state: int
    recordings: Sequence[Recording]
    learner: TabularLearner
    epsilon: float
    budget: Budget

    def values(self, grid: Floats, recording: Recording, step_size: Schedule) -> Floats:
        """Return an agent's values of the state, shape (tables, A, gammas)."""
        return recorded_values(
            recording,
            self.state,
            grid,
            rule=self.learner.name,
            epsilon=self.epsilon,
            step_size=step_size,
            average_from=AVERAGED_FROM,
            deadline=self.budget.deadline,
        )

    def thresholds(self) -> Iterator[tuple[int, int, LearnedThreshold]]:
        """Yield the flips of most agents: the actions left and right, and where agents flip."""
        coarse = [self.values(_GAMMAS, recording, _ANY_GAMMA) for recording in self.recordings]
        chosen = np.array([values.sum(axis=0).argmax(axis=0) for values in coarse])
        for (left, first, _), (right, _, last) in pairwise(_stretches(chosen)):
            part = slice(first, last + 1)
            leads = [lead(values[..., part], [left], [right]) for values in coarse]
            middle = statistics.median(crossing(_GAMMAS[part], of_one)[0] for of_one in leads)
            low, high = max(_GAMMAS[first], middle - _NEAR), min(_GAMMAS[last], middle + _NEAR)
            yield left, right, self._closer(left, right, np.linspace(low, high, _CLOSER))

    def _closer(self, left: int, right: int, grid: Floats) -> LearnedThreshold:
        """Return where agents flip between the ends of a fine grid, with a step size for it."""
        step_size = averaging(float(grid.mean()))
        values = [self.values(grid, recording, step_size) for recording in self.recordings]
        flips = [crossing(grid, lead(of_one, [left], [right]))[0] for of_one in values]
        steps = sum(len(recording.state) for recording in self.recordings)
        return LearnedThreshold(tuple(sorted(flips)), 0.0, steps, True)


def measured(
    subject: Subject,
    state: int | str | None,
    learner: TabularLearner | None,
    epsilon: Fraction | None,
    budget: Budget,
) -> Comparison:
    """Return where agents flip at one state of an environment without a table.

    Raises:
        ValueError: a space is not discrete, there is no such state, episodes begin in several and
            none is given, or the state is visited too rarely.
    """
    env = as_discrete(subject.env)
    names, _ = names_of(env)
    states, actions = discrete_spaces(env)
    n_states, rule = int(states.n), learner or double_q_learning
    require_memory((n_states, int(actions.n)), len(_GAMMAS), 1, rule.n_tables)
    at = _start(env, budget.seeds) if state is None else state_index(state, n_states, names)
    steps = budget.max_steps or STEPS
    recordings = []
    total = steps * len(budget.seeds)
    for number, seed in enumerate(budget.seeds):

        def report(event: Progress, before: int = number * steps) -> None:
            budget.report(Progress(before + int(event.done), total, "steps"))

        recording = record(env, seed, steps, report=report, deadline=budget.deadline)
        _require_visits(recording, at, names)
        recordings.append(recording)
    agents = MeasuredAgents(
        at, recordings, learner or double_q_learning, float(epsilon or 0), budget
    )
    found = list(agents.thresholds())
    return Comparison(
        source=subject.name,
        state=at,
        learner=agents.learner.name,
        epsilon=epsilon,
        sides=tuple((frozenset([left]), frozenset([right])) for left, right, _ in found),
        exact=(),
        planned=(),
        planned_errors=(),
        learned=tuple(threshold for _, _, threshold in found),
        forecast=(None,) * len(found),
        reasons=(),
        unsettled=("it has no table, so there is no exact answer to compare with",),
        tabular=False,
    )


def _stretches(chosen: Floats) -> list[tuple[int, int, int]]:
    """The actions that most agents choose, each with the indices of its first and last gamma."""
    most = []
    for column in chosen.T.tolist():
        action = max(set(column), key=column.count)
        most.append(action if 2 * column.count(action) > len(column) else None)
    found, index = [], 0
    for action, run in groupby(most):
        length = len(list(run))
        if action is not None:
            found.append((action, index, index + length - 1))
        index += length
    return [kept for kept in found if kept[2] > kept[1]]


def _start(env: Env, seeds: range) -> int:
    """The state in which all episodes begin."""
    index_of = index_reader(discrete_spaces(env)[0])
    begun = {index_of(env.reset(seed=seed)[0]) for seed in seeds}
    if len(begun) > 1:
        raise ValueError("episodes begin in several states: give state (in the shell --state)")
    return begun.pop()


def _require_visits(recording: Recording, state: int, names: Sequence[str] | None) -> None:
    taken = recording.action[recording.state == state]
    least = int(np.bincount(taken, minlength=recording.available.shape[1]).min())
    if least < _VISITS:
        name = names[state] if names else state
        raise ValueError(
            f"state {name} is visited too rarely: {least} times with some action, of "
            f"{len(recording.state):,} random steps; {_VISITS} are needed"
        )
