"""The one door upwards: what results look like is known above them, and found when it is asked for.

A result says what is true; how it is shown, drawn or explored belongs to a layer that imports
results. So that nobody has to know where, the methods are here, and the module that has the answers
is imported by its name when one of them is called, as pandas finds its plotting backend.
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
        """What notebooks show; it needs no script and loads nothing."""
        html: str = _views().html(self)
        return html


class Plotted:
    """A value that can be drawn with matplotlib."""

    __slots__ = ()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw it, and return the axes.

        Args:
            ax: what to draw in; None makes a new figure, as pyplot does.

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

        It shows what is exact. `qdecay.report` can train agents too, and writes files.

        Raises:
            InputError: there is no page, such as of rewards that no float can hold.
        """
        page: Page = _views().explore(self)
        return page
