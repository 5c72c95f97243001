"""Certified regions: rational brackets, and proven sets between them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, overload

import numpy as np

from qdecay._support.checks import RationalLike, RealLike, exact
from qdecay._support.deadline import Deadline
from qdecay._support.result import Record, Result, counted, frame, plain, shown_list
from qdecay._support.shown import bracket_decimal, shown_bracket, shown_decimal, shown_up_to
from qdecay._support.viewed import Explored, Plotted
from qdecay.certified.narrowing import narrowed
from qdecay.certified.pairs import pairs_of_model
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.at_gamma import gamma_number
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.walked import Actions, Sets, SetsAlong, lists
from qdecay.model.base import FiniteMDP

if TYPE_CHECKING:
    import pandas as pd

LAST = 1 - Fraction(1, 10**9)  # the gamma up to which regions are computed
ONE_BREAKPOINT = "one breakpoint"
NOT_SEPARATED = "not separated"
STATEMENT = (
    "certified: outside of the brackets the optimal set of every state is proven, except where "
    "near_ties lists it; of the inside only what `content` says is"
)


class Sides(NamedTuple):
    """The optimal actions of a state left and right of a bracket."""

    left: Actions
    right: Actions


@dataclass(frozen=True, eq=False, repr=False)
class CertifiedBracket(Record):
    """An interval of gamma outside of which everything is proven.

    Attributes:
        lower, upper: its ends, exact. The statements about the regions beside it include the ends.
        content: "one breakpoint" if the optimal sets change at exactly one gamma inside; "not
            separated" if there may be several changes, a touch, or nothing.
        changes: the states whose set may change inside, with the sets on either side; these are
            equal if a state's set may only be larger at a point inside.
    """

    lower: Fraction
    upper: Fraction
    content: str
    changes: Mapping[int, Sides]

    @property
    def middle(self) -> float:
        """Half-way between the ends."""
        return float((self.lower + self.upper) / 2)

    def shown(self) -> str:
        """Return the bracket in text: 0.8116508523(2) is at most 2 units of that digit off."""
        return shown_bracket(self.lower, self.upper)

    def _shown(self) -> str:
        return f"{self.shown()}: {shown_list([str(state) for state in self.changes], 'state')}"

    def body(self) -> dict[str, Any]:
        """Return the bracket as in the document."""
        return {
            "lower": str(self.lower),
            "upper": str(self.upper),
            "decimal": bracket_decimal(self.lower, self.upper)[0],
            "content": self.content,
            "changes": plain(self.changes),
        }


@dataclass(frozen=True, eq=False, repr=False)
class NearTie(Record):
    """Actions of one state that could not be distinguished on an interval: equal, or nearly so.

    Attributes:
        state: the state.
        actions: those that are optimal or within rounding of it, in order.
        lower, upper: the interval's ends, exact.
    """

    state: int
    actions: Actions
    lower: Fraction
    upper: Fraction

    def meets(self, lower: Fraction | AlgebraicNumber, upper: Fraction | AlgebraicNumber) -> bool:
        """Whether the near tie and [lower, upper] have a gamma in common."""
        return self.lower <= upper and self.upper >= lower


class _Regions(Sequence[Sets]):
    """The sets of all regions, stored as changes: thousands of full sets would need many times the
    memory of the model."""

    def __init__(self, first: Sets, brackets: Sequence[CertifiedBracket]) -> None:
        self._first, self._brackets = first, brackets

    def __len__(self) -> int:
        return len(self._brackets) + 1

    def __repr__(self) -> str:
        return f"<{counted(len(self), 'region')}>"

    @overload
    def __getitem__(self, index: int) -> Sets: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Sets, ...]: ...
    def __getitem__(self, index: int | slice) -> Sets | tuple[Sets, ...]:
        if isinstance(index, slice):
            return tuple(self)[index]
        index = range(len(self))[index]
        return next(islice(self, index, None))

    def __iter__(self) -> Iterator[Sets]:
        sets = list(self._first)
        yield self._first
        for bracket in self._brackets:
            for state, sides in bracket.changes.items():
                sets[state] = sides.right
            yield tuple(sets)


@dataclass(frozen=True, eq=False, repr=False)
class CertifiedRegions(SetsAlong, Plotted, Explored):
    """Brackets in ascending order, and the proven sets between them.

    Attributes:
        width: the largest requested width; `wider` lists the brackets that are wider.
        proven_to: all of (0, proven_to] is covered.
        brackets: disjoint; region i lies between brackets i - 1 and i.
        first: the optimal actions of every state right of 0; () if none is available.
        near_ties: states and intervals where other actions may be optimal too, or instead.
        stopped: why the search ended before 1 - 1e-9, or left brackets wider than it could; or
            None.
    """

    SCHEMA: ClassVar[str] = "qdecay.certified-regions/1"

    mdp: FiniteMDP = field(repr=False)
    width: Fraction
    proven_to: Fraction
    brackets: tuple[CertifiedBracket, ...]
    first: Sets
    near_ties: tuple[NearTie, ...]
    stopped: str | None = None

    @property
    def regions(self) -> Sequence[Sets]:
        """The optimal actions of every state in each region, computed on demand."""
        return _Regions(self.first, self.brackets)

    @property
    def _model(self) -> FiniteMDP:
        return self.mdp

    @cached_property
    def rational_model(self) -> RationalModel:
        """The model in integers; floats are taken as the fractions that they are."""
        return pairs_of_model(self.mdp)

    @property
    def _pairs(self) -> RationalModel:
        return self.rational_model

    @property
    def reaches_the_end(self) -> bool:
        """Whether the regions reach 1 - 1e-9, as requested."""
        return self.proven_to >= LAST

    @property
    def is_complete(self) -> bool:
        """Whether the sets are known up to 1 - 1e-9, outside of brackets."""
        return self.reaches_the_end and not self.near_ties

    @property
    def not_separated(self) -> tuple[int, ...]:
        """The brackets that may contain several changes, a touch, or nothing."""
        return tuple(i for i, b in enumerate(self.brackets) if b.content == NOT_SEPARATED)

    @property
    def wider(self) -> tuple[int, ...]:
        """The brackets that are wider than `width`: neither floats nor exact signs, in integers of
        64 bits, could make them narrower."""
        too_wide = (b.upper - b.lower > self.width for b in self.brackets)
        return tuple(i for i, is_wide in enumerate(too_wide) if is_wide)

    def in_words(self) -> list[str]:
        """Say what is proven and, if anything is left open, what is not."""
        end, wide = shown_up_to(self.proven_to), self.not_separated
        but = " and near ties" if self.near_ties else ""
        proven = f"proven: the optimal actions of every state outside of brackets{but}, up to {end}"
        if self.brackets and not wide:
            each = "each bracket" if len(self.brackets) > 1 else "the bracket"
            proven += f"; inside {each} they change at exactly one gamma"
        left_open = []
        if self.wider:
            why = (self.reaches_the_end and self.stopped) or "floats tell no more"
            proven += f"; {counted(len(self.wider), 'bracket')} wider than asked: {why}"
        if wide:
            left_open.append("how often they change inside brackets that are not separated")
        if self.near_ties:
            left_open.append("which actions are optimal in near ties")
        if not self.reaches_the_end:
            why = "" if self.stopped is None else f", where the search ended: {self.stopped}"
            left_open.append(f"anything right of {end}{why}")
        return [proven, f"not proven: {'; '.join(left_open)}"] if left_open else [proven]

    def region_of(self, gamma: RationalLike | AlgebraicNumber) -> int | None:
        """Return the index of the region that contains 0 < gamma <= proven_to, or None in a
        bracket.

        Raises:
            ValueError: gamma is out of range.
        """
        number = gamma_number(gamma, "(0, 1)")
        if number > self.proven_to:
            end = shown_up_to(self.proven_to)
            got = shown_decimal(number, 12)
            raise ValueError(f"gamma must be in (0, {end}], which is proven, got {got}")
        index = sum(bracket.upper <= number for bracket in self.brackets)
        inside = index < len(self.brackets) and self.brackets[index].lower < number
        return None if inside else index

    def optimal_actions(self, gamma: RationalLike | AlgebraicNumber) -> Sets | None:
        """Return the sets at one gamma, 0 < gamma <= proven_to, or None inside a bracket.

        For a state in a near tie there, all actions that may be optimal.
        """
        region, number = self.region_of(gamma), gamma_number(gamma)
        return None if region is None else self.possible_actions(region, number, number)

    def possible_actions(
        self, region: int, lower: Fraction | AlgebraicNumber, upper: Fraction | AlgebraicNumber
    ) -> Sets:
        """Return the sets of a region, including all that may be optimal in near ties on an
        interval."""
        return self._with_ties(self.regions[region], lower, upper)

    def _with_ties(
        self,
        proven: Sets,
        lower: Fraction | AlgebraicNumber,
        upper: Fraction | AlgebraicNumber,
    ) -> Sets:
        sets = list(proven)
        for tie in self.near_ties:
            if tie.meets(lower, upper):
                sets[tie.state] = tuple(sorted({*sets[tie.state], *tie.actions}))
        return tuple(sets)

    def narrowed(
        self, width: RationalLike, *, max_seconds: RealLike | None = None
    ) -> CertifiedRegions:
        """Return the same regions with brackets of at most this width around single breakpoints.

        Exact signs at rational gammas decide, so brackets may be much narrower than with floats:
        1e-14 in models whose probabilities have short denominators. Other brackets stay unchanged.

        Args:
            width: exact, > 0.
            max_seconds: limit of wall time, > 0; None means no limit.

        Raises:
            TypeError, ValueError: an argument is not exact, or out of range.
            BudgetExceeded: max_seconds ran out.
        """
        return self.to_width(exact(width, "width", "(0, 1]"), Deadline(max_seconds))

    def to_width(self, width: Fraction, deadline: Deadline) -> CertifiedRegions:
        """Do what `narrowed` does, with checked arguments."""
        brackets = tuple(
            bracket
            if bracket.upper - bracket.lower <= width
            else self._narrower(bracket, left, width, deadline)
            for bracket, left in zip(self.brackets, self.regions, strict=False)
        )
        return replace(self, width=width, brackets=brackets)

    def _narrower(
        self, bracket: CertifiedBracket, left: Sets, width: Fraction, deadline: Deadline
    ) -> CertifiedBracket:
        entering = [
            (state, action)
            for state, sides in bracket.changes.items()
            for action in sides.right
            if action not in sides.left
        ]
        in_doubt = any(tie.meets(bracket.lower, bracket.upper) for tie in self.near_ties)
        if bracket.content != ONE_BREAKPOINT or in_doubt or not entering:
            return bracket
        model = self.rational_model
        chosen = {(s, actions[0]) for s, actions in enumerate(left) if actions}
        policy = model.first[:-1].copy()
        for pair, (s, actions) in enumerate(
            zip(model.pair_state.tolist(), model.actions, strict=True)
        ):
            if any((s, action) in chosen for action in actions):
                policy[s] = pair
        state, action = entering[0]
        [pair] = [p for p in model.pairs_of(state) if action in model.actions[p]]
        ends = bracket.lower, bracket.upper
        lower, upper = narrowed(model, policy, pair, ends, width, deadline)
        return replace(bracket, lower=lower, upper=upper)

    def start_brackets(self) -> tuple[int, ...]:
        """Return the brackets in which the start state's set may change.

        Raises:
            ValueError: the model has no start state.
        """
        return self._with_start(bracket.changes for bracket in self.brackets)

    def reached_brackets(self) -> tuple[int, ...]:
        """Return the brackets in which the set of a state reached from the start may change.

        A state counts as reached if some policy that may be optimal left of the bracket, inside, or
        right of it reaches it with positive probability. In a bracket that is not separated, states
        whose set may change may take any action.

        Raises:
            ValueError: the model has no start state.
        """
        return self._with_reached(self._around())

    def _around(self) -> Iterator[tuple[Collection[int], list[Actions]]]:
        """Yield what changes in each bracket, and the sets left of it, inside and right of it."""
        for bracket, left in zip(self.brackets, self.regions, strict=False):
            sets = list(self._with_ties(left, bracket.lower, bracket.upper))
            separated = bracket.content == ONE_BREAKPOINT
            for state, (_, right) in bracket.changes.items():
                others = right if separated else np.flatnonzero(self.mdp.available[state]).tolist()
                sets[state] = tuple({*sets[state], *others})
            yield bracket.changes, sets

    def _shown(self) -> str:
        middles = [shown_decimal(bracket.middle, 4) for bracket in self.brackets]
        near = f" near {shown_list(middles)}" if middles else ""
        ties = f", {counted(len(self.near_ties), 'near tie')}" if self.near_ties else ""
        return self._titled(
            f"{counted(len(middles), 'bracket')}{near}{ties}, proven up to "
            f"{shown_up_to(self.proven_to)}{'' if self.stopped is None else f': {self.stopped}'}"
        )

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        own = Result.body(self)
        own["first"] = {"optimal_actions": lists(self.first)}
        return {"source": self.name, "statement": STATEMENT, **self._about(), **own}

    def to_frame(self) -> pd.DataFrame:
        """Return a row per bracket: its ends, what is inside, and the states that change."""
        return frame(
            {
                "lower": [float(bracket.lower) for bracket in self.brackets],
                "upper": [float(bracket.upper) for bracket in self.brackets],
                "content": [bracket.content for bracket in self.brackets],
                "states": [tuple(self._states(bracket.changes)) for bracket in self.brackets],
            }
        )
