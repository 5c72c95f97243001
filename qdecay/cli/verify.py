"""The command verify, and certificates as `regions --certificate` writes and checks them."""

from __future__ import annotations

import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdecay.cli import tables
from qdecay.cli.options import AsJson, MaxSeconds, budget
from qdecay.cli.standard_streams import print_json
from qdecay.errors import InputError, InternalError, input_errors

if TYPE_CHECKING:
    from qdecay.exact.proof.verify import Verification
    from qdecay.model.line import ModelLine
    from qdecay.model.mdp import MDP

app = typer.Typer()


@app.command()
def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file written by `regions --certificate`.")
    ],
    as_json: AsJson = False,
    max_seconds: MaxSeconds = None,
) -> int:
    """Check a certificate of policy regions without the solver.

    Uses only the standard library's exact integers. The exit code is 1 if the certificate does not
    prove what it states.

    \b
    Examples:
      qdecay verify proof.json
    """
    from qdecay.exact.proof.verify import CertificateError

    try:
        with budget(str(file), max_seconds):
            proven = _proven(file)
    except CertificateError as error:
        document = {"schema": "qdecay.verification/1", "proven": False, "reason": str(error)}
        statement = f"rejected: {error}"
    else:
        document, statement = proven.to_json(), _statement(proven)
    if as_json:
        print_json(document)
    else:
        typer.echo(f"{file}: {statement}")
    return int(not document["proven"])


def _proven(file: Path) -> Verification:
    """Check the certificate in a file."""
    from qdecay.exact.proof.verify import MAX_BYTES, SCHEMAS
    from qdecay.exact.proof.verify import verify as check
    from qdecay_envs.jsonfile import read_json

    with input_errors():
        document = read_json(file, MAX_BYTES)
    if not isinstance(document, dict) or document.get("schema") not in SCHEMAS:
        known = " or ".join(f'"{schema}"' for schema in SCHEMAS)
        raise InputError(f'{file}: not a certificate: "schema" must be {known}')
    return check(document)


def _statement(proven: Verification) -> str:
    """Say what a certificate proves."""
    counted = {"region": proven.regions, "breakpoint": proven.breakpoints, "touch": proven.touches}
    counts = ", ".join(tables.count(number, noun) for noun, number in counted.items())
    along = "" if proven.gamma is None else f" along a model line at gamma = {proven.gamma}"
    return f"proven: {counts} of {tables.count(proven.states, 'state')}{along}"


def write_certificate(
    source: str, problem: MDP | ModelLine, found: Any, path: Path, *, check: bool
) -> str:
    """Write a certificate and return its status; FILE exists only once it is checked.

    Raises:
        InputError: FILE cannot be written, or is beyond the checker.
        InternalError: the checker rejects it. It is saved next to FILE under a new name.
    """
    from qdecay.exact.proof.certificate import write_certificate as write
    from qdecay.exact.proof.verify import BeyondChecker, CertificateError
    from qdecay_envs.files import replacing

    with replacing(path) as scratch:
        new = scratch.with_suffix(".json")  # as a certificate's name must end
        try:
            write(problem, found, new, progress=True)
        except ValueError as error:
            reason = str(error).removeprefix(f"{new}: ")
            raise InputError(f"{path}: {reason}") from error
        new.replace(scratch)
        if not check:
            return "not checked; run `qdecay verify` to check it"
        try:
            return _statement(_proven(scratch))
        except BeyondChecker as error:
            raise InputError(f"{path}: {error}; --no-check writes it unchecked") from error
        except CertificateError as error:
            raise InternalError(
                f"{path}: the checker refuses this proof: {error}; do not rely on these regions: "
                f"this is a bug in qdecay, please report it with {_kept(scratch)}, {source} and "
                f"these versions: {_versions()}"
            ) from error


def _kept(proof: Path) -> str:
    """Save a rejected proof under an unused name and return it, or why that failed."""
    try:
        handle, name = tempfile.mkstemp(prefix="refused-", suffix=".json", dir=proof.parent)
        os.close(handle)
        proof.replace(name)
    except OSError as error:
        return f"how to reproduce it (the proof could not be saved: {error.strerror or error})"
    return f"the proof, saved as {name}"


def _versions() -> str:
    names = ("qdecay", "python-flint", "numpy", "scipy")
    found = (f"{name} {version(name)}" for name in names)
    return f"{', '.join(found)}, Python {platform.python_version()}, {platform.platform()}"
