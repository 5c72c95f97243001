"""What trained agents earn at each gamma, beside what the gamma allows and what is possible.

Q-learning learns every gamma from the same steps (`qdecay.learning.many`): each action is tried
equally often, and episodes begin anywhere, so that agents differ by their gamma and by chance, not
by what they happened to see. The greedy policy of every agent is then judged exactly. This
separates what is lost to the gamma from what is lost to training: at a small gamma the values of
far states differ by so little that sampling noise hides which action is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from qdecay._support.checks import RationalLike, RealLike, exact, instance, listed, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress
from qdecay._support.result import Record, counted, frame, plain
from qdecay._support.shown import shown_decimal
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.learning.many import q_learning_many
from qdecay.learning.schedules import Harmonic
from qdecay.model.info import ModelResult
from qdecay.pricing.result import Price, PricedGamma, PricedRegion
from qdecay.pricing.worth import Worth

if TYPE_CHECKING:
    import pandas as pd

_STEP_SIZE = Harmonic(100)
_BITS = 64


@dataclass(frozen=True, eq=False, repr=False)
class LearnedGamma(Record):
    """What the agents that learned at one gamma earn.

    Attributes:
        optimum: the most that any policy earns.
        allowed: what the policies that are optimal at that gamma earn.
        agents: what each agent's greedy policy earns, in ascending order.
    """

    optimum: Worth
    allowed: PricedGamma
    agents: tuple[Worth, ...]

    @property
    def gamma(self) -> AlgebraicNumber:
        """The discount factor."""
        return self.allowed.gamma

    @property
    def median(self) -> Worth:
        """The median agent; the lower middle one of an even number."""
        return self.agents[(len(self.agents) - 1) // 2]

    @property
    def lost_to_gamma(self) -> float:
        """The optimum less the worst that is allowed, in reward units."""
        return self.optimum.value - self.allowed.worst.value

    @property
    def lost_to_training(self) -> float:
        """The worst that is allowed less the median of the agents, in reward units.

        Negative where agents happen to earn more by the judge than the optimal policies of their
        gamma.
        """
        allowed, median = self.allowed.worst.value, self.median.value
        return 0.0 if allowed == median else allowed - median

    def _shown(self) -> str:
        return f"{shown_decimal(self.gamma, 6)}: median {self.median.shown(6)}"

    def body(self) -> dict[str, Any]:
        """Return the gamma as in the document."""
        agents = {name: self.agents[i].to_json() for name, i in (("least", 0), ("most", -1))}
        return {
            **self.allowed.body(),
            "learned": {"median": self.median.to_json(), **agents},
            "lost_to_gamma": plain(self.lost_to_gamma),
            "lost_to_training": plain(self.lost_to_training),
        }


@dataclass(frozen=True, eq=False, repr=False)
class LearnedPrice(ModelResult):
    """What agents earn, gamma by gamma.

    Attributes:
        gammas: in increasing order.
        seeds: the seed of each agent.
        steps: of each seed's training, which teaches all gammas.
    """

    SCHEMA: ClassVar[str] = "qdecay.learned-price/1"

    gammas: tuple[LearnedGamma, ...]
    seeds: tuple[int, ...]
    steps: int

    def _shown(self) -> str:
        sizes = counted(len(self.gammas), "gamma"), counted(len(self.seeds), "seed")
        return self._titled(f"{', '.join(sizes)}, {counted(self.steps, 'step')} each")

    def to_frame(self) -> pd.DataFrame:
        """Return a row per gamma: what is allowed, what agents earn, and what is lost to gamma and
        training."""
        rows = self.gammas
        return frame(
            {
                "gamma": [float(row.gamma) for row in rows],
                "allowed": [row.allowed.worst.value for row in rows],
                "median": [row.median.value for row in rows],
                "least": [row.agents[0].value for row in rows],
                "most": [row.agents[-1].value for row in rows],
                "lost_to_gamma": [row.lost_to_gamma for row in rows],
                "lost_to_training": [row.lost_to_training for row in rows],
            }
        )


def learned_price(
    price: Price,
    gammas: Sequence[RationalLike] | None = None,
    *,
    seeds: int = 10,
    seed: int = 0,
    steps: int = 1_000_000,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> LearnedPrice:
    """Train Q-learning at some gammas and in the middle of every region, and judge the agents.

    Behaviour is uniform, episodes begin in any state that has actions and are as long as the time
    limit (without one, as many steps as there are states), and step sizes are 100 / (100 + n - 1)
    at the n-th visit.

    Args:
        price: the price of the model; agents are judged by its judge.
        gammas: exact numbers in [0, 1], in addition to the middle of each region.
        seeds: agents per gamma, >= 1.
        seed: the first seed, >= 0; the others follow.
        steps: steps of each seed's training, which teaches all gammas; >= 1.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: of the training, as `q_learning_many` takes it.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind or out of range, or a gamma is 1
            and rewards have no end.
        BudgetExceeded: max_seconds ran out.
    """
    deadline = Deadline(max_seconds)
    instance(price, Price, "price", "a Price, as `price` returns it")
    first, agents = whole(seed, "seed", 0), whole(seeds, "seeds", 1)
    given = [] if gammas is None else listed(gammas, "gammas")
    asked = {price.at(exact(gamma, "each of gammas", "[0, 1]")) for gamma in given}
    asked |= {price.at(middle(region)) for region in price.regions}
    allowed = sorted(asked, key=lambda found: found.gamma)
    mdp = price.policy_regions.mdp
    able = mdp.available.any(axis=1)
    learned = q_learning_many(
        mdp,
        [float(found.gamma) for found in allowed],
        range(first, first + agents),
        steps=steps,
        step_size=_STEP_SIZE,
        start=able / able.sum(),
        max_episode_steps=mdp.time_limit or mdp.n_states,
        max_seconds=max_seconds,
        progress=progress,
    )
    rows = []
    for found, policies in zip(allowed, learned.policy, strict=True):
        deadline.check()
        earned = sorted((price.worth(policy) for policy in policies), key=lambda w: w.value)
        rows.append(LearnedGamma(price.optimum, found, tuple(earned)))
    return LearnedPrice(tuple(rows), learned.seeds, learned.steps, info=price.info)


def middle(region: PricedRegion) -> AlgebraicNumber:
    """Return a short decimal near the middle of a region.

    >>> from qdecay.pricing.price import price
    >>> [str(middle(region).closed_form()) for region in price("FrozenLake-v1").regions]
    ['2/5', '9/10', '99/100']
    """
    for bits in map(_BITS.__mul__, count(1)):  # until they distinguish the ends
        low, high = region.lower.enclosure(bits)[1], region.upper.enclosure(bits)[0]
        if low < high:
            break
    centre, third = (low + high) / 2, (high - low) / 3
    rounded = (round(centre, digits) for digits in count(1))
    return AlgebraicNumber.of(next(x for x in rounded if low + third <= x <= high - third))
