"""What `qdecay probe` prints: tables of results, the verdict and the diagnosis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qdecay.cli import tables

if TYPE_CHECKING:
    from qdecay.probing.faults import Diagnosis
    from qdecay.probing.profile import DiscountProfile, Point


def print_profile(profile: DiscountProfile, diagnosis: Diagnosis | None) -> None:
    """Print the points, the curves, the verdict and the diagnosis."""
    from rich.text import Text

    table = tables.table("setting", "delay", "r / R", "gamma", "trainings", "")
    for point in profile.points:
        table.add_row(*_row(point))
    console = tables.console()
    console.print(table)
    for fit in profile.fits:
        misses = ", misses the points" if fit.misses else ""
        parameters = ", ".join(map(str, fit.parameters))
        console.print(Text(f"{fit.name}: {parameters}; BIC {fit.bic:.1f}{misses}"), soft_wrap=True)
    console.print(Text(profile.verdict), soft_wrap=True)
    if diagnosis is not None:
        console.print(Text(f"diagnosis: {diagnosis.text}"), soft_wrap=True)


def _row(point: Point) -> tuple[str, ...]:
    from qdecay.probing.profile import shown

    gamma, found = point.gamma, point.log_discount
    return (
        point.setting.name,
        str(point.delay),
        f"{math.exp(found[1]):.4g}" if found else "",
        shown(gamma) if gamma else _none(point.side),
        str(len(point.actions)),
        "" if point.known else "imprecise",
    )


def _none(side: str | None) -> str:
    return str(side) if side == "not asked" else f"always {side}"
