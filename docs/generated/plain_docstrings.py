"""Shows docstrings as plain text: nothing in a formula is treated as Markdown."""

import re
from collections.abc import Iterator
from typing import Any

import griffe

# Kept as they are: `code`, and the *emphasis* of words, which no formula looks like.
_KEPT_OR_MARK = re.compile(
    r"(`[^`]+`|(?<![^\s(])\*[A-Za-z]{3}[A-Za-z ]*\*(?![\w*]))|([^\w\s`.,:;-])|_"
)


class PlainDocstrings(griffe.Extension):
    """Leaves a docstring its paragraphs, lists, indented blocks, `code` and *words*, no more."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the sections of an object's docstring."""
        for section in obj.docstring.parsed if obj.docstring else ():
            if isinstance(section.value, str):
                section.value = markdown(section.value)
            elif section.kind is griffe.DocstringSectionKind.admonition:
                section.value.contents = markdown(section.value.contents)
            else:
                for entry in section.value:
                    entry.description = markdown(entry.description)
                    _name_all(entry)


def _name_all(entry: Any) -> None:
    """Griffe takes "a, b: what they are" for an `a,` of the type b."""
    if getattr(entry, "name", "").endswith(","):
        entry.name += f" {entry.annotation}".replace("(", "").replace(")", "")
        entry.annotation = None


def markdown(text: str) -> str:
    """Return the Markdown that shows a text as it is."""
    return "\n\n".join(_blocks(text))


def _blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text):
        prose, *examples = re.split("^(?=>>> )", block, maxsplit=1, flags=re.MULTILINE)
        yield prose if prose.startswith("    ") else _KEPT_OR_MARK.sub(_escaped, prose)
        yield from (f"```pycon\n{example}\n```" for example in examples)


def _escaped(match: re.Match[str]) -> str:
    return match[1] or f"&#{ord(match[0])};"
