"""What `qdecay probe` shows on a terminal: a bar while it asks, and tables of what it found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qdecay import tables

if TYPE_CHECKING:
    from qdecay.probe.faults import Diagnosis
    from qdecay.probe.profile import DiscountProfile, Point


@contextmanager
def trainings_bar(expected: int) -> Iterator[Callable[[], None]]:
    """State how many trainings are expected, and yield the function that counts one."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = tables.console(stderr=True)
    console.print(f"about {expected} trainings, more where the agent is noisy")
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("trainings"), TimeElapsedColumn())
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        task = progress.add_task("", total=expected)
        yield lambda: progress.advance(task)


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
        console.print(Text(f"{fit.name}: {parameters}; BIC {fit.bic:.1f}{misses}"))
    console.print(Text(profile.verdict))
    if diagnosis is not None:
        console.print(Text(f"diagnosis: {diagnosis.text}"))


def _row(point: Point) -> tuple[str, ...]:
    from qdecay.probe.profile import shown

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
