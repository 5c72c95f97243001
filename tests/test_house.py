"""Imports stand at the top, and every room has a floor; `lint-imports` holds who is above whom."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import qdecay
import qdecay_envs

PACKAGES = [Path(package.__path__[0]) for package in (qdecay, qdecay_envs)]
ROOMS = PACKAGES[0]


def own_imports(tree: ast.AST, is_nested: bool = False) -> Iterator[tuple[int, bool]]:
    """Yield the line of each import of our own code, and if it is in a function or a condition."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or node.names[0].name
            if module.split(".")[0] in ("qdecay", "qdecay_envs") or getattr(node, "level", 0):
                yield node.lineno, is_nested
        yield from own_imports(node, is_nested or isinstance(node, ast.stmt))


def test_own_imports_stand_at_the_top() -> None:
    """None hides in a function or behind TYPE_CHECKING, which is how circles are kept alive."""
    hidden = [
        f"{path.relative_to(package.parent)}:{line}"
        for package in PACKAGES
        for path in sorted(package.rglob("*.py"))
        if package / "cli" not in path.parents  # commands import what they need when they run
        for line, is_nested in own_imports(ast.parse(path.read_text(encoding="utf-8")))
        if is_nested
    ]
    assert hidden == []


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
