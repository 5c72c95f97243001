"""The measurement: rounds of questions, one for each delay whose point is not known yet."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path

from qdecay.probe.agents import Trainer
from qdecay.probe.identity import Identity
from qdecay.probe.profile import DiscountProfile, Point
from qdecay.probe.psi import Staircase
from qdecay.probe.question import SETTINGS, Question, Setting, stimulus_range
from qdecay.probe.trials import Ask, Store, asker

_TRAININGS_PER_POINT = 30
_COARSEST, _FINEST = 0.01, 0.0005  # tolerances that nobody asked for
_MAX_DELAY = 10_000


def measure(
    train: Trainer,
    delays: Sequence[int],
    *,
    near_delay: int,
    gamma: float | None,
    settings: Sequence[str | Setting],
    tolerance: float | None,
    trainings: int | None,
    seconds: float | None,
    seed: int,
    workers: int,
    store: str | Path | None,
    version_tag: str | None,
    accept_changed: bool,
    name: str | None,
    tick: Callable[[], None],
    tell: Callable[[str], None],
) -> DiscountProfile:
    """Do what `qdecay.probe` says."""
    if not callable(train):
        raise TypeError(f"train must be a function of (env, seed), got {train!r}")
    check_budget(trainings, seconds, seed, workers)
    expected = expected_trainings(delays, near_delay, gamma, settings, tolerance)
    wanted = _tolerance(gamma, tolerance)
    points = list(_empty_points(_settings(settings), sorted(delays), near_delay, wanted))
    budget = _TRAININGS_PER_POINT * len(points) if trainings is None else trainings
    agent = name or str(getattr(train, "__name__", type(train).__name__))
    identity = Identity.of(train, version_tag)
    if store is not None and identity.code is None and version_tag is None:
        tell(f"the code of {agent} cannot be read: only a version tag tells its versions apart")
    path = None if store is None else Path(store)
    memory = Store(path, agent, identity, accept_changed=accept_changed)
    with asker(train, workers, memory, tick) as ask:
        points = _asked(points, ask, budget, seconds, seed, workers)
    return DiscountProfile(agent, gamma, tuple(points), expected, wanted, memory.taken)


def expected_trainings(
    delays: Sequence[int],
    near_delay: int,
    gamma: float | None,
    settings: Sequence[str | Setting],
    tolerance: float | None,
) -> int:
    """Return how many trainings `probe` takes for an agent without noise, before any is done.

    A fit to simulated agents: 13.4 + 1.54 log2(1 / tolerance) - 0.25 log2(n - m) for each point.
    Noisy agents take more, up to the budget.
    """
    _check_question(delays, near_delay, gamma, tolerance)
    wanted = _tolerance(gamma, tolerance)
    points = _empty_points(_settings(settings), sorted(delays), near_delay, wanted)
    steps = [point.delay - near_delay for point in points]
    return round(sum(13.4 - 0.25 * math.log2(n) - 1.54 * math.log2(wanted) for n in steps))


def _tolerance(gamma: float | None, tolerance: float | None) -> float:
    """A tenth of |log gamma| unless something else is wanted, within bounds."""
    if tolerance is not None:
        return tolerance
    if gamma is None or gamma == 0:
        return _COARSEST
    return min(max(-math.log(gamma) / 10, _FINEST), _COARSEST)


def _asked(
    points: list[Point],
    ask: Ask,
    budget: int,
    seconds: float | None,
    seed: int,
    workers: int,
) -> list[Point]:
    """Ask until every point is known, or the trainings or the seconds are used up."""
    began, spent = time.monotonic(), 0
    while spent < budget and (waiting := [i for i, p in enumerate(points) if not p.known]):
        # Who has been asked least comes first: a budget that ends within a round is shared evenly.
        waiting = sorted(waiting, key=lambda i: len(points[i].actions))[: budget - spent]
        # With a time limit a round is one batch of the workers, so that the clock is looked at.
        size = len(waiting) if seconds is None else workers
        for first in range(0, len(waiting), size):
            if seconds is not None and spent and time.monotonic() - began >= seconds:
                return points
            batch = waiting[first : first + size]
            questions = [_question(points[i], seed) for i in batch]
            for i, question, far in zip(batch, questions, ask(questions), strict=True):
                points[i] = _answered(points[i], question, far)
            spent += len(batch)
    return points


def _question(point: Point, seed: int) -> Question:
    x = point.staircase.next()
    return Question(point.setting, point.near_delay, point.delay, x, len(point.actions), seed)


def _answered(point: Point, question: Question, far: bool) -> Point:
    action = question.far_action if far else 1 - question.far_action
    return replace(
        point,
        staircase=point.staircase.answered(question.log_ratio, far),
        actions=(*point.actions, action),
    )


def _empty_points(
    settings: Sequence[Setting], delays: Sequence[int], near_delay: int, tolerance: float
) -> Iterator[Point]:
    """Every delay in the first setting, the middle two in the others."""
    middle = delays[max((len(delays) - 1) // 2, 0) :][:2]
    for setting in settings:
        for delay in delays if setting is settings[0] else middle:
            steps = delay - near_delay
            staircase = Staircase(steps, *stimulus_range(steps), tolerance)
            yield Point(setting, near_delay, delay, staircase, ())


def _settings(settings: Sequence[str | Setting]) -> list[Setting]:
    if isinstance(settings, str):
        settings = [settings]
    if not settings:
        raise ValueError("settings must name at least one setting")
    for setting in settings:
        if not isinstance(setting, Setting) and setting not in SETTINGS:
            raise ValueError(f"settings: {setting!r} is none of {', '.join(SETTINGS)}")
    found = [s if isinstance(s, Setting) else SETTINGS[s] for s in settings]
    if len(set(found)) != len(found):
        raise ValueError("settings: one is named twice")
    return found


def _check_question(
    delays: Sequence[int], near_delay: int, gamma: float | None, tolerance: float | None
) -> None:
    _whole("near_delay", near_delay, 0, _MAX_DELAY - 1)
    if len(delays) == 0 or len(set(delays)) != len(delays):
        raise ValueError(f"delays must be one or more different numbers, got {delays!r}")
    for delay in delays:
        _whole("a delay", delay, near_delay + 1, _MAX_DELAY)
    if gamma is not None and (not isinstance(gamma, Real) or not 0 <= gamma <= 1):
        raise ValueError(f"gamma must be in [0, 1], got {gamma!r}")
    if tolerance is not None and not 1e-6 <= tolerance <= 0.5:
        raise ValueError(f"tolerance must be in [1e-6, 0.5], got {tolerance!r}")


def check_budget(trainings: int | None, seconds: float | None, seed: int, workers: int) -> None:
    """Refuse what `probe` is not to take as its budget.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind or outside its range.
    """
    if trainings is not None:
        _whole("trainings", trainings, 1, None)
    if seconds is not None and not seconds > 0:
        raise ValueError(f"seconds must be > 0, got {seconds!r}")
    _whole("seed", seed, 0, None)
    _whole("workers", workers, 1, None)


def _whole(name: str, value: int, least: int, most: int | None) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < least or (most is not None and value > most):
        bounds = f">= {least}" if most is None else f"in {least}..{most}"
        raise ValueError(f"{name} must be {bounds}, got {value}")
