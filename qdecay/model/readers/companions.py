"""The files of a model that is in several: next to each other, of one name with other endings.

Each may be packed, as `robot.tra.gz`; endings may be in capital letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from qdecay_envs.files import unpacked_name


def stem_of(path: Path) -> str:
    """Return what the names of the files have in common.

    >>> stem_of(Path("models/robot.tra.gz"))
    'robot'
    """
    return Path(unpacked_name(path)).stem


def companions(path: Path, endings: Iterable[str]) -> dict[str, Path]:
    """Return the files next to one by how their names go on, without .gz and the like.

    Args:
        path: one of the files.
        endings: those to look for in a folder that cannot be listed: to read a file one need not be
            allowed to list its folder.
    """
    stem = stem_of(path)
    try:
        names = sorted(other.name for other in path.parent.iterdir())
    except OSError:
        names = [stem + ending for ending in endings]
        names = [name for name in names if path.with_name(name).is_file()]
    found: dict[str, Path] = {}
    for name in names:  # sorted, so that a file comes before the same one packed
        if name.startswith(stem):
            found.setdefault(unpacked_name(name)[len(stem) :], path.with_name(name))
    return found


def companion(beside: Mapping[str, Path], ending: str) -> Path | None:
    """Return that of `companions` that has an ending, if there is one."""
    return next((file for rest, file in beside.items() if rest.lower() == ending), None)
