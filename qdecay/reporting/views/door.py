"""The functions behind `qdecay._support.viewed`: a value as HTML, as a plot, as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qdecay._support.page import Page
from qdecay.certified.result import CertifiedRegions
from qdecay.comparison.result import Comparison
from qdecay.exact.line_regions import LineRegions
from qdecay.exact.policy_map import PolicyMap
from qdecay.exact.regions import PolicyRegions
from qdecay.learning.result import LearningResult
from qdecay.model.mdp import MDP
from qdecay.planning.regions import NumericRegions
from qdecay.pricing.certified_price import CertifiedPrice
from qdecay.pricing.result import Price
from qdecay.reporting.certified_page import certified_page_of
from qdecay.reporting.chapter import chapter_of, read_chapter
from qdecay.reporting.held import source_of
from qdecay.reporting.page import explorer
from qdecay.reporting.plots.draw import draw
from qdecay.reporting.plots.style import shown_figure
from qdecay.reporting.views import (  # noqa: F401  # they register what they show
    compared,
    learned,
    maps,
    models,
    prices,
    probed,
    regions,
    tables,
    values,
)
from qdecay.reporting.views.cell import cell
from qdecay.reporting.views.dispatch import view
from qdecay.reporting.views.names import Names

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def html(value: object) -> str:
    """Return what a notebook shows of a value."""
    return cell(view(value))


def plot(value: Any, ax: Axes | None) -> Axes:
    """Draw a value, in a new figure of pyplot if there are no axes."""
    axes: Axes = draw(value, ax, figure=shown_figure, **_named(value))
    return axes


def _named(value: Any) -> dict[str, Any]:
    """Return options for a drawing: the names of a world's actions, which its model may lack; a
    board."""
    if isinstance(value, MDP):
        return {"board": Names.of(value).board}
    if isinstance(value, Comparison):
        names = Names.of_info(value.info).actions
        return {} if names is None else {"actions": [names]}
    if isinstance(value, PolicyRegions | LineRegions | CertifiedRegions | NumericRegions):
        return {"actions": Names.of_info(value.info).actions}
    if isinstance(value, LearningResult | PolicyMap):
        return {"actions": Names.of_info(value.info).actions}
    return {}


def explore(value: Any) -> Page:
    """Return the page of a value, without searching again for what it already contains."""
    if isinstance(value, Price):
        return explore(value.policy_regions)
    if isinstance(value, CertifiedPrice):
        return explore(value.certified_regions)
    if isinstance(value, CertifiedRegions):
        page = certified_page_of(source_of(value.mdp), value)
        return Page(page.title, page.html())
    if isinstance(value, PolicyRegions):
        if value.at_one is None:
            raise ValueError(
                "the search for regions ran out of budget, and a page needs all of them: allow it "
                "more, or explore certified_policy_regions(...)"
            )
        chapter = chapter_of(source_of(value.mdp), value)
    else:
        chapter = read_chapter(source_of(value))
    return Page(chapter.title, explorer([chapter]))
