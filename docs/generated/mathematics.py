"""Typesets formulas when the site is built, as MathML, which browsers show without a script.

In a page `$...$` is a formula in a line and `$$...$$`, in lines of its own, one that is displayed;
`pymdownx.arithmatex` finds them, so that a dollar in code is none.
"""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert

_FOUND = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">'
    r"\\(?P<open>[(\[])(?P<tex>.*?)\\[)\]]</(?P=tag)>",
    re.DOTALL,
)


def typeset(page: str) -> str:
    """Return the HTML of a page with its formulas as MathML."""
    return _FOUND.sub(_mathml, page)


def _mathml(match: re.Match[str]) -> str:
    display = "block" if match["open"] == "[" else "inline"
    tex = html.unescape(match["tex"]).strip()
    return convert(tex, display=display).replace(
        "<math ", f'<math alttext="{html.escape(tex)}" ', 1
    )
