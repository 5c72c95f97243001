"""The table of views: for each type of value, the function that shows it."""

from __future__ import annotations

from functools import singledispatch

from markupsafe import Markup


@singledispatch
def view(value: object) -> Markup:
    """Return what a notebook shows of a value, without the frame and the style around it.

    Raises:
        TypeError: there is no view for its type.
    """
    raise TypeError(f"there is no view for a {type(value).__name__}")
