"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

OptionPairs = Annotated[
    list[str] | None,
    typer.Option("-k", metavar="NAME=VALUE", help="Keyword argument of the environment."),
]


def complete_source(incomplete: str) -> list[str]:
    """Return the ids of models that begin as typed; where there is none, shells offer files."""
    from qdecay.report.gallery import environment_ids

    return [name for name in environment_ids() if name.startswith(incomplete)]


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
