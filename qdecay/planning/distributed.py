"""Optimal values by PETSc on many processes, for models that are too slow on one machine.

The model is written as files that PETSc reads, `petsc_worker` solves it under MPI, and one sweep
here proves the error of its result: nothing from the other processes is trusted. That sweep reads
each row once, so the arrays of a `FloatMDP` may be memory maps (`numpy.memmap`), larger than the
memory of the machine.

PETSc is not an extra of qdecay: pip would compile it. The processes may run another Python than
this one, which needs only petsc4py and numpy. On Debian 12, the system's:

    apt-get install python3-petsc4py
    export PETSC_DIR=$(echo /usr/lib/petscdir/petsc*/*-real)

and then `distributed_values(mdp, 0.99, python="/usr/bin/python3")`. Elsewhere, conda's:

    conda create --name petsc --channel conda-forge petsc4py numpy

and then the `bin/python` of that environment as `python`, its `bin/mpiexec` in `launcher`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay._support.checks import RealLike, count, real
from qdecay.errors import NotConverged
from qdecay.model.base import FiniteMDP
from qdecay.model.door import Problem, as_finite_mdp
from qdecay.planning.problem import Solution
from qdecay.planning.total import iteration

# The first number of a file says what it holds (PETSc's MAT_FILE_CLASSID and VEC_FILE_CLASSID).
_MATRIX, _VECTOR = 1211216, 1211214
_INSTALL = (
    "on Debian apt-get install python3-petsc4py, set PETSC_DIR and give python='/usr/bin/python3'; "
    "elsewhere conda-forge's petsc4py; see qdecay.planning.distributed"
)
_WORKER = Path(__file__).with_name("petsc_worker.py")


def distributed_values(
    problem: Problem,
    gamma: RealLike,
    *,
    launcher: Sequence[str] = ("mpiexec", "-n", "2"),
    python: str = sys.executable,
    options: Sequence[str] = (),
    tol: RealLike = 1e-8,
    max_policies: int = 1000,
    folder: Path | None = None,
) -> Solution:
    """Return the optimal values by policy iteration on PETSc, with an error proven here.

    Args:
        problem: a model, or anything that `qdecay.as_mdp` accepts.
        gamma: discount factor, 0 <= gamma < 1.
        launcher: the command that starts MPI processes, such as ("srun", "-n", "512"); () starts
            one.
        python: the Python that they run, which needs petsc4py and numpy, not qdecay.
        options: for PETSc, such as ("-ksp_type", "bcgs", "-pc_type", "bjacobi").
        tol: largest accepted error, in reward units; > 0.
        max_policies: policies before giving up; >= 1.
        folder: where the files are written and left, which every process must see; by default a
            temporary folder on this machine.

    Raises:
        ValueError: an argument is outside its range.
        RuntimeError: the processes could not be started, or failed; the message has their last line
            of output and, if petsc4py is missing, how to install it.
        NotConverged: the values they found are not proven to be within tol; `best` is the
            `Solution` with the error that is proven.

    Source: Gargiani et al., Inexact policy iteration methods for large-scale MDPs (2023).
    """
    # The only known bound is 1 / (1 - gamma).
    gamma, tol = real(gamma, "gamma", "[0, 1)"), real(tol, "tol", "> 0")
    max_policies = count(max_policies, "max_policies")
    mdp = as_finite_mdp(problem)
    work, world = iteration(mdp, gamma), mdp.unrolled()
    with nullcontext(folder) if folder else TemporaryDirectory(prefix="qdecay-") as place:
        made = Path(place)
        write_model(world, made)
        arguments = [made, world.n_actions, repr(gamma), repr(tol), max_policies]
        _run([*launcher, python, str(_WORKER), *map(str, arguments), *options])
        work.prove(read_vector(made / "v.bin", world.n_states))
        work.certify(tol)
    if not work.error <= tol:
        raise NotConverged(
            f"the values found are within {work.error:.3g} only, tol = {tol:g}: raise "
            f"max_policies, or give PETSc other options",
            work.solution(),
        )
    return work.solution()


def write_model(mdp: FiniteMDP, folder: Path) -> None:
    """Write p.bin and r.bin for `petsc_worker`.

    An action that is not available repeats the state's first one that is, which does not change any
    value; a state without actions has rows of zeros, which give it the value 0.
    """
    pairs = np.arange(mdp.n_states)[:, None] * mdp.n_actions
    own, other = np.arange(mdp.n_actions), mdp.available.argmax(axis=1)[:, None]
    source = (pairs + np.where(mdp.available, own, other)).ravel()
    p = mdp.p if mdp.available.all() else mdp.p[source]
    write_matrix(p, folder / "p.bin")
    r = np.nan_to_num(mdp.r.ravel()[source])
    with (folder / "r.bin").open("wb") as file:
        np.array([_VECTOR, r.size], dtype=">i4").tofile(file)
        r.astype(">f8").tofile(file)


def write_matrix(p: sparse.csr_matrix, path: Path) -> None:
    """Write a sparse matrix in PETSc's format: big-endian, row lengths, columns, numbers."""
    if max(*p.shape, p.nnz) > np.iinfo(np.int32).max:
        raise ValueError(f"PETSc's files hold up to 2**31 - 1 entries, got {p.nnz:,} of {p.shape}")
    with path.open("wb") as file:
        np.array([_MATRIX, *p.shape, p.nnz], dtype=">i4").tofile(file)
        np.diff(p.indptr).astype(">i4").tofile(file)
        p.indices.astype(">i4").tofile(file)
        p.data.astype(">f8").tofile(file)


def read_vector(path: Path, size: int) -> NDArray[np.float64]:
    """Read the values that PETSc wrote.

    Raises:
        RuntimeError: they are not this many finite numbers.
    """
    content = path.read_bytes() if path.exists() else b""
    header = np.array([_VECTOR, size], dtype=">i4").tobytes()
    if len(content) == 8 + 8 * size and content.startswith(header):
        values = np.frombuffer(content[8:], dtype=">f8").astype(np.float64)
        if np.isfinite(values).all():
            return values
    raise RuntimeError(f"{path}: PETSc did not write {size} finite values")


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise RuntimeError(f"{command[0]} cannot be started: {error.strerror}") from error
    if done.returncode:
        if "petsc4py" in done.stderr and "ModuleNotFoundError" in done.stderr:
            raise RuntimeError(f"distributed_values needs a Python with petsc4py: {_INSTALL}")
        lines = done.stderr.strip().splitlines() or done.stdout.strip().splitlines() or ["no word"]
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {lines[-1]}")
