"""README.md as a package index shows it: no link and no picture that leads nowhere.

In the README they are relative, for copies of the repository and for its own page. An index has
none of these files, so the built package has absolute ones: below `urls.Repository` of
pyproject.toml, at the tag of the version, as GitHub and GitLab write them. While there is no such
line, links become their text, and pictures are left out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
_RELATIVE = r"(?![a-z]+:|//|#)([^\s)\"]+)"
_LINK = re.compile(rf"(?<!!)\[([^\]]+)\]\({_RELATIVE}\)")
_SOURCE = re.compile(rf'\b(src|srcset)="{_RELATIVE}"')
_PICTURE = re.compile(r"<picture>.*?</picture>\n*", re.DOTALL)


class ReadmeHook(MetadataHookInterface):
    """Gives the package its README."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `readme`, which is dynamic in pyproject.toml."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        repository = metadata.get("urls", {}).get("Repository")
        text = for_index(text, repository, metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def for_index(text: str, repository: str | None, version: str) -> str:
    """Return a README whose links lead somewhere from any page; code stays as it is.

    Args:
        text: Markdown, with pictures as `<picture>`.
        repository: the address of the repository, or None as long as there is none.
        version: whose tag is `v` and the version.
    """
    parts = _FENCE.split(text)
    return "".join(
        part if _FENCE.fullmatch(part) else _linked(part, repository, version) for part in parts
    )


def _linked(text: str, repository: str | None, version: str) -> str:
    if repository is None:
        return _LINK.sub(r"\1", _PICTURE.sub("", text))
    there = f"{repository.rstrip('/')}/{{}}/v{version}"
    text = _LINK.sub(rf"[\1]({there.format('blob')}/\2)", text)
    return _SOURCE.sub(rf'\1="{there.format("raw")}/\2"', text)
