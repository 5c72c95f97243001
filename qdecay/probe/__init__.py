"""The discount that an agent really has, read off its choices.

    >>> from qdecay.probe import probe, tabular_agent
    >>> import qdecay
    >>> agent = tabular_agent(qdecay.q_learning, 0.9)
    >>> profile = probe(agent, delays=(1, 2, 4), settings=["one-shot"], gamma=0.9)
    >>> profile.behaves_as_told, profile.curve.name
    (True, 'exponential')

`question` holds what is asked, `psi` where to ask next, `agents` how an answer is read, `trials`
how trainings run, `identity` what an agent is made of, `curves` the discount curves, `faults` the
diagnosis, `soft` what SARSA aims at.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

# `qdecay.probe` is this module's function, so `import qdecay` loads the module: what is slow to
# load waits until it is used.
if TYPE_CHECKING:
    from qdecay.probe.agents import AgentError, Trainer, load_trainer, sb3_agent, tabular_agent
    from qdecay.probe.faults import Diagnosis, diagnose
    from qdecay.probe.measure import expected_trainings
    from qdecay.probe.profile import DiscountProfile, Point
    from qdecay.probe.question import Setting
    from qdecay.probe.soft import epsilon_soft

_HOME = {
    "AgentError": "agents",
    "Diagnosis": "faults",
    "DiscountProfile": "profile",
    "Point": "profile",
    "Setting": "question",
    "diagnose": "faults",
    "epsilon_soft": "soft",
    "expected_trainings": "measure",
    "load_trainer": "agents",
    "sb3_agent": "agents",
    "tabular_agent": "agents",
}

__all__ = [
    "BATTERY",
    "AgentError",
    "Diagnosis",
    "DiscountProfile",
    "Point",
    "Setting",
    "assert_effective_discount",
    "diagnose",
    "epsilon_soft",
    "expected_trainings",
    "load_trainer",
    "probe",
    "sb3_agent",
    "tabular_agent",
]

BATTERY = ("one-shot", "large", "repeating", "time limit")
"""The settings that `diagnose` tells faults by."""


def probe(
    train: Trainer,
    delays: Sequence[int] = (1, 2, 4, 8, 16, 32),
    *,
    near_delay: int = 0,
    gamma: float | None = None,
    settings: Sequence[str | Setting] = BATTERY,
    tolerance: float | None = None,
    trainings: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    workers: int = 1,
    store: str | Path | None = None,
    version_tag: str | None = None,
    accept_changed: bool = False,
    name: str | None = None,
    tick: Callable[[], None] = lambda: None,
    tell: Callable[[str], None] = warnings.warn,
) -> DiscountProfile:
    """Measure an agent's discount from its choices between a near and a far reward.

    For each delay n the near reward r, at delay m, is varied against a far reward R until the
    agent is indifferent: there D(n) / D(m) = r / R, and (r / R)**(1 / (n - m)) is the discount per
    step. Every question is put to a newly trained agent; where to ask next is decided by the
    psi-marginal method (see `qdecay.probe.psi`).

    Args:
        train: environment and seed -> a policy: a function from observation to action, or an
            object with `predict`. Observations and actions are `Discrete`; in the setting
            "repeating" no episode ever ends.
        delays: n, in steps; different whole numbers > near_delay.
        near_delay: m >= 0, in steps.
        gamma: the discount the agent was told, in [0, 1], for the verdict. It sets the default
            tolerance, and steers no question.
        settings: worlds to ask in: "one-shot", "large", "repeating", "time limit", or a `Setting`.
            The first is asked at every delay and gives the curve, the others at the middle two.
        tolerance: half-width wanted of the 95 % interval of the log discount per step, in
            [1e-6, 0.5]; by default |log gamma| / 10, in [0.0005, 0.01].
        trainings: how many agents may be trained; 30 per point by default. What a point does
            not need is left to the others.
        seconds: when to stop asking, in wall time of this run.
        seed: >= 0; the same one gives the same answers in any order of work.
        workers: processes to train in; with 1, this one.
        store: a file that remembers every answer, so that an interrupted run goes on where it was.
            It is of one version of the agent: of the source of the module that defines `train`,
            what `train` was made with, qdecay's version and those of the packages that
            `train.packages` names. What it imports beside that is not looked at.
        version_tag: a name for this version of the agent, where more than that may change.
        accept_changed: go on with the store of an agent that has changed since.
        name: the agent's, for the verdict and the store.
        tick: called after each training.
        tell: called with what a person should know.

    Returns: the profile; `profile.verdict` says it in words. A point without an indifference point
    has no number, and says which side was always taken.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind or outside its range.
        AgentError: the agent raised, or chose what is no action.
        InputError: the store is not one, or another agent's, or the agent has changed.

    Sources: Kontsevich & Tyler 1999, Prins 2013 (the method); Mazur 1987 (indifference points).
    """
    from qdecay.probe.measure import measure

    return measure(
        train,
        delays,
        near_delay=near_delay,
        gamma=gamma,
        settings=settings,
        tolerance=tolerance,
        trainings=trainings,
        seconds=seconds,
        seed=seed,
        workers=workers,
        store=store,
        version_tag=version_tag,
        accept_changed=accept_changed,
        name=name,
        tick=tick,
        tell=tell,
    )


def assert_effective_discount(
    train: Trainer, gamma: float, within: float = 0.01, **options: Any
) -> None:
    """Raise AssertionError unless the agent behaves as `gamma`, within `within`, at every delay.

    Args:
        train: as `probe` takes it.
        gamma: the discount it should have, in [0, 1].
        within: how far each delay's (r / R)**(1 / (n - m)) may be off; its 95 % interval must
            reach into that.
        options: for `probe`; "one-shot" is the only setting by default.

    Raises:
        AssertionError: the message shows the curve.
    """
    settings = {"settings": ("one-shot",), **options}
    profile = probe(train, gamma=gamma, **settings)
    wrong = []
    for point in profile.curve_points:
        found = point.gamma
        if found is None or not (found[0] - within <= gamma <= found[2] + within):
            wrong.append(point)
    if wrong:
        from qdecay.probe.profile import shown

        lines = [
            f"  delay {point.delay:>5}: {shown(point.gamma) if point.gamma else point.side}"
            + ("  <-- off" if point in wrong else "")
            for point in profile.curve_points
        ]
        text = "\n".join(lines)
        raise AssertionError(
            f"the effective discount is not {gamma:g} within {within:g}: {profile.verdict}\n{text}"
        )


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"qdecay.probe.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
