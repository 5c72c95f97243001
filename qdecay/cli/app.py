"""The entry point of the command line: it parses, calls the library, prints and exits.

0: done, and what was compared agrees. 1: it ran, and something disagrees. 2: the input or the usage
is wrong, or time runs out without an answer; one line on standard error says how. 3: it ran, and
the question is left open, or time runs out and part of the answer is shown.
130: interrupted with Ctrl-C; 143, 129: stopped by SIGTERM or SIGHUP, in the same way.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from qdecay import __version__
from qdecay._support.notes import printed
from qdecay.cli import blackwell, compare, edit, price, probe, regions, report, suite, sweep, verify
from qdecay.cli.failures import complain, exit_code
from qdecay.cli.signals import signals_that_stop
from qdecay.cli.standard_streams import open_closed_streams
from qdecay.cli.welcome import welcome


class _Commands(TyperGroup):
    """Help that fits 24 lines: the usage line names the options, so only commands are listed."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.format_commands(ctx, formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in ("phase", "export"):  # their names in earlier versions
            ctx.fail(f"no such command {args[0]!r}: it is now `qdecay sweep {args[0]}`")
        name, command, rest = super().resolve_command(ctx, args)
        for option in getattr(command, "params", ()):
            known = set(option.opts) if option.param_type_name == "option" else set()
            given = [text for text in rest if text.partition("=")[0] in known]
            if len(given) > 1 and not option.multiple and not option.is_flag:
                ctx.fail(f"{given[-1].partition('=')[0]} is given twice")
        return name, command, rest


# Plain help: rich's boxes double its length and its time.
app = typer.Typer(
    name="qdecay",
    cls=_Commands,
    options_metavar="[-h] [--version] [--install-completion]",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (compare, regions, blackwell, verify, price, report, edit, probe, suite):
    app.add_typer(part.app)
app.add_typer(sweep.app, name="sweep", options_metavar="[-h]")


def main() -> None:
    """Run the command line and exit with its code."""
    open_closed_streams()
    with signals_that_stop() as stopped, printed():
        try:
            code = app(standalone_mode=False, prog_name="qdecay")
            sys.stdout.flush()
        except KeyboardInterrupt:
            code = 130
        except (BrokenPipeError, SystemExit) as error:
            # typer and rich exit with 1 because of a broken pipe; completion exits in other ways.
            if getattr(error, "code", 1) != 1:
                raise
            # Do not try to flush again at exit, which would print a traceback.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        except Exception as error:
            code = 130 if stopped else exit_code(error)  # such as a lost terminal
    if stopped:
        code = 128 + stopped[0]
        with suppress(OSError):
            complain(f"stopped by {signal.Signals(stopped[0]).name}")
    elif code == 130:  # newer versions of typer do this themselves
        complain("interrupted")
    sys.exit(code or 0)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"qdecay {__version__}")
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
    Start here; `qdecay COMMAND --help` shows what a command takes, with examples:
      qdecay compare                the four problems: algebra, planning, learning
      qdecay report -o page.html    the same as a page, with a slider for gamma
      qdecay regions FrozenLake-v1  every break-even gamma of any finite model
      qdecay price FrozenLake-v1    what each gamma costs
    """
    if context.invoked_subcommand is None:
        welcome()
