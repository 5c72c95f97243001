"""The commands of policy regions: regions, blackwell and verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qdecay import tables
from qdecay.cli_options import AsJson, OptionPairs

if TYPE_CHECKING:
    from qdecay.exact.regions import PolicyRegions
    from qdecay.mdp import MDP

app = typer.Typer()

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A finite model: a Gymnasium id, or a file (.json, .npz, PRISM's .tra).",
    ),
]
MaxSeconds = Annotated[float | None, typer.Option(metavar="SECONDS", help="Give up after so long.")]
Digits = Annotated[int, typer.Option(min=1, max=1000, help="Significant digits to show.")]
_MAX_CERTIFICATE = 1 << 28


@app.command()
def regions(
    source: ModelArgument,
    option: OptionPairs = None,
    states: Annotated[
        bool, typer.Option("--states", help="Show the optimal actions of every state.")
    ] = False,
    digits: Digits = 10,
    as_json: AsJson = False,
    certificate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a proof for `qdecay verify`; .json."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing FILE.")] = False,
    max_seconds: MaxSeconds = None,
) -> None:
    """Find every gamma in (0, 1) where the optimal actions change, exactly.

    A touch is a gamma where one more action is optimal at that point only.

    Examples:

    - qdecay regions FrozenLake-v1

    - qdecay regions Taxi-v4 -k is_rainy=true --states

    - qdecay regions mine.json --certificate proof.json
    """
    if certificate is not None:
        _check_new(certificate, force)
    mdp, found = _solve(source, option, max_seconds)
    if certificate is not None:
        _write_certificate(mdp, found, certificate, source)
    if as_json:
        typer.echo(json.dumps(found.to_json(source)))
    else:
        tables.print_regions(mdp, found, digits=digits, states=states)


@app.command()
def blackwell(
    source: ModelArgument,
    option: OptionPairs = None,
    digits: Digits = 10,
    max_seconds: MaxSeconds = None,
) -> None:
    """Find the gamma above which what is optimal stays optimal, and what that is.

    Right of the Blackwell discount factor every optimal policy is Blackwell optimal
    (Grand-Clement and Petrik 2023).

    Example:

    - qdecay blackwell FrozenLake-v1
    """
    mdp, found = _solve(source, option, max_seconds)
    tables.print_blackwell(mdp, found, digits=digits)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What --certificate wrote.")],
) -> int:
    """Check a certificate of policy regions, trusting nothing of the solver that wrote it.

    Exact integers of the standard library only. The exit code is 1 where the certificate does
    not prove what it states.

    Example:

    - qdecay verify proof.json
    """
    from qdecay.errors import InputError
    from qdecay.exact.verify import SCHEMA, CertificateError
    from qdecay.exact.verify import verify as check
    from qdecay_envs.jsonfile import read_json

    try:
        document = read_json(file, max_bytes=_MAX_CERTIFICATE)
    except ValueError as error:
        raise InputError(str(error)) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InputError(f'{file}: not a certificate: "schema" must be "{SCHEMA}"')
    try:
        with tables.spinner(f"checking {file}"):
            check(document)
    except CertificateError as error:
        typer.echo(f"{file}: rejected: {error}")
        return 1
    found = document["regions"]
    counts = ", ".join(f"{len(found[key])} {key}" for key in ("regions", "breakpoints", "touches"))
    typer.echo(f"{file}: proven: {counts} of {found['n_states']} states")
    return 0


def _solve(
    source: str, option: list[str] | None, max_seconds: float | None
) -> tuple[MDP, PolicyRegions]:
    from qdecay.errors import InputError
    from qdecay.exact.regions import policy_regions
    from qdecay.source import Source, parse_options

    if max_seconds is not None and not max_seconds > 0:
        raise InputError(f"--max-seconds must be > 0, got {max_seconds:g}")
    mdp = Source(source, parse_options(option or [])).mdp()
    with tables.spinner(source) as tell:
        found = policy_regions(
            mdp,
            max_seconds=max_seconds,
            progress=lambda gamma, points: tell(f"{points} points up to gamma = {gamma:.6f}"),
        )
    return mdp, found


def _check_new(path: Path, force: bool) -> None:
    """Refuse, before any work, a file that exists or cannot be written."""
    from qdecay.errors import InputError

    if path.exists() and not (force and path.is_file()):
        mend = "--force replaces it" if path.is_file() else "it is no file"
        raise InputError(f"{path}: exists already; {mend}")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist")


def _write_certificate(mdp: MDP, found: PolicyRegions, path: Path, source: str) -> None:
    from qdecay.errors import InputError
    from qdecay.exact.certificate import write_certificate

    try:
        with tables.spinner(f"writing {path}"):
            write_certificate(mdp, found, path, source=source)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
