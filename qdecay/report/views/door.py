"""What `qdecay._support.viewed` asks for: a value as HTML, as a plot, as a page."""

from __future__ import annotations

from qdecay.report.views import (  # noqa: F401  # they register what they show
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
from qdecay.report.views.cell import cell
from qdecay.report.views.dispatch import view


def html(value: object) -> str:
    """Return what a notebook shows of a value."""
    return cell(view(value))
