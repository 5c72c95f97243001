"""Choose one of the reward structures of a file."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 10  # structures that a message lists
_LONGEST = 40  # characters of a name


def chosen_structure(names: Sequence[str], reward: str | int | None) -> int:
    """Return the place of the chosen structure: by its name, by its number, or the only one.

    Args:
        names: the structures' names in order; "" for one without a name.
        reward: a name, or a number from 1 on; None means the only one.

    >>> chosen_structure(["time", "energy"], "energy"), chosen_structure(["time", "energy"], 1)
    (1, 0)

    Raises:
        ValueError: there is none of that name or number, or there are several and none is named.
    """
    if reward is None and len(names) == 1:
        return 0
    wanted = "" if reward is None else str(reward)
    if reward is not None and names.count(wanted) == 1:
        return names.index(wanted)
    if wanted.isascii() and wanted.isdecimal() and 0 < int(wanted[:9]) <= len(names):
        return int(wanted) - 1
    if not names:
        raise ValueError("has no rewards")
    found = f"the file has {_listed(names)}"
    if reward is None:
        raise ValueError(
            f"one reward structure is needed, and {found}: name one with --reward, or reward="
        )
    raise ValueError(f"there are no rewards {wanted!r:.{_LONGEST}}; {found}")


def _listed(names: Sequence[str]) -> str:
    shown = [
        f"{number} {name!r:.{_LONGEST}}" if name else str(number)
        for number, name in enumerate(names[:_SHOWN], 1)
    ]
    return ", ".join([*shown, *["..."][: len(names) > _SHOWN]])
