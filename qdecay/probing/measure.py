"""The measurement: what may be asked, and the profile of the answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import get_args

from qdecay._support.checks import RealLike, choice, instance, listed, real, whole
from qdecay._support.deadline import Deadline
from qdecay._support.notes import note
from qdecay._support.progress import OnProgress, reporting
from qdecay._support.result import counted
from qdecay.probing.agents import Trainer, check_form
from qdecay.probing.asking import Asking, Until, empty_point
from qdecay.probing.forecast import forecasting
from qdecay.probing.identity import Identity
from qdecay.probing.point import Point
from qdecay.probing.profile import DiscountProfile
from qdecay.probing.question import SETTINGS, Observation, Place, Setting
from qdecay.probing.trials import AnswerFile, asker
from qdecay_envs.arguments import flag
from qdecay_envs.rational import written

BATTERY = ("one-shot", "large", "repeating", "time limit")
"""The settings that `diagnose` needs to distinguish faults."""

_TRAININGS_PER_POINT = 30
_MORE = 4  # points that "decided" may add within the default budget
_COARSEST, _FINEST = 0.01, 0.0005  # default tolerances
_MAX_DELAY = 10_000


def probe(
    train: Trainer,
    delays: Sequence[int] = (1, 2, 4, 8, 16, 32),
    *,
    near_delay: int = 0,
    gamma: RealLike | None = None,
    settings: Sequence[str | Setting] = BATTERY,
    tolerance: RealLike | None = None,
    until: Until = "measured",
    trainings: int | None = None,
    max_seconds: RealLike | None = None,
    seed: int = 0,
    workers: int = 1,
    observation: Observation = "index",
    n_envs: int | None = None,
    store: str | Path | None = None,
    version_tag: str | None = None,
    accept_changed: bool = False,
    name: str | None = None,
    progress: bool | OnProgress = False,
) -> DiscountProfile:
    """Measure an agent's discount from its choices between a near and a far reward.

    For each delay n of the far reward R, the near reward r, at delay m, is varied until the agent
    is indifferent: there D(n) / D(m) = r / R, with D the agent's discount curve, and (r / R)**(1 /
    (n - m)) is its discount per step. Every question is answered by a newly trained agent; the
    psi-marginal method chooses the next question (see `qdecay.probing.staircase`).

    Args:
        train: a function of environment and seed that trains a new agent and returns its policy: a
            function from observation to action, or an object with `predict`. Actions are
            `Discrete`; in the setting "repeating" no episode ever ends.
        delays: the values of n, in steps; different whole numbers > near_delay.
        near_delay: m >= 0, in steps.
        gamma: the agent's configured discount factor, in [0, 1], for the verdict; None if unknown.
            It also sets the default tolerance, but does not otherwise influence the questions.
        settings: environments to ask in: "one-shot", "large", "repeating", "time limit", or a
            `Setting`. The first is used at every delay and gives the curve, the others only at the
            middle two.
        tolerance: target half-width of the 95 % interval of the log discount per step, in [1e-6,
            0.5]; by default |log gamma| / 10, in [0.0005, 0.01].
        until: "measured" asks until every point is as precise as `tolerance`. "decided" stops as
            soon as `behaves_as_told` is True or False and its explanation is known; it also asks in
            other settings or at other delays where these would distinguish the explanations that
            are left.
        trainings: the maximum number of trainings; by default 30 per point, and with "decided" 120
            more. What one point does not need, others may use.
        max_seconds: limit of wall time, > 0; when it is reached, the profile contains what is known
            by then. None means no limit.
        seed: >= 0; the same seed gives the same answers, whatever the order of work.
        workers: processes to train in; 1 means this process.
        observation: "index", the number of the state (`Discrete`), or "one-hot", a vector with a 1
            at that index (`Box` of float32), for networks without an embedding.
        n_envs: the trainer gets a `gymnasium.vector.SyncVectorEnv` of that many copies, which reset
            in the step after an episode's last (`AutoresetMode.NEXT_STEP`), and its policy gets a
            batch of one observation. None means a plain environment.
        store: a file that keeps every answer, so that an interrupted run can resume. It belongs to
            one version of the agent, identified by the source of the module that defines `train`,
            the values that `train` was created with, qdecay's version and those of the packages in
            `train.packages`. Other imports are not checked.
        version_tag: your own label for this version of the agent, for changes that the above does
            not notice.
        accept_changed: whether to continue with the store of an agent that has changed since.
        name: the agent's name in the verdict and in the store.
        progress: True shows a bar and, after the first trainings, how long the rest will take; a
            function is called with a `Progress` after each training.

    Returns: the profile; `profile.verdict` puts it into words. Where the agent was never
    indifferent, a point has no number, but records which side was always taken.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind or outside its range.
        AgentError: the agent raised in every attempt at a question, or chose an invalid action.
        InputError: the file is not a store, belongs to another agent, or the agent has changed.

    Sources: Kontsevich & Tyler 1999, Prins 2013 (the method); Mazur 1987 (indifference points).
    """
    instance(train, Callable, "train", "a function of (env, seed) that trains a new agent")
    deadline = check_budget(trainings, max_seconds, seed, workers)
    seed, accept_changed = int(seed), flag(accept_changed, "accept_changed")
    instance(name, str | None, "name", "text")
    choice(until, "until", get_args(Until))
    gamma = None if gamma is None else real(gamma, "gamma", "[0, 1]")
    n_envs = check_form(train, observation, n_envs)
    points, wanted = _planned(delays, near_delay, gamma, settings, tolerance)
    expected = _expected_trainings(points, wanted)
    budget = _TRAININGS_PER_POINT * (len(points) + _MORE * (until == "decided"))
    budget = budget if trainings is None else trainings
    agent = name or str(getattr(train, "__name__", type(train).__name__))
    identity = Identity.of(train, version_tag)
    if store is not None and identity.code is None and version_tag is None:
        note(f"the code of {agent} cannot be read: only a version tag can distinguish its versions")
    path = None if store is None else Path(store)
    memory = AnswerFile(path, agent, identity, accept_changed=accept_changed)
    most, at_a_time = min(expected, budget), min(workers, len(points))
    with (
        reporting(progress) as report,
        asker(
            train,
            workers,
            memory,
            forecasting(report, most, at_a_time, deadline, memory),
            observation,
            n_envs,
        ) as ask,
    ):
        asking = Asking(points, gamma, wanted, until, seed, budget)
        points = asking.ask(ask, deadline, workers)
    if memory.failed:
        times = f"{counted(len(memory.failed), 'training')} failed, repeated with another seed"
        note(f"{times}; the last: {memory.failed[-1]}")
    return DiscountProfile(
        agent,
        gamma,
        tuple(points),
        expected,
        wanted,
        memory.taken,
        len(memory.failed),
        asking.timed_out,
    )


def expected_trainings(
    delays: Sequence[int],
    near_delay: int,
    gamma: RealLike | None,
    settings: Sequence[str | Setting],
    tolerance: RealLike | None,
) -> int:
    """Estimate beforehand how many trainings `probe` takes for an agent without noise.

    A fit to simulated agents: 13.4 + 1.54 log2(1 / tolerance) - 0.25 log2(n - m) for each point.
    Noisy agents take more, up to the budget.
    """
    return _expected_trainings(*_planned(delays, near_delay, gamma, settings, tolerance))


def _expected_trainings(points: Sequence[Point], tolerance: float) -> int:
    steps = [point.delay - point.near_delay for point in points]
    return round(sum(13.4 - 0.25 * math.log2(n) - 1.54 * math.log2(tolerance) for n in steps))


def _planned(
    delays: Sequence[int],
    near_delay: int,
    gamma: RealLike | None,
    settings: Sequence[str | Setting],
    tolerance: RealLike | None,
) -> tuple[list[Point], float]:
    """Return every point to ask at, and the tolerance.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind or outside its range.
    """
    near = whole(near_delay, "near_delay", 0, _MAX_DELAY - 1)
    found = [
        whole(delay, "each of delays", near + 1, _MAX_DELAY) for delay in listed(delays, "delays")
    ]
    if len(set(found)) != len(found):
        raise ValueError(f"delays must differ, got {written(delays)}")
    wanted = _tolerance(None if gamma is None else real(gamma, "gamma", "[0, 1]"), tolerance)
    return list(_empty_points(_settings(settings), sorted(found), near, wanted)), wanted


def _tolerance(gamma: float | None, tolerance: RealLike | None) -> float:
    """A tenth of |log gamma| by default, within bounds."""
    if tolerance is not None:
        return real(tolerance, "tolerance", "[1e-6, 0.5]")
    if gamma is None or gamma == 0:
        return _COARSEST
    return min(max(-math.log(gamma) / 10, _FINEST), _COARSEST)


def _empty_points(
    settings: Sequence[Setting], delays: Sequence[int], near_delay: int, tolerance: float
) -> Iterator[Point]:
    """Every delay in the first setting, the middle two in the others."""
    middle = delays[max((len(delays) - 1) // 2, 0) :][:2]
    for setting in settings:
        for delay in delays if setting is settings[0] else middle:
            yield empty_point(Place(setting, near_delay, delay), tolerance)


def _settings(settings: Sequence[str | Setting]) -> list[Setting]:
    if isinstance(settings, str):
        settings = [settings]
    if not settings:
        raise ValueError("settings must name at least one setting")
    for setting in settings:
        if not isinstance(setting, Setting) and setting not in SETTINGS:
            raise ValueError(f"settings: {setting!r} is not one of {', '.join(SETTINGS)}")
    found = [s if isinstance(s, Setting) else SETTINGS[s] for s in settings]
    if len(set(found)) != len(found):
        raise ValueError("settings: one appears twice")
    return found


def check_budget(
    trainings: int | None, max_seconds: RealLike | None, seed: int, workers: int
) -> Deadline:
    """Check the budget of `probe`, and return its time limit.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind or outside its range.
    """
    if trainings is not None:
        whole(trainings, "trainings", 1)
    whole(seed, "seed", 0)
    whole(workers, "workers", 1)
    return Deadline(max_seconds)
