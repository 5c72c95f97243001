"""A one-line assertion about an agent's discount, for test suites."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, Unpack

from qdecay._support.checks import RealLike, real
from qdecay._support.progress import OnProgress
from qdecay.probing.agents import Trainer
from qdecay.probing.asking import Until
from qdecay.probing.measure import probe
from qdecay.probing.point import shown
from qdecay.probing.question import Observation, Setting


class ProbeOptions(TypedDict, total=False):
    """The arguments of `probe`, except the agent, the expected gamma and the precision."""

    delays: Sequence[int]
    near_delay: int
    settings: Sequence[str | Setting]
    until: Until
    trainings: int | None
    max_seconds: RealLike | None
    seed: int
    workers: int
    observation: Observation
    n_envs: int | None
    store: str | Path | None
    version_tag: str | None
    accept_changed: bool
    name: str | None
    progress: bool | OnProgress


def assert_effective_discount(
    train: Trainer, gamma: RealLike, within: RealLike = 0.01, **options: Unpack[ProbeOptions]
) -> None:
    """Raise AssertionError unless the agent acts by `gamma`, and that is known to within `within`.

    It passes only if the profile's `behaves_as_told` is True: it also fails if too little is known
    about the agent, and the message then says what is missing.

    Args:
        train: as `probe` takes it.
        gamma: the expected discount factor, in [0, 1].
        within: half-width of the 95 % interval of log gamma, in [1e-6, 0.5]: how precisely to
            measure. Near gamma = 1 it is also that of gamma.
        options: for `probe`; by default the only setting is "one-shot", and `until` is "decided".

    Raises:
        AssertionError: the message has the verdict and the indifference points.
    """
    gamma, within = real(gamma, "gamma", "[0, 1]"), real(within, "within", "[1e-6, 0.5]")
    arguments: ProbeOptions = {"settings": ("one-shot",), "until": "decided", **options}
    profile = probe(train, gamma=gamma, tolerance=within, **arguments)
    if profile.behaves_as_told:
        return
    lines = [
        f"  {point.place}: {shown(point.gamma) if point.gamma else point.side}"
        for point in profile.points
    ]
    raise AssertionError("\n".join([f"the effective discount: {profile.verdict}", *lines]))
