"""Where the best actions of a state change by certified regions, for models beyond exact reach."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from qdecay._support.shown import shown_up_to
from qdecay.certified.regions import certified_policy_regions
from qdecay.certified.result import NOT_SEPARATED, CertifiedBracket, CertifiedRegions
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.break_even import BreakEven
from qdecay.model.mdp import MDP


@dataclass(frozen=True)
class Bracketed:
    """The changes of a state.

    Attributes:
        middle: the changes as if each were in the middle of its bracket.
        brackets: those of the changes, in order; touches have none.
        apart: how far a change may be from the middle of its bracket.
        unsettled: what the brackets leave open about this state, one line each.
    """

    middle: BreakEven
    brackets: tuple[CertifiedBracket, ...]
    apart: Fraction
    unsettled: tuple[str, ...]

    @classmethod
    def of(cls, mdp: MDP, state: int, max_seconds: float | None) -> Bracketed:
        """Return the changes of a state by the model's certified regions.

        Raises:
            BudgetExceeded: max_seconds ran out.
        """
        found = certified_policy_regions(mdp, max_seconds=max_seconds)
        own = [i for i, b in enumerate(found.brackets) if state in b.changes]
        brackets = [found.brackets[i] for i in own]
        regions = [0, *(i + 1 for i in own)]
        best = tuple(frozenset(found.regions[i][state]) for i in regions)
        lowers = [Fraction(0), *(b.upper for b in brackets)]
        uppers = [*(b.lower for b in brackets), found.proven_to]
        middles = [(b.lower + b.upper) / 2 for b in brackets]
        switches = tuple(a != b for a, b in pairwise(best))
        middle = BreakEven(
            tuple(AlgebraicNumber.of(gamma) for gamma in middles),
            switches,
            best,
            tuple((low + high) / 2 for low, high in zip(lowers, uppers, strict=True)),
            info=found.info,
        )
        apart = max(((b.upper - b.lower) / 2 for b in brackets), default=Fraction(0))
        kept = tuple(b for b, switch in zip(brackets, switches, strict=True) if switch)
        return cls(middle, kept, apart, tuple(_left_open(found, state, brackets)))


def _left_open(found: CertifiedRegions, state: int, brackets: list[CertifiedBracket]) -> list[str]:
    lines = [
        f"{b.shown()}: this bracket is not separated"
        for b in brackets
        if b.content == NOT_SEPARATED
    ]
    if any(tie.state == state for tie in found.near_ties):
        lines.append("rounding hides which of its actions is best: a near tie")
    if not found.reaches_the_end:
        lines.append(f"nothing is proven right of gamma = {shown_up_to(found.proven_to)}")
    return lines
