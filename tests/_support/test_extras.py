"""What not everybody needs: not installed unasked, and missed with the line that installs it."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from shell import check_refused
from sweeps import SMALL

HEAVY = {"dask", "distributed", "ray", "torch", "stable-baselines3", "playwright", "selenium"}
DASK = [
    "sweep",
    "run",
    "spec.toml",
    "-o",
    "r.db",
    "--backend",
    "dask",
    "--scheduler",
    "tcp://host:8786",
]


def needed(package: str, extra: str = "") -> set[str]:
    """What comes with a package, with all that this brings in turn, as far as it is installed."""
    found: set[str] = set()
    waiting = [package]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        found.add(name)
        try:
            lines = requires(name) or []
        except PackageNotFoundError:  # of another platform, or of another Python
            continue
        wanted = extra if name == package else ""
        waiting += [r.name for r in map(Requirement, lines) if applies(r, wanted)]
    return found


def applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def test_qdecay_alone_brings_nothing_heavy() -> None:
    """Neither directly nor through what it needs; the extras do, so that this can fail."""
    assert {"numpy", "sympy", "loky"} <= needed("qdecay")
    assert not needed("qdecay") & HEAVY
    for extra, package in (("dask", "distributed"), ("ray", "ray"), ("browser", "playwright")):
        assert package in needed("qdecay", extra)


@pytest.mark.parametrize(
    ("extra", "module", "arguments"),
    [
        ("plot", "matplotlib", ["plot", "FrozenLake-v1", "-o", "lake.svg"]),
        ("parquet", "pyarrow", ["sweep", "export", "results.db", "-o", "results.parquet"]),
        ("parquet", "pyarrow", ["regions", "data.parquet"]),
        ("sb3", "stable_baselines3", ["probe", "sb3:DQN", "--gamma", "0.9"]),
        ("dask", "distributed", DASK),
        ("ray", "ray", ["sweep", "run", "spec.toml", "-o", "r.db", "--backend", "ray"]),
    ],
)
def test_a_missing_extra_is_one_line(
    capsys, monkeypatch, tmp_path: Path, extra: str, module: str, arguments: list[str]
) -> None:
    """It says what to run, and nothing is written."""
    (tmp_path / "spec.toml").write_text(SMALL)
    (tmp_path / "data.parquet").write_bytes(b"")
    for loaded in [name for name in sys.modules if name.startswith(f"{module}.")]:
        monkeypatch.delitem(sys.modules, loaded)  # by a test before
    monkeypatch.setitem(sys.modules, module, None)
    message = f'need {module}: pip install "qdecay[{extra}]"'
    check_refused(capsys, monkeypatch, tmp_path, arguments, message)
