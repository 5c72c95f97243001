"""The frame around what a notebook shows: its style, and whether it is light or dark.

Every output includes the style, since outputs are kept, moved and deleted one by one. It has only
classes and no ids, so that two outputs never conflict. Colours are those of the pages. Light or
dark follows the notebook, by the marks that JupyterLab, VS Code, Colab, marimo and the themes of
Sphinx and MkDocs leave on the document; if there are none, the system.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from markupsafe import Markup

from qdecay.reporting.colours import PALETTE, css_marks
from qdecay.reporting.views.markup import tag

# MathJax must not read formulas into names that contain a dollar sign.
_CLASSES = "qdecay tex2jax_ignore mathjax_ignore"


def cell(content: Markup) -> str:
    """Return the HTML of an output."""
    return str(tag("div", tag("style", _style()), content, class_=_CLASSES))


@cache
def _style() -> Markup:
    both = (
        f"--{name}: light-dark({colour.light}, {colour.dark});"
        for name, colour in PALETTE.items()
        if colour.light.startswith("#")
    )
    rules = files("qdecay.reporting").joinpath("templates", "cell.css").read_text(encoding="utf-8")
    return Markup(f".qdecay {{ {' '.join(both)} }}\n{rules}{css_marks('.qdecay')}")
