"""One entry point to all figures: how a result is drawn, by its class.

Each drawing function has the form `draw_x(result, ax, *, title=None, ...) -> ax`. None of them
touches pyplot or needs a display.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qdecay._support.extras import require
from qdecay.certified.result import CertifiedRegions
from qdecay.comparison.learning_times import LearningTime
from qdecay.comparison.result import Comparison
from qdecay.exact.line_regions import LineRegions
from qdecay.exact.policy_map import PolicyMap
from qdecay.exact.regions import PolicyRegions
from qdecay.learning.result import LearningResult
from qdecay.model.mdp import MDP
from qdecay.planning.gammas import GammaSweep
from qdecay.planning.regions import NumericRegions
from qdecay.pricing.line_price import LinePrice
from qdecay.pricing.result import GammaPrice
from qdecay.probing.profile import DiscountProfile
from qdecay.reporting.plots.figure import WIDTH, draw_to_fit
from qdecay.reporting.plots.learning import draw_learning_times
from qdecay.reporting.plots.map import draw_map
from qdecay.reporting.plots.phase import draw_phase
from qdecay.reporting.plots.price import draw_price
from qdecay.reporting.plots.probe import draw_profile
from qdecay.reporting.plots.regions import draw_regions
from qdecay.reporting.plots.run import draw_run
from qdecay.reporting.plots.style import new_figure, styled
from qdecay.reporting.plots.sweep import draw_sweep
from qdecay.reporting.plots.thresholds import comparison_height, draw_comparison
from qdecay.reporting.plots.world import draw_world
from qdecay.sweep.phase import PhaseDiagram

_LOW, _USUAL, _HIGH = 1.5, 3.0, 3.6  # inches

# For each class of results: the drawing function, and the height in inches of its own figure.
DRAWN: dict[type, tuple[Callable[..., Any], float]] = {
    PolicyRegions: (draw_regions, _LOW),
    LineRegions: (draw_regions, _LOW),
    CertifiedRegions: (draw_regions, _LOW),
    NumericRegions: (draw_regions, _LOW),
    GammaPrice: (draw_price, _USUAL),
    LinePrice: (draw_price, _USUAL),
    PolicyMap: (draw_map, _HIGH),
    Comparison: (draw_comparison, _LOW),
    DiscountProfile: (draw_profile, _USUAL),
    LearningResult: (draw_run, _USUAL),
    LearningTime: (draw_learning_times, _HIGH),
    GammaSweep: (draw_sweep, _USUAL),
    PhaseDiagram: (draw_phase, _HIGH),
    MDP: (draw_world, _USUAL),
}


def draw(
    result: Any,
    ax: Any = None,
    *,
    figure: Callable[[float, float], Any] = new_figure,
    **options: Any,
) -> Any:
    """Draw a result, or a list of comparisons or of learning times; return the axes.

    Args:
        result: of a class in `DRAWN`.
        ax: matplotlib axes; None makes a new figure, which `ax.figure.savefig` writes.
        figure: a function that makes it, with a width and a height in inches.
        options: arguments of the drawing function, such as `title`.

    Raises:
        InputError: matplotlib is missing.
        TypeError: such a result has no drawing, or `ax` is no axes.
    """
    one = result[0] if isinstance(result, Sequence) and len(result) else result
    found = next((DRAWN[kind] for kind in DRAWN if isinstance(one, kind)), None)
    if found is None:
        raise TypeError(f"{type(one).__name__} has no drawing")
    function, height = found
    if isinstance(one, LearningTime):
        result = result if isinstance(result, Sequence) else [result]
    if ax is not None:
        if not isinstance(ax, require("matplotlib.axes", "plot", "plots").Axes):
            raise TypeError(f"ax must be axes of matplotlib or None, got {type(ax).__name__}")
        return function(result, ax, **options)
    if isinstance(one, Comparison):
        height = comparison_height(result if isinstance(result, Sequence) else [result])
    made = figure(WIDTH, height)
    with styled():
        ax = made.subplots()
        draw_to_fit(ax.figure, [(lambda ax: function(result, ax, **options), ax)])
        return ax
