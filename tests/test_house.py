"""Every room has a floor, and every public name its types."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import qdecay

ROOMS = Path(qdecay.__path__[0])


def test_every_room_has_its_floor() -> None:
    """A new one is above some and below others, or `lint-imports` would not look at it."""
    project = Path(__file__).parents[1] / "pyproject.toml"
    settings = tomllib.loads(project.read_text(encoding="utf-8"))
    floors = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    named = {room for floor in floors for room in floor.split(" | ")}
    modules = {path.stem for path in ROOMS.glob("*.py")} - {"__init__", "__main__"}
    packages = {path.parent.name for path in ROOMS.glob("*/__init__.py")}
    assert named == {"qdecay_envs", *(f"qdecay.{name}" for name in modules | packages)}


def test_the_typing_test_uses_every_public_name() -> None:
    """mypy and pyright read `tests/typing/public_api.py`; what is not in it they do not see."""
    text = Path(__file__).with_name("typing").joinpath("public_api.py").read_text(encoding="utf-8")
    used = {
        node.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "qdecay"
    }
    assert set(qdecay.__all__) - used == set()
