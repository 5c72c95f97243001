"""Models in several files, which lie in one folder and differ in their endings.

Each may be compressed, such as `robot.tra.gz`; endings may be in capital letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from qdecay_envs.files import unpacked_name


def stem_of(path: Path) -> str:
    """Return the common part of the files' names.

    >>> stem_of(Path("models/robot.tra.gz"))
    'robot'
    """
    return Path(unpacked_name(path)).stem


def companions(path: Path, endings: Iterable[str]) -> dict[str, Path]:
    """Return the files next to one by the rest of their names, without .gz and the like.

    Args:
        path: one of the files.
        endings: those to look for if the folder cannot be listed, which reading a file does not
            require.
    """
    stem = stem_of(path)
    try:
        names = sorted(other.name for other in path.parent.iterdir())
    except OSError:
        names = [stem + ending for ending in endings]
        names = [name for name in names if path.with_name(name).is_file()]
    found: dict[str, Path] = {}
    for name in names:  # sorted, so that a file comes before its compressed copy
        if name.startswith(stem):
            found.setdefault(unpacked_name(name)[len(stem) :], path.with_name(name))
    return found


def companion(beside: Mapping[str, Path], ending: str) -> Path | None:
    """Return the companion that has an ending, if there is one."""
    return next((file for rest, file in beside.items() if rest.lower() == ending), None)
