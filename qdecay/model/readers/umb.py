"""Models in UMB, the unified Markov binary format that Storm, PRISM and Modest write.

A choice of a state is an action; a branch is a transition. A step earns the rewards of its state,
of its choice and of its branch, if the file has them. A state without choices is absorbing and
earns its state reward for ever, as in PRISM. Rationals are read unchanged; floats are treated as
printed ones and recovered (`recover`). If there are several reward structures, one must be named.

Source: https://github.com/pmc-tools/umb, version 1 of the format; version 0 does not differ in what
is read
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from qdecay.errors import input_errors
from qdecay.model.readers.explicit import ExplicitModel
from qdecay.model.readers.kinds import require_mdp
from qdecay.model.readers.limits import Limits, limits_for
from qdecay.model.readers.numbers import Numbers
from qdecay.model.readers.reward_structures import chosen_structure
from qdecay.model.readers.umb_archive import Archive, record, size_of
from qdecay.model.recover import Recovery
from qdecay.model.rows import ModelRows
from qdecay_envs.decoding import decoding

_VERSIONS = (0, 1)
_CHOICES = "actions/choices"


def rows_of_umb(
    path: str | Path, reward: str | int | None = None, recovery: Recovery | None = None
) -> ModelRows:
    """Return the rows of a UMB file.

    Args:
        path: the .umb file: discrete time, at most one player, no intervals.
        reward: name or number of the reward structure; None means the only one.
        recovery: what maps numbers to exact ones or to floats.

    The start state is the initial one, if there is only one. Actions are the choices' actions, if
    every choice of a state has its own; otherwise they are the numbers of the choices.

    Raises:
        InputError: the file cannot be read, is not such a model, or has no reward structure of that
            name.
    """
    path, recovery = Path(path), recovery or Recovery()
    limits = limits_for(recovery)
    with input_errors(), decoding(path, problem="not a UMB file: "):
        archive = Archive(path, limits.unpacked_bytes)
        system = record(archive.index.get("transition-system"), "transition-system")
    _require_mdp(path, archive.index, system)
    with input_errors(f"{path}: "):
        model = _model(archive, system, reward, recovery, limits)
    return model.rows(path, recovery, limits)


def _require_mdp(path: Path, index: Mapping[str, Any], system: Mapping[str, Any]) -> None:
    """Refuse other versions of the format, and other kinds of models."""
    with input_errors(f"{path}: "):
        version = index.get("format-version", 0)
        if version not in _VERSIONS:
            raise ValueError(f"version {version!r:.40} of UMB cannot be read, only 0 and 1")
        players = size_of(system, "#players", 1 << 32)
        observations = size_of(system, "#observations", 1 << 64)
        time, kind = system.get("time"), system.get("branch-probability-type")
        if time not in ("discrete", "stochastic", "urgent-stochastic"):
            raise ValueError(f"time must be discrete, got {time!r:.40}")
        of_probabilities = "double" if kind is None else record(kind, "a type").get("type")
    if time != "discrete":
        name = "MA" if time == "urgent-stochastic" else "CTMDP" if players else "CTMC"
    elif players > 1:
        name = "TSG"
    elif observations:
        name = "POMDP"
    else:
        name = "MDP" if players else "DTMC"
        name = f"I{name}" if str(of_probabilities).endswith("interval") else name
    require_mdp(name, str(path))


def _model(
    archive: Archive,
    system: Mapping[str, Any],
    reward: str | int | None,
    recovery: Recovery,
    limits: Limits,
) -> ExplicitModel:
    n_states, n_choices, n_branches = (
        size_of(system, name, limits.transitions) for name in ("#states", "#choices", "#branches")
    )
    choices = archive.ranges("state-to-choices.bin", n_states, n_choices)
    branches = archive.ranges("choice-to-branches.bin", n_choices, n_branches)
    state = np.repeat(np.arange(n_states), np.diff(choices))
    rewards = _rewards(archive, reward, (n_states, n_choices, n_branches), recovery)
    starts = np.flatnonzero(archive.flags("state-is-initial.bin", n_states))
    return ExplicitModel(
        n_states,
        state,
        np.arange(n_choices) - choices[state],
        _names(archive, system, n_choices),
        np.repeat(np.arange(n_choices), np.diff(branches)),
        archive.indices("branch-to-target.bin", n_branches, n_states),
        _probabilities(archive, system, n_branches, recovery),
        rewards[0],
        rewards[1],
        rewards[2],
        start=int(starts[0]) if len(starts) == 1 else None,
    )


def _probabilities(
    archive: Archive, system: Mapping[str, Any], n_branches: int, recovery: Recovery
) -> Numbers:
    """The branches' probabilities; all are 1 in a system without probabilities."""
    kind = system.get("branch-probability-type")
    if kind is None:
        return np.ones(n_branches, dtype=np.int64)
    return archive.numbers("branch-to-probability.bin", kind, n_branches, recovery)


def _names(archive: Archive, system: Mapping[str, Any], n_choices: int) -> list[str]:
    """The action of each choice: its name, or its number if actions have no names."""
    n_actions = size_of(system, "#choice-actions", 1 << 32)
    if not n_actions:
        return []
    values = archive.indices(f"{_CHOICES}/values.bin", n_choices, n_actions, "<u4").tolist()
    mapping = f"{_CHOICES}/string-mapping.bin"
    if not archive.has(mapping):
        return [str(value) for value in values]
    text = archive.text(f"{_CHOICES}/strings.bin")
    ends = archive.ranges(mapping, n_actions, len(text)).tolist()
    names: dict[int, str] = {}
    for value in values:
        if value not in names:
            names[value] = text[ends[value] : ends[value + 1]].decode()
    return [names[value] for value in values]


def _rewards(
    archive: Archive, reward: str | int | None, sizes: tuple[int, int, int], recovery: Recovery
) -> list[Numbers | None]:
    """The rewards of the states, the choices and the branches in the chosen structure."""
    annotations = record(archive.index.get("annotations", {}), "annotations")
    structures = record(annotations.get("rewards", {}), "rewards")
    described = {name: record(structures[name], f"rewards {name!r:.40}") for name in structures}
    aliases = [str(one.get("alias", name)) for name, one in described.items()]
    if isinstance(reward, str) and reward in described and reward not in aliases:
        reward = aliases[list(described).index(reward)]
    chosen = list(described)[chosen_structure(aliases, reward)]
    if "probability-type" in described[chosen]:
        raise ValueError(f"the rewards {chosen!r:.40} are random, and cannot be read")
    kind = described[chosen].get("type")
    if str(record(kind, "a type").get("type")).endswith("interval"):
        raise ValueError(f"the rewards {chosen!r:.40} are intervals, and cannot be read")
    found: list[Numbers | None] = []
    for owner, size in zip(("states", "choices", "branches"), sizes, strict=True):
        name = f"annotations/rewards/{chosen}/{owner}/values.bin"
        has = archive.has(name)
        found.append(archive.numbers(name, kind, size, recovery) if has else None)
    return found
