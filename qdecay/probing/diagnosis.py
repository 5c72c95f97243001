"""What the posterior says, in words: as configured or not, why, and what would decide it.

Two hypotheses are *indistinguishable* if at every place asked so far their predictions differ by
less than the interval of the indifference point there. An explanation is known if it and those that
are indistinguishable from it have a posterior probability of 0.95 together; all of them are named.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from qdecay._support.result import Result, counted
from qdecay._support.shown import shortest
from qdecay.probing.faults import FAULTS, as_configured
from qdecay.probing.point import Point, shown
from qdecay.probing.posterior import (
    ACTION,
    ANOTHER,
    BLIND,
    COIN,
    CONFIGURED,
    EXPONENTIALS,
    FAR,
    HORIZON,
    NEAR,
    NONE,
    SIDE,
    Hypothesis,
    Posterior,
    weigh,
)
from qdecay.probing.question import SETTINGS, Place

_ACCUSED = 0.02  # P(as configured) at or below which an agent is declared misconfigured
_KNOWN = 0.95
_CERTAIN = 0.99
_LISTED = 0.01  # least probability of hypotheses listed as possible explanations
_POSSIBLE = 0.001  # of faults that may still show where nothing was asked yet
_ODDS = 10.0  # of a curve over the exponential, from which on it is named
_LEAST = 0.05  # the least gamma for which every delay is used
_DELAYS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
_TELLING = 2.0  # tolerances by which distinguishable predictions must differ
_MOST = 10.0  # larger differences of the log ratio make no difference

Interval = tuple[float, float, float]

_ONE_GAMMA = (CONFIGURED, ANOTHER, EXPONENTIALS)
_CURVE_WORDS = {
    "hyperbolic": "its curve is hyperbolic",
    "quasi-hyperbolic": "its curve is quasi-hyperbolic",
    "mixture": "its curve is that of a mixture of two gammas",
    HORIZON: "it sees no reward beyond a horizon",
}
_FAULTS = {fault.name for fault in FAULTS}
_WORDS = {
    CONFIGURED: "as configured",
    COIN: "its choices do not depend on the offer: it takes either side by chance",
    SIDE: "its choices do not depend on the offer: it takes one action more often than the other",
    NEAR: "it always takes the near reward, however small",
    FAR: "it always takes the far reward, however large the near one",
    NONE: "no known discount or fault explains its choices",
    **_CURVE_WORDS,
    **{fault.name: fault.text for fault in FAULTS},
}


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis(Result):
    """What explains an agent's answers.

    Attributes:
        behaves_as_told: True, False, or None if the answers leave it open; see `qdecay.probe`.
        fault: the explanation, "as configured" if that is it; None if the answers do not determine
            it.
        alternatives: other explanations that no answer so far distinguishes from it.
        text: the verdict as a sentence.
        parameters: the most likely ones of the most likely explanation.
        probabilities: posterior, of every hypothesis, most likely first.
    """

    SCHEMA: ClassVar[str] = "qdecay.diagnosis/2"

    behaves_as_told: bool | None
    fault: str | None
    alternatives: tuple[str, ...]
    text: str
    parameters: Mapping[str, float]
    probabilities: Mapping[str, float]

    def _shown(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False)
class Case:
    """Everything on which a judgement is based.

    Attributes:
        points: every place with its answers; the first one's setting gives the curve.
        told: the configured gamma, or None.
        tolerance: requested half-width of the interval of log gamma.
        posterior: of every hypothesis.
        timed_out: whether time ran out before the asking was done.
    """

    points: Sequence[Point]
    told: float | None
    tolerance: float
    posterior: Posterior
    timed_out: bool = False

    @cached_property
    def gamma(self) -> Interval | None:
        """Gamma with its 95 % interval; None where no single gamma explains the choices.

        Estimated from all answers if an exponential explains them, or else from those of the first
        setting if it explains those.
        """
        if self.one_gamma:
            return self.posterior.gamma
        first = [p for p in self.points if p.setting == self.points[0].setting and p.actions]
        if self.posterior.best.name in BLIND or not first:
            return None
        alone = weigh(first, None, self.tolerance)
        return alone.gamma if alone.probability(EXPONENTIALS) >= 0.5 else None

    @property
    def exponential(self) -> float:
        """The probability that one gamma explains all answers."""
        return self.posterior.probability(*_ONE_GAMMA)

    @cached_property
    def one_gamma(self) -> bool:
        """Whether one gamma explains all answers, or is indistinguishable from what does."""
        return self.exponential >= 0.5 or any(h.name in _ONE_GAMMA for h in self.alike)

    @property
    def curve(self) -> str | None:
        """The curve that may be named; None where none explains the answers."""
        best = self.posterior.best
        if best.name in _CURVE_WORDS and best.probability >= _ODDS * self.exponential:
            return best.name
        alike = self.exponential + self.posterior.probability(*_CURVE_WORDS)
        return EXPONENTIALS if self.one_gamma or alike >= 0.5 else None

    @property
    def measured(self) -> bool:
        """Whether gamma's interval is as narrow as requested."""
        found = self.gamma
        if found is None:
            return False
        low, _, high = found
        if self.told == 0 or high <= _LEAST:
            return high <= _LEAST
        return low > 0 and math.log(high / low) <= 2 * self.tolerance

    @property
    def behaves_as_told(self) -> bool | None:
        """Whether the agent is as configured; None if that is open, or nothing was configured."""
        if self.told is None:
            return None
        if self.posterior.probability(CONFIGURED) <= _ACCUSED:
            return False
        best, found = self.posterior.best.name == CONFIGURED, self.gamma
        holds = found is not None and found[0] <= self.told <= found[2]
        return True if best and holds and self.measured else None

    @cached_property
    def alike(self) -> tuple[Hypothesis, ...]:
        """The most likely hypothesis and those that are indistinguishable from it."""
        best, *others = self.posterior.hypotheses
        return (best, *(h for h in others if not self._told_apart(best, h)))

    @property
    def explained(self) -> float:
        """The probability of the likeliest explanation and those indistinguishable from it."""
        return sum(h.probability for h in self.alike)

    @property
    def known(self) -> bool:
        """Whether the explanation is likely enough to be named."""
        return self.explained >= _KNOWN

    @property
    def explanations(self) -> tuple[Hypothesis, ...]:
        """Those of `alike` that are named: no curve beside the exponential, a special case of
        it."""
        best, *others = self.alike
        if best.name in _CURVE_WORDS and best.probability < _ODDS * self.exponential:
            alike = sorted(self.alike, key=lambda h: h.name not in _ONE_GAMMA)
            best, *others = alike
        if best.name == CONFIGURED:
            faults = [h for h in others if h.name in _FAULTS and h.probability >= _POSSIBLE]
            return (best, *(h for h in faults if self._shows_elsewhere(h)))
        one_gamma = any(h.name in _ONE_GAMMA for h in self.alike)
        hidden = tuple(_CURVE_WORDS) if one_gamma and best.name not in _CURVE_WORDS else ()
        # A fault is never named alone where another gamma would choose the same.
        always = _ONE_GAMMA[1:] if best.name in _FAULTS else ()
        likely = [h for h in others if h.probability >= _LISTED or h.name in always]
        return (best, *(h for h in likely if h.name not in hidden))

    @property
    def undecided(self) -> bool:
        """Whether the answers leave the question open."""
        if self.told is not None:
            return self.behaves_as_told is None
        return not (self.measured or (self.known and self.posterior.best.name != EXPONENTIALS))

    @property
    def blind(self) -> bool:
        """Whether choices certainly do not depend on the offer; then nothing more needs to be
        asked."""
        names = {h.name for h in self.alike}
        likely = self.explained if names & {NEAR, FAR} else 0.0
        return max(likely, self.posterior.probability(*BLIND)) >= _CERTAIN

    @property
    def decided(self) -> bool:
        """Whether there is nothing more to ask."""
        if self.undecided:
            return False
        if self.blind or self.behaves_as_told:
            return True
        return self.known and self.deciding is None

    def _told_apart(self, one: Hypothesis, two: Hypothesis) -> bool:
        """Whether the predictions differ by more than the interval at some place."""
        if one.predict is None or two.predict is None:
            return not {one.name, two.name} <= set(BLIND)
        for point in self.points:
            known = point.staircase.posterior
            if self._apart(one, two, point.place) > known.high - known.low:
                return True
        return False

    def _apart(self, one: Hypothesis, two: Hypothesis, place: Place) -> float:
        """Return how far predicted log ratios differ; "another gamma" is any in its interval."""
        assert one.predict is not None and two.predict is not None
        a, b = one.predict(place), two.predict(place)
        if one.name == ANOTHER and two.name in _FAULTS:
            low, _, high = (as_configured(place, gamma) for gamma in self.posterior.gamma)
            a = min(max(b, low), high)
        return 0.0 if a == b else abs(a - b)

    @property
    def deciding(self) -> Place | None:
        """Where to ask next to distinguish the two likeliest explanations; None if no choice
        does."""
        best, *others = self.posterior.hypotheses
        names = [h for h in self.explanations if h is not best] or others
        rival = next((h for h in names if h.probability >= _ACCUSED or h.name == ANOTHER), None)
        if rival is None or best.predict is None or rival.predict is None:
            return None
        told = [(self._telling(best, rival, place), place) for place in self._candidates()]
        most, found = max(told, key=lambda pair: pair[0], default=(0.0, None))
        return found if most >= _TELLING else None

    def _shows_elsewhere(self, fault: Hypothesis) -> bool:
        """Whether a fault that is still possible would show at a place not asked yet."""
        best = self.posterior.best
        return any(self._telling(best, fault, p) >= _TELLING for p in self._candidates())

    def _telling(self, one: Hypothesis, two: Hypothesis, place: Place) -> float:
        return min(self._apart(one, two, place), _MOST) / (self.tolerance * place.steps)

    def _candidates(self) -> Iterator[Place]:
        """Yield places with delays up to the longest asked so far."""
        near, last = self.points[0].near_delay, max(point.delay for point in self.points)
        delays = {near + d for d in _DELAYS if near + d <= last} | {p.delay for p in self.points}
        settings = dict.fromkeys([*(p.setting for p in self.points), *SETTINGS.values()])
        known = {point.place for point in self.points if point.known}
        places = (Place(setting, near, n) for setting in settings for n in sorted(delays))
        return (place for place in places if place not in known)


def diagnosis_of(case: Case) -> Diagnosis:
    """Put the posterior into words."""
    best, *alike = case.explanations
    # A verdict comes with its explanation, or neither is given.
    known = (case.known and not case.undecided) or bool(case.behaves_as_told)
    return Diagnosis(
        case.behaves_as_told,
        best.name if known else None,
        tuple(h.name for h in alike) if known else (),
        _sentence(case),
        best.parameters,
        {h.name: h.probability for h in case.posterior.hypotheses},
    )


def _sentence(case: Case) -> str:
    if case.told is None:
        return _without_told(case)
    if case.behaves_as_told:
        return f"{_acts(case)}, as configured ({shortest(case.told)})"
    if case.behaves_as_told is None:
        return f"undecided: {_acts(case)}, configured {shortest(case.told)}; {_missing(case)}"
    return _accusation(case)


def _acts(case: Case) -> str:
    found = case.gamma
    return "acts by no single gamma" if found is None else f"acts as gamma = {shown(found)}"


def _without_told(case: Case) -> str:
    best, *alike = case.explanations
    if case.undecided:
        return f"undecided: {_acts(case)}; {_missing(case)}"
    if best.name == EXPONENTIALS:
        return _or([_acts(case), *(_describe(h, case) for h in alike)])
    return _or([_describe(best, case), *(_describe(h, case, brief=True) for h in alike)])


def _accusation(case: Case) -> str:
    assert case.told is not None
    best, *alike = case.explanations
    head = f"not as configured ({shortest(case.told)})"
    if best.name in BLIND and case.known:
        return f"{head}: {_describe(best, case)}; there is no discount to measure"
    acts = f"{_acts(case)}, "
    if case.gamma is None:
        acts = ""
    elif not case.one_gamma:
        acts = f"{_acts(case)} in {case.points[0].setting.name} choices, "
    if not case.known:
        return f"{acts}{head}: {_open(case)}"
    if best.name == ANOTHER:
        return _or([f"{acts}{head}", *(_describe(h, case) for h in alike)])
    causes = [_describe(best, case), *(_describe(h, case, brief=True) for h in alike)]
    return f"{acts}{head}: {_or(causes)}{_how_to_tell(case) if alike else ''}"


def _or(clauses: Sequence[str]) -> str:
    return "; or ".join(clauses)


def _missing(case: Case) -> str:
    """Say what keeps the verdict from being True or False."""
    if case.gamma is not None and not case.measured:
        width = case.tolerance * (case.gamma[1] or 1.0)
        remedy = "time ran out: allow more" if case.timed_out else "allow more trainings"
        return f"{remedy} to narrow it to {width:.1g}"
    if case.timed_out:
        return f"time ran out: allow more; {_open(case)}"
    if case.posterior.best.name in (CONFIGURED, EXPONENTIALS) and case.known:
        return "they differ by less than the tolerance: choose a smaller one"
    return _open(case)


def _open(case: Case) -> str:
    """Name the explanations that are left, and what would decide between them."""
    likely = [h for h in case.posterior.hypotheses if h.probability >= _LISTED]
    listed = ", ".join(f"{_short(h)} ({h.probability:.0%})" for h in likely[:4])
    return f"it may be {listed}{_how_to_tell(case)}"


def _how_to_tell(case: Case) -> str:
    place = case.deciding
    if place is None:
        return "; no choice up to this delay tells them apart"
    more = "more often " if any(p.place == place and p.actions for p in case.points) else ""
    return f"; ask {more}{place} to tell"


def _short(h: Hypothesis) -> str:
    if h.name in (ANOTHER, EXPONENTIALS):
        return f"{h.name}, {h.parameters['gamma']:.4g}"
    return h.name


def _describe(h: Hypothesis, case: Case, *, brief: bool = False) -> str:
    """A hypothesis as a clause, with its parameters unless it is to be brief."""
    if h.name == ANOTHER:
        return f"another gamma, {h.parameters['gamma']:.4g}"
    if h.name == EXPONENTIALS:
        return f"the exponential fits as well, gamma = {h.parameters['gamma']:.4g}"
    if h.name == ACTION:
        actions = [action for point in case.points for action in point.actions]
        action = int(2 * sum(actions) > len(actions))
        taken = f"{actions.count(action)} of {counted(len(actions), 'answer')}"
        return f"its choices do not depend on the offer: action {action} in {taken}"
    text = _WORDS[h.name]
    shown_ones = {s: v for s, v in h.parameters.items() if h.name not in _FAULTS or _plain(s, v)}
    values = ", ".join(f"{symbol} = {value:.4g}" for symbol, value in shown_ones.items())
    return text if brief or not values else f"{text} ({values})"


def _plain(symbol: str, value: float) -> bool:
    """Whether a fault's parameter is informative by itself, such as k = 4."""
    return len(symbol) == 1 and value > 1
