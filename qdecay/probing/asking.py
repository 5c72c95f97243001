"""Which questions to ask: in rounds, one at each point that is not yet known.

When every point has three answers, a test decides whether choices depend on the offer at all. Until
that is settled, rounds ask at the ends of the ranges, where the near reward is almost nothing or a
thousand times the far one: an agent that looks at the offer makes no mistakes there. An agent that
takes either side by chance, or always the same action, is recognised after a few such rounds, with
five to ten answers at each point.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

from scipy.special import logsumexp

from qdecay._support.deadline import Deadline
from qdecay.probing.diagnosis import Case
from qdecay.probing.point import Point
from qdecay.probing.posterior import log_blind, weigh
from qdecay.probing.question import Place, Question, stimulus_range
from qdecay.probing.staircase import Staircase
from qdecay.probing.trials import Ask

Until = Literal["measured", "decided"]

_FIRST = 3  # answers at every point before the test whether choices depend on the offer
_LOOK_AGAIN = 1.08  # growth of the number of answers after which everything is weighed again
_SETTLED = 5.0  # log odds of not looking at the offer beyond which that is settled, either way


@dataclass
class Asking:
    """What is known, and what may still be spent.

    Attributes:
        points: with their answers so far.
        gamma: the configured discount, or None.
        tolerance: requested half-width of the interval of log gamma.
        until: as `probe` takes it.
        seed: of the probe.
        left: how many more trainings may be spent.
        timed_out: whether time ran out first.
    """

    points: list[Point]
    gamma: float | None
    tolerance: float
    until: Until
    seed: int
    left: int
    timed_out: bool = False
    _next_look: int = 1

    def ask(self, ask: Ask, deadline: Deadline, workers: int) -> list[Point]:
        """Ask until there is nothing left to ask, or the trainings or the time run out."""
        began = self.left
        while self.left and (waiting := self._waiting()):
            at_ends = self._doubtful()
            # With a time limit a round is one batch of the workers, so that the clock is checked.
            size = len(waiting) if deadline.max_seconds is None else workers
            for first in range(0, len(waiting), size):
                if self.left < began and deadline.left < 0:
                    self.timed_out = True
                    return self.points
                batch = waiting[first : first + size]
                questions = [self._question(i, at_ends) for i in batch]
                for i, question, far in zip(batch, questions, ask(questions), strict=True):
                    self.points[i] = _answered(self.points[i], question, far)
                self.left -= len(batch)
        return self.points

    def _waiting(self) -> list[int]:
        """Return the points to ask at next, one question each; none if there is nothing to ask."""
        unknown = [i for i, point in enumerate(self.points) if not point.known]
        answers = sum(len(point.actions) for point in self.points)
        blind = self._started and self._odds_of_not_looking() > _SETTLED
        case = None
        if (blind or self.until == "decided") and answers >= self._next_look:
            self._next_look = round(answers * _LOOK_AGAIN) + 1
            case = self._case()
            if case.blind or (self.until == "decided" and case.decided):
                return []
        if self.until == "decided" and not unknown:
            unknown = self._deciding(case or self._case())
        # The least-asked point comes first: a budget that ends within a round is shared evenly.
        return sorted(unknown, key=lambda i: len(self.points[i].actions))[: self.left]

    def _deciding(self, case: Case) -> list[int]:
        """Return the point, perhaps a new one, that best distinguishes the likeliest
        explanations."""
        place = case.deciding
        if place is None:
            return [] if case.measured and case.known else [*range(len(self.points))]
        places = [point.place for point in self.points]
        if place not in places:
            self.points.append(empty_point(place, self.tolerance))
            return [len(places)]
        return [places.index(place)]

    def _question(self, i: int, at_end: bool) -> Question:
        point = self.points[i]
        number = len(point.actions)
        ends = point.staircase.low, point.staircase.high
        x = ends[(i + number) % 2] if at_end else point.staircase.next(self._shift(point))
        return Question(point.setting, point.near_delay, point.delay, x, number, self.seed)

    def _shift(self, point: Point) -> float:
        """Return a number in [0, 1) that depends only on the seed, the place and the question."""
        text = repr((self.seed, point.setting.name, point.near_delay, point.delay))
        digest = hashlib.sha256(f"{text} {len(point.actions)}".encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32

    def _case(self) -> Case:
        posterior = weigh(self.points, self.gamma, self.tolerance)
        return Case(self.points, self.gamma, self.tolerance, posterior)

    @property
    def _started(self) -> bool:
        """Whether every point has enough answers to test whether they depend on the offer."""
        return min(len(point.actions) for point in self.points) >= _FIRST

    def _doubtful(self) -> bool:
        """Whether it is still open if choices depend on the offer."""
        return self._started and self._odds_of_not_looking() > -_SETTLED

    def _odds_of_not_looking(self) -> float:
        """The log odds of answers that do not depend on the offer, against any that do."""
        looking = logsumexp(sum(p.staircase.posterior.log_evidence for p in self.points))
        return max(log_blind(self.points).values()) - float(looking)


def empty_point(place: Place, tolerance: float) -> Point:
    """Return a point at which nothing has been asked."""
    staircase = Staircase(place.steps, *stimulus_range(place.steps), tolerance)
    return Point(place.setting, place.near, place.far, staircase, ())


def _answered(point: Point, question: Question, far: bool) -> Point:
    action = question.far_action if far else 1 - question.far_action
    return replace(
        point,
        staircase=point.staircase.answered(question.log_ratio, far),
        actions=(*point.actions, action),
    )
