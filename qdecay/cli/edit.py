"""The command `edit`: a page in which problems are typed, drawn and solved."""

from __future__ import annotations

import webbrowser
from math import isnan
from pathlib import Path
from threading import Thread
from typing import Annotated

import typer

from qdecay.errors import InputError

app = typer.Typer()

_MAX_SECONDS = 20.0


@app.command()
def edit(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="Where your files are; made if missing."),
    ] = Path(),
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="0, the default, is any free one.")
    ] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address, and open no browser.")
    ] = False,
    max_seconds: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Give up on a problem after this.")
    ] = _MAX_SECONDS,
) -> None:
    """Type or draw problems in a page, and see them solved at once.

    The page is served on this machine only, at an address with a secret. What you type is kept in
    FOLDER while you type, and is there again when you start the editor again. Ctrl-C ends it.

    \b
    Examples:
      qdecay edit
      qdecay edit exercises
      qdecay edit exercises --port 8080 --no-browser
    """
    from qdecay.editing.folder import Folder
    from qdecay.editing.server import Editor

    if isnan(max_seconds):  # which no bound keeps out
        raise InputError("--max-seconds must be a number of seconds, got nan")
    editor = Editor(Folder(folder), port=port, max_seconds=max_seconds)
    typer.echo(f"{editor.address}\nCtrl-C ends the editor; what you typed is kept.")
    if not no_browser:
        Thread(target=webbrowser.open, args=(editor.ticket(),), daemon=True).start()
    editor.serve()
