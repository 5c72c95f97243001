"""Hand damaged files to the command line, under limits of time and memory, and tell what broke.

`python tests/fuzzing.py KIND COUNT` prints one line for each input that got anything else than
exit code 0, 1 or 3 (the damage left it valid), or 2 with one line on standard error.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import random
import resource
import signal
import sys
import tempfile
import time
import tomllib
import traceback
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import typer

from qdecay.cli import app as cli

SECONDS, BYTES = 5, 2**30
ODD = [
    None, True, False, 0, -1, 1, 2, 10**7, 10**12, -(10**12), 0.5, 1e308,
    float("nan"), float("inf"), "", "1/0", "1/2", "1e999999999", "1e-999999999", "٣",
    "\ud800", "\x1b[2J\n", "\u202e", "nan", "0x1",
    [], {}, [[]], [[[]]], {"": {}}, "9" * 5000, [0] * 9, "qdecay.mdp/1", "qdecay.layout/1",
]  # fmt: skip
SPLICES = [
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"[" * 3000, b"{", b"}", b'"', b"1e999999999", b"NaN",
    b"-Infinity", b"9" * 5000, b"1/0", "٣".encode(), b"\xed\xa0\x80", b"\x1b[2J", b"\n", b"-1",
    b"1000000000000", b"\r", b" ", b"\\ud800", b'"schema":1,', b"true",
]  # fmt: skip
METHODS = [
    getattr(zipfile, name)
    for name in ("ZIP_STORED", "ZIP_DEFLATED", "ZIP_BZIP2", "ZIP_LZMA", "ZIP_ZSTANDARD")
    if hasattr(zipfile, name)  # the last from Python 3.14 on
]
MDP = {
    "schema": "qdecay.mdp/1",
    "n_states": 2,
    "n_actions": 2,
    "start": 0,
    "state_names": ["a", "b"],
    "action_names": ["stay", "go"],
    "transitions": [
        [0, 0, 0, 1, 1, False],
        [0, 1, 1, "1/2", 0, False],
        [0, 1, 0, "0.5", 0, False],
        [1, 0, 1, 1, 2, False],
        [1, 1, 1, 1, 0, True],
    ],
}
PRISM = {
    "m.tra": "2 3 4\n0 0 0 1 stay\n0 1 1 1/2 go\n0 1 0 0.5 go\n1 0 1 1 stay\n",
    "m.srew": "2 2\n0 1\n1 0.30000000000000004\n",
    "m.trew": "2 3 2\n0 1 1 7/2\n1 0 1 -1e-3\n",
    "m.lab": '0="init" 1="deadlock" 2="goal"\n0: 0 2\n1: 1\n',
}
STORM = {
    "m.tra": "mdp\n0 0 0 1 stay\n0 1 1 1/2 go\n0 1 0 0.5 go\n1 0 1 1 stay\n",
    "m.state.rew": "0 1\n1 0.30000000000000004\n",
    "m.trans.rew": "0 1 1 7/2\n1 0 1 -1e-3\n",
    "m.lab": "#DECLARATION\ninit done\n#END\n0 init\n1 done\n",
}
ROWS = {
    **PRISM,
    "m.tra": "2 3 4\n0 1:0 stay\n0 1/2:1 0.5:0 go\n1 1:1 stay\n",
    "m.trew": "2 3 2\n0\n0 7/2:1\n1 -1e-3:1\n",
}
DRN = """@type: MDP
@value_type: double
@parameters

@reward_models
r
@nr_states
2
@nr_choices
3
@model
state 0 [1] init
\taction stay [0]
\t\t0 : 1
\taction go [3/2]
\t\t1 : 1/2
\t\t0 : 0.5
state 1 [0.30000000000000004] done
\taction stay [-1e-3]
\t\t1 : 1
"""
WORDS = [
    "0", "1", "2", "-1", "-", "999999999", "1000000000000", "1e999999999", "1/0", "1/3", "nan",
    "inf", "٣", "0x1", "0.1.2", "1_0", '"', '0="init"', "0:", ":", "#", "stay", "9" * 5000, "+1",
    "1e-400", "mdp", "ctmc", "#END", "@model", "@type:", "state", "action", "[", "]", "[1]", "1:0",
    "[0,1]", "1-p", "$x",
]  # fmt: skip
REGIONS = ["regions", "--max-seconds", "3", "--json"]
PROBE = [
    "probe", "q_learning", "--gamma", "0.8", "--delays", "1", "--settings", "one-shot",
    "--trainings", "6", "--json", "--store",
]  # fmt: skip
SPEC = b"""schema = "qdecay.sweep/1"
sources = [{ delay = [2, 4], reward = 6 }]
gammas = [0.4, "2/3"]
learners = [{ name = "q_learning", epsilon = [0.1, 0.5], episodes = 100 }]
seeds = 3
"""
Prepare = Callable[[random.Random], list[str]]

SPEC_KEYS: list[tuple[str, dict[str, Any]]] = [
    ("sources", {"near_delay": [0, 1], "near_reward": "1/2", "ending": "repeat", "start": 0}),
    ("sources", {"options": {"slip": [0.1, "1/5"]}}),
    ("learners", {"step_size": {"schedule": "linear", "start": 1, "end": 0.1, "steps": 10}}),
    ("learners", {"steps": 100, "max_episode_steps": 10, "initial_value": -1}),
    ("learners", {"name": "n_step_q_learning", "n": [1, 2]}),
    ("gammas", {"gammas": {"around": "break-even", "count": 3, "spread": 0.2}}),
    ("seeds", {"seeds": [0, 2, 4]}),
]
"""What else a spec may have, and where."""


def damaged_value(value: Any, chance: random.Random) -> Any:
    """Return a copy of a JSON value with one place dropped, doubled, replaced or wrapped."""
    if isinstance(value, dict | list) and value and chance.random() < 0.8:
        copy: Any = value.copy()
        place = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        what = chance.random()
        if what < 0.1:
            del copy[place]
        elif what < 0.2 and isinstance(copy, list):
            copy.insert(place, copy[place])
        else:
            copy[place] = damaged_value(value[place], chance)
        return copy
    return [value] if chance.random() < 0.05 else chance.choice(ODD)


def damaged_entries(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return a copy with up to three entries damaged, seldom the schema, where readers stop."""
    copy = dict(document)
    for _ in range(chance.randint(1, 3)):
        place = chance.choice(list(copy)[chance.random() < 0.95 :])
        copy[place] = damaged_value(copy[place], chance)
    return copy


def damaged_bytes(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes with a few flipped, cut, repeated or spliced in; one in ten at random."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(300))
    for _ in range(chance.randint(1, 3)):
        i = chance.randrange(len(data) + 1)
        j = min(len(data), i + chance.randint(1, 40))
        middle = [chance.choice(SPLICES), b"", data[i:j] * 2, chance.randbytes(1)]
        if chance.random() < 0.03:  # what grows
            middle = [data[i:j] * (2**20 // (j - i or 1))]
        data = data[:i] + chance.choice(middle) + data[chance.choice([i, i + 1, j]) :]
        if chance.random() < 0.1:
            data = data[:i]
    return data


def damaged_json(document: Any) -> Callable[[random.Random], bytes]:
    """Return the maker of damaged files of one JSON document."""

    def make(chance: random.Random) -> bytes:
        if chance.random() < 0.4:
            return damaged_bytes(json.dumps(document).encode(), chance)
        if chance.random() < 0.05:
            return json.dumps(damaged_value(document, chance)).encode()
        return json.dumps(damaged_entries(document, chance)).encode()

    return make


def damaged_npz(chance: random.Random) -> bytes:
    """Return an archive with damaged bytes, or with arrays of odd types, shapes and numbers."""
    arrays: dict[str, Any] = {
        "P": np.array([[[1, 0], [0, 1.0]], [[0.5, 0.5], [1, 0]]]),
        "R": np.array([[1.0, 0], [0, 2]]),
    }
    odd: list[Any] = [
        np.array({}, dtype=object), np.array("x"), np.zeros((0, 0, 0)), np.zeros((2, 2, 3)),
        np.full((2, 2, 2), np.nan), np.ones(2, bool), np.ones((2, 2), complex), np.array(1e308),
        np.array([[np.inf, 0], [0, 1]]), np.zeros(1, "M8[s]"), np.zeros(2, [("a", "i4")]),
        np.full((2, 2), 2**63, np.uint64), np.full((2, 2), 1e-320), np.zeros((2, 2), np.longdouble),
    ]  # fmt: skip
    broken = chance.random() < 0.5
    if not broken:
        names = ["P", "R", "start", "ends", "P_data", "P_indices", "P_indptr"]
        for name in chance.sample(names, chance.randint(1, 4)):
            arrays[name] = chance.choice(odd)
    data = packed(arrays, chance.choice(METHODS))
    return damaged_bytes(data, chance) if broken else data


def packed(arrays: Mapping[str, Any], method: int) -> bytes:
    """Return the archive of some arrays, as `numpy.savez` writes it, compressed by any method."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asarray(array))
    return file.getvalue()


def damaged_headers(chance: random.Random) -> bytes:
    """Return an archive whose P has an odd .npy header, or unpacks to far more than it holds."""
    shape = chance.choice(["(2, 2, 2)", "(10**12,)", "(1000000000000,)", "(-1, 2)", "()", "(2,"])
    kind = chance.choice(["<f8", "|O", "<U999999999", "|V0", ">i8", "<M8[s]", "\ud800", "|S1"])
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    text = header.encode("utf-8", "surrogatepass") if chance.random() < 0.9 else b"(" * 9000
    length = len(text).to_bytes(2, "little") if chance.random() < 0.8 else b"\xff\xff"
    version = chance.choice([b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\xff\0"])
    body = bytes(2**28) if chance.random() < 0.005 else bytes(chance.choice([0, 8, 64, 10**6]))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", chance.choice(METHODS), compresslevel=1) as archive:
        archive.writestr("P.npy", b"\x93NUMPY" + version + length + text + body)
        archive.writestr(chance.choice(["R.npy", "P_data.npy", "../R.npy", "R"]), b"\x93NUMPY")
    return file.getvalue()


def damaged_spec(chance: random.Random) -> bytes:
    """Return a spec with damaged bytes, or with values of odd types, numbers and nesting."""
    if chance.random() < 0.4:
        return damaged_bytes(SPEC, chance)
    value = tomllib.loads(SPEC.decode())
    for place, more in SPEC_KEYS:
        if chance.random() < 0.2:
            (value[place][0] if place in ("sources", "learners") else value).update(more)
    value = damaged_entries(value, chance)
    return "\n".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()).encode()


def toml(value: Any) -> str:
    """Return a value as TOML has it, on one line; what TOML cannot say as JSON has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value) if isinstance(value, float) else json.dumps(value)


def damaged_texts(chance: random.Random) -> dict[str, bytes]:
    """Return the files of PRISM or Storm, one or two of them damaged, some left out."""
    texts = chance.choice([PRISM, ROWS, STORM])
    files = {name: text.encode() for name, text in texts.items()}
    for name in chance.sample(list(files), chance.choice([1, 1, 2])):
        files[name] = chance.choice([damaged_bytes, damaged_words])(files[name], chance)
    for name in chance.sample(list(files), chance.choice([0, 0, 0, 1, 2])):
        del files[name]
    return files


def damaged_words(data: bytes, chance: random.Random) -> bytes:
    """Return a text with words dropped, doubled, swapped or replaced by odd ones."""
    lines = [line.split() for line in data.decode().splitlines()]
    for _ in range(chance.randint(1, 4)):
        words = chance.choice(lines)
        if not words:
            continue
        i, j = chance.randrange(len(words)), chance.randrange(len(words))
        what = chance.random()
        if what < 0.6:
            words[i] = chance.choice(WORDS)
        elif what < 0.8:
            words[i], words[j] = words[j], words[i]
        elif what < 0.9:
            lines.append(words)
        else:
            del words[i]
    return "\n".join(map(" ".join, lines)).encode()


def damaged_options(chance: random.Random) -> list[str]:
    """Return `regions` with a SOURCE and -k of odd text, as a shell can hand it over (no NUL)."""
    regions = ["regions", "--max-seconds", "3"]
    source = chance.choice(["qdecay/StayOrMove-v0", "qdecay/NChain-v0", "FrozenLake-v1"])
    if chance.random() < 0.5:
        text = damaged_bytes(source.encode(), chance).decode("utf-8", "surrogateescape")
        return [*regions, text.replace("\0", "").lstrip("-") or "x"]
    name = chance.choice(["slip", "length", "map_name", "near", "x", ""])
    return [*regions, source, "-k", f"{name}={json.dumps(chance.choice(ODD))}"]


def damaged_answers() -> Callable[[random.Random], bytes]:
    """Return the maker of damaged stores of a probe, line by line or byte by byte."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.jsonl")
        assert command([*PROBE, str(path)])[0] in (0, 1, 3)
        lines = path.read_text().splitlines()

    def make(chance: random.Random) -> bytes:
        if chance.random() < 0.5:
            return damaged_bytes("\n".join([*lines, ""]).encode(), chance)
        copy = lines.copy()
        for _ in range(chance.randint(1, 3)):
            i = min(chance.choice([0, chance.randrange(len(copy))]), len(copy) - 1)
            copy[i] = json.dumps(damaged_value(json.loads(copy[i]), chance))
        return "\n".join(copy).encode()

    return make


def layout() -> Any:
    """Return the document of a small chain."""
    import gymnasium as gym

    import qdecay_envs  # noqa: F401
    from qdecay_envs.jsonfile import read_json

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "layout.json")
        env: Any = gym.make("qdecay/StayOrMove-v0").unwrapped
        env.layout.save(path)
        return read_json(path)


def certificate() -> Any:
    """Return the certificate of the model above."""
    with tempfile.TemporaryDirectory() as folder:
        model, proof = Path(folder, "m.json"), Path(folder, "proof.json")
        model.write_text(json.dumps(MDP))
        assert command(["regions", str(model), "--certificate", str(proof)])[0] == 0
        return json.loads(proof.read_text())


def prepare_umb() -> Prepare:
    """Return what prepares a damaged UMB file."""
    from fuzzing_umb import damaged_umb

    make = damaged_umb()
    commands = [[*REGIONS, "m.umb"], ["regions", "--numeric", "m.umb"]]
    return one_of(commands, lambda chance: {"m.umb": make(chance)})


def prepare_spec() -> Prepare:
    """Return what prepares a damaged spec; its learners are compiled before time is limited."""
    path = Path("s.toml")
    more = b'learners = [{ name = "n_step_sarsa", n = 2, steps = 9 }, '
    path.write_bytes(SPEC.replace(b"learners = [", more))
    code, err = command(["sweep", "run", "--dry-run", "s.toml"])
    assert code == 0, err
    path.unlink()
    return one_file(["sweep", "run", "--dry-run"], "s.toml", damaged_spec)


def prepare_store() -> Prepare:
    """Return what prepares a damaged store of a sweep, for the commands that read it or go on."""
    from fuzzing_store import damaged_store

    from qdecay.sweep import run
    from qdecay.sweep.backends import InProcess

    run.open_pool = lambda *_: InProcess()  # other processes would have no limits
    make = damaged_store()
    return one_of(
        [
            ["sweep", "run", "s.toml", "-o", "r.db"],
            ["sweep", "export", "r.db", "-o", "x.csv"],
            ["sweep", "phase", "r.db", "--json"],
            ["sweep", "phase", "r.db"],
        ],
        lambda chance: {"s.toml": SPEC, **make(chance)},
    )


def one_of(
    commands: list[list[str]], make: Callable[[random.Random], Mapping[str, bytes]]
) -> Prepare:
    """Return what writes damaged files, for any of the commands."""

    def prepare(chance: random.Random) -> list[str]:
        for name, data in make(chance).items():
            Path(name).write_bytes(data)
        return chance.choice(commands)

    return prepare


def one_file(command: list[str], name: str, make: Callable[[random.Random], bytes]) -> Prepare:
    """Return what writes one damaged file, for a command that reads it."""
    return one_of([[*command, name]], lambda chance: {name: make(chance)})


KINDS: dict[str, Callable[[], Prepare]] = {
    "mdp": lambda: one_file(REGIONS, "m.json", damaged_json(MDP)),
    "layout": lambda: one_file(REGIONS, "l.json", damaged_json(layout())),
    "npz": lambda: one_file(REGIONS, "m.npz", damaged_npz),
    "headers": lambda: one_file(REGIONS, "m.npz", damaged_headers),
    "texts": lambda: one_of(
        [[*REGIONS, "m.tra"], ["regions", "--numeric", "m.tra"]], damaged_texts
    ),
    "drn": lambda: one_of(
        [[*REGIONS, "m.drn"], ["regions", "--numeric", "m.drn"]],
        lambda chance: {
            "m.drn": chance.choice([damaged_bytes, damaged_words])(DRN.encode(), chance)
        },
    ),
    "umb": prepare_umb,
    "certificate": lambda: one_file(["verify"], "c.json", damaged_json(certificate())),
    "answers": lambda: one_file(PROBE, "a.jsonl", damaged_answers()),
    "spec": prepare_spec,
    "store": prepare_store,
    "options": lambda: damaged_options,
}
"""For each reader what prepares an input: it writes files here and returns a command."""


def command(arguments: list[str]) -> tuple[int, str]:
    """Return exit code and standard error of `qdecay arguments`; 99 where it ended otherwise."""
    sys.argv = ["qdecay", *arguments]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as ended:
            return int(ended.code or 0), err.getvalue()
        except BaseException:
            return 99, traceback.format_exc()
    return 98, "main returned"


def is_well_told(code: int, err: str) -> bool:
    """Whether it worked, or was refused in one line without control characters."""
    line = err.removesuffix("\n")
    return code in (0, 1, 3) or (code == 2 and line.startswith("qdecay: ") and line.isprintable())


class OutOfTimeError(BaseException):
    """A command took too long; no `except` for errors is to swallow this."""


def _out_of_time(*_: object) -> None:
    raise OutOfTimeError


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + BYTES,) * 2)


def _files() -> dict[str, bytes]:
    """The files here, without those that SQLite and a sweep's lock make beside a store."""
    return {
        path.name: data
        for path in Path().iterdir()
        if (data := path.read_bytes()) and not path.name.endswith("-shm")
    }


def tried(prepare: Prepare, chance: random.Random) -> tuple[str, float]:
    """Return what is wrong with how one input was met, or "", and the seconds it took."""
    arguments = prepare(chance)
    before = _files()
    faulthandler.dump_traceback_later(20 * SECONDS, exit=True)  # where no signal gets through
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # the processor's time: others may keep it busy
    began = time.process_time()
    code, err = command(arguments)
    seconds = time.process_time() - began
    signal.setitimer(signal.ITIMER_PROF, 0)
    faulthandler.cancel_dump_traceback_later()
    wrong = []
    if seconds > SECONDS:
        wrong.append(f"took {seconds:.1f} s")
    if not is_well_told(code, err):
        wrong.append(f"exit code {code}: {err[-900:]!a}")
    if code == 2 and (after := _files()) != before:
        changed = sorted(n for n in {*before, *after} if before.get(n) != after.get(n))
        wrong.append(f"refused ({err!a}), but changed: {', '.join(changed)}")
    for path in Path().iterdir():
        path.unlink()
    return f"{arguments!a}: {'; '.join(wrong)}" if wrong else "", seconds


def main(kind: str, count: int) -> str:
    """Try `count` inputs, always the same ones, and print those whose error was unclear.

    Returns: the longest time and the largest memory of this process.
    """
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", ".*environment", UserWarning)  # Gymnasium's, of old versions
    signal.signal(signal.SIGPROF, _out_of_time)
    cli.app = typer.main.get_command(cli.app)  # built once, in place of for every command
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        prepare = KINDS[kind]()
        for name in ("qdecay/StayOrMove-v0", "FrozenLake-v1"):
            for numeric in ([], ["--numeric"]):
                command(["regions", *numeric, name])  # compiles before memory is limited
        _limit_memory()
        longest = 0.0
        for number in range(count):
            wrong, seconds = tried(prepare, random.Random(f"{kind} {number}"))
            longest = max(longest, seconds)
            if wrong:
                print(number, wrong, flush=True)
    print("tried", count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"longest {longest:.2f} s, largest {peak / 1024:.0f} MiB"


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2])))
