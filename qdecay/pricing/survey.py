"""What common discount factors cost in every environment that comes with a finite model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, counting, reporting
from qdecay._support.result import Record
from qdecay._support.shown import shown_decimal
from qdecay.errors import InputError
from qdecay.exact.regions import policy_regions
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.mdp import MDP
from qdecay.model.registered import environment_ids
from qdecay.pricing.judge import default_judge, endless_judge
from qdecay.pricing.optimum import start_distribution
from qdecay.pricing.price import priced
from qdecay.pricing.result import Price, PricedGamma

SCHEMA = "qdecay.prices/1"
COMMON = ("0.9", "0.95", "0.99", "0.999")
"""The discount factors that people choose."""

_VARIANTS: Mapping[str, tuple[dict[str, Any], ...]] = {"Taxi-v4": ({"is_rainy": True},)}
_DIGITS = 10


@dataclass(frozen=True, eq=False, repr=False)
class SurveyedPrice(Record):
    """The price of an environment by one judge.

    Attributes:
        source: the id, with its arguments as on the command line.
        price: what every gamma costs.
        common: what the gammas of `COMMON` cost.
    """

    source: str
    price: Price
    common: tuple[PricedGamma, ...]

    def body(self) -> dict[str, Any]:
        """Return a row of the document."""
        regions = self.price.policy_regions
        return {
            **self.price.body(),
            "source": self.source,
            "breakpoints": len(regions.breakpoints),
            "blackwell": shown_decimal(regions.blackwell_discount_factor, _DIGITS),
            "gammas": [gamma.body() for gamma in self.common],
        }


def survey(progress: bool | OnProgress = False) -> list[SurveyedPrice]:
    """Return the prices of the suite and of Gymnasium's toy text, in the order of their names.

    Ids that have no finite model without arguments are left out.
    """
    models = list(_models())
    found = []
    with reporting(progress) as report:
        tick = counting(report, len(models), "environments")
        for source, mdp in models:
            for price in prices(mdp):
                common = tuple(price.at(gamma) for gamma in COMMON)
                found.append(SurveyedPrice(source, price, common))
            tick()
    return found


def prices(problem: Problem) -> tuple[Price, ...]:
    """Return the price by total, or by average where that is infinite; and within the time limit.

    >>> [str(price.judge) for price in prices("FrozenLake-v1")]
    ['total', 'steps:100']
    """
    mdp = as_exact_mdp(problem)
    starts, regions = start_distribution(mdp), policy_regions(mdp)
    assert regions.at_one is not None  # the search ended
    gains = [regions.at_one.gain[s] for s in starts]
    judges = dict.fromkeys((endless_judge(gains), default_judge(mdp, gains)))
    return tuple(priced(regions, judge, starts, Deadline()) for judge in judges)


def _models() -> Iterator[tuple[str, MDP]]:
    for name in environment_ids():
        for options in ({}, *_VARIANTS.get(name, ())):
            given = "".join(f" -k {key}={str(value).lower()}" for key, value in options.items())
            try:
                yield name + given, as_exact_mdp(name, **options)
            except InputError:  # no model
                continue
