"""Registers the environments with Gymnasium, without being the one who imports it.

`import qdecay` promises that `gymnasium.make("qdecay/...")` works. Importing Gymnasium takes
longer than all of `qdecay --help`, so where it is not loaded yet, registration waits for whoever
imports it: an import hook, which takes itself out after its one use.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def register_environments() -> None:
    """Register now if Gymnasium is loaded, and otherwise as soon as it is."""
    if "gymnasium" in sys.modules:
        import qdecay_envs  # noqa: F401  # registers
    elif not any(isinstance(finder, _OnceGymnasiumLoads) for finder in sys.meta_path):
        sys.meta_path.insert(0, _OnceGymnasiumLoads())


class _OnceGymnasiumLoads(MetaPathFinder):
    """Lets the import of Gymnasium run as ever, and imports `qdecay_envs` behind it."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != "gymnasium":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_register(module: ModuleType) -> None:
                load(module)
                import qdecay_envs  # noqa: F401  # registers

            spec.loader.exec_module = load_and_register  # type: ignore[method-assign]
        return spec
