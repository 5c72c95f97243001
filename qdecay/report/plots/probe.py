"""The plot of a probe: indifference points with intervals, the curves, and the configured
discount."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from qdecay._support.shown import shortest
from qdecay.errors import InputError
from qdecay.probing.profile import DiscountProfile
from qdecay.report.plots.style import EXACT, LEARNED, SPREAD, _figure


def save_profile(profile: DiscountProfile, path: Path) -> None:
    """Draw log-scaled D(n) over the delay n, and save it.

    Raises:
        InputError: the file cannot be written, or there is no indifference point to draw.
    """
    drawn = [p for p in profile.curve_points if p.log_discount is not None]
    if not drawn:
        raise InputError(f"{path}: there is no indifference point to draw")
    with _figure(1, path) as (ax,):
        _draw_points(ax, profile)
        _draw_curves(ax, profile)
        ax.set_yscale("log")
        ax.set_xlabel("delay n of the far reward (steps)")
        ax.set_ylabel("near reward worth the far one, r / R")
        ax.set_title(profile.agent)
        ax.legend(fontsize=7, frameon=False)


def _draw_points(ax: Any, profile: DiscountProfile) -> None:
    drawn = [(p.delay, p.log_discount) for p in profile.curve_points if p.log_discount]
    middle = [math.exp(value) for _, (_, value, _) in drawn]
    below = [math.exp(value) - math.exp(low) for _, (low, value, _) in drawn]
    above = [math.exp(high) - math.exp(value) for _, (_, value, high) in drawn]
    ax.errorbar(
        [delay for delay, _ in drawn],
        middle,
        yerr=[below, above],
        fmt="o",
        markersize=4,
        color=LEARNED,
        ecolor=SPREAD,
        capsize=3,
        label="indifference, 95 % interval",
        zorder=3,
    )


def _draw_curves(ax: Any, profile: DiscountProfile) -> None:
    near = profile.points[0].near_delay
    last = max(point.delay for point in profile.curve_points)
    grid = [near + (last - near) * i / 200 for i in range(201)]
    named = profile.curve
    for fit in profile.fits:
        if fit == named or fit.name == "exponential":
            heights = [math.exp(fit.log_discount(n) - fit.log_discount(near)) for n in grid]
            style = "-" if fit == named else ":"
            ax.plot(grid, heights, style, color=LEARNED, lw=1, label=fit.name)
    if profile.told:
        told = [profile.told ** (n - near) for n in grid]
        ax.plot(
            grid,
            told,
            "-.",
            color=EXACT,
            lw=1,
            label=f"configured: gamma = {shortest(profile.told)}",
        )
