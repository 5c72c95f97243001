"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

OptionPairs = Annotated[
    list[str] | None,
    typer.Option("-k", metavar="NAME=VALUE", help="Keyword argument of the environment."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
