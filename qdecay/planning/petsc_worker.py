"""What each MPI process of `distributed_values` runs: policy iteration on PETSc's solvers.

    mpiexec -n 4 python petsc_worker.py FOLDER N_ACTIONS GAMMA TOL MAX_POLICIES [PETSC OPTIONS]

Imports nothing of qdecay, so that any Python with petsc4py can run it. FOLDER contains p.bin, the
probabilities of continuing, (S * A, S), and r.bin, the rewards, (S * A); v.bin is written there.
Each process owns some states with all their rows. Each policy's system (I - gamma P) x = T v - v is
solved to a hundredth only (inexact policy iteration), by GMRES unless an option says otherwise.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np


def main(folder: Path, n_actions: int, gamma: float, tol: float, max_policies: int) -> None:
    """Improve v until T v - v proves that it is within tol, or `max_policies` is reached."""
    from petsc4py import PETSc

    p, r, v = _loaded(PETSc, folder, n_actions)
    q, change, x = r.duplicate(), v.duplicate(), v.duplicate()
    first, last = v.getOwnershipRange()
    states = np.arange(first, last, dtype=PETSc.IntType)
    solver = PETSc.KSP().create()
    solver.setTolerances(rtol=0.01)
    solver.setFromOptions()
    for _ in range(max_policies):
        p.mult(v, q)
        q.aypx(gamma, r)
        table = q.getArray(readonly=True).reshape(-1, n_actions)
        policy = table.argmax(axis=1).astype(PETSc.IntType)
        change.setArray(table.max(axis=1) - v.getArray(readonly=True))
        if change.norm(PETSc.NormType.INFINITY) <= tol * (1 - gamma) / 2:
            break
        solver.setOperators(_system(PETSc, p, states, states * n_actions + policy, gamma))
        solver.solve(change, x)
        v.axpy(1.0, x)
    v.view(PETSc.Viewer().createBinary(str(folder / "v.bin"), "w"))


def _loaded(petsc: Any, folder: Path, n_actions: int) -> tuple[Any, Any, Any]:
    """P and r, with the rows of a state on one process, and v = 0."""
    n_rows = int.from_bytes((folder / "p.bin").open("rb").read(8)[4:], "big")
    v = petsc.Vec().createMPI(n_rows // n_actions)
    mine = v.getLocalSize()
    p = petsc.Mat().create()
    p.setSizes(((mine * n_actions, None), (mine, None)))
    p.setType("aij")
    p.load(petsc.Viewer().createBinary(str(folder / "p.bin"), "r"))
    r = petsc.Vec().createMPI((mine * n_actions, None))
    r.load(petsc.Viewer().createBinary(str(folder / "r.bin"), "r"))
    return p, r, v


def _system(petsc: Any, p: Any, states: Any, rows: Any, gamma: float) -> Any:
    """I - gamma P of one policy."""
    chosen = p.createSubMatrix(petsc.IS().createGeneral(rows), petsc.IS().createGeneral(states))
    ends = np.arange(len(states) + 1, dtype=states.dtype)
    size = (len(states), None)
    system = petsc.Mat().createAIJ((size, size), csr=(ends, states, np.ones(len(states))))
    system.axpy(-gamma, chosen, petsc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
    return system


if __name__ == "__main__":
    import petsc4py

    petsc4py.init(sys.argv[:1] + sys.argv[6:])
    folder, n_actions, gamma, tol, max_policies = sys.argv[1:6]
    main(Path(folder), int(n_actions), float(gamma), float(tol), int(max_policies))
