"""The one door upwards: what results look like is known above them, and found when it is asked for.

A result says what is true; how it is shown, drawn or explored belongs to a layer that imports
results. So that nobody has to know where, the methods are here, and the module that has the answers
is imported by its name when one of them is called, as pandas finds its plotting backend.
"""

from __future__ import annotations

import importlib
from typing import Any

_VIEWS = "qdecay.report.views.door"


def _views() -> Any:
    return importlib.import_module(_VIEWS)


class Shown:
    """A value that a notebook shows as more than its repr."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """What notebooks show; it needs no script and loads nothing."""
        html: str = _views().html(self)
        return html
