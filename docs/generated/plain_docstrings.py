"""Shows docstrings as plain text: nothing in a formula is treated as Markdown."""

import re
from collections.abc import Container, Iterator
from functools import partial
from typing import Any

import griffe

import qdecay

_PUBLIC = frozenset(qdecay.__all__) - {"__version__"}

# Kept as they are: `code`, and the *emphasis* of words, which no formula looks like.
_KEPT_OR_MARK = re.compile(
    r"(`[^`]+`|(?<![^\s(])\*[A-Za-z]{3}[A-Za-z ]*\*(?![\w*]))|([^\w\s`.,:;-])|_"
)


class PlainDocstrings(griffe.Extension):
    """Leaves a docstring its paragraphs, lists, indented blocks, `code` and *words*, no more.

    The `name` of something public becomes a link to its page.
    """

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the sections of an object's docstring."""
        parameters = getattr(obj, "parameters", None) or griffe.Parameters()
        known = _PUBLIC - {obj.name} - {parameter.name for parameter in parameters}
        for section in obj.docstring.parsed if obj.docstring else ():
            if isinstance(section.value, str):
                section.value = markdown(section.value, known)
            elif section.kind is griffe.DocstringSectionKind.admonition:
                section.value.contents = markdown(section.value.contents, known)
            else:
                for entry in section.value:
                    entry.description = markdown(entry.description, known)
                    _name_all(entry, parameters)


def _name_all(entry: Any, parameters: griffe.Parameters) -> None:
    """Griffe takes "a, b: what they are" for an `a,` of the type b."""
    if getattr(entry, "name", "").endswith(","):
        entry.name += f" {entry.annotation}".replace("(", "").replace(")", "")
        entry.annotation = None
    listed = getattr(entry, "name", "").split(", ")
    if len(listed) > 1 and all(name in parameters for name in listed):
        kinds = {str(parameters[name].annotation) for name in listed}
        defaults = {str(parameters[name].default) for name in listed}
        if len(kinds) == len(defaults) == 1:  # else the signature above tells
            entry.annotation = parameters[listed[0]].annotation
            entry.value = parameters[listed[0]].default


def markdown(text: str, known: Container[str] = ()) -> str:
    """Return the Markdown that shows a text as it is, with links to the pages of known names."""
    shown = "\n\n".join(_blocks(text))
    return re.sub(r"(?<!`)`(\w+)`(?!`)", partial(_linked, known), shown)


def _linked(known: Container[str], match: re.Match[str]) -> str:
    return f"[{match[0]}][qdecay.{match[1]}]" if match[1] in known else match[0]


def _blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text):
        prose, *examples = re.split("^(?=>>> )", block, maxsplit=1, flags=re.MULTILINE)
        yield prose if prose.startswith("    ") else _KEPT_OR_MARK.sub(_escaped, prose)
        yield from (f"```pycon\n{example}\n```" for example in examples)


def _escaped(match: re.Match[str]) -> str:
    return match[1] or f"&#{ord(match[0])};"
