"""Mutants: does a test fail when the code is changed? `python tests/mutants.py verify --jobs 2`.

Every mutant is one small change of a copy of this tree: a comparison, an operator, a constant, a
condition, a function for its opposite, a statement removed; and the ones that `mutants.toml` names.
It is killed where one of the tests fails that cover its file, or where they no longer end. Those
that mean the same as the original are in `mutants.toml`, each with the reason. Any other that
survives makes the exit status 1.

Names tell the file's name, the function and the change, so that they outlast lines that move. A
share below 1 takes the mutants whose hashed names are least: the same ones whatever else changes.
"""

from __future__ import annotations

import argparse
import ast
import copy
import hashlib
import os
import resource
import shlex
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]
SEED = "qdecay"
MEMORY = 8 << 30  # bytes that a process may take: a list that grows for ever ends there
PYTEST = ["-x", "-q", "--no-header", "-p", "no:cacheprovider"]
PYTEST += ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
LOADED_ONCE = ["flint", "numpy", "scipy.sparse", "sympy", "numba"]
RUNNING: set[int] = set()  # process groups
OPPOSITES = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,), ast.Mult: (ast.FloorDiv,), ast.FloorDiv: (ast.Mult,),
    ast.Div: (ast.Mult,), ast.Mod: (ast.FloorDiv,), ast.Pow: (ast.Mult,), ast.And: (ast.Or,),
    ast.Or: (ast.And,), ast.LShift: (ast.RShift,), ast.RShift: (ast.LShift,),
    ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,),
}  # fmt: skip
_PAIRS = [("min", "max"), ("any", "all"), ("argmin", "argmax"), ("minimum", "maximum")]
_PAIRS += [("floor", "ceil"), ("gcd", "lcm"), ("log1p", "log"), ("expm1", "exp")]
NAMES = {**dict(_PAIRS), **{b: a for a, b in _PAIRS}}
REMOVED = (ast.Expr, ast.Raise, ast.AugAssign, ast.Continue, ast.Break, ast.Return)


@dataclass(frozen=True)
class Mutant:
    """A changed source of one file, and its tests: arguments for pytest, quick ones first."""

    name: str
    file: str
    source: str
    tests: tuple[str, ...]


def others(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of a node."""
    match node:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                for other in OPPOSITES[type(op)]:
                    yield replaced(node, ops=[*ops[:i], other(), *ops[i + 1 :]])
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op) if type(op) in OPPOSITES:
            yield from (replaced(node, op=other()) for other in OPPOSITES[type(op)])
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield from (ast.Constant(value + step) for step in ((1, -1) if value > 1 else (1,)))
            if value == 1:
                yield ast.Constant(0)
        case ast.Constant(value=float(value)):
            yield ast.Constant(2 * value if value else 1.0)
        case ast.Name(id=name) if name in NAMES:
            yield replaced(node, id=NAMES[name])
        case ast.Attribute(attr=name) if name in NAMES:
            yield replaced(node, attr=NAMES[name])
        case ast.If(test=ast.Name() | ast.Call() | ast.Attribute() as test):
            yield replaced(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.IfExp(test=test):
            yield replaced(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.Return(value=ast.Name() | ast.BinOp() as value):
            yield replaced(node, value=ast.UnaryOp(ast.USub(), value))
    if isinstance(node, REMOVED) and not isinstance(getattr(node, "value", None), ast.Constant):
        yield ast.Pass()


def replaced(node: ast.AST, **fields: Any) -> ast.AST:
    """Return a copy of a node with other fields."""
    result = copy.copy(node)
    for name, value in fields.items():
        setattr(result, name, value)
    return result


def parts(node: ast.AST) -> Iterator[tuple[Callable[[ast.AST], None], ast.AST]]:
    """Yield the nodes below one that run and decide something, each with how to put another."""
    if isinstance(node, ast.JoinedStr | ast.Raise):  # texts for people
        return
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        if isinstance(value, ast.AST):
            yield lambda other, field=field: setattr(node, field, other), value
        elif isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, ast.AST) and not is_remark(item):
                    yield lambda other, value=value, i=i: value.__setitem__(i, other), item


def is_remark(node: ast.AST) -> bool:
    """Whether it is `strict=` of zip, which says what holds, or a block for type checkers."""
    return (isinstance(node, ast.keyword) and node.arg == "strict") or (
        isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )


def changes(tree: ast.Module) -> Iterator[str]:
    """Make each possible change in the tree, in turn, and yield what it is; then undo it."""

    def visit(node: ast.AST, scope: str, above: list[ast.AST]) -> Iterator[str]:
        for put, part in parts(node):
            path = [*above, node, part]
            for other in others(part):
                around = shown(path)
                old = first_line(around)
                put(other)
                new = "removed" if isinstance(other, ast.Pass) else None
                if new is None:
                    new = first_line(other if around is part else around)
                yield f"{scope}: {old} -> {new}"
                put(part)
            named = isinstance(part, ast.FunctionDef | ast.ClassDef)
            inner = f"{scope}.{part.name}" if named else scope
            yield from visit(part, inner, path[:-1])

    yield from visit(tree, "", [])


def first_line(node: ast.AST) -> str:
    """Return the first line of its source."""
    return ast.unparse(node).partition("\n")[0]


def shown(path: list[ast.AST]) -> ast.AST:
    """Return the last node, or what it stands in as far as that is short and on one line."""
    result = path[-1]
    for node in reversed(path[:-1]):
        if isinstance(node, ast.expr | ast.stmt | ast.keyword):
            text = ast.unparse(node)
            if len(text) > 50 or "\n" in text:
                break
            result = node
    return result


def generated(group: dict[str, Any]) -> Iterator[Mutant]:
    """Yield the mutants of a group: the generated ones that are due, then the named ones."""
    for cover in group["cover"]:
        for file in cover["files"]:
            text = (ROOT / file).read_text()
            stem, tree, count = Path(file).stem, ast.parse(text), Counter[str]()
            original = ast.dump(tree)
            for change in changes(tree):
                name = f"{stem}{change}"
                count[name] += 1
                name += f" #{count[name]}" if count[name] > 1 else ""
                digest = hashlib.sha256(f"{SEED} {name}".encode()).digest()
                if int.from_bytes(digest[:4], "big") < cover.get("share", 1.0) * 2**32:
                    source = ast.unparse(tree)
                    assert ast.dump(ast.parse(source)) != original, name
                    yield Mutant(name, file, source, tuple(cover["tests"]))
    for hand in group.get("hand", ()):
        text = (ROOT / hand["file"]).read_text()
        assert text.count(hand["old"]) == 1, f"not once in {hand['file']}: {hand['old']}"
        name = f"{Path(hand['file']).stem}, by hand: {hand['old']} -> {hand['new']}"
        source = text.replace(hand["old"], hand["new"])
        assert ast.dump(ast.parse(source)) != ast.dump(ast.parse(text)), name
        yield Mutant(name, hand["file"], source, tuple(hand["tests"]))


def start(tree: Path, tests: tuple[str, ...], seconds: float, *, keep: bool = False) -> int:
    """Start pytest in a copy of this process, limited to so much CPU time; return its id."""
    sys.stdout.flush()
    if pid := os.fork():
        RUNNING.add(pid)
        return pid
    code = 3
    try:  # whatever happens, this copy of the process ends here
        prepare(tree, seconds, keep=keep)
        code = next((code for code in map(run_tests, tests) if code), 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run_tests(arguments: str) -> int:
    """Run the tests that arguments for pytest select."""
    return pytest.main([*PYTEST, *shlex.split(arguments)])


def prepare(tree: Path, seconds: float, *, keep: bool) -> None:
    """Go to a tree with this process and what it starts; limit time and memory."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.chdir(tree)
    log = os.open("mutant.log", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(log, stream)
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(tree), str(tree / "envs")])
    if not keep:  # else a later run could take this source's code for the next one's
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    found = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # the first failure is enough
    hypothesis.settings.register_profile("mutants", phases=found, database=None)
    hypothesis.settings.load_profile("mutants")
    sys.path[:] = [path for path in sys.path if Path(path) != ROOT / "tests"]


def finished(pid: int, ends: float) -> tuple[str, float] | None:
    """Return how a run ended and its CPU time, or None where it goes on."""
    found, status, usage = os.wait4(pid, os.WNOHANG)
    if not found:
        if time.monotonic() < ends:
            return None
        os.killpg(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
    else:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # what it started and left behind
    RUNNING.remove(pid)
    spent = usage.ru_utime + usage.ru_stime
    code = os.waitstatus_to_exitcode(status)
    return {0: "SURVIVED", 1: "killed", 2: "killed"}.get(code, "killed by its end"), spent


def run(mutants: list[Mutant], jobs: int) -> Iterator[tuple[Mutant, str]]:
    """Yield how each mutant ends, with `jobs` at a time, each in its own copy of the tree."""
    for module in LOADED_ONCE:
        import_module(module)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        free = [Path(folder, str(i)) for i in range(jobs)]
        for tree in free:
            # With what is compiled: it is known by time and size of its source.
            shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "build"))
        limits = {
            (tree, tests): unmutated(tree, tests)
            for tests in {mutant.tests: None for mutant in mutants}
            for tree in free
        }
        running: dict[int, tuple[Mutant, Path, float]] = {}
        queue = mutants[::-1]
        while queue or running:
            while queue and free:
                mutant, tree = queue.pop(), free.pop()
                (tree / mutant.file).write_text(mutant.source)
                limit = limits[tree, mutant.tests]
                pid = start(tree, mutant.tests, limit)
                running[pid] = mutant, tree, time.monotonic() + 5 * limit
            for pid, (mutant, tree, ends) in list(running.items()):
                if (end := finished(pid, ends)) is not None:
                    del running[pid]
                    shutil.copy2(ROOT / mutant.file, tree / mutant.file)  # with its time: caches
                    free.append(tree)
                    yield mutant, f"{end[0]} {end[1]:5.1f} s"
            time.sleep(0.02)


def unmutated(tree: Path, tests: tuple[str, ...]) -> float:
    """Check that the tests pass on the original; return the CPU seconds that a mutant may take."""
    pid = start(tree, tests, 3600, keep=True)
    while (end := finished(pid, time.monotonic() + 60)) is None:
        time.sleep(0.02)
    if end[0] != "SURVIVED":
        sys.exit(f"the tests fail without a mutant:\n{(tree / 'mutant.log').read_text()}")
    print(f"unmutated: {end[1]:.1f} s for {' '.join(tests)}", flush=True)
    return 20 + 1.5 * end[1]  # kernels that a mutant changes are compiled


def main() -> None:
    """Run the mutants of some groups; exit 1 where one survives that is not known to."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="+", choices=table)
    parser.add_argument("--list", action="store_true", help="print the names only")
    parser.add_argument("--only", action="append", help="those with this text in their name")
    parser.add_argument("--jobs", type=int, default=1, help="how many run at a time")
    options = parser.parse_args()
    failed = False
    tally: dict[str, Counter[str]] = {}
    for group in options.groups:
        equivalent: dict[str, str] = table[group].get("equivalent", {})
        every = list(generated(table[group]))
        mutants = [m for m in every if any(text in m.name for text in options.only or [""])]
        if options.list:
            print(*(mutant.name for mutant in mutants), sep="\n")
            continue
        unknown = equivalent.keys() - {mutant.name for mutant in every}
        for name in sorted(unknown):
            print(f"listed as equivalent, but no mutant: {name}")
        failed |= bool(unknown)
        count = tally[group] = Counter()
        for mutant, end in run(mutants, options.jobs):
            survived = end.startswith("SURVIVED")
            known = mutant.name in equivalent
            kind = "equivalent" if known else "survived" if survived else "killed"
            count[kind] += 1
            failed |= known != survived
            reason = f"\n      equivalent: {equivalent[mutant.name]}" if known else ""
            print(
                f"{sum(count.values()):4}/{len(mutants)} {end}  {mutant.name}{reason}", flush=True
            )
    if tally:
        print(f"\n{'group':12} {'killed':>8} {'survived':>8} {'equivalent':>10}")
    for group, count in tally.items():
        print(f"{group:12} {count['killed']:8} {count['survived']:8} {count['equivalent']:10}")
    sys.exit(failed)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    finally:
        for group in RUNNING:
            os.killpg(group, signal.SIGKILL)
