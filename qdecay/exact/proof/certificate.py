"""Certificates of policy regions: the models, the sets, and hints that make checking quick.

`verify` checks them and documents their form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any, TypeVar, overload

from qdecay._support.checks import RealLike, file_path, instance
from qdecay._support.deadline import Deadline
from qdecay._support.outputs import CERTIFICATES, check_output
from qdecay._support.progress import OnProgress, counting, reporting
from qdecay.exact.line_regions import LineRegions
from qdecay.exact.proof.gamma_parts import gamma_parts
from qdecay.exact.proof.line_parts import line_parts
from qdecay.exact.proof.line_parts_at_one import crossings
from qdecay.exact.proof.verify import MAX_BYTES
from qdecay.exact.regions import PolicyRegions
from qdecay.exact.solver.threads import on_one_thread
from qdecay.exact.walked import lists
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.line import ModelLine
from qdecay_envs.jsonfile import write_json

_T = TypeVar("_T")


@overload
def certificate(
    problem: ModelLine,
    regions: LineRegions,
    *,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> dict[str, Any]: ...
@overload
def certificate(
    problem: Problem,
    regions: PolicyRegions,
    *,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> dict[str, Any]: ...
@on_one_thread
def certificate(
    problem: Problem | ModelLine,
    regions: PolicyRegions | LineRegions,
    *,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> dict[str, Any]:
    """Return the document that `verify` checks: qdecay.certificate/1, or line-certificate/1.

    Args:
        problem: the model, or anything that `qdecay.as_mdp` accepts; or a model line.
        regions: the result of `policy_regions` for it, complete.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` after each point, and
            after each interval between them.

    Raises:
        TypeError: the regions do not belong to this kind of problem.
        ValueError: the regions are those of another model or line, or not proven up to the end; or
            the model is far too large.
        BudgetExceeded: max_seconds ran out.
    """
    deadline = Deadline(max_seconds)
    _check(problem, regions)
    numbers = sorted(point.number for point in (*regions.breakpoints, *regions.touches))
    if isinstance(regions, LineRegions) and regions.gamma == 1:
        numbers, policies = crossings(regions, deadline)
    inside = [0, *(sum(b.number <= x for b in regions.breakpoints) for x in numbers)]  # regions
    sets = [lists(regions.regions[k]) for k in inside]
    at_points = [lists(regions.optimal_actions(x)) for x in numbers]
    if isinstance(regions, LineRegions):
        if regions.gamma < 1:
            policies = [regions._policies[k] for k in inside]
        parts = line_parts(regions, numbers, policies, deadline)
    else:
        parts = gamma_parts(regions.mdp, lists(regions.at_zero), numbers, sets, deadline)

    def counted(found: Iterable[_T]) -> Iterator[_T]:
        for one in found:
            yield one
            tick()

    with reporting(progress) as report:
        tick = counting(report, len(numbers) + len(sets), "points and intervals", deadline)
        return {
            **parts.head,
            "points": [
                [*place, at, *hints]
                for place, at, hints in zip(
                    counted(parts.places), at_points, parts.at_points or repeat([]), strict=False
                )
            ],
            "intervals": [
                [own, *hints] for own, hints in zip(sets, counted(parts.hints), strict=True)
            ],
        }


def _check(problem: Any, regions: Any) -> None:
    """Raise an error unless the regions belong to the problem, are complete, and can be
    certified."""
    if isinstance(problem, ModelLine):
        instance(regions, LineRegions, "regions", "those of the line")
        what, own, p = "line", regions.line == problem, regions.parameter
        complete, end = regions.at_high is not None, f"{p.name} = {p.high}"
    else:
        instance(regions, PolicyRegions, "regions", "those of the model")
        what, own = "model", regions.mdp == as_exact_mdp(problem)
        complete, end = regions.proven_to == 1, "gamma = 1"
    if not own:
        raise ValueError(f"these regions are of another {what}")
    if not complete:
        raise ValueError(f"these regions are incomplete: a certificate needs them up to {end}")


@overload
def write_certificate(
    problem: ModelLine,
    regions: LineRegions,
    path: str | Path,
    *,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> None: ...
@overload
def write_certificate(
    problem: Problem,
    regions: PolicyRegions,
    path: str | Path,
    *,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> None: ...
def write_certificate(
    problem: Any,
    regions: Any,
    path: str | Path,
    *,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> None:
    """Write a certificate to `path`, completely or not at all; an existing file is replaced.

    The other arguments are those of `certificate`.

    Raises:
        TypeError, ValueError, BudgetExceeded: as `certificate`.
        InputError: the path does not end in .json, or cannot be written; tried before the work.
        ValueError: it would be larger than 64 MiB, which `qdecay verify` takes.
    """
    check_output(file_path(path), CERTIFICATES)
    document = certificate(problem, regions, max_seconds=max_seconds, progress=progress)
    write_json(path, document, MAX_BYTES)


__all__ = ["certificate", "write_certificate"]
