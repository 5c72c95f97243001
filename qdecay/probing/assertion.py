"""A one-line assertion about an agent's discount, for test suites."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, Unpack

from qdecay._support.checks import RealLike, real
from qdecay._support.progress import OnProgress
from qdecay.probing.agents import Trainer
from qdecay.probing.measure import probe
from qdecay.probing.profile import shown
from qdecay.probing.question import Observation, Setting


class ProbeOptions(TypedDict, total=False):
    """The arguments of `probe`, save the agent and what it should have."""

    delays: Sequence[int]
    near_delay: int
    settings: Sequence[str | Setting]
    tolerance: RealLike | None
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
    """Raise AssertionError unless the agent behaves as `gamma`, within `within`, at every delay.

    Args:
        train: as `probe` takes it.
        gamma: the discount it should have, in [0, 1].
        within: the largest allowed error of each delay's (r / R)**(1 / (n - m)); its 95 % interval
            must overlap that range.
        options: for `probe`; "one-shot" is the only setting by default.

    Raises:
        AssertionError: the message shows the curve.
    """
    gamma, within = real(gamma, "gamma", "[0, 1]"), real(within, "within", ">= 0")
    arguments: ProbeOptions = {"settings": ("one-shot",), **options}
    profile = probe(train, gamma=gamma, **arguments)
    wrong = []
    for point in profile.curve_points:
        found = point.gamma
        if found is None or not (found[0] - within <= gamma <= found[2] + within):
            wrong.append(point)
    if wrong:
        lines = [
            f"  delay {point.delay:>5}: {shown(point.gamma) if point.gamma else point.side}"
            + ("  <-- off" if point in wrong else "")
            for point in profile.curve_points
        ]
        text = "\n".join(lines)
        raise AssertionError(
            f"the effective discount is not {gamma:g} within {within:g}: {profile.verdict}\n{text}"
        )
