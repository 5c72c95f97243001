"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qdecay.errors import BudgetExceeded, InputError

if TYPE_CHECKING:
    from qdecay.model.mdp import MDP

OptionPairs = Annotated[
    list[str] | None,
    typer.Option("-k", metavar="NAME=VALUE", help="Keyword argument of the environment."),
]


def complete_source(incomplete: str) -> list[str]:
    """Return the model ids with this prefix; if there are none, shells offer files."""
    from qdecay.model.registered import environment_ids

    return [name for name in environment_ids() if name.startswith(incomplete)]


_MODEL = typer.Argument(
    metavar="SOURCE",
    help="A finite model: a Gymnasium id, or a file (.json, .npz, .tra, .umb).",
    autocompletion=complete_source,
)
ModelArgument = Annotated[str, _MODEL]
OptionalModel = Annotated[str | None, _MODEL]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
MaxSeconds = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Give up after this long.")
]
Digits = Annotated[int, typer.Option(min=1, max=1000, help="Significant digits to show.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]


def check_plot(plot: Path | None, *, force: bool) -> None:
    """Check --plot, if given, before any work.

    Raises:
        InputError: the plot could not be written, or --force is given without one.
    """
    if plot is not None:
        from qdecay.report.plots.style import check_plot_path

        check_plot_path(plot, force=force)
    elif force:
        raise InputError("--force requires --plot, whose file it overwrites")


def whole_numbers(text: str, option: str) -> list[int]:
    """Return the numbers of a list such as 1,2,4.

    Raises:
        InputError: one of them is not a whole number >= 0, or appears twice.
    """
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        if not (part.isascii() and part.isdecimal() and len(part) < 19):
            raise InputError(f"{option} takes whole numbers such as 1,2,4, got {part!r:.40}")
    numbers = [int(part) for part in parts]
    if len(set(numbers)) < len(numbers):
        raise InputError(f"{option} {text:.40}: a number is given twice")
    return numbers


def exact_model(source: str, option: list[str] | None) -> MDP:
    """Return the exact model of SOURCE with its -k options."""
    from qdecay.model.source import Source, parse_options

    return Source(source, parse_options(option or [])).mdp()


@contextmanager
def budget(source: str, max_seconds: float | None, instead: str = "") -> Iterator[None]:
    """Limit the time, including reading; report which model took too long, and an alternative."""
    from qdecay._support.deadline import time_limit

    if max_seconds is not None and not max_seconds > 0:
        raise InputError(f"--max-seconds must be > 0, got {max_seconds:g}")
    try:
        with time_limit(max_seconds):
            yield
    except BudgetExceeded as error:
        raise BudgetExceeded(f"{source}: {error}{instead}", error.best) from error
