"""What Gymnasium has registered under the id that the user typed or probably meant."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

import qdecay_envs  # noqa: F401  # registers the chains
from qdecay._support.notes import note
from qdecay._support.one_line import one_line
from qdecay._support.user_code import import_user_module
from qdecay.errors import InputError

_CLOSE = 0.75  # of difflib: stricter than its default


def spec_of(text: str) -> EnvSpec:
    """Return the spec of an id: `Name-v0`, `namespace/Name-v0`, or either after `module:`.

    After `module:` a class in it may be named as well, registered or not. An id without a version
    means the newest version; a note says which, or that a given version is not the newest.

    Raises:
        InputError: nothing is registered under the id; the message suggests similar ids.
    """
    module, colon, env_id = text.rpartition(":")
    imported = import_user_module(module, text) if colon else None
    found = gym.registry.get(env_id)
    versions = sorted(_versions(env_id), key=lambda spec: spec.version or 0)
    kind: Any = getattr(imported, env_id, None)
    is_class = isinstance(kind, type)
    if found is None and not versions and is_class:
        return EnvSpec(env_id, entry_point=kind)
    if found is None and not versions and kind is not None:
        what = f"{type(kind).__name__}, not a class or a registered Gymnasium id"
        raise InputError(f"{text}: {env_id} of {module} is of the type {what}")
    if found is None and versions and _has_no_version(env_id):
        found = versions[-1]
        note(f"{text}: names no version; using {found.id}")
    if found is None:
        raise InputError(_unknown(text, env_id, versions))
    if versions and (found.version or 0) < (versions[-1].version or 0):
        note(f"{text}: is out of date; {versions[-1].id} is newer")
    return found


def _versions(env_id: str) -> Iterator[EnvSpec]:
    """What is registered under the same name with a version."""
    name = _name(env_id)
    for spec in gym.registry.values():
        if spec.version is not None and _name(spec.id) == name:
            yield spec


def _name(env_id: str) -> str:
    name, _, version = env_id.rpartition("-v")
    return name if name and version.isdecimal() else env_id


def _has_no_version(env_id: str) -> bool:
    return _name(env_id) == env_id


def _unknown(text: str, env_id: str, versions: list[EnvSpec]) -> str:
    if versions:
        known = ", ".join(spec.id for spec in versions)
        return f"{text}: no such version; registered: {known}"
    without_namespace = {name.rpartition("/")[2]: name for name in gym.registry}
    place = env_id.rpartition("/")[2]
    candidates = [*gym.registry, *without_namespace]
    found = [
        *([without_namespace[place]] if place in without_namespace else []),
        *get_close_matches(env_id, candidates, n=1, cutoff=_CLOSE),
        *(spec.id for spec in gym.registry.values() if spec.name == _name(place)),
    ]
    meant = without_namespace.get(found[0], found[0]) if found else ""
    hint = f": did you mean {meant}? `" if meant else "; `"
    if not meant and ":" not in text and not _has_no_version(env_id):
        hint = f"; if a package registers it, write MODULE:{one_line(text)}; `"
    text = one_line(text) or repr(text)
    return f"{text}: neither a file nor a registered Gymnasium id{hint}qdecay envs` lists the ids"


def environment_ids() -> list[str]:
    """Return the ids of the qdecay environments and of Gymnasium's toy text, in order."""
    toys = sorted(
        spec.id
        for spec in gym.registry.values()
        if str(spec.entry_point).startswith("gymnasium.envs.toy_text")
    )
    return [*(name for name in gym.registry if name.startswith("qdecay/")), *toys]
