"""Where agents that learn many gammas from the same steps flip, and whether they should."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qdecay._support.progress import Progress
from qdecay._support.shown import duration
from qdecay.comparison.agents import ALLOWED, TOLERANCE, Learned, off, outside, too_wide
from qdecay.comparison.flip import Flip
from qdecay.comparison.lead import Floats, crossing, lead
from qdecay.comparison.thresholds import LearnedThreshold
from qdecay.comparison.training import End, Trainer, Training
from qdecay.exact.break_even import BreakEven

_LONG = 10_000_000  # steps of all agents that are worth an announcement
_PIECES = 5  # of the requested width: between values so close the lead is a straight line
_LONGER = 8  # times the steps, for new agents after a disagreement
_TIMES = 2
_SPREAD = 3.0  # times the expected spread: neither by chance nor by an error of the forecast


class SharedAgents:
    """Agents of one algorithm that learn one model from shared streams."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self.budget, self.mdp = trainer, trainer.budget, trainer.mdp
        self.moving = trainer.moving

    @property
    def name(self) -> str:
        """The algorithm."""
        return self.trainer.rule

    def judge(self, flip: Flip) -> Learned:
        """Train agents for a flip if the budget allows it, and judge them.

        Where noisy agents disagree, new ones are trained for longer, and have the last word; if
        that would exceed the budget, the question is left open.
        """
        if not flip.two_sided:
            return Learned(
                unsettled=f"{float(flip.at):.6g}: actions that differ on one side of it tie on "
                "the other, so no choice tells the sides apart"
            )
        width = self.budget.width_of(flip)
        training = self.trainer.training(flip, width)
        if training is None:
            return Learned(
                unsettled=f"{float(flip.at):.6g}: the actions differ so little nearby that "
                "no forecast says how long it takes to see which is better"
            )
        what = f"{float(flip.at):.6g}: an interval no wider than {width:.2g}"
        if (
            too_long := self._announced(what, training, self.moving.replays * self.moving.at_once)
        ) is not None:
            return Learned(forecast=training.steps, unsettled=too_long)
        learned = self.trained(flip, training, width, self.budget.seeds)
        if training.certain:
            return learned
        return replace(self._again(flip, training, width, learned), forecast=training.steps)

    def _again(self, flip: Flip, training: Training, width: float, learned: Learned) -> Learned:
        """Train new agents for longer, twice at most, where agents disagree or leave a flip open.

        Longer training reduces the effect of chance, of initial values that fade more slowly than
        expected, and of the maximum over noisy values, but not that of a mistake in the learner.
        """
        seeds, longer = self.budget.seeds, training
        for number in range(1, _TIMES + 1):
            if not (learned.wrong or learned.unsettled):
                break
            longer = longer.times(_LONGER if learned.wrong else 2)
            if longer.steps > self.budget.affordable:
                return _doubted(learned, longer) if number == 1 else learned
            first = seeds.start + number * len(seeds)
            learned = self.trained(flip, longer, width, range(first, first + len(seeds)))
        return learned

    def trained(self, flip: Flip, training: Training, width: float, seeds: range) -> Learned:
        """Train agents for a flip, and compare them with the exact value."""
        ends = self.trainer.ends(flip, training)
        found, wrong = self._thresholds(flip, ends, training, width, seeds)
        if training.certain:
            return Learned(
                found, training.steps, wrong or off(found, flip.at, span=self.moving.span)
            )
        wrong = wrong or outside(found, flip.at) or _too_far_apart(found, training)
        return Learned(found, training.steps, wrong, None if wrong else too_wide(found, width))

    def judge_choice(self, exact: BreakEven) -> Learned:
        """Judge agents at the value where the action that is always best is learned soonest."""
        found = self.trainer.clearest(exact.best[0])
        if found is None:
            return Learned()
        end, training = found
        what = f"to see what is best, even at {self.moving.name} {end.at:g},"
        if (too_long := self._announced(what, training, 1)) is not None:
            return Learned(unsettled=too_long)
        seeds = list(self.budget.seeds)
        values = self.trainer.values([np.array([end.at])] * len(seeds), seeds, training)
        return Learned(wrong=self._mistaken([end], values))

    def _thresholds(
        self, flip: Flip, ends: tuple[End, End], training: Training, width: float, seeds: range
    ) -> tuple[LearnedThreshold, str | None]:
        """Return where agents flip between two values, and their mistakes at the ends."""
        certain, sure = training.certain, TOLERANCE * self.moving.span
        apart = sure if certain else width / _PIECES
        brackets = dict.fromkeys(seeds, (ends[0].at, ends[1].at))
        found: dict[int, float] = {}
        mistaken = None
        waiting = list(seeds)
        while waiting:
            grids = [np.linspace(*brackets[seed], self.moving.at_once) for seed in waiting]
            values = self.trainer.values(grids, waiting, training)
            if not found:
                mistaken = self._mistaken(ends, [of_seed[:, :, [0, -1]] for of_seed in values])
            for seed, grid, of_seed in zip(waiting, grids, values, strict=True):
                leads = lead(of_seed, flip.leaving, flip.entering)
                found[seed], brackets[seed] = crossing(grid, leads)
            waiting = [seed for seed in waiting if brackets[seed][1] - brackets[seed][0] > apart]
        all_steps = training.steps * len(seeds)
        flips = tuple(sorted(found.values()))
        threshold = LearnedThreshold(
            flips, sure if certain else width * ALLOWED, all_steps, not certain
        )
        return threshold, mistaken

    def _mistaken(self, ends: Sequence[End], values: Sequence[Floats]) -> str | None:
        """Return the clear ends at which most agents do not choose what is best."""
        chosen = np.array([tables.sum(axis=0).argmax(axis=0) for tables in values])
        for end, of_seeds in zip(ends, chosen.T.tolist(), strict=True):
            wrong = [action for action in of_seeds if action not in end.best]
            if end.clear and 2 * len(wrong) > len(of_seeds):
                name = self.mdp.action_name
                best = " or ".join(name(action) for action in sorted(end.best))
                most = name(max(set(wrong), key=wrong.count))
                return (
                    f"{len(wrong)} of {len(of_seeds)} agents choose {most} at {self.moving.name} "
                    f"{end.at:.6g}, where {best} is best"
                )
        return None

    def _announced(self, what: str, training: Training, points: int) -> str | None:
        """Announce how long a long training will take; return why it is not started, or None."""
        budget, agents = self.budget, len(self.budget.seeds)
        cost = f"{what} takes {training.steps:,} steps for each of {agents} agents"
        if training.steps > budget.affordable:
            return f"{cost}, more than the {budget.affordable:,} allowed: not started"
        if training.steps * agents < _LONG and budget.deadline.left == math.inf:
            return None
        seconds = self.trainer.seconds(training, points)
        cost += f", about {duration(seconds)}"
        if seconds > budget.deadline.left:
            return f"{cost}, and {duration(max(0.0, budget.deadline.left))} are left: not started"
        if seconds > 1:
            budget.report(Progress(0, training.steps * agents, "steps", cost))
        return None


def _doubted(learned: Learned, longer: Training) -> Learned:
    """Leave open a disagreement that a longer training, which max_steps does not allow, may
    remove."""
    if learned.wrong is None:
        return learned
    doubt = (
        f"{learned.wrong}; to tell a fault from too little training takes {longer.steps:,} steps, "
        "more than are allowed"
    )
    return replace(learned, wrong=None, unsettled=doubt)


def _too_far_apart(found: LearnedThreshold, training: Training) -> str | None:
    spread = statistics.stdev(found.flips)
    if spread <= _SPREAD * training.sd or training.sd == 0:
        return None
    return (
        f"agents flip {spread / training.sd:.2g} times as far apart as agents that average "
        f"{training.steps:,} steps: standard deviation {spread:.2g}, expected {training.sd:.2g}"
    )
