"""A one-line assertion about an agent's discount, for test suites."""

from __future__ import annotations

from typing import Any

from qdecay._support.checks import RealLike, real
from qdecay.probing.agents import Trainer
from qdecay.probing.measure import probe
from qdecay.probing.profile import shown


def assert_effective_discount(
    train: Trainer, gamma: RealLike, within: RealLike = 0.01, **options: Any
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
    settings = {"settings": ("one-shot",), **options}
    profile = probe(train, gamma=gamma, **settings)
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
