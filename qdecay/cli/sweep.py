"""The command of many trainings: sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdecay._support.outputs import SWEEPS, check_store
from qdecay.cli import tables
from qdecay.errors import InputError

if TYPE_CHECKING:
    from qdecay.sweep import Finished, Sweep

app = typer.Typer()
_SHOWN_CELLS = 5


@app.command()
def sweep(
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
) -> int:
    """Train every cell of a spec, and lose nothing on the way.

    Every batch of cells is stored as it finishes. Whatever ends the run, the same command goes on
    from there, to the same rows. The exit code is 1 where cells are missing because they end
    every worker that tries them. A cluster is one that runs already, with the same packages.

    \b
    Examples:
      qdecay sweep spec.toml --dry-run
      qdecay sweep spec.toml -o results.db --workers 4
      qdecay sweep spec.toml -o r.db --backend dask --scheduler tcp://host:8786
      qdecay sweep spec.toml -o r.db --backend ray
    """
    from qdecay.sweep import Sweep

    wanted = Sweep(spec)
    if dry_run:
        if (output, workers, backend, scheduler) != (None, None, "processes", None):
            raise InputError("--dry-run runs nothing: leave -o and all that says where out")
        _print_plan(wanted)
        return 0
    if output is None:
        raise InputError("-o is missing: name the store, such as -o results.db")
    check_store(output, SWEEPS)
    finished = _run(wanted, output, workers=workers, backend=backend, scheduler=scheduler)
    _print_finished(finished, output)
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


def _print_plan(wanted: Sweep) -> None:
    plan, out = wanted.plan, tables.console()
    models = len(plan.groups) // len(plan.spec.learners)
    out.print(
        f"{len(plan):,} cells: {tables.count(models, 'model')}, "
        f"{tables.count(len(plan.spec.learners), 'learner')}, "
        f"{tables.count(len(plan.spec.seeds), 'seed')}; "
        f"about {tables.duration(wanted.estimate())} of one worker",
        soft_wrap=True,
    )


def _print_finished(finished: Finished, output: Path) -> None:
    out, fatal = tables.console(), finished.fatal
    before = finished.cells - finished.trained - len(fatal)
    kept = f", {before:,} from before" if before else ""
    text = f"{output}: {finished.trained:,} cells trained{kept}"
    out.print(text, soft_wrap=True)
    if fatal:
        named = ", ".join(str(cell.number) for cell in fatal[:_SHOWN_CELLS])
        out.print(
            f"{tables.count(len(fatal), 'cell')} missing, which ended every worker: {named}"
            f"{', ...' * (len(fatal) > _SHOWN_CELLS)}",
            soft_wrap=True,
        )
