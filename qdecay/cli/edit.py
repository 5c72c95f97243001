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
        typer.Argument(metavar="FOLDER", help="The folder of your files; created if missing."),
    ] = Path(),
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="0, the default, picks a free one.")
    ] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address; open no browser.")
    ] = False,
    max_seconds: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Give up on a problem after this.")
    ] = _MAX_SECONDS,
) -> None:
    """Type or draw problems in a page, and see them solved at once.

    The page is served on this machine only, at an address with a secret. What you type is saved
    in FOLDER as you type, and is back when you start the editor again. Ctrl-C ends it.

    \b
    Examples:
      qdecay edit
      qdecay edit exercises
      qdecay edit exercises --port 8080 --no-browser
    """
    from qdecay.editing.folder import Folder
    from qdecay.editing.server import Editor

    if isnan(max_seconds):  # nan passes every bound
        raise InputError("--max-seconds must be a number of seconds, got nan")
    editor = Editor(Folder(folder), port=port, max_seconds=max_seconds)
    typer.echo(f"{editor.address}\nCtrl-C ends the editor; what you typed is kept.")
    if not no_browser:
        Thread(target=webbrowser.open, args=(editor.ticket(),), daemon=True).start()
    editor.serve()
