"""The command `export`: the rows of a sweep's store as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qdecay.cli.options import Force

app = typer.Typer()


@app.command()
def export(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="What a sweep wrote.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Where to: .csv or .parquet.")
    ],
    force: Force = False,
) -> None:
    """Write the rows of a sweep's store as CSV or Parquet.

    \b
    Examples:
      qdecay export results.db -o results.csv
      qdecay export results.db -o results.parquet
    """
    from qdecay._support.outputs import TABLES, check_output
    from qdecay.sweep.export import export as write

    check_output(output, TABLES, force=force, source=store)
    typer.echo(f"{output}: {write(store, output):,} rows")
