"""Where agents flip that learn many gammas from the same steps, and whether they should.

As the steps are the same, what chance does to one gamma it does to its neighbours: the *lead* of
the right side,

    D(gamma) = q(best of the actions that enter) - q(best of those that leave),

is smooth in gamma, and a seed's threshold is where it crosses 0. The stream is replayed with gammas
ever closer to the crossing. The lead of two tables is cross-evaluated: each chooses the best of a
side, and the other one values it, so that noise makes no side look better because it has more
actions.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np

from qdecay.comparison.agents import Learned, missed, outside, too_wide
from qdecay.comparison.flip import Flip
from qdecay.comparison.thresholds import Choice, LearnedThreshold
from qdecay.comparison.training import End, Floats, Trainer, Training
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.break_even import BreakEven

TOLERANCE = 1e-6  # of thresholds that chance does not move, and the width to which they are found
_GAMMAS = 16  # of a replay, which vector instructions take at once
_PIECES = 20  # of the asked width: between gammas that near the lead is a line
_SPREAD = 3.0  # times the expected spread: neither by chance nor by an error of the forecast


class SharedAgents:
    """Agents of one algorithm that learn one model from shared streams."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self.budget, self.mdp = trainer, trainer.budget, trainer.mdp

    def judge(self, flip: Flip) -> Learned:
        """Train agents for a flip if the budget allows it, and judge them.

        Noisy agents whose interval misses the exact gamma are joined by as many others: they
        disagree if those miss it on the same side, which chance does once in a thousand times.
        """
        if not flip.two_sided:
            return Learned(
                unsettled=f"{float(flip.gamma):.6g}: on one side of it actions tie that differ on the other, so no choice tells the sides apart"
            )
        width = self.budget.width_of(flip)
        training = self.trainer.training(flip, width)
        if training.steps > self.budget.max_steps:
            what = f"{float(flip.gamma):.6g}: an interval no wider than {width:.2g}"
            return Learned(forecast=training.steps, unsettled=self._too_long(what, training))
        ends = self.trainer.ends(flip, training)
        seeds = self.budget.seeds
        found, wrong = self._thresholds(flip, ends, training, seeds)
        if training.sd == 0:
            return Learned(found, training.steps, wrong or _off(found, flip.gamma))
        side, unsettled = missed(found, flip.gamma), None
        if side and wrong is None:
            others, wrong = self._thresholds(
                flip, ends, training, range(seeds.stop, seeds.stop + len(seeds))
            )
            found = found.joined(others)
            if missed(others, flip.gamma) == side:
                wrong = wrong or outside(found, flip.gamma)
            elif missed(found, flip.gamma):
                unsettled = "half of the agents miss the exact gamma, and the others do not"
        wrong = wrong or _too_far_apart(found, training)
        return Learned(found, training.steps, wrong, unsettled or too_wide(found, width))

    def judge_choice(self, exact: BreakEven) -> Learned:
        """Judge agents at the gamma at which it is seen soonest what is always best."""
        found = self.trainer.clearest(exact.best[0])
        if found is None:
            return Learned()
        end, training = found
        if training.steps > self.budget.max_steps:
            what = f"to see what is best, even at gamma {end.gamma},"
            return Learned(unsettled=self._too_long(what, training))
        seeds = list(self.budget.seeds)
        values = self.trainer.values([np.array([end.gamma])] * len(seeds), seeds, training)
        return Learned(wrong=self._mistaken([end], values))

    def _thresholds(
        self, flip: Flip, ends: tuple[End, End], training: Training, seeds: range
    ) -> tuple[LearnedThreshold, str | None]:
        """Return where agents flip between two gammas, and what they mistake at the ends."""
        certain = training.sd == 0
        width = TOLERANCE if certain else self.budget.width / _PIECES
        brackets = dict.fromkeys(seeds, (ends[0].gamma, ends[1].gamma))
        found: dict[int, float] = {}
        choices: list[Choice] = []
        mistaken = None
        waiting = list(seeds)
        while waiting:
            grids = [np.linspace(*brackets[seed], _GAMMAS) for seed in waiting]
            values = self.trainer.values(grids, waiting, training)
            if not found:
                mistaken = self._mistaken(ends, [of_seed[:, :, [0, -1]] for of_seed in values])
            for seed, grid, of_seed in zip(waiting, grids, values, strict=True):
                leads = lead(of_seed, flip)
                found[seed], brackets[seed] = crossing(grid, leads)
                right = zip(grid.tolist(), (leads > 0).tolist(), strict=True)
                choices += [Choice(gamma, seed, chosen) for gamma, chosen in right]
            waiting = [seed for seed in waiting if brackets[seed][1] - brackets[seed][0] > width]
        all_steps = training.steps * len(seeds)
        flips = tuple(sorted(found.values()))
        threshold = LearnedThreshold(
            flips, TOLERANCE * certain, all_steps, not certain, tuple(choices)
        )
        return threshold, mistaken

    def _mistaken(self, ends: Sequence[End], values: Sequence[Floats]) -> str | None:
        """Return where agents do not choose what is best: most of them, or any if nothing varies."""
        chosen = np.array([tables.sum(axis=0).argmax(axis=0) for tables in values])
        for end, of_seeds in zip(ends, chosen.T.tolist(), strict=True):
            wrong = [action for action in of_seeds if action not in end.best]
            if end.clear and 2 * len(wrong) > len(of_seeds):
                name = self.mdp.action_name
                best = " or ".join(name(action) for action in sorted(end.best))
                return (
                    f"{len(wrong)} of {len(of_seeds)} agents choose "
                    f"{name(max(set(wrong), key=wrong.count))} at gamma {end.gamma:.6g}, where "
                    f"{best} is best"
                )
        return None

    def _too_long(self, what: str, training: Training) -> str:
        return (
            f"{what} takes {training.steps:,} steps for each of {len(self.budget.seeds)} agents, "
            f"more than {self.budget.max_steps:,}: not started"
        )


def lead(values: Floats, flip: Flip) -> Floats:
    """Return how much the right side leads by at each gamma, from shape (tables, A, gammas)."""
    left, right = values[:, flip.leaving], values[:, flip.entering]
    if len(values) == 1:
        found: Floats = right[0].max(axis=0) - left[0].max(axis=0)
        return found
    return (_crossed(*right) + _crossed(*right[::-1]) - _crossed(*left) - _crossed(*left[::-1])) / 2


def _crossed(chooses: Floats, values: Floats) -> Floats:
    """What one table says of the action that is best in the other, shape (gammas,)."""
    found: Floats = np.take_along_axis(values, chooses.argmax(axis=0)[None], axis=0)[0]
    return found


def crossing(grid: Floats, leads: Floats) -> tuple[float, tuple[float, float]]:
    """Return where the lead turns positive, and the gammas around; an end where it does not.

    Of several crossings the middle one: there is one more that rises than falls.
    """
    rises = np.flatnonzero((leads[:-1] <= 0) & (leads[1:] > 0))
    if len(rises) == 0:
        end = float(grid[0] if leads[0] > 0 else grid[-1])
        return end, (end, end)
    k = int(rises[len(rises) // 2])
    (a, b), (below, above) = grid[k : k + 2].tolist(), leads[k : k + 2].tolist()
    return a - below * (b - a) / (above - below), (a, b)


def _off(found: LearnedThreshold, exact: AlgebraicNumber) -> str | None:
    """Return where agents flip that chance does not move, if it is elsewhere."""
    if max(abs(found.low - float(exact)), abs(found.high - float(exact))) <= TOLERANCE:
        return None
    return f"agents flip from {found.low:.9g} to {found.high:.9g}, exact is {float(exact):.9g}"


def _too_far_apart(found: LearnedThreshold, training: Training) -> str | None:
    spread = statistics.stdev(found.flips)
    if spread <= _SPREAD * training.sd:
        return None
    return (
        f"agents flip {spread / training.sd:.2g} times as far apart as agents do that average "
        f"{training.steps:,} steps: standard deviation {spread:.2g}, expected {training.sd:.2g}"
    )
