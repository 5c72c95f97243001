"""The commands of many trainings: sweep run, sweep phase and sweep export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from qdecay._support.outputs import SWEEPS, TABLES, check_output, check_store
from qdecay.cli import tables
from qdecay.cli.options import AsJson, Force
from qdecay.cli.phase import phase
from qdecay.errors import InputError

if TYPE_CHECKING:
    from qdecay.sweep import Finished, Sweep

_SHOWN_CELLS = 5


class _Commands(TyperGroup):
    """Names the command for who gives a spec to `sweep` itself, as earlier versions had it."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands and not ctx.resilient_parsing:
            ctx.fail(f"no such command {args[0]!r}: a spec is trained by `qdecay sweep run SPEC`")
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=_Commands, options_metavar="[OPTIONS]")


@app.callback()
def sweep() -> None:
    """Train many agents, show where they flip, export their rows.

    \b
    Examples:
      qdecay sweep run spec.toml -o results.db
      qdecay sweep phase results.db --plot phase.svg
      qdecay sweep export results.db -o results.csv
    """


@app.command()
def run(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="A spec of a sweep; .toml.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The store to make or to go on with."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one for each core by default.")
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            metavar="processes|dask|ray|here",
            help="Where cells are trained; here is this very process.",
        ),
    ] = "processes",
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="The cluster, with --backend dask or ray."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and count the cells, guess the time; no more.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Train every cell of a spec, and lose nothing on the way.

    Every batch of cells is stored as it finishes. Whatever ends the run, the same command goes on
    from there, to the same rows. The exit code is 1 where cells are missing because they end
    every worker that tries them. --backend dask and ray use an existing cluster with the
    same packages.

    \b
    Examples:
      qdecay sweep run spec.toml --dry-run
      qdecay sweep run spec.toml -o results.db --workers 4
      qdecay sweep run s.toml -o r.db --backend dask --scheduler tcp://host:8786
      qdecay sweep run spec.toml -o r.db --backend ray
    """
    from qdecay.sweep import Sweep

    wanted = Sweep(spec)
    if dry_run:
        if (output, workers, backend, scheduler) != (None, None, "processes", None):
            raise InputError(
                "--dry-run cannot be combined with -o, --workers, --backend or --scheduler"
            )
        _print_plan(wanted, as_json)
        return 0
    if output is None:
        raise InputError("-o is missing: name the store, such as -o results.db")
    check_store(output, SWEEPS)
    finished = _run(wanted, output, workers=workers, backend=backend, scheduler=scheduler)
    _print_finished(finished, output, as_json)
    return int(bool(finished.fatal))


def _run(wanted: Sweep, output: Path, **where: Any) -> Finished:
    """Run the sweep with a bar, or with a line each minute where there is no terminal."""
    out = tables.console(stderr=True)

    def tell(news: str) -> None:
        out.print(f"{output}: {news}", soft_wrap=True)

    with tables.bar("cells") as bar:
        bar.expect(len(wanted))
        shown: int | None = None

        def tick(done: int, cells: int) -> None:
            nonlocal shown
            if shown is None:
                bar.given(done)
            else:
                bar.advance(done - shown)
            shown = done

        try:
            return wanted.run(output, **where, tick=tick, tell=tell)
        except KeyboardInterrupt as interrupted:
            for note in getattr(interrupted, "__notes__", ()):  # such as where the last rows are
                out.print(note, soft_wrap=True)
            raise


def _print_plan(wanted: Sweep, as_json: bool) -> None:
    plan, seconds = wanted.plan, wanted.estimate()
    learners, seeds = len(plan.spec.learners), len(plan.spec.seeds)
    models = len(plan.groups) // learners
    if as_json:
        tables.print_json({**wanted.to_json(), "seconds": seconds})
        return
    tables.console().print(
        f"{len(plan):,} cells: {tables.count(models, 'model')}, "
        f"{tables.count(learners, 'learner')}, {tables.count(seeds, 'seed')}; "
        f"about {tables.duration(seconds)} of one worker",
        soft_wrap=True,
    )


def _print_finished(finished: Finished, output: Path, as_json: bool) -> None:
    fatal = [cell.number for cell in finished.fatal]
    before = finished.cells - finished.trained - len(fatal)
    if as_json:
        tables.print_json(finished.to_json())
        return
    out = tables.console()
    kept = f", {before:,} from before" if before else ""
    out.print(f"{output}: {finished.trained:,} cells trained{kept}", soft_wrap=True)
    if fatal:
        named = ", ".join(map(str, fatal[:_SHOWN_CELLS]))
        out.print(
            f"{tables.count(len(fatal), 'cell')} missing, which ended every worker: {named}"
            f"{', ...' * (len(fatal) > _SHOWN_CELLS)}",
            soft_wrap=True,
        )


app.command()(phase)


@app.command()
def export(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="What `sweep run` wrote.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Where to: .csv or .parquet.")
    ],
    force: Force = False,
) -> None:
    """Write the rows of a sweep's store as CSV or Parquet.

    \b
    Examples:
      qdecay sweep export results.db -o results.csv
      qdecay sweep export results.db -o results.parquet
    """
    from qdecay.sweep.export import export as write

    check_output(output, TABLES, force=force, source=store)
    typer.echo(f"{output}: {write(store, output):,} rows")
