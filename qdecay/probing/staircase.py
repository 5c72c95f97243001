r"""Which question to ask next, and what the answers say: the psi-marginal method for one delay.

The stimulus x = log(r / R) is the near reward in units of the far one. An agent takes the far
reward with probability

    P(x) = lapse / 2 + (1 - lapse) / (1 + exp((x - t) / w))

with the indifference point t, the log of the discount over that delay, and a width w >= 0 that
measures how noisy its trainings are; a deterministic agent has a width below the finest of the
grid, and the method then reduces to bisection. The next stimulus is the one whose answer is
expected to say the most about t, with the width as a nuisance parameter: it maximises the mutual
information I(answer; t) = h(E P) - E h(P(. | t)), with h the entropy of one answer and E over the
posterior.

That alone never discovers that an agent is noisy: under bisection each answer is a coin toss for
consistent and noisy agents alike, and the interval of the consistent model shrinks to nothing
around a wrong place. So every third stimulus is the one that says the most about the *width*,
I(answer; w), and t counts as known only once noise at the scale of the tolerance is practically
excluded.

The posterior lives on a grid of cells laid between the stimuli asked so far, so that it is fine
where they are dense. Its prior: with weight 0.9 the per-step discount exp(t / steps) is uniform on
(0, 1); with weight 0.1, t is uniform on the range of stimuli. It does not use the agent's
configured discount.

Sources: Kontsevich & Tyler, Vision Research 39 (1999), 2729-2737 (psi, which asks for both at
once); Prins, Journal of Vision 13(7):3 (2013) (psi-marginal); Wichmann & Hill, Perception &
Psychophysics 63 (2001) (lapses).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[np.float64]

LAPSE = 0.02  # probability of an answer that does not depend on the question
_FOCUS = 0.9  # prior weight of per-step discounts in (0, 1)
_N_WIDTHS = 12
_FINE = 8  # the finest width is the tolerance divided by this
_SURE = 2  # an agent is consistent if its width is at most the tolerance divided by this
WIDEST = 3.0  # a choice this noisy flips between r = R / 20 and r = 20 R
_CELLS = 10  # per gap between two stimuli
_WITHIN = (1 - np.cos(np.linspace(0, np.pi, _CELLS + 1)[:-1])) / 2  # dense at both ends
_CANDIDATES = 25
_NEGLIGIBLE = 1e-7  # mass of a cell that cannot affect the next question
_CHECK_EVERY = 3  # of this many stimuli, one is chosen for the width
_DOUBT = 0.05  # posterior mass of noisy widths that is negligible
_SAME = 6  # identical answers after which the end of the range is asked
_ENDS = 2  # times it is asked before concluding "no indifference point"


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is known about an indifference point.

    Attributes:
        median, low, high: of t, with 95 % between low and high.
        log_evidence: log of the probability of the answers at each width, t integrated out.
    """

    median: float
    low: float
    high: float
    log_evidence: Array


@dataclass(frozen=True)
class Staircase:
    """The questions asked at one delay, with their answers.

    Attributes:
        steps: n - m, the number of steps by which the far reward comes later; >= 1.
        low, high: the range of stimuli.
        tolerance: target half-width of the 95 % interval of t / steps, the log discount per step.
        asked: the stimuli so far.
        far: for each, whether the far reward was taken.
    """

    steps: int
    low: float
    high: float
    tolerance: float
    asked: tuple[float, ...] = ()
    far: tuple[bool, ...] = ()

    def answered(self, x: float, far: bool) -> Staircase:
        """Return the staircase with one more answer."""
        after = replace(self, asked=(*self.asked, x), far=(*self.far, far))
        if "_table" in self.__dict__:  # the cells of most gaps are the same
            after.__dict__["_table"] = self._carried_to(after)
        return after

    @property
    def always(self) -> str | None:
        """The side that was taken in every answer, "near" or "far"; None if both were."""
        if len(set(self.far)) != 1:
            return None
        return "far" if self.far[0] else "near"

    @property
    def open(self) -> bool:
        """Whether the agent took one side up to the end of the range, which then contains no t."""
        if self.always is None or len(self.far) < _SAME:
            return False
        return self.asked.count(self._end) >= _ENDS

    @property
    def done(self) -> bool:
        """Whether t is known well enough, or does not exist."""
        if self.open:
            return True
        noisy = self._joint[0].sum(axis=0)[self._widths > self.tolerance * self.steps / _SURE].sum()
        return self.always is None and self._narrow and bool(noisy < _DOUBT)

    @property
    def _narrow(self) -> bool:
        """Whether the interval of t is as short as requested, assuming the agent is not noisy."""
        known = self.posterior
        return known.high - known.low <= 2 * self.tolerance * self.steps

    @property
    def _end(self) -> float:
        """The end of the range towards which an agent that always took one side points."""
        return self.high if self.always == "far" else self.low

    def next(self, shift: float = 0.5) -> float:
        """Return the stimulus whose answer is expected to say the most about t, or about w.

        Args:
            shift: where the candidates lie between fixed quantiles, in [0, 1). Agents without noise
                are asked different questions for different shifts, so that no gamma always lies at
                the same place in its interval.
        """
        if self.always is not None and len(self.far) >= _SAME:
            return self._end
        levels = 0.02 + 0.96 * (np.arange(_CANDIDATES) + shift) / _CANDIDATES
        candidates = self._quantiles(levels)
        if not self._narrow and len(self.far) % _CHECK_EVERY != _CHECK_EVERY - 1:
            return float(candidates[self._information(candidates).argmax()])
        beside = self.posterior.median + np.concatenate([-self._widths, self._widths])
        candidates = np.append(candidates, np.clip(beside, self.low, self.high))
        return float(candidates[self._width_information(candidates).argmax()])

    def _information(self, x: Array) -> Array:
        """I(answer; t) of each stimulus."""
        threshold, mass, per_width = self._likely
        far = (_far(x, threshold, self._widths) * per_width).sum(axis=2)
        return _mutual_information(far, mass)

    def _width_information(self, x: Array) -> Array:
        """I(answer; w) of each stimulus."""
        threshold, mass, per_width = self._likely
        joint = mass[:, None] * per_width
        width_mass = joint.sum(axis=0)
        seen = width_mass > 0
        far = (_far(x, threshold, self._widths) * joint).sum(axis=1)[:, seen] / width_mass[seen]
        return _mutual_information(far, width_mass[seen])

    @cached_property
    def _likely(self) -> tuple[Array, Array, Array]:
        """The cells that hold almost all of the mass: t, P(t) and P(w | t)."""
        joint, _ = self._joint
        mass = joint.sum(axis=1)
        kept = mass > _NEGLIGIBLE
        joint, mass = joint[kept], mass[kept]
        return self.cells[0][kept], mass / mass.sum(), joint / mass[:, None]

    def log_likelihoods(self, threshold: Array, widths: Array) -> Array:
        """Return log P(answers | t, w), shape (thresholds, widths)."""
        if not self.asked:
            return np.zeros((len(threshold), len(widths)))
        x = np.array(self.asked)[:, None, None]
        # The probability of the given answer: that of far at x, or of far at its mirror image.
        towards = np.where(self.far, 1.0, -1.0)[:, None, None] * (threshold[:, None] - x)
        values: Array = np.log(LAPSE / 2 + (1 - LAPSE) * expit(towards / widths)).sum(axis=0)
        return values

    @cached_property
    def _table(self) -> Array:
        """The log likelihoods of the cells, shape (cells, widths)."""
        return self.log_likelihoods(self.cells[0], self._widths)

    def _carried_to(self, after: Staircase) -> Array:
        """Return the log likelihoods of `after`, which has one more answer, from those known.

        Its stimulus splits one gap into two, whose cells are new; those of the other gaps stay, and
        only the term of the new answer is added to them.
        """
        middles, x = after.cells[0], after.asked[-1]
        last = replace(after, asked=after.asked[-1:], far=after.far[-1:])
        if len(middles) == len(self._table):  # x was asked before
            return self._table + last.log_likelihoods(middles, self._widths)
        first = np.searchsorted(self.cells[1][::_CELLS], x) * _CELLS - _CELLS
        new = slice(first, first + 2 * _CELLS)
        kept = np.delete(self._table, slice(first, first + _CELLS), axis=0)
        kept += last.log_likelihoods(np.delete(middles, new), self._widths)
        return np.insert(kept, first, after.log_likelihoods(middles[new], self._widths), axis=0)

    @cached_property
    def posterior(self) -> Posterior:
        """The median of t, its 95 % interval and the evidence."""
        low, median, high = self._quantiles(np.array([0.025, 0.5, 0.975]))
        return Posterior(float(median), float(low), float(high), self._joint[1])

    @property
    def _widths(self) -> Array:
        return _grid_of_widths(min(self.tolerance * self.steps / _FINE, WIDEST / 2))

    @cached_property
    def cells(self) -> tuple[Array, Array, Array]:
        """The middles of the cells, their edges, and the prior mass of each."""
        ends = np.unique([self.low, *self.asked, self.high])
        gaps = np.diff(ends)[:, None]
        edges = np.append((ends[:-1, None] + gaps * _WITHIN).ravel(), ends[-1])
        focused = np.minimum(np.exp(edges / self.steps), 1.0)
        uniform = (edges - self.low) / (self.high - self.low)
        prior = np.diff(_FOCUS * focused + (1 - _FOCUS) * uniform)
        return (edges[1:] + edges[:-1]) / 2, edges, prior

    @cached_property
    def _joint(self) -> tuple[Array, Array]:
        """The posterior of (t, w) on the grid, shape (cells, widths), and each width's evidence."""
        _, _, prior = self.cells
        log_joint = self._table + np.log(prior / prior.sum())[:, None]
        evidence = _log_of_sum(log_joint)
        joint: Array = np.exp(log_joint - _log_of_sum(evidence))
        return joint, evidence

    def _quantiles(self, levels: Array) -> Array:
        _, edges, _ = self.cells
        reached = np.concatenate([[0.0], self._joint[0].sum(axis=1).cumsum()])
        values: Array = np.interp(levels, reached / reached[-1], edges)
        return values


@lru_cache
def _grid_of_widths(finest: float) -> Array:
    widths = np.geomspace(finest, WIDEST, _N_WIDTHS)
    widths.flags.writeable = False  # it is shared
    return widths


def _far(x: Array, threshold: Array, widths: Array) -> Array:
    """P(x) for every stimulus, threshold and width, shape (stimuli, thresholds, widths)."""
    chance: Array = LAPSE / 2 + (1 - LAPSE) * expit(
        (threshold[:, None] - x[:, None, None]) / widths
    )
    return chance


def _log_of_sum(a: Array) -> Array:
    """log of the sum of exp(a) over the first axis, as scipy's logsumexp, which takes far longer
    to begin."""
    top = a.max(axis=0)
    at_top = a == top
    count = at_top.sum(axis=0)
    rest = np.where(at_top, 0.0, np.exp(a - top)).sum(axis=0)
    value: Array = np.log1p(rest / count) + np.log(count) + top
    return value


def _mutual_information(far: Array, mass: Array) -> Array:
    """I(answer; state) from P(far | state), shape (stimuli, states), and P(state)."""
    return _entropy(far @ mass) - _entropy(far) @ mass


def _entropy(p: Array) -> Array:
    entropy: Array = -p * np.log(p) - (1 - p) * np.log1p(-p)
    return entropy
