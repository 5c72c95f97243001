"""What `regions --certified` and `regions --numeric` print: brackets around the changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qdecay.cli import bracket_tables
from qdecay.cli.options import budget, part_of
from qdecay.cli.standard_streams import print_json
from qdecay.errors import BudgetExceeded, InputError, input_errors

if TYPE_CHECKING:
    from qdecay.model.source import Source

_IN_FLOATS = "follow the changes in floating point with `qdecay regions --numeric`"
INSTEAD = f"prove brackets with `qdecay regions --certified`, or {_IN_FLOATS}"
"""What to do where exact regions take too long."""


def print_numeric(
    source: Source,
    max_seconds: float | None,
    as_json: bool,
    digits: int,
    refused: object,
) -> None:
    """Print the brackets of `numeric_policy_regions`, and that they prove nothing."""
    from qdecay.planning.regions import numeric_policy_regions

    if refused:
        raise InputError(
            "--numeric cannot be combined with --certificate, --states, --resamples, --first, "
            "--over or --to"
        )
    with budget(source.text, max_seconds):
        mdp = source.float_mdp()
        found = numeric_policy_regions(mdp, max_seconds=max_seconds, progress=True)
    if as_json:
        print_json(found.to_json(source.text), indent=None)
        return
    bracket_tables.print_numeric(mdp, found, digits=digits)


def print_certified(
    source: Source,
    width: str | None,
    max_seconds: float | None,
    as_json: bool,
    states: bool,
    as_floats: bool,
    refused: object,
) -> int:
    """Print the brackets of `certified_policy_regions`, and what they prove; return the code."""
    from qdecay._support.checks import exact
    from qdecay.certified.regions import certified_policy_regions
    from qdecay.certified.result import CertifiedRegions

    if refused:
        raise InputError(
            "--certified cannot be combined with --certificate, --resamples, --first, --over or "
            "--to"
        )
    with input_errors("--"):
        given: dict[str, Any] = {} if width is None else {"width": exact(width, "width", "(0, 1]")}
    early = False
    try:
        with budget(source.text, max_seconds, _IN_FLOATS):
            mdp = source.float_mdp() if as_floats else source.mdp()
            found = certified_policy_regions(mdp, **given, max_seconds=max_seconds, progress=True)
    except BudgetExceeded as limit:
        found, early = part_of(limit, CertifiedRegions), True
    if as_json:
        print_json(found.to_json(source.text), indent=None)
    else:
        bracket_tables.print_certified(found.mdp, found, states=states)
    return 0 if found.is_complete and not early else 3
