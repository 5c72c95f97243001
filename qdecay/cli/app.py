"""The one door for the shell: it parses, calls the library, prints, and sets the exit code.

0: done, and what was compared agrees. 1: it ran, and something disagrees. 2: the input or the
usage is wrong, told in one line on standard error. 130: interrupted with Ctrl-C; 143, 129: stopped
by SIGTERM or SIGHUP, in the same way.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from qdecay._support.one_line import one_line, spelt_out
from qdecay._support.shown import shown_decimal
from qdecay.cli import export, phase, probe, regions, report, suite, sweep, tables
from qdecay.cli.options import AsJson, Force, OptionPairs, check_plot, complete_source
from qdecay.cli.standard_streams import open_closed_streams

if TYPE_CHECKING:
    from fractions import Fraction

    from rich.console import Console

    from qdecay.comparison.compare import Comparison
    from qdecay.model.source import Source


_SAME_SIGNAL_SECONDS = 1.0


class _Brief(TyperGroup):
    """Help that fits 24 lines: the usage line names the options, so only commands are listed."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.format_commands(ctx, formatter)


# Plain help: rich's boxes double its length and the time it takes.
app = typer.Typer(
    name="qdecay",
    cls=_Brief,
    options_metavar="[-h] [--version] [--install-completion]",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

SourceArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="A chain: a Gymnasium id or a layout file (.json).",
        autocompletion=complete_source,
    ),
]


def main() -> None:
    """Run the command line and exit with its code."""
    open_closed_streams()
    with _signals_that_stop() as stopped:
        try:
            code = app(standalone_mode=False, prog_name="qdecay")
            sys.stdout.flush()
        except KeyboardInterrupt:
            code = 130
        except BrokenPipeError:
            # What could not be written must not be tried again, with a traceback, at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        except Exception as error:
            code = 130 if stopped else _exit_code(error)  # such as of a terminal that is gone
    if stopped:
        code = 128 + stopped[0]
        with suppress(OSError):
            _complain(f"stopped by {signal.Signals(stopped[0]).name}")
    elif code == 130:  # of newer typers by themselves
        _complain("interrupted")
    sys.exit(code or 0)


@contextmanager
def _signals_that_stop() -> Iterator[list[int]]:
    """Make SIGTERM and SIGHUP stop what runs as Ctrl-C does; yield those that came.

    They are what systemd, Slurm, `docker stop` and a terminal that is closed send. Whoever started
    this with one of them ignored, as nohup does, has it ignored.
    """
    stopped: list[int] = []
    last = -math.inf

    def stop(number: int, frame: object) -> None:
        nonlocal last
        stopped.append(number)
        again, last = time.monotonic() - last < _SAME_SIGNAL_SECONDS, time.monotonic()
        if not again:  # some senders send it to the process, and to its group: once is enough
            raise KeyboardInterrupt

    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: old for number, old in before.items() if old is signal.SIG_DFL}
    try:
        for number in before:
            signal.signal(number, stop)
        yield stopped
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _exit_code(error: Exception) -> int:
    """Tell in one line an error that a person can mend or report; let any other be seen whole."""
    from qdecay.errors import BudgetExceeded, InputError, InternalError

    usage = getattr(error, "format_message", None)  # typer's and click's own exceptions
    if usage is not None:
        _complain(f"{usage()} (see qdecay --help)")
    elif type(error).__name__ == "Abort":
        return 130
    elif isinstance(error, InputError | BudgetExceeded):
        _show_their_traceback(error)
        _complain(str(error))
    elif isinstance(error, InternalError):
        _complain(str(error))
        return 1
    elif isinstance(error, MemoryError):
        _complain(str(error) or "the memory does not suffice")
    elif isinstance(error, OSError):
        gone = isinstance(error, FileNotFoundError)  # what else is read or written has a name
        place = error.filename or ("the current folder" if gone else "standard output")
        _complain(f"{place}: {error.strerror or error}")
    else:
        raise error
    return 2


def _show_their_traceback(error: BaseException | None) -> None:
    """Print where a person's own code failed, if that is what it was, with their lines only."""
    from qdecay._support.user_code import UserCodeError

    while error is not None and not (isinstance(error, UserCodeError) and error.shown):
        error = error.__cause__
    for line in error.shown.splitlines() if error is not None else ():
        print(spelt_out(line), file=sys.stderr)


def _complain(message: str) -> None:
    """Print one line; who has closed or filled standard error gets the exit code alone."""
    with suppress(OSError):
        print(f"qdecay: {one_line(message)}", file=sys.stderr, flush=True)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"qdecay {version('qdecay')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Compute and measure the discount factor of reinforcement learning, exactly.

    \b
    Start here:
      qdecay compare                the four problems: algebra, planning, learning
      qdecay report -o page.html    the same as a page, with a slider for gamma
      qdecay regions FrozenLake-v1  every break-even gamma of any finite model
      qdecay COMMAND --help         what a command takes, with examples
    """
    if context.invoked_subcommand is None:
        _welcome(tables.console())


def _welcome(out: Console) -> None:
    """The four homework problems, exactly, and where to go from here."""
    from rich.text import Text

    from qdecay.exact.break_even import break_even
    from qdecay.model.source import HOMEWORK, Source

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


def _shown_branch(name: str, stream: tuple[Any, ...]) -> str:
    rewards = ", ".join(map(str, stream))
    if len(stream) > 6:
        rewards = f"{len(stream) - 1} x {stream[0]}, {stream[-1]}"
    return f"{name}: {rewards}"


@app.command(options_metavar="[OPTIONS]")  # typer would repeat those of the group
def compare(
    source: SourceArgument = None,
    option: OptionPairs = None,
    seeds: Annotated[int, typer.Option(min=10, help="Agents per break-even gamma.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The first seed; the others follow.")] = 0,
    learner: Annotated[
        str | None,
        typer.Option(help="q_learning, double_q_learning, sarsa or expected_sarsa."),
    ] = None,
    walks: Annotated[
        int | None,
        typer.Option(min=1, help="Stop training after so many forced walks of each branch."),
    ] = None,
    step_size: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="With --walks; 1/10 by default.")
    ] = None,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw P(far) over gamma; .svg, .pdf or .png."),
    ] = None,
    force: Force = False,
) -> int:
    """Find break-even gammas by algebra, planning and learning.

    Without SOURCE: the four homework problems.

    The verdict is agree where value iteration flips within 1e-10 of the exact gamma and every
    seed's agent within 1e-6; where outcomes or rewards are random, where the 95 % interval of
    the agents' median holds the exact gamma. The exit code is 1 where anything disagrees.

    SARSA and Expected SARSA learn what random behaviour is worth: they disagree with escape, and
    with three branches that are chosen between again and again.

    With --walks agents are stopped before they have learnt all, and flip later than they should:
    exactly where is predicted, and the verdict is whether they do.

    \b
    Examples:
      qdecay compare
      qdecay compare mine.json --plot mine.svg
      qdecay compare qdecay/StayOrMove-v0 -k slip=1/10 --json
      qdecay compare --walks 200 --step-size 1/2
    """
    from qdecay.errors import InputError
    from qdecay.model.source import HOMEWORK, Source, parse_options
    from qdecay.report.plots.style import save_comparison

    check_plot(plot, force=force)
    if step_size is not None and walks is None:
        raise InputError("--step-size goes with --walks: without, agents train until all is learnt")
    options = parse_options(option or [])
    if options and source is None:
        raise InputError("-k goes with a SOURCE: the four problems take no arguments")
    sources = (
        [Source(source, options)]
        if source is not None
        else [Source(env_id, options) for env_id in HOMEWORK]
    )
    settings: dict[str, Any] = {"learner": _learner(learner), "seeds": seeds, "seed": seed}
    if walks is not None:
        settings.update(
            walks=walks, step_size=_exact_step_size("1/10" if step_size is None else step_size)
        )
    timed: list[tuple[Comparison, float]] = []
    try:
        with tables.bar("trainings") as bar:
            timed.extend(_compare_all(sources, settings, bar))
    finally:  # what is finished is shown, also where Ctrl-C ends the rest
        if timed:
            _show_comparison(timed, as_json)
    if plot is not None:
        save_comparison([row for row, _ in timed], plot)
    return int(any(row.reasons for row, _ in timed))


def _show_comparison(timed: list[tuple[Comparison, float]], as_json: bool) -> None:
    if as_json:
        rows = [row.to_json() for row, _ in timed]
        typer.echo(json.dumps({"schema": "qdecay.comparison/1", "rows": rows}, indent=2))
    else:
        _print_comparison(timed)


def _learner(name: str | None) -> Any:
    from qdecay import learning
    from qdecay.errors import InputError

    known = {
        learner.name: learner
        for learner in vars(learning).values()
        if isinstance(learner, learning.TabularLearner)
    }
    if name is not None and name not in known:
        raise InputError(f"--learner {name}: no such learner; known: {', '.join(sorted(known))}")
    return known[name] if name else None


def _exact_step_size(text: str) -> Fraction:
    from qdecay.errors import InputError
    from qdecay_envs.rational import rational

    try:
        step_size = rational(text, "--step-size")
    except ValueError as error:
        raise InputError(str(error)) from error
    if not 0 < step_size <= 1:
        raise InputError(f"--step-size must be in (0, 1], got {step_size}")
    return step_size


def _compare_all(
    sources: list[Source], settings: dict[str, Any], bar: tables.Bar
) -> Iterator[tuple[Comparison, float]]:
    """Yield each row, as it is done, with the seconds it took."""
    from qdecay._support.notes import held
    from qdecay._support.user_code import UserCodeError, user_code
    from qdecay.comparison.compare import compare as compare_one
    from qdecay.errors import InputError

    with held():
        envs = [source.env() for source in sources]
    for source, env in zip(sources, envs, strict=True):
        bar.tell(source.text)
        began = time.perf_counter()
        try:
            with user_code(f"{source.text}: it"):
                row = compare_one(
                    env, **settings, name=source.text, expect=bar.expect, tick=bar.advance
                )
        except UserCodeError:
            raise
        except TypeError as error:
            raise InputError(
                f"{source.text}: {error}; `qdecay regions` takes any finite model"
            ) from error
        except ValueError as error:
            raise InputError(f"{source.text}: {error}") from error
        yield row, time.perf_counter() - began


def _print_comparison(timed: list[tuple[Comparison, float]]) -> None:
    from rich.text import Text

    forced = timed[0][0].forced
    third = "predicted" if forced else "planned"
    headings = ("problem", "exact", "decimal", third, "learned", "verdict", "time")
    table = tables.table(*headings, right=("time",))
    for row, seconds in timed:
        columns = [
            [tables.shown_root(root) for root in row.exact] or ["none"],
            [shown_decimal(root, 8) for root in row.exact],
            [shown_decimal(plan, 8) for plan in row.planned]
            if row.predicted is None
            else [shown_decimal(root, 8) for root in row.predicted] or ["never"],
            [_shown_learned(agents) for agents in row.learned],
        ]
        colour = "green" if row.verdict == "agree" else "bold red"
        cells = ["\n".join(column) for column in columns]
        table.add_row(
            row.source, *cells, Text(row.verdict, colour), tables.duration(seconds, brief=True)
        )
    console = tables.console()
    if forced:
        console.print(
            f"after {forced.count} forced walks of each branch, step size {forced.step_size}:"
        )
    console.print(table)
    for row, _ in timed:
        for reason in row.reasons:
            console.print(Text(f"{row.source}: {reason}"), soft_wrap=True)


def _shown_learned(found: Any) -> str:
    if found.interval is not None:
        median, low, high = (shown_decimal(x, 4) for x in (found.median, *found.interval))
        return f"{median} [{low}, {high}]"
    median, low, high = (shown_decimal(x, 7) for x in (found.median, found.low, found.high))
    return median if found.high - found.low < 1e-6 else f"{median} ({low} to {high})"


app.add_typer(regions.app)
app.add_typer(report.app)
app.add_typer(probe.app)
app.add_typer(suite.app)
app.add_typer(sweep.app)
app.add_typer(export.app)
app.add_typer(phase.app)
