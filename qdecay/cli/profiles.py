"""What `qdecay probe` prints: the indifference points, and the verdict as one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qdecay.cli import tables

if TYPE_CHECKING:
    from qdecay.probing.point import Point
    from qdecay.probing.profile import DiscountProfile


def print_profile(profile: DiscountProfile, *, verbose: bool) -> None:
    """Print the points and the verdict; if verbose, every explanation with its probability, and the
    curves."""
    from rich.text import Text

    table = tables.table("setting", "delay", "r / R", "gamma", "trainings", "")
    for point in profile.points:
        table.add_row(*_row(point, looks=bool(profile.fits)))
    console = tables.console()
    console.print(table)
    if verbose:
        _print_weights(profile)
    console.print(Text(f"verdict: {profile.verdict}"), soft_wrap=True)


def _print_weights(profile: DiscountProfile) -> None:
    from rich.text import Text

    from qdecay.probing import diagnose

    console = tables.console()
    weights = tables.table("explanation", "probability")
    for name, probability in diagnose(profile).probabilities.items():
        weights.add_row(name, f"{probability:.1%}")
    console.print(weights)
    for fit in profile.fits:
        parameters = ", ".join(map(str, fit.parameters))
        line = f"{fit.name}: {parameters}; log evidence {fit.log_evidence:.1f}"
        console.print(Text(line), soft_wrap=True)


def _row(point: Point, *, looks: bool) -> tuple[str, ...]:
    """Return a row, without numbers if the agent does not look at the offer."""
    from qdecay.probing.point import shown

    gamma, found = (point.gamma, point.log_discount) if looks else (None, None)
    return (
        point.setting.name,
        str(point.delay),
        f"{math.exp(found[1]):.4g}" if found else "",
        shown(gamma) if gamma else _none(point.side),
        str(len(point.actions)),
        "" if point.known else "imprecise",
    )


def _none(side: str | None) -> str:
    return f"{side} each time" if side in ("near", "far") else side or ""
