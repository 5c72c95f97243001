"""Damaged UMB files: the archive's bytes, its members, the numbers of its index, its arrays."""

from __future__ import annotations

import io
import json
import random
import tarfile
from collections.abc import Callable
from dataclasses import replace

from fuzzing import damaged_bytes, damaged_value
from model_files import ROBOT, umb_members

_NAMES = ["../m.srew", "/tmp/x.bin", "index.json", "", ".", "a/" * 60 + "b", "état.bin", "x\ny"]
_SIZES = [0, 1, 7, 8, 9, 24, 4096, 10**6]
_BOMBS = [2**21, 2**27]
_KINDS = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
Members = dict[str, bytes]


def damaged_umb() -> Callable[[random.Random], bytes]:
    """Return the maker of damaged models, of rationals and of floats."""
    model = replace(ROBOT, rewards={"energy": ROBOT.rewards["energy"]})
    wholes = [umb_members(model, kind) for kind in ("rational", "double")]

    def make(chance: random.Random) -> bytes:
        members = dict(chance.choice(wholes))
        how = chance.random()
        if how < 0.2:
            return damaged_bytes(_archive(members, chance), chance)
        if how < 0.6:
            index = json.loads(members["index.json"])
            for _ in range(chance.randint(1, 2)):
                index = damaged_value(index, chance)
            members["index.json"] = json.dumps(index).encode()
        else:
            for _ in range(chance.randint(1, 2)):
                _damage_member(members, chance)
        return _archive(members, chance)

    return make


def _damage_member(members: Members, chance: random.Random) -> None:
    name = chance.choice(list(members))
    data = members.pop(name)
    how = chance.random()
    if how < 0.4:
        members[name] = damaged_bytes(data, chance)
    elif how < 0.7:
        size = chance.choice(_BOMBS if chance.random() < 0.03 else _SIZES)
        members[name] = (data + bytes(size))[:size]
    elif how < 0.9:
        members[chance.choice(_NAMES)] = data


def _archive(members: Members, chance: random.Random) -> bytes:
    file = io.BytesIO()
    packed = chance.choice(["gz", "gz", "gz", "", "xz", "bz2"])
    fast = {"preset": 0} if packed == "xz" else {"compresslevel": 1} if packed else {}
    odd = chance.choice(list(members)) if members and chance.random() < 0.1 else None
    with tarfile.open(fileobj=file, mode=f"w:{packed}", **fast) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            if name == odd:
                entry.type, entry.linkname = chance.choice(_KINDS), "/etc/passwd"
                entry.size = chance.choice([0, len(data)])
            archive.addfile(entry, io.BytesIO(data))
    return file.getvalue()
