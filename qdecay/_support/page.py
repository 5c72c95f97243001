"""A page in memory: an HTML document that a notebook shows in a cell, and that can be saved."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from qdecay._support.checks import file_path
from qdecay._support.outputs import PAGES, check_output
from qdecay_envs.files import replacing

_HEIGHT = 760  # pixels in a cell


@dataclass(frozen=True)
class Page:
    """An HTML document that loads nothing from the network.

    Attributes:
        title: its heading.
        html: the document.

    A notebook shows it in the cell, in an iframe that contains the document itself, so no file or
    server is needed. The iframe has its own origin, so the page's script cannot reach the notebook.
    """

    title: str
    html: str = field(repr=False)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the document, completely or not at all, and return its path.

        Raises:
            InputError: the name does not end in .html or .htm, or the file cannot be written.
        """
        target = file_path(path)
        check_output(target, PAGES)
        with replacing(target) as scratch:
            # A name from a file may contain half a surrogate pair, which no encoding can write.
            scratch.write_text(self.html, encoding="utf-8", errors="replace")
        return target

    def _repr_html_(self) -> str:
        # Half a surrogate pair is written as in `save`: the notebook is a file too.
        document = self.html.encode("utf-8", "replace").decode("utf-8")
        return (
            f'<iframe title="{escape(self.title)}" srcdoc="{escape(document)}" width="100%" '
            f'height="{_HEIGHT}" sandbox="allow-scripts allow-downloads allow-popups" '
            'style="border: 0; display: block; color-scheme: light dark"></iframe>'
        )
