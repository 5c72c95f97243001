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


def test_who_asks_for_gymnasium_takes_nothing_away() -> None:
    """Other libraries look whether Gymnasium is there; the ids stay."""
    asks = "importlib.util.find_spec('gymnasium')"
    python(f"import importlib.util; {asks}; import qdecay; {asks}; import gymnasium; {MAKE}")


HEAVY = (
    "pydantic",
    "sympy",
    "numba",
    "scipy",
    "flint",
    "pandas",
    "rich",
    "jinja2",
    "matplotlib",
    "loky",
    "tqdm",
)


def test_importing_loads_gymnasium_and_nothing_else_heavy() -> None:
    """Of what is installed, only Gymnasium with what it needs, numpy, and the lazy loader."""
    loaded = set(
        python("import sys, qdecay; print(*{m.split('.')[0] for m in sys.modules})").split()
    )
    assert loaded.isdisjoint(HEAVY)
    bare = set(
        python("import sys, gymnasium; print(*{m.split('.')[0] for m in sys.modules})").split()
    )
    standard = set(sys.stdlib_module_names)
    assert loaded - bare - standard == {"qdecay", "qdecay_envs", "lazy_loader"}


TAB = {"_QDECAY_COMPLETE": "complete_bash", "COMP_WORDS": "qdecay regions Froz", "COMP_CWORD": "2"}


@pytest.mark.parametrize(
    ("words", "environment"), [(["--help"], {}), (["report", "--help"], {}), ([], TAB)]
)
def test_help_and_tab_load_nothing_heavy(words: list[str], environment: dict[str, str]) -> None:
    """Rich, jinja2 and pydantic are not needed either."""
    code = f"""if True:
        import atexit, os, sys
        atexit.register(lambda: print([m for m in {HEAVY} if m in sys.modules]))
        os.environ.update({environment})
        sys.argv = ["qdecay", *{words}]
        from qdecay.cli.app import main
        main()
    """
    assert python(code).splitlines()[-1] == "[]"


def test_every_public_name_is_there() -> None:
    """What the stub says exists, under the name that people import."""
    python("import qdecay; [getattr(qdecay, name) for name in qdecay.__all__]")


def test_nothing_else_is_listed() -> None:
    """Completion offers what is public, before it is loaded."""
    shown, public = python(
        "import qdecay; print(*dir(qdecay)); print(*sorted(qdecay.__all__))"
    ).splitlines()
    assert shown == public


def test_no_package_hides_behind_a_function() -> None:
    """`import qdecay.x.y as z` finds every module: no name of a function is that of a module."""
    python(
        "import pkgutil, importlib, qdecay\n"
        "for found in pkgutil.walk_packages(qdecay.__path__, 'qdecay.'):\n"
        "    if not found.name.endswith(('__main__', 'petsc_worker')):\n"
        "        home, _, name = found.name.rpartition('.')\n"
        "        module = importlib.import_module(found.name)\n"
        "        assert getattr(importlib.import_module(home), name) is module, found.name\n"
    )


def test_a_page_without_a_map_loads_no_interpolation() -> None:
    """The editor starts its workers so: half a second of processor time less."""
    code = "import sys, qdecay.editing.solving; print('scipy.interpolate' in sys.modules)"
    assert python(code) == "False\n"
