"""Importing qdecay is quick, and still registers the environments, in whatever order."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

MAKE = "gymnasium.make('qdecay/StayOrMove-v0')"
ORDERS = [
    f"import qdecay, gymnasium; {MAKE}",
    f"import gymnasium, qdecay; {MAKE}",
    f"import qdecay; import qdecay; import gymnasium.spaces; {MAKE}",
    f"import qdecay_envs, gymnasium; {MAKE}",
    f"import gymnasium; {MAKE.replace('qdecay/', 'qdecay_envs:qdecay/')}",
    "import qdecay; qdecay.ChainLayout; import gymnasium; " + MAKE,
]


def python(code: str) -> str:
    """Run code in a fresh interpreter that sees what this one sees; warnings are errors."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("code", ORDERS)
def test_environments_are_registered_in_any_order(code: str) -> None:
    """Whoever imports Gymnasium, and whenever, finds the environments."""
    python(code)


@pytest.mark.parametrize("module", ["qdecay", "qdecay.cli"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    """Neither the package nor the command line pulls in what only some uses need."""
    heavy = "'sympy', 'numba', 'scipy', 'flint', 'matplotlib', 'gymnasium', 'numpy'"
    loaded = python(f"import sys, {module}; print([m for m in ({heavy}) if m in sys.modules])")
    assert loaded == "[]\n"


def test_help_loads_nothing_heavy() -> None:
    """Nor does printing the help; rich and jinja2 are not needed either."""
    heavy = "'sympy', 'numba', 'scipy', 'gymnasium', 'numpy', 'rich', 'jinja2'"
    code = f"""if True:
        import atexit, sys
        atexit.register(lambda: print([m for m in ({heavy}) if m in sys.modules]))
        sys.argv = ["qdecay", "--help"]
        from qdecay.cli.app import main
        main()
    """
    assert python(code).splitlines()[-1] == "[]"


def test_every_public_name_is_there() -> None:
    """`__all__` and the lazy table agree."""
    python("import qdecay; [getattr(qdecay, name) for name in qdecay.__all__]; dir(qdecay)")


@pytest.mark.parametrize("module", ["qdecay", "qdecay.probe"])
def test_nothing_else_is_listed(module: str) -> None:
    """`dir` and completion of what loads late offer what is public, before it is loaded."""
    code = f"import sys, {module}; m = sys.modules['{module}']"
    listed = python(f"{code}; print(*dir(m)); print(*sorted(m.__all__))")
    shown, public = listed.splitlines()[-2:]
    assert shown == public
