"""The documentation is whole: every public name has its place in the reference."""

from __future__ import annotations

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

import qdecay
import qdecay_envs

REFERENCE = (Path(__file__).parent.parent / "docs" / "reference.md").read_text(encoding="utf-8")
SHOWN = [resolve_name(name) for name in re.findall(r"^::: (\S+)$", REFERENCE, re.MULTILINE)]


@pytest.mark.parametrize("package", [qdecay, qdecay_envs], ids=lambda package: package.__name__)
def test_every_public_name_is_in_the_reference(package) -> None:
    """Itself, or the module that it comes from; each has a docstring to be shown."""
    for name in package.__all__:
        thing = getattr(package, name)
        assert any(thing in (shown, getattr(shown, name, None)) for shown in SHOWN), name
        assert thing.__doc__, name
