"""The one way upwards in the layers: how results are displayed is defined above them.

A result contains facts; how it is shown, drawn or explored belongs to a layer that imports results.
The methods are here, so that users need not know where that is; the module that implements them is
imported by name when one of them is called, just as pandas finds its plotting backend.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NoReturn

from qdecay._support.page import Page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_VIEWS = "qdecay.reporting.views.door"


def _views() -> Any:
    return importlib.import_module(_VIEWS)


class Shown:
    """A value that a notebook shows as more than its repr."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Return what notebooks show: HTML without scripts that loads nothing."""
        html: str = _views().html(self)
        return html


class Plotted:
    """A value that can be drawn with matplotlib."""

    __slots__ = ()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the value, and return the axes.

        Args:
            ax: the axes to draw in; None makes a new figure, as pyplot does.

        Raises:
            InputError: matplotlib is not installed; the message says how to install it.
            TypeError: `ax` is something else.
            ValueError: there is nothing to draw; the message says why.
        """
        axes: Axes = _views().plot(self, ax)
        return axes


class NoPage:
    """Stands for the method `explore` of what has no page: asking for it says what has one."""

    def __init__(self, instead: str) -> None:
        """Keep what to do instead."""
        self._instead = instead

    def __get__(self, value: object, kind: type) -> NoReturn:
        """Refuse it, so that `hasattr` is false."""
        raise AttributeError(f"{kind.__name__} has no page: {self._instead}")


class Explored:
    """A value that has a page to explore it."""

    __slots__ = ()

    def explore(self) -> Page:
        """Return its page, with a slider for gamma; a notebook shows it in the cell.

        The page shows exact results only. `qdecay.report` can also train agents, and writes files.

        Raises:
            InputError: there is no page, for example because a reward is too large for floats.
        """
        page: Page = _views().explore(self)
        return page
