"""The command blackwell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from qdecay.cli import region_tables
from qdecay.cli.brackets import INSTEAD
from qdecay.cli.options import AsJson, Digits, MaxSeconds, budget, reads_source
from qdecay.cli.standard_streams import print_json

if TYPE_CHECKING:
    from qdecay.model.source import Source

app = typer.Typer()


@app.command()
@reads_source
def blackwell(
    source: Source,
    digits: Digits = 10,
    as_json: AsJson = False,
    max_seconds: MaxSeconds = None,
) -> None:
    """Find the gamma above which optimal policies stay optimal.

    Right of the Blackwell discount factor every optimal policy is Blackwell optimal
    (Grand-Clement and Petrik 2023).

    \b
    Examples:
      qdecay blackwell FrozenLake-v1
    """
    from qdecay.exact.blackwell import blackwell as find

    with budget(source.text, max_seconds, INSTEAD):
        mdp = source.mdp()
        found = find(mdp, max_seconds=max_seconds, progress=True)
    if as_json:
        print_json(found.to_json())
        return
    region_tables.print_blackwell(mdp, found, digits=digits)
