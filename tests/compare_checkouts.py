"""Show that two checkouts of qdecay compute the same, byte for byte: for refactorings.

    python tests/compare_checkouts.py OLD NEW [SECTION...] [--quick] [--keep FOLDER]

OLD and NEW are folders with `qdecay` and `envs`; this Python needs what qdecay needs. The same
commands and calls run in both (`checkout_outputs.py` has them, by section) on the same models,
layouts and agents (`checkout_sources.py`): regions, certificates, sweeps, comparisons, probes,
planned and learned values, pages. Exit code 1 tells that something differs, and each differing
output is reported with the first difference; both files are then kept.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from checkout_sources import write_sources

HERE = Path(__file__).resolve().parent
SECTIONS = ("numbers", "probe", "compare", "regions", "sweep", "pages")


def run(checkout: Path, section: str, folder: Path, *options: str) -> str:
    """Fill a folder with a section's outputs; return what went wrong, or nothing."""
    folder.mkdir(parents=True)
    sources = folder.parent.parent / "sources"
    paths = os.pathsep.join(map(str, (checkout, checkout / "envs", sources)))
    figures = {"SOURCE_DATE_EPOCH": "0", "MATPLOTLIBRC": str(sources)}  # no date, no random ids
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-P", HERE / "checkout_outputs.py", checkout, section, *options],
        cwd=folder,
        env={**os.environ, **figures, "COLUMNS": "120", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    print(f"{section} of {checkout}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return f"{section} of {checkout} failed:\n{done.stderr}" if done.returncode else ""


def differences(old: Path, new: Path) -> list[str]:
    """Return a line for each file of two folders that is not the same in both."""
    found = []
    for name in sorted({p.relative_to(side) for side in (old, new) for p in side.rglob("*.*")}):
        pair = (old / name, new / name)
        missing = [path for path in pair if not path.exists()]
        if missing:
            found.append(f"{missing[0]}: is missing")
        elif (before := pair[0].read_bytes()) != (after := pair[1].read_bytes()):
            found.append(f"{pair[1]}: {first_difference(before, after)}")
    return found


def first_difference(before: bytes, after: bytes) -> str:
    """Say where two texts differ first, and how."""
    pairs = enumerate(zip(before, after, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(before), len(after)))
    line, shown = before.count(b"\n", 0, at) + 1, slice(max(0, at - 60), at + 60)
    return f"line {line}, byte {at}\n  old: {before[shown]!r}\n  new: {after[shown]!r}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="a part of each section")
    parser.add_argument("--keep", type=Path, help="where to leave all outputs; a new folder")
    given = parser.parse_args()
    sections = given.sections or SECTIONS
    if unknown := set(sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    folder = given.keep or Path(tempfile.mkdtemp(prefix="compare-checkouts-"))
    folder = folder.resolve()
    write_sources(folder / "sources", 10 if given.quick else 120)
    checkouts = {"old": given.old.resolve(), "new": given.new.resolve()}
    options = ("--quick",) * given.quick
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(run, checkouts[side], section, folder / side / section, *options)
            for section, side in product(sections, checkouts)
        ]
        failed = [text for job in jobs if (text := job.result())]
    found = failed + differences(folder / "old", folder / "new")
    print("\n".join(found))
    same = sum(path.is_file() for path in (folder / "new").rglob("*.*"))
    print(f"{same} outputs, {len(found)} differences" + f"; see {folder}" * bool(found))
    if not found and given.keep is None:
        shutil.rmtree(folder)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
