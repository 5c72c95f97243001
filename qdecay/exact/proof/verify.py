"""Checks certificates of policy regions without trusting the solver that wrote them.

This file and those next to it that it imports need only the standard library. They also run alone,
from the folder `proof`, without the rest of qdecay or any installed package:

    python -S -c "from proof.verify import verify; print(verify('lake.json'))"

A certificate over gamma (qdecay.certificate/1) is

    model      an MDP document: n_states, n_actions, transitions; numbers are integers or "p/q"; a
               transition's seventh entry is its duration, how many steps it takes
    at_zero    the sets of optimal actions of all states at gamma = 0
    points     for each breakpoint and touch in order [f, [c, k], sets]: the root of the
               polynomial f between (2 c - 1) / 2^k and (2 c + 1) / 2^k, and the sets there
    intervals  [sets, d] from 0 to the first point, .., from the last to 1

Polynomials are lists of integers, constant term first.

A certificate of a model line (qdecay.line-certificate/1) is about the models (1 - x) low + x high
at one gamma, and has its points in x:

    low, high  two MDP documents of the same states and actions
    gamma      0 <= gamma <= 1, an integer or "p/q"
    at_low     the sets at x = 0; at_high those at x = 1
    points     as above
    intervals  [sets, d, N]: N has a polynomial for each state, [] for 0

At gamma = 1 its intervals are [sets, d, N, W], W like N, its points [f, [c, k], sets, d, N, W], and
at_low and at_high [sets, d, N, W], or null where a policy gains or must lose something for ever.

`points` says what is proven about the sets at and between points, `over_gamma` and `over_line` why
the polynomials used there have the signs of the advantages, and `over_line_at_one` how these and
further signs decide at gamma = 1.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import over_gamma, over_line
from .signs import BeyondChecker, CertificateError

MAX_BYTES = 64 * 2**20  # of a file: its lists of small numbers take twenty times that in memory
SCHEMAS = (over_gamma.SCHEMA, over_line.SCHEMA)
__all__ = ["SCHEMAS", "BeyondChecker", "CertificateError", "Verification", "verify"]


@dataclass(frozen=True)
class Verification:
    """What a certificate proves: how many regions, breakpoints and touches there are in (0, 1).

    Attributes:
        states: the number of states; the optimal actions of each are proven at every gamma in
            [0, 1) or, for a model line, in every model of the line (at gamma = 1 except ends where
            a policy gains or must lose something for ever).
        regions, breakpoints, touches: their numbers; none is missing from the certificate.
        gamma: for a model line, the discount factor as text, such as "9/10"; None for a
            certificate over gamma.
    """

    states: int
    regions: int
    breakpoints: int
    touches: int
    gamma: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the counts as a JSON document."""
        return {"schema": "qdecay.verification/1", "proven": True, **vars(self)}


def verify(certificate: dict[str, Any] | str | os.PathLike[str]) -> Verification:
    """Check a certificate of policy regions; if this returns, every statement in it is proven.

    The proof is exact and independent of the solver; the module's docstring describes what is
    proven.

    Args:
        certificate: a certificate by `write_certificate`: the path of the file, or its parsed
            content.

    Raises:
        CertificateError: a statement does not hold, or does not have the documented form.
        BeyondChecker: a kind of CertificateError: checking would exceed the limits of degree or
            memory.
        ValueError: the file cannot be read, or is not JSON; the message begins with the path.

    >>> model = {"schema": "qdecay.mdp/1", "n_states": 1, "n_actions": 2,
    ...          "transitions": [[0, 0, 0, 1, 1, True], [0, 1, 0, 1, 0, True]]}
    >>> verify({"schema": SCHEMAS[0], "model": model, "at_zero": [[0]], "points": [],
    ...         "intervals": [[[[0]], [1]]]})
    Verification(states=1, regions=1, breakpoints=0, touches=0, gamma=None)
    """
    if isinstance(certificate, str | os.PathLike):
        certificate = _read(certificate)
    elif not isinstance(certificate, dict):
        found = f"{certificate!r:.80}"
        raise CertificateError(f"certificate must be a path or a parsed file, got {found}")
    gamma = None
    if isinstance(certificate, dict) and certificate.get("schema") == over_line.SCHEMA:
        gamma, states, breakpoints, touches = over_line.check_line(certificate)
    else:
        states, breakpoints, touches = over_gamma.check_over_gamma(certificate)
    return Verification(states, breakpoints + 1, breakpoints, touches, gamma)


def _read(path: str | os.PathLike[str]) -> Any:
    name = os.fspath(path)
    if Path(path).exists() and not Path(path).is_file():  # to open a pipe may wait for ever
        kind = "a folder" if Path(path).is_dir() else "a pipe or a device"
        raise ValueError(f"{name}: is {kind}; name a file")
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{name}: not JSON: {error}") from error
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{name}: cannot be read: {reason}") from error
