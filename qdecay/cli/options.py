"""Arguments and options that several commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdecay.cli.failures import complain
from qdecay.cli.standard_streams import documents_only
from qdecay.errors import BudgetExceeded, InputError, input_errors

if TYPE_CHECKING:
    from qdecay._support.deadline import Deadline
    from qdecay.model.source import Source


def complete_source(incomplete: str) -> list[str]:
    """Return the model ids with this prefix; if there are none, shells offer files."""
    from qdecay.model.registered import environment_ids

    return [name for name in environment_ids() if name.startswith(incomplete)]


_SOURCE = typer.Argument(
    metavar="SOURCE",
    help="A finite model, an environment or data: a Gymnasium id, module:Class, or a file (.json, "
    ".npz, .csv, .parquet, .tra, .pexp, .drn, .umb).",
    autocompletion=complete_source,
)
_Option = Annotated[
    list[str] | None,
    typer.Option("-k", metavar="NAME=VALUE", help="Keyword argument of the environment."),
]
_Explore = Annotated[
    bool,
    typer.Option("--explore", help="Enumerate an environment by copying it: it needs no table."),
]
_Samples = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="With --explore: try each random action N times."),
]
_MaxStates = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="With --explore; 100,000 by default.")
]
_Reward = Annotated[
    str | None,
    typer.Option(
        "--reward",
        metavar="NAME",
        help="Which of several reward structures in a file; with --explore: sign, or your own "
        "module:function (observation, action, reward, next_observation, terminated).",
    ),
]
_Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="module:function",
        help="With --explore: what distinguishes states (env -> any value).",
    ),
]
_Numbers = Annotated[
    str | None,
    typer.Option(
        metavar="KIND",
        help="short (default): floats are the short decimals or fractions they stand for; "
        "binary: the exact fractions they are.",
    ),
]
_Normalise = Annotated[
    bool, typer.Option("--normalise", help="Divide rows within 1e-5 of 1 by their sum.")
]
_Costs = Annotated[bool, typer.Option("--costs", help="Rewards are costs: negate them.")]


def _read(
    text: str | None,
    option: _Option = None,
    numbers: _Numbers = None,
    normalise: _Normalise = False,
    costs: _Costs = False,
    reward: _Reward = None,
    explore: _Explore = False,
    samples: _Samples = None,
    max_states: _MaxStates = None,
    key: _Key = None,
) -> Source | None:
    """Return SOURCE with the options on how it is read, which every command takes.

    Raises:
        InputError: an option is wrong, or given without SOURCE or --explore.
    """
    from qdecay._support.user_code import import_user_function
    from qdecay.model.reading import Reading
    from qdecay.model.source import Source, parse_options

    options = parse_options(option or [])
    flags: dict[str, Any] = {"numbers": numbers, "normalise": normalise, "minimise": costs}
    tries: dict[str, Any] = {"samples": samples, "max_states": max_states, "key": key}
    reading: Any = {name: value for name, value in flags.items() if value}
    exploring = {name: value for name, value in tries.items() if value is not None}
    if exploring and not explore:
        raise InputError(f"--{next(iter(exploring)).replace('_', '-')} requires --explore")
    if text is None:
        given = {"-k": option, "--reward": reward, "--explore": explore}
        given |= {"--numbers": numbers, "--normalise": normalise, "--costs": costs}
        for name, value in given.items():
            if value:
                raise InputError(f"{name} requires SOURCE")
        return None
    with input_errors("--"):
        Reading(**reading)
    if key is not None:
        exploring["key"] = import_user_function(key, "an environment")
    explored = {**exploring, "progress": True} if explore else None
    return Source(text, options, reading, reward, explored)


def reads_source(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command SOURCE and the options on how it is read, and hand it a `Source`.

    The command has a parameter `source`. Where that has the default None, SOURCE may be omitted. An
    option that the command has itself is its own.
    """
    known = {"Source": Any}  # not imported here: that takes long
    own = inspect.signature(command, locals=known, eval_str=True).parameters
    _, *every = inspect.signature(_read, locals=known, eval_str=True).parameters.values()
    mine = [each for each in every if each.name not in own]
    optional = own["source"].default is None
    kind: Any = Annotated[str | None, _SOURCE] if optional else Annotated[str, _SOURCE]
    first, *others = own.values()
    parameters = [first.replace(annotation=kind), *others, *mine]

    @wraps(command)
    def run(source: str | None = None, **options: Any) -> Any:
        reading = {each.name: options.pop(each.name, each.default) for each in mine}
        return command(_read(source, **reading), **options)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _documents_only(context: typer.Context, wanted: bool) -> bool:
    if wanted:  # until the command has ended
        context.with_resource(documents_only())
    return wanted


AsJson = Annotated[
    bool,
    typer.Option(
        "--json", callback=_documents_only, help="Print one JSON document and nothing else."
    ),
]
MaxSeconds = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Give up after this long.")
]
Resamples = Annotated[
    int | None,
    typer.Option(min=40, metavar="N", help="For data: 95 % intervals over N resamples of it."),
]
Over = Annotated[
    str | None,
    typer.Option(
        metavar="NAME=LOW..HIGH",
        help="Over a number: an argument of the environment, step_reward (added to all rewards), "
        "or reward:VALUE (every reward of that value).",
    ),
]
Digits = Annotated[
    int, typer.Option(min=1, max=1000, metavar="N", help="Significant digits to show.")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]


def check_plot(plot: Path | None, *, force: bool) -> None:
    """Check --plot, if given, before any work.

    Raises:
        InputError: the plot could not be written, or --force is given without one.
    """
    if plot is not None:
        from qdecay.reporting.plots.style import check_plot_path

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


def check_seconds(max_seconds: float | None) -> None:
    """Check --max-seconds, if given.

    Raises:
        InputError: it is not > 0.
    """
    if max_seconds is not None and not max_seconds > 0:
        raise InputError(f"--max-seconds must be > 0, got {max_seconds:g}")


def part_of(limit: BudgetExceeded, kind: Any) -> Any:
    """Print why a command ended early, and return what it had found by then: the exit code is 3.

    Args:
        kind: what is shown, a class or several.

    Raises:
        BudgetExceeded: there is nothing of that kind.
    """
    if not limit.best or not isinstance(limit.best, kind):
        raise limit
    complain(str(limit))
    return limit.best


@contextmanager
def budget(source: str, max_seconds: float | None, instead: str = "") -> Iterator[None]:
    """Limit the time, including reading; report which model took too long, and what to do.

    Args:
        instead: what else takes less time, besides a higher limit.
    """
    from qdecay._support.deadline import time_limit

    check_seconds(max_seconds)
    try:
        with time_limit(max_seconds):
            yield
    except BudgetExceeded as error:
        # Without a limit it was memory that ran out.
        remedies = ["raise --max-seconds"] * (max_seconds is not None) + [instead] * bool(instead)
        text = "; ".join([f"{source}: {error}", *[", or ".join(remedies)] * bool(remedies)])
        raise BudgetExceeded(text, error.best, max_seconds=error.max_seconds) from error


@contextmanager
def known_before(deadline: Deadline, best: Any, known: str) -> Iterator[None]:
    """Let `part_of` show `best`, which is complete, where the time runs out for more.

    Raises:
        BudgetExceeded: with `best`; it says in the words of `known` what is missing.
    """
    from qdecay._support.deadline import in_time

    try:
        with in_time(deadline):
            yield
    except BudgetExceeded as limit:
        # What a limit of time says was known is about a part of what is missing.
        why = limit if limit.max_seconds is None else deadline.exceeded()
        raise why.knowing(known, best) from None
