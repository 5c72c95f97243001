"""The explorer: one HTML file that loads nothing from the network.

User text (names of states and actions, sources) reaches the page as escaped text or inside JSON
documents, and the page's security policy only runs its own script, identified by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from qdecay._support.one_line import state_called
from qdecay._support.result import counted
from qdecay.comparison.learning_times import LearningTime
from qdecay.reporting.chapter import Chapter
from qdecay.reporting.colours import css_marks, css_variables
from qdecay.reporting.figures import learning_times_plot
from qdecay.reporting.graph import short
from qdecay.reporting.numerals import signed
from qdecay.reporting.opening import is_crowded, opens_with_rows, row_of
from qdecay_envs.files import replacing

_SCRIPTS = ("models", "slider", "bars", "price", "values", "picture", "map", "page")
HOMEWORK_TITLE = "When is waiting worth it?"


def explorer(
    chapters: Sequence[Chapter],
    title: str | None = None,
    learning_times: Sequence[LearningTime] = (),
) -> str:
    """Return the page for one or several models.

    Args:
        chapters: at least one.
        title: the main heading; by default the one chapter's title.
        learning_times: the data for the figure of homework D, of one game and one gamma; if empty,
            the figure is omitted.

    Raises:
        InputError: jinja2 is not installed.
    """
    documents = {}
    for index, chapter in enumerate(chapters):
        documents[f"regions-{index}"] = chapter.document()
        found = chapter.price
        earned = None if found is None else found.data()
        documents[f"data-{index}"] = {**chapter.data(), "price": earned}
        if found is not None:
            documents[f"price-{index}"] = found.price.to_json(chapter.source.text)
        if chapter.map is not None:
            documents[f"map-{index}"] = chapter.map.to_json(chapter.source.text)
    compared = [c.comparison.body() for c in chapters if c.comparison is not None]
    if compared:
        documents["comparison"] = {"schema": "qdecay.comparison/1", "rows": compared}
    if learning_times:
        times = [row.body() for row in learning_times]
        documents["learning-times"] = {"schema": "qdecay.learning-times/1", "rows": times}
    has_map = any(chapter.map is not None for chapter in chapters)
    scripts = [f"explorer/{name}.js" for name in _SCRIPTS if has_map or name != "map"]
    return render(
        "explorer.html",
        scripts,
        documents,
        title=title or chapters[0].title,
        chapters=chapters,
        rows=[row_of(chapter) for chapter in chapters] if opens_with_rows(chapters) else [],
        crowded=is_crowded(chapters),
        learning_times=learning_times,
        times_plot=learning_times_plot(learning_times) if learning_times else None,
    )


def render(
    template: str, scripts: Sequence[str], documents: Mapping[str, Any], **values: Any
) -> str:
    """Return a page: the template with the shared style, its scripts and its documents.

    The scripts share one scope, in their order.
    """
    parts = "\n".join(map(_text, scripts))
    code = f'"use strict";\n(() => {{\n{parts}}})();\n' if scripts else ""
    return (
        _environment()
        .get_template(template)
        .render(
            style=css_variables() + _text("style.css") + css_marks(),
            script=code,
            script_hash=base64.b64encode(hashlib.sha256(code.encode()).digest()).decode(),
            documents={name: script_json(value) for name, value in documents.items()},
            **values,
        )
    )


def script_json(value: Any) -> str:
    """Return JSON that cannot close the script element around it.

    >>> script_json({"name": "</script>"})
    '{"name":"\\\\u003c/script>"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Line separators are valid in JSON, but were not always valid in scripts.
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def write_page(path: Path, text: str) -> None:
    """Write a page completely or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(path) as scratch:
        scratch.write_bytes(as_bytes(text))


def as_bytes(text: str) -> bytes:
    """Return a page as it is written to a file or sent."""
    # A name from a file may contain half a surrogate pair, which no encoding can write.
    return text.encode("utf-8", "replace")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("qdecay.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "counted": counted,
        "short": short,
        "signed": signed,
        "state_called": state_called,
    }
    return made


def _text(name: str) -> str:
    return files("qdecay.reporting").joinpath("templates", name).read_text(encoding="utf-8")
