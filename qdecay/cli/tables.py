"""What the commands print: the console, plain tables, exact numbers and policy regions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from qdecay._support.one_line import shortened
from qdecay._support.shown import percent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from qdecay.model.base import FiniteMDP

Model = TypeVar("Model", bound="FiniteMDP")
_ENDLESS = 1 << 30  # columns


def console() -> Console:
    """Return a console of standard output.

    Text is printed as it is: a name may look like rich's markup or emoji. Without a terminal, lines
    are as long as necessary, regardless of COLUMNS.
    """
    from rich.console import Console

    out = Console(highlight=False, markup=False, emoji=False)
    if not out.is_terminal:
        out.width = _ENDLESS
    return out


def table(*headings: str, right: Collection[str] = ()) -> Table:
    """Return a table whose cells fold if the terminal is too narrow: no column is truncated.

    No column may have a minimum width or be kept on one line: rich would cut the last ones.

    Args:
        headings: of the columns.
        right: the headings of those that are aligned to the right.
    """
    from rich import box
    from rich.table import Table

    result = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False, pad_edge=False)
    for heading in headings:
        result.add_column(heading, overflow="fold", justify="right" if heading in right else "left")
    return result


def with_short_names(model: Model) -> Model:
    """Return a model to print: its long names shortened, as on pages and in figures."""
    known = model.state_names, model.action_names
    states, actions = (names and tuple(shortened(names)) for names in known)
    if (states, actions) == known:
        return model
    return replace(model, state_names=states, action_names=actions)


def count(number: int, noun: str) -> str:
    """Return "1 touch", "2 touches".

    >>> count(1, "state"), count(0, "touch"), count(2, "breakpoint")
    ('1 state', '0 touches', '2 breakpoints')
    """
    ending = "es" if noun.endswith("ch") else "s"
    return f"{number} {noun}{ending * (number != 1)}"


def share(lost: float | Fraction | None, digits: int = 4) -> str:
    """Return what is lost in percent; "" for None.

    >>> share(1 / 3), share(None)
    ('33.33 %', '')
    """
    return "" if lost is None else percent(lost, digits)
