"""Small files that grow: each is written here, as large as its reader takes it, and handed over.

`python tests/growing.py NAME...` prints exit code, seconds of the processor and memory for each
one, or for all.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import multiprocessing
import os
import random
import resource
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from model_files import Model, Rewards, packed, umb_members

from qdecay.cli import app
from qdecay.cli.failures import exit_code
from qdecay.errors import InputError
from qdecay.model.readers.limits import MAX_RECOVERED
from qdecay.model.recover import is_typed
from qdecay.model.source import Source

MIB = 2**20
READ, READ_FLOATS = ("mdp",), ("float_mdp",)  # methods of a Source
PROBE = ("probe", "q_learning", "--gamma", "0.8", "--delays", "1", "--settings", "one-shot",
         "--trainings", "6", "--json", "--store")  # fmt: skip
Files = dict[str, Iterable[bytes]]


class Grown(NamedTuple):
    """A command, or a method of `Source`, for the first file; and what makes the files."""

    command: tuple[str, ...]
    files: Callable[[], Files]


def times(unit: bytes, size: int, before: bytes = b"", after: bytes = b"") -> list[bytes]:
    """Return a text of one unit again and again, up to a size."""
    return [before, unit * ((size - len(before) - len(after)) // len(unit)), after]


def lines(make: Callable[[int], str], size: int, before: str = "", after: str = "") -> list[bytes]:
    """Return a text of numbered parts, up to a size."""
    parts, left = [before], size - len(before) - len(after)
    while (left := left - len(part := make(len(parts)))) >= 0:
        parts.append(part)
    return ["".join([*parts, after]).encode()]


JSON: dict[str, Callable[[], list[bytes]]] = {
    "decimals": lambda: times(b"1.5,", 16 * MIB, b"[", b"0]"),
    "brackets": lambda: times(b"[", 16 * MIB),
    "objects in objects": lambda: times(b'{"a":', 16 * MIB),
    "one text": lambda: times(b"x", 16 * MIB, b'"', b'"'),
    "one number": lambda: times(b"7", 16 * MIB),
    "integers": lambda: times(b"1,", 16 * MIB, b"[", b"0]"),
    "thirds": lambda: times(b'"1/3",', 16 * MIB, b"[", b"0]"),
    "empty lists": lambda: times(b"[],", 16 * MIB, b"[", b"0]"),
    "small objects": lambda: times(b'{"a":1},', 16 * MIB, b"[", b"0]"),
    "escapes": lambda: times(b"\\n", 16 * MIB, b'"', b'"'),
    "long numbers": lambda: times(b"7" * 3999 + b",", 16 * MIB, b"[", b"0]"),
    "spaces": lambda: times(b" ", 16 * MIB, b"", b"[]"),
}


def numbered_json(make: Callable[[int], str], before: str, after: str) -> Callable[[], Files]:
    return lambda: {"m.json": lines(make, 16 * MIB, before, after)}


def mdp(n_states: int, row: Callable[[int], str], size: int = 16 * MIB) -> Callable[[], Files]:
    """Return what makes an MDP file of numbered rows."""
    head = {"schema": "qdecay.mdp/1", "n_states": n_states, "n_actions": 1}
    before = json.dumps(head)[:-1] + ', "transitions": ['
    last = row(0).rstrip(",\n")  # equal to the first, whose share it takes
    return lambda: {"m.json": lines(row, size, before, f"{last}]}}")}


def zipped(**arrays: object) -> Callable[[], Files]:
    """Return what makes an archive; an array may be (header's shape, dtype, count of zeros)."""

    def make() -> Files:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, given in arrays.items():
                with archive.open(f"{name}.npy", "w") as member:
                    if isinstance(given, tuple):
                        shape, kind, fortran, size = given
                        form = {"descr": kind, "fortran_order": fortran, "shape": shape}
                        np.lib.format.write_array_header_2_0(member, form)
                        for _ in range(size // MIB):
                            member.write(bytes(MIB))
                        member.write(bytes(size % MIB))
                    else:
                        np.lib.format.write_array(
                            member, np.asarray(given() if callable(given) else given)
                        )
        return {"m.npz": [file.getvalue()]}

    return make


def many_members(count: int) -> Callable[[], Files]:
    def make() -> Files:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a", b"")
        data = file.getvalue()
        start = data.index(b"PK\1\2")
        entry, end = data[start : data.index(b"PK\5\6")], data[data.index(b"PK\5\6") :]
        length = (len(entry) * count).to_bytes(4, "little")
        return {"m.npz": [data[:start], entry * count, end[:12] + length + end[16:]]}

    return make


def fractions(count: int) -> list[tuple[float, float]]:
    """Return pairs of floats that sum to 1, all different, each a small fraction to be recovered.

    Of a float with at most 15 digits the decimal is taken, and two of these may not sum to 1.
    """
    chance = random.Random(0)
    found: dict[float, float] = {}
    while len(found) < count:
        q = chance.randrange(5000, 10_000)
        p = chance.randrange(500, q - 500)
        pair = p / q, (q - p) / q
        if not any(map(is_typed, map(repr, pair))):
            found[pair[0]] = pair[1]
    return list(found.items())


def ring(n: int) -> Callable[[], Files]:
    """Return what makes a sparse archive of n states that walk in a ring, two ways, as floats."""

    def make() -> Files:
        places = np.stack([np.arange(n), (np.arange(n) + 1) % n], 1)
        return zipped(
            P_data=np.array(fractions(n)).ravel(),
            P_indices=places.ravel().astype(np.int32),
            P_indptr=np.arange(0, 2 * n + 1, 2, dtype=np.int32),
            R=np.array(fractions(n))[:, 1:],
        )()

    return make


def sparse_of(kind: str, index: str, n: int) -> Callable[[], Files]:
    """Return what makes a sparse archive of n zeros in one row, in few bytes each."""
    return zipped(
        P_data=((n,), kind, False, n * np.dtype(kind).itemsize),
        P_indices=((n,), index, False, n * np.dtype(index).itemsize),
        P_indptr=np.array([0, n]),
        R=np.zeros((1, 1)),
    )


def prism(size: int, tra: list[bytes], **more: list[bytes]) -> Callable[[], Files]:
    rest = {f"m.{name}": text for name, text in more.items()}
    return lambda: {"m.tra": tra, "m.srew": [b"1 0\n"], **rest}


def halves(n: int) -> list[tuple[float, float]]:
    """Return n pairs of different numbers that sum to exactly 1: fractions of 2^53."""
    chance = random.Random(0)
    return [(p, 1 - p) for p in (chance.random() for _ in range(n))]


def umb_ring(kind: str, n: int) -> Callable[[], Files]:
    """Return what makes the ring in UMB."""

    def make() -> Files:
        pairs = fractions(n) if kind == "double" and n < MAX_RECOVERED else halves(n)
        model = Model(
            tuple((("go", {i: p, (i + 1) % n: q}),) for i, (p, q) in enumerate(pairs)),
            {"r": Rewards({i: p for i, (p, _) in enumerate(pairs)})},
        )
        return {"m.umb": [packed(umb_members(model, kind))]}

    return make


def drn_ring(n: int, numbers: Callable[[int], Iterable[tuple[Any, Any]]]) -> Callable[[], Files]:
    """Return what makes the ring in DRN."""

    def make() -> Files:
        head = f"@type: MDP\n@reward_models\nr\n@nr_states\n{n}\n@model\n"
        states = (
            f"state {i} [{p}]\n\taction go [0]\n\t\t{i} : {p}\n\t\t{(i + 1) % n} : {q}\n"
            for i, (p, q) in enumerate(numbers(n))
        )
        return {"m.drn": ["".join([head, *states]).encode()]}

    return make


def prism_ring(
    n: int, numbers: Callable[[int], Iterable[tuple[Any, Any]]] | None = None
) -> Callable[[], Files]:
    """Return what makes the same in PRISM's files."""

    def make() -> Files:
        pairs = list(enumerate((numbers or fractions)(n)))
        rows = (f"{i} 0 {i} {p} go\n{i} 0 {(i + 1) % n} {q} go\n" for i, (p, q) in pairs)
        rewards = (f"{i} {p}\n" for i, (p, _) in pairs)
        return {
            "m.tra": ["".join([f"{n} {n} {2 * n}\n", *rows]).encode()],
            "m.srew": ["".join([f"{n} {n}\n", *rewards]).encode()],
            "m.lab": [b'0="init"\n0: 0\n'],
        }

    return make


def umb_of_zeros(packed: str, size: int) -> Callable[[], Files]:
    """Return what makes an archive of zeros, as a .umb."""

    def make() -> Files:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode=f"w:{packed}") as archive:
            member = tarfile.TarInfo("zeros")
            member.size = size
            archive.addfile(member, io.BytesIO(bytes(size)))
        return {"m.umb": [file.getvalue()]}

    return make


def umb_of_members(count: int) -> Callable[[], Files]:
    """Return what makes an archive of empty members; `tarfile` would take ten seconds to."""

    def make() -> Files:
        header = tarfile.TarInfo("0" * 6).tobuf()
        names = [b"%06d" % number for number in range(count)]
        sums = [int(header[148:154], 8) + sum(name) - sum(b"0" * 6) for name in names]
        parts = [
            name + header[6:148] + b"%06o" % of_bytes + header[154:]
            for name, of_bytes in zip(names, sums, strict=True)
        ]
        data = b"".join([*parts, bytes(2 * tarfile.BLOCKSIZE)])
        return {"m.umb": [gzip.compress(data, compresslevel=1)]}

    return make


def umb_of_a_name(size: int) -> Callable[[], Files]:
    """Return what makes an archive of one member with a name of that length."""

    def make() -> Files:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w:gz", format=tarfile.GNU_FORMAT) as archive:
            archive.addfile(tarfile.TarInfo("n" * size))
        return {"m.umb": [file.getvalue()]}

    return make


def csv_file(make: Callable[[int], str], rows: int = 10**6) -> Grown:
    """Return what reads a file of transitions."""
    head = "state,action,reward,next_state,terminated\n"
    return Grown(READ, lambda: {"m.csv": ["".join([head, *map(make, range(rows))]).encode()]})


def spec(text: Callable[[], list[bytes]]) -> Grown:
    return Grown(("sweep", "run", "--dry-run"), lambda: {"s.toml": text()})


def toml_repeated(make: Callable[[int], str]) -> Grown:
    return spec(lambda: lines(make, MIB))


def answers(text: Callable[[], list[bytes]], head: bool = True) -> Grown:
    agent = "q_learning --gamma 0.8"
    first = json.dumps({"schema": "qdecay.probe-trials/1", "agent": agent}).encode() + b"\n"
    return Grown(PROBE, lambda: {"a.jsonl": [first * head, *text()]})


def ones() -> np.ndarray[Any, Any]:
    return np.ones((1, 9000, 9000), np.uint8)


SIDE = 4000
GROWN: dict[str, Grown] = {
    **{
        f"json: {name}": Grown(READ, lambda text=text: {"m.json": text()})
        for name, text in JSON.items()
    },
    **{
        f"certificate: {name}": Grown(("verify",), lambda text=text: {"c.json": text()})
        for name, text in JSON.items()
        if name in ("decimals", "empty lists")
    },
    "json: different decimals": Grown(READ, numbered_json(lambda i: f"0.{i:07d},", "[", "0]")),
    "json: keys": Grown(READ, numbered_json(lambda i: f'"{i}":1,', "{", '"a":1}')),
    "json: states": Grown(READ, mdp(50_000_000, lambda i: "[0,0,0,1,1,true],", 200)),
    "json: equal rows": Grown(READ, mdp(1, lambda i: "[0,0,0,1,1,true],")),
    "json: rows": Grown(READ, mdp(400_000, lambda i: f"    [{i}, 0, 0, 1, 1, false],\n", 12 * MIB)),
    "json: rows of one": Grown(READ, mdp(400_000, lambda i: f"[{i},0,0,1,{i}.5,true],", 10 * MIB)),
    "json: rows of long denominators": Grown(
        READ, mdp(9, lambda i: f'[{i % 9},0,0,"1/{10**3990 + i}",1,true],')
    ),
    "json: rewards of long denominators": Grown(
        READ, mdp(1, lambda i: f'[0,0,0,"1/4200","1/{10**3990 + i}",true],')
    ),
    "csv: rows": csv_file(lambda i: f"{i % 9},0,1,{i % 7},true\n"),
    "csv: names": csv_file(lambda i: f"s{i},a,1,s{i + 1},false\n"),
    "csv: printed floats": csv_file(lambda i: f"0,0,{math.pi * i!r},0,true\n"),
    "csv: rewards": csv_file(lambda i: f"0,0,{i}.5,0,true\n", MAX_RECOVERED),
    "csv: long denominators": csv_file(lambda i: f"0,0,1/{10**3990 + i},0,true\n", 15_000),
    "csv: columns": Grown(READ, lambda: {"m.csv": times(b"x,", 64 * MIB)}),
    "csv: a quote": Grown(READ, lambda: {"m.csv": times(b"\n", 64 * MIB, b'"')}),
    "layout: rewards": Grown(
        READ,
        lambda: {
            "m.json": times(
                b"1,",
                199_900,
                b'{"schema":"qdecay.layout/1","near":["a",[1]],"far":["b",[',
                b"1]]}",
            )
        },
    ),
    "npz: u8": Grown(READ, zipped(P=ones, R=np.zeros(9000))),
    "npz: u8 numeric": Grown(READ_FLOATS, zipped(P=ones, R=np.zeros(9000))),
    **{
        f"npz: {kind} {'F' if fortran else 'C'}": Grown(
            command,
            zipped(
                P=((1, SIDE, SIDE), kind, fortran, SIDE**2 * np.dtype(kind).itemsize),
                R=np.zeros(SIDE),
            ),
        )
        for kind in ("|b1", "|i1", "<f2", "<c8", "|S1", "<U1", "<f4", "<M8[s]", "|V4")
        for fortran, command in ((False, READ), (True, READ_FLOATS))
    },
    "npz: floats": Grown(
        READ, zipped(P=((1, 5790, 5790), "<f8", False, 5790**2 * 8), R=np.zeros(5790))
    ),
    "npz: floats numeric": Grown(
        READ_FLOATS, zipped(P=lambda: np.full((2, 2000, 2000), 1 / 2000), R=np.zeros(2000))
    ),
    "npz: many actions": Grown(
        READ, zipped(P=((33_000_000, 1, 1), "<f8", False, 33_000_000 * 8), R=np.zeros(1))
    ),
    "npz: many actions of one": Grown(
        READ, zipped(P=lambda: np.ones((7_000_000, 1, 1)), R=np.zeros(1))
    ),
    "npz: no axis": Grown(READ, zipped(P=((10**9, 0, 5), "<f8", False, 0), R=np.zeros(1))),
    "npz: no states": Grown(READ, zipped(P=((10**9, 0, 0), "<f8", False, 0), R=np.zeros(0))),
    "npz: lie": Grown(READ, zipped(P=((1, 10**9, 10**9), "<f8", False, 9), R=np.zeros(1))),
    "npz: rewards": Grown(
        READ_FLOATS,
        zipped(
            P_data=np.zeros(0),
            P_indices=np.zeros(0, np.int32),
            P_indptr=((22_000_001,), "<i4", False, 4 * 22_000_001),
            R=((22_000_000, 1), "<f8", False, 8 * 22_000_000),
        ),
    ),
    "npz: rewards exactly": Grown(
        READ,
        zipped(
            P_data=np.zeros(0),
            P_indices=np.zeros(0, np.int32),
            P_indptr=((22_000_001,), "<i4", False, 4 * 22_000_001),
            R=((22_000_000, 1), "<f8", False, 8 * 22_000_000),
        ),
    ),
    "npz: sparse bytes": Grown(READ_FLOATS, sparse_of("|u1", "|u1", 100_000_000)),
    "npz: sparse": Grown(READ_FLOATS, sparse_of("<f8", "<i4", 22_000_000)),
    "npz: sparse exactly": Grown(READ, sparse_of("<f8", "<i4", 22_000_000)),
    "npz: ring": Grown(READ, ring(125_000)),
    "npz: header": Grown(READ, zipped(P=((1,) * 9000, "<f8", False, 8), R=np.zeros(1))),
    "npz: members": Grown(READ, many_members(5_000_000)),
    "tra: newlines": Grown(READ, lambda: prism(0, times(b"\n", 256 * MIB))()),
    "tra: newlines within the limit": Grown(READ, lambda: prism(0, times(b"\n", 16 * MIB))()),
    "tra: comments": Grown(READ, lambda: prism(0, times(b"#\n", 16 * MIB))()),
    "tra: words": Grown(READ, lambda: prism(0, times(b"1 ", 16 * MIB))()),
    "tra: starts": Grown(READ, lambda: prism(0, times(b"- - 0\n", 1_700_000, b"1 1 1\n"))()),
    "tra: digits": Grown(READ, lambda: prism(0, times(b"1", 16 * MIB))()),
    "tra: separators": Grown(READ, lambda: prism(0, times("\u2028".encode(), 16 * MIB))()),
    "tra: states": Grown(READ, lambda: prism(0, [b"1000000000000 1 1\n0 0 0 1\n"])()),
    "tra: fewer states": Grown(READ, lambda: prism(0, [b"999999999 1 1\n0 0 0 1\n"])()),
    "tra: actions": Grown(READ, lambda: prism(0, [b"1 1 1\n0 999999998 0 1\n"])()),
    "tra: more than announced": Grown(
        READ, lambda: prism(0, times(b"0 0 0 1\n", 2 * MIB, b"1 1 1\n"))()
    ),
    "tra: long denominators": Grown(
        READ,
        lambda: prism(0, lines(lambda i: f"0 0 0 1/{10**3990 + i}\n", 16 * MIB, "1 1 4000\n"))(),
    ),
    "lab: digits": Grown(
        READ, lambda: prism(0, [b"1 1 1\n0 0 0 1\n"], lab=times(b"1", MIB // 2))()
    ),
    "lab: labels": Grown(
        READ, lambda: prism(0, [b"1 1 1\n0 0 0 1\n"], lab=times(b'0="a" ', MIB // 2))()
    ),
    "tra: ring": Grown(READ, prism_ring(99_000)),
    "tra: ring in floats": Grown(READ_FLOATS, prism_ring(740_000, halves)),
    "tra: newlines in floats": Grown(READ_FLOATS, lambda: prism(0, times(b"\n", 128 * MIB))()),
    "tra: comments in floats": Grown(READ_FLOATS, lambda: prism(0, times(b"#\n", 6 * 10**6))()),
    "tra: words in floats": Grown(
        READ_FLOATS, lambda: prism(0, times(b"1 " * 500_000 + b"\n", 128 * MIB))()
    ),
    "tra: wide lines in floats": Grown(
        READ_FLOATS,
        lambda: prism(0, times(b"0 1:0" + b" 1:0" * 9 + b"\n", 100 * MIB, b"1 9 9\n"))(),
    ),
    "tra: digits in floats": Grown(READ_FLOATS, lambda: prism(0, times(b"1", 128 * MIB))()),
    "tra: actions in floats": Grown(READ_FLOATS, lambda: prism(0, [b"1 1 1\n0 999999998 0 1\n"])()),
    "pexp: headings": Grown(
        READ_FLOATS,
        lambda: {"m.pexp": times(b"# Reward structure\n", 57 * MIB, b"1 1 1\n0 0 0 1\n")},
    ),
    "drn: ring": Grown(READ, drn_ring(74_000, fractions)),
    "drn: ring in floats": Grown(READ_FLOATS, drn_ring(620_000, halves)),
    "drn: newlines": Grown(READ, lambda: {"m.drn": times(b"\n", 16 * MIB)}),
    "drn: states": Grown(READ, lambda: {"m.drn": [b"@type: MDP\n@nr_states\n99999999\n@model\n"]}),
    "drn: rewards": Grown(
        READ,
        lambda: {
            "m.drn": [b"@type: MDP\n@nr_states\n1\n@model\nstate 0 [", b"0," * 8_000_000, b"0]\n"]
        },
    ),
    "drn: placeholders": Grown(
        READ,
        lambda: {"m.drn": lines(lambda i: f"${i} : {i}\n", 4 * MIB, "@type: MDP\n@placeholders\n")},
    ),
    "umb: ring": Grown(READ, umb_ring("double", 124_000)),
    "umb: ring of rationals": Grown(READ, umb_ring("rational", 120_000)),
    "umb: ring of rationals in floats": Grown(READ_FLOATS, umb_ring("rational", 740_000)),
    "umb: zeros in floats": Grown(READ_FLOATS, umb_of_zeros("gz", 255 * MIB)),
    "umb: members": Grown(READ_FLOATS, umb_of_members(500_000)),
    "umb: a long name": Grown(READ_FLOATS, umb_of_a_name(64 * MIB)),
    **{
        f"umb: {packed}": Grown(READ, umb_of_zeros(packed, 512 * MIB))
        for packed in ("", "gz", "bz2", "xz")
    },
    "toml: dots": spec(lambda: times(b".a", MIB, b"a", b"=1")),
    "toml: 50 dots": toml_repeated(lambda i: f"a{i}{'.a' * 50}=1\n"),
    "toml: decimals": spec(lambda: times(b"1.5,", MIB, b"a=[", b"]")),
    "toml: brackets": spec(lambda: times(b"[", MIB, b"a=")),
    "toml: tables": toml_repeated(lambda i: f"[a.b{i}.c]\n"),
    "toml: newlines": spec(lambda: times(b"\n", 16 * MIB)),
    "answers: newlines": answers(lambda: times(b"\n", 32 * MIB - 99)),
    "answers: lists": answers(lambda: times(b"[],", 32 * MIB - 99)),
    "answers: lists in lines": answers(lambda: [times(b"[],", 65_000, b"[", b"0]\n") * 500][0]),
    "answers: header": answers(lambda: times(b"[],", 32 * MIB - 99, b"[", b"0]"), head=False),
    "answers: sound": answers(
        lambda: lines(lambda i: f'{{"question":"{i}","far":true}}\n', 8 * 10**6)
    ),
}
"""By name; sizes are those that the readers allow, or a little more."""


class Outcome(NamedTuple):
    """How a command ended, with the seconds of the processor and the MiB that it took."""

    code: int
    out: str
    err: str
    seconds: float
    memory: float


# Processes are forked from one that has loaded the package: to load it takes each a second.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["qdecay.cli.app", "qdecay.model.source"])


def _child(folder: Path, arguments: list[str], seconds: int) -> None:
    """Be the command; what it prints and takes is in files of the folder."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    os.chdir(folder)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT), number)
    sys.argv = ["qdecay", *arguments]
    try:
        if hasattr(Source, arguments[0]):
            getattr(Source(arguments[1]), arguments[0])()
        else:
            app.main()
    except InputError as error:
        sys.exit(exit_code(error))
    finally:
        peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
        Path("used").write_text(f"{time.process_time()} {int(peak) / 1024}")


def hand_over(name: str, folder: Path, seconds: int = 20) -> Outcome:
    """Write the files, run the command on them in a separate process, and remove them."""
    grown = GROWN[name]
    files = grown.files()
    names = list(files)
    for file, parts in files.items():
        with (folder / file).open("wb") as opened:
            opened.writelines(parts)
    del files
    process = _CONTEXT.Process(target=_child, args=(folder, [*grown.command, names[0]], seconds))
    process.start()
    process.join()
    used = folder / "used"
    spent, memory = used.read_text().split() if used.exists() else ("inf", "inf")
    out, err = ((folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
    for file in folder.iterdir():
        file.unlink()
    assert process.exitcode is not None
    return Outcome(process.exitcode, out, err, float(spent), float(memory))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for each in sys.argv[1:] or GROWN:
            met = hand_over(each, Path(place))
            told = (met.err or met.out)[:150].strip()
            print(
                f"{each:36} {met.code:3} {met.seconds:5.1f} s {met.memory:5.0f} MiB {told}",
                flush=True,
            )
