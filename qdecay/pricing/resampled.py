"""How far data settles a price: what its policies earn in models that other samples might have
given.

With nothing but the data, one would use the policies that the empirical model makes optimal, region
by region. Each resample (`MDP.resample`) is a world that might have given such data; in each, these
same policies are judged, as exactly as in the model itself, and so is the best policy of that
world. The intervals are between the percentiles 2.5 and 97.5 of what they earn and lose.

Policies look better in the data from which they were chosen than in the world, and the best policy
of a resample is chosen by its errors: with little data both the earnings and the optimum are biased
upwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from qdecay._support.checks import RationalLike, RealLike, exact
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, counting, reporting
from qdecay._support.result import Record, counted, frame, plain
from qdecay._support.shown import shown_interval
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.resampled import Draws, Interval, draws, settled
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.empirical import How
from qdecay.model.info import ModelResult
from qdecay.pricing.judge import JudgeLike
from qdecay.pricing.optimum import SolvedWhereAsked, optimum_of
from qdecay.pricing.price import DEFAULT_LOSS, price
from qdecay.pricing.result import Price
from qdecay.pricing.worth import Worth, Worths, loss

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class ResampledWorth(Record):
    """What some policies earn and lose over resamples.

    Attributes:
        worst, best: 95 % intervals of what they earn at worst and at best, over the ways of
            breaking ties; None where the data does not settle it, see `ResampledPrice.share`.
        loss: 95 % interval of (optimum - worst) / |optimum|, each with the optimum of its own
            resample; also None where that optimum is 0 in more than half of them.
    """

    worst: Interval | None
    best: Interval | None
    loss: Interval | None

    def _shown(self) -> str:
        return f"{shown_interval(self.worst)}, lost {shown_interval(self.loss)}"


@dataclass(frozen=True, eq=False, repr=False)
class ResampledPrice(ModelResult):
    """What every gamma costs according to data, with intervals.

    Attributes:
        price: the price of the empirical model.
        optimum: the 95 % interval of the most that any policy earns, each in its own resample;
            None where data does not settle it.
        regions: one for each of `price.regions`.
        gammas: one for each gamma asked for.
        share: the share of resamples in which the judge is finite, which a total may not be. Below
            one half there are no intervals.
        resamples, seed, how: the draws, see `resampled_price`.
    """

    SCHEMA: ClassVar[str] = "qdecay.resampled-price/1"

    price: Price = field(repr=False)
    optimum: Interval | None
    regions: tuple[ResampledWorth, ...]
    gammas: tuple[ResampledWorth, ...]
    share: float
    resamples: int
    seed: int
    how: How

    def _shown(self) -> str:
        found = f"optimum {shown_interval(self.optimum)}"
        parts = [counted(len(self.regions), "region"), counted(self.resamples, "resample")]
        return self._titled(", ".join([found, *parts]))

    def within(self) -> dict[str, Any]:
        """Return what the document of a price holds of it."""
        names = ("optimum", "regions", "gammas", "share", "resamples", "seed", "how")
        return {name: plain(getattr(self, name)) for name in names}

    def to_frame(self) -> pd.DataFrame:
        """Return a row per region: its ends, and those of what its policies earn and lose."""
        table = self.price.to_frame()[["lower", "upper"]]
        for name in ("worst", "loss"):
            ends = [getattr(region, name) or (None, None) for region in self.regions]
            table[f"{name}_low"], table[f"{name}_high"] = zip(*ends, strict=True)
        return frame({name: table[name].tolist() for name in table})


def resampled_price(
    problem: Problem,
    judge: JudgeLike | None = None,
    *,
    gammas: Iterable[RationalLike | AlgebraicNumber] = (),
    start: int | str | None = None,
    max_loss: RationalLike = DEFAULT_LOSS,
    resamples: int = 200,
    seed: int = 0,
    how: How = "dirichlet",
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> ResampledPrice:
    """Return what the policies that data makes optimal earn by a judge, with 95 % intervals.

    Args:
        problem: a model made from data, or anything that `qdecay.as_mdp` accepts and has counts.
        judge, start, max_loss: as in `price`.
        gammas: discount factors whose optimal policies are judged as well, exact numbers in [0, 1].
        resamples, seed, how: as in `resampled_breakpoints`.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` after each resample.

    Raises:
        ValueError: the model was not made from data; and as `price`.
        BudgetExceeded: max_seconds ran out.

    >>> from qdecay.model.mdp import MDP
    >>> rows = [(0, 0, 1, 0, True)] * 9 + [(0, 0, 0, 0, True)]
    >>> found = resampled_price(MDP.from_transitions(rows, start=0))
    >>> str(found.price.optimum.exact), found.optimum[0] < 0.9 < found.optimum[1]
    ('9/10', True)
    """
    deadline, mdp = Deadline(max_seconds), as_exact_mdp(problem)
    drawn = draws(mdp, resamples, seed, how)
    picked = [
        gamma if isinstance(gamma, AlgebraicNumber) else exact(gamma, "each of gammas", "[0, 1]")
        for gamma in gammas
    ]
    found = price(mdp, judge, start=start, max_loss=max_loss, max_seconds=max_seconds)
    return resampled_of(found, picked, drawn, deadline, progress)


def resampled_of(
    found: Price,
    gammas: Sequence[RationalLike | AlgebraicNumber],
    drawn: Draws,
    deadline: Deadline,
    progress: bool | OnProgress = False,
) -> ResampledPrice:
    """Return what resamples say about a price that is already known."""
    regions = found.policy_regions
    policies = [*regions.regions, *(regions.optimal_actions(gamma) for gamma in gammas)]
    seen: list[tuple[Worth, list[tuple[Worth, Worth]]]] = []
    with reporting(progress) as report:
        tick = counting(report, drawn.resamples, "resamples", deadline)
        for mdp in drawn:
            worths = Worths(RationalModel(mdp), found.judge, found.starts, deadline)
            solved = SolvedWhereAsked(mdp, deadline)
            if not (
                found.judge.kind == "total" and any(solved.at_one.gain[s] for s in found.starts)
            ):
                best = optimum_of(solved, worths, found.starts)
                seen.append((best, [worths.of(sets) for sets in policies]))
            tick()
    share = len(seen) / drawn.resamples
    rows = [
        _worth([best for best, _ in seen], [earned[k] for _, earned in seen], share)
        for k in range(len(policies))
    ]
    return ResampledPrice(
        found,
        settled([best.value for best, _ in seen], share),
        tuple(rows[: len(regions.regions)]),
        tuple(rows[len(regions.regions) :]),
        share,
        drawn.resamples,
        drawn.seed,
        drawn.how,
        info=found.info,
    )


def _worth(
    optima: Sequence[Worth], earned: Sequence[tuple[Worth, Worth]], share: float
) -> ResampledWorth:
    """The intervals of what policies earn, by the optimum of each resample."""
    lost = [loss(best, worst) for best, (worst, _) in zip(optima, earned, strict=True)]
    known = [number for number in lost if number is not None]
    return ResampledWorth(
        settled([worst.value for worst, _ in earned], share),
        settled([best.value for _, best in earned], share),
        settled(known, share * len(known) / max(len(lost), 1)),
    )
