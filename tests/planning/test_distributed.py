"""PETSc on several processes: what it finds is proven here, and it reads what it is given."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from models import mdps, two_state_puterman
from scipy import sparse

from qdecay import MDP, NotConverged
from qdecay.model.float_mdp import FloatMDP
from qdecay.planning import distributed_values, policy_iteration
from qdecay.planning.distributed import read_vector, write_matrix


def pythons_with_petsc() -> list[str]:
    """This Python, or the system's, where it has petsc4py."""
    candidates = [sys.executable, shutil.which("python3", path=os.defpath) or sys.executable]
    asked = [sys.executable, "-c", "import petsc4py"]
    return [
        python
        for python in candidates
        if not subprocess.run([python, *asked[1:]], capture_output=True, check=False).returncode
    ]


@pytest.fixture(scope="module")
def petsc() -> str:
    found = pythons_with_petsc()
    if not found or not shutil.which("mpiexec"):
        pytest.skip("needs petsc4py and mpiexec")
    return found[0]


@pytest.fixture(autouse=True)
def any_user(monkeypatch) -> None:
    """Open MPI refuses to start as root, which in a container everybody is."""
    monkeypatch.setenv("OMPI_ALLOW_RUN_AS_ROOT", "1")
    monkeypatch.setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")


def puterman_at_half() -> np.ndarray:
    """Its optimal values at gamma = 1/2, where leaving is best: 10 - 2/2 = 9, and -2."""
    return np.array([9.0, -2.0])


def fake_python(folder: Path, values: np.ndarray) -> str:
    """A program that is started as Python would be, and claims these values."""
    claim = folder / "claim.bin"
    claim.write_bytes(struct.pack(">ii", 1211214, len(values)) + values.astype(">f8").tobytes())
    program = folder / "claims"
    program.write_text(f'#!/bin/sh\ncp "{claim}" "$2/v.bin"\n')
    program.chmod(0o755)
    return str(program)


def test_what_is_claimed_is_not_believed(tmp_path) -> None:
    """A solver that claims wrong values is found out, with a bound on how wrong they are."""
    right = puterman_at_half()
    solution = distributed_values(
        two_state_puterman(), 0.5, launcher=(), python=fake_python(tmp_path, right)
    )
    assert np.abs(solution.v - right).max() <= solution.error <= 1e-8
    wrong = fake_python(tmp_path, right + np.array([0.25, -0.125]))
    with pytest.raises(NotConverged, match="the values found are within") as error:
        distributed_values(two_state_puterman(), 0.5, launcher=(), python=wrong)
    assert np.abs(error.value.best.v - right).max() <= error.value.best.error
    for nonsense in ([9.0], [9.0, -2.0, 0.0], [9.0, float("nan")], [float("inf"), -2.0]):
        python = fake_python(tmp_path, np.array(nonsense))
        with pytest.raises(RuntimeError, match="PETSc did not write 2 finite values"):
            distributed_values(two_state_puterman(), 0.5, launcher=(), python=python)


def test_files_are_those_of_the_format(tmp_path) -> None:
    """Byte by byte: class, rows, columns, entries; row lengths; columns; numbers, big-endian."""
    matrix = sparse.csr_matrix([[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]])
    write_matrix(matrix, tmp_path / "p.bin")
    expected = struct.pack(">4i2i3i3d", 1211216, 2, 3, 3, 2, 1, 1, 2, 0, 0.25, 0.75, 1.0)
    assert (tmp_path / "p.bin").read_bytes() == expected
    (tmp_path / "v.bin").write_bytes(struct.pack(">2i2d", 1211214, 2, -1.5, 3.0))
    assert read_vector(tmp_path / "v.bin", 2).tolist() == [-1.5, 3.0]
    for bad in (b"", b"\0" * 24, struct.pack(">2i1d", 1211214, 2, 1.0)):
        (tmp_path / "v.bin").write_bytes(bad)
        with pytest.raises(RuntimeError, match="PETSc did not write 2 finite values"):
            read_vector(tmp_path / "v.bin", 2)


def test_what_is_missing_is_told(tmp_path) -> None:
    """A launcher that is not there, a Python without petsc4py, a program that fails."""
    mdp = two_state_puterman()
    with pytest.raises(RuntimeError, match="no-such-launcher cannot be started"):
        distributed_values(mdp, 0.5, launcher=("no-such-launcher",))
    if sys.executable not in pythons_with_petsc():
        with pytest.raises(RuntimeError, match="needs a Python with petsc4py: on Debian apt-get"):
            distributed_values(mdp, 0.5, launcher=())
    program = tmp_path / "fails"
    program.write_text("#!/bin/sh\necho first >&2\necho last >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(RuntimeError, match="ended with 3: last"):
        distributed_values(mdp, 0.5, launcher=(), python=str(program))


BAD = [
    ({"gamma": 1.0}, "gamma must be in"),
    ({"gamma": -0.5}, "gamma must be in"),
    ({"gamma": 0.5, "tol": 0.0}, "tol must be"),
    ({"gamma": 0.5, "max_policies": 0}, "max_policies must be"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_are_refused(arguments: dict, message: str) -> None:
    """Values outside their range are named, before anything is started."""
    with pytest.raises(ValueError, match=message):
        distributed_values(two_state_puterman(), launcher=("never-started",), **arguments)


@pytest.mark.slow
@pytest.mark.parametrize("env_id", ["FrozenLake8x8-v1", "CliffWalking-v1"])
@pytest.mark.parametrize("n", [1, 3])
def test_petsc_finds_what_policy_iteration_finds(petsc: str, env_id: str, n: int) -> None:
    """On one and on three processes, whose states are not all equally many."""
    mdp = MDP.from_env(gym.make(env_id))
    launcher = ("mpiexec", "--oversubscribe", "-n", str(n))
    found = distributed_values(mdp, 0.99, launcher=launcher, python=petsc, tol=1e-8)
    expected = policy_iteration(mdp, 0.99, tol=1e-9)
    assert found.error <= 1e-8
    assert np.abs(found.v - expected.v).max() <= found.error + expected.error


@pytest.mark.slow
@settings(
    deadline=None,
    derandomize=True,
    max_examples=5,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(mdp=mdps(ends=True))
def test_petsc_solves_models_with_missing_actions(petsc: str, mdp: MDP) -> None:
    """Unavailable actions change nothing, and states without any are worth 0."""
    found = distributed_values(mdp, 0.75, launcher=(), python=petsc, tol=1e-9)
    expected = policy_iteration(mdp, 0.75, tol=1e-9)
    assert np.abs(found.v - expected.v).max() <= found.error + expected.error


@pytest.mark.slow
def test_options_reach_petsc(petsc: str) -> None:
    """A solver unknown to PETSc is its error, reported here; too few policies are ours."""
    mdp = FloatMDP.from_env(gym.make("FrozenLake-v1"))
    options = {"launcher": (), "python": petsc}
    with pytest.raises(RuntimeError, match="ended with"):
        distributed_values(mdp, 0.9, options=("-ksp_type", "nonsense"), **options)
    with pytest.raises(NotConverged, match="raise max_policies"):
        distributed_values(mdp, 0.9, max_policies=1, **options)
    found = distributed_values(mdp, 0.9, options=("-ksp_type", "bcgs"), **options)
    assert found.error <= 1e-8
