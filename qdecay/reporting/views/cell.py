"""The frame around what a notebook shows: its style, and whether it is light or dark.

The style goes with every output, since outputs are kept, moved and deleted one by one. It has
classes only and no ids, so that two of them never meet. Colours are those of the pages. Light or
dark is what the notebook says, by the marks that JupyterLab, VS Code, Colab, marimo and the themes
of Sphinx and MkDocs leave on the document; where none is found, what the system says.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from markupsafe import Markup

from qdecay.reporting.colours import PALETTE, css_marks
from qdecay.reporting.views.markup import tag

# Formulas are ours: names that contain a dollar sign are not one for MathJax.
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
