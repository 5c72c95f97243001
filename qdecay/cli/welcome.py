"""What `qdecay` without arguments prints: the four homework problems, exactly, and where to go from
here."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from qdecay._support.shown import shown_decimal
from qdecay.cli import tables


def welcome() -> None:
    """Print the four problems and two commands to continue with."""
    from rich.text import Text

    from qdecay.exact.break_even import break_even
    from qdecay.model.source import HOMEWORK, Source

    out = tables.console()
    table = tables.table("problem", "now", "later", "break-even gamma")
    for env_id in HOMEWORK:
        layout: Any = Source(env_id).env().unwrapped
        for root in break_even(layout.layout).roots:
            now, later = (_shown_branch(*branch) for branch in layout.layout.branches)
            table.add_row(env_id, now, later, f"{root.closed_form()} = {shown_decimal(root, 10)}")
    out.print("At which discount factor does walking to the larger reward become worth it?")
    out.print(table)
    out.print(Text("qdecay compare    the same by algebra, by planning and by learning"))
    out.print(Text("qdecay --help     everything else"))


def _shown_branch(name: str, stream: tuple[Fraction, ...]) -> str:
    rewards = ", ".join(map(str, stream))
    if len(stream) > 6:
        rewards = f"{len(stream) - 1} x {stream[0]}, {stream[-1]}"
    return f"{name}: {rewards}"
