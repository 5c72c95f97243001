"""The plot of a probe: indifference points with intervals, the curves, and the configured
discount."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from qdecay._support.one_line import escaped
from qdecay._support.shown import shortest
from qdecay.errors import InputError
from qdecay.probing.profile import DiscountProfile
from qdecay.reporting.plots.figure import Panel, save_panels
from qdecay.reporting.plots.style import EXACT, LEARNED, SOFT, set_legend, set_title
from qdecay.reporting.plots.words import named, points_of, wrapped

HEIGHT = 3.0  # inches


def save_profile(profile: DiscountProfile, path: Path) -> None:
    """Draw log-scaled D(n) over the delay n, and save it.

    Raises:
        InputError: the file cannot be written, or there is no indifference point to draw.
    """
    if not _known(profile):
        raise InputError(f"{path}: there is no indifference point to draw")
    save_panels([[Panel(lambda ax: draw_profile(profile, ax), HEIGHT)]], path)


def draw_profile(profile: DiscountProfile, ax: Any, *, title: str | None = None) -> Any:
    """Draw the near reward that is worth as much as a far one, over the delay of the far one.

    Args:
        profile: the profile of an agent.
        ax: matplotlib axes.
        title: above the figure; None means the agent and the verdict.

    Returns: the axes.
    """
    from matplotlib.ticker import LogLocator, NullLocator

    ax.set_yscale("log")
    if known := _known(profile):
        _draw_curves(ax, profile)
        _draw_points(ax, known)
        set_legend(ax)
    else:
        ax.text(0.5, 0.5, "no indifference point", ha="center", transform=ax.transAxes)
    ax.set_xlabel("delay n of the far reward, steps")
    ax.set_ylabel(wrapped("near reward that is worth the far one, r / R", points_of(ax)[1]))
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter("{x:g}")
    set_title(ax, title or f"{escaped(profile.agent)}: {escaped(profile.verdict)}")
    return ax


def _known(profile: DiscountProfile) -> list[tuple[int, tuple[float, float, float]]]:
    """Return the delays whose indifference point is known, with its interval, in logs."""
    return [(p.delay, p.log_discount) for p in profile.curve_points if p.log_discount is not None]


def _draw_points(ax: Any, known: list[tuple[int, tuple[float, float, float]]]) -> None:
    middle = [math.exp(value) for _, (_, value, _) in known]
    below = [math.exp(value) - math.exp(low) for _, (low, value, _) in known]
    above = [math.exp(high) - math.exp(value) for _, (_, value, high) in known]
    ax.errorbar(
        [delay for delay, _ in known],
        middle,
        yerr=[below, above],
        fmt="o",
        markersize=4,
        color=LEARNED,
        capsize=3,
        label="indifferent,\n95 % interval",
        zorder=3,
    )


def _draw_curves(ax: Any, profile: DiscountProfile) -> None:
    near = profile.points[0].near_delay
    last = max(point.delay for point in profile.curve_points)
    grid = [near + (last - near) * i / 200 for i in range(201)]
    chosen = profile.curve
    for fit in profile.fits:
        if fit == chosen or fit.name == "exponential":
            heights = [math.exp(fit.log_discount(n) - fit.log_discount(near)) for n in grid]
            style, colour = ("-", LEARNED) if fit == chosen else (":", SOFT)
            ax.plot(grid, heights, style, color=colour, lw=1.2, label=named(fit.name))
    if profile.told:
        told = [profile.told ** (n - near) for n in grid]
        label = f"configured:\nγ = {shortest(profile.told)}"
        ax.plot(grid, told, "--", color=EXACT, lw=1.2, label=label)
