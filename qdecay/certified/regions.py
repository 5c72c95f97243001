"""Policy regions with proven brackets, for models too large for exact ones.

There are three kinds of regions. Exact ones are algebraic numbers with a proof, for hundreds of
states; numeric ones follow changes in floating point at any size, and prove nothing about what they
miss. Certified ones, here, are rational brackets outside of which the optimal actions of every
state are proven, for thousands of states. Sums and products of floats with radii that include every
rounding decide; see `qdecay.exact.solver.window` for the argument.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from qdecay._support.checks import RationalLike, RealLike, exact
from qdecay._support.deadline import Deadline, in_time
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay._support.result import counted
from qdecay._support.shown import shown_decimal
from qdecay.certified.pairs import pairs_of_model
from qdecay.certified.result import LAST, CertifiedBracket, CertifiedRegions, NearTie
from qdecay.certified.search import Search
from qdecay.errors import BudgetExceeded
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.threads import on_one_thread
from qdecay.exact.walked import sets_of
from qdecay.model.base import FiniteMDP
from qdecay.model.door import Problem, as_model
from qdecay.model.info import ModelInfo

_WIDTH = Fraction(1, 10**9)


@on_one_thread
def certified_policy_regions(
    problem: Problem,
    *,
    width: RationalLike = _WIDTH,
    start: int | str | None = None,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> CertifiedRegions:
    """Return brackets around every gamma in (0, 1 - 1e-9) where optimal actions change.

    Args:
        problem: a model, exact or of floats (which are taken as they are); or anything that
            `qdecay.as_mdp` accepts.
        width: the largest width of a bracket where floats allow it; exact, > 0. If they cannot
            distinguish actions on a longer interval, the result has a `NearTie`.
        start: the number or name of a state, which overrides the model's start.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` at each bracket.

    Returns: the regions up to 1 - 1e-9, or up to where floats no longer prove anything; `stopped`
    says why.

    Raises:
        TypeError, ValueError: an argument is not exact, or out of range.
        BudgetExceeded: max_seconds ran out; `best` has the regions up to their `proven_to`, or is
            None if not even the sets right of 0 were determined.
    """
    mdp = as_model(problem)
    start = mdp.start if start is None else mdp.state_index(start, "start")
    width, deadline = exact(width, "width", "(0, 1]"), Deadline(max_seconds)
    with reporting(progress) as report:

        def tell(x: Fraction, found: int) -> None:
            text = f"brackets found: {found}, up to gamma = {shown_decimal(float(x), 6)}"
            report(Progress(float(x), 1.0, text))

        search, found = None, None
        try:
            with in_time(deadline):
                search = Search(pairs_of_model(mdp), width, LAST, deadline, tell)
                search.run()
                found = _assembled(search, mdp, start)
                return found.to_width(width, deadline)
        except BudgetExceeded as limit:
            if search is None:
                raise limit.knowing("nothing is known right of gamma = 0") from None
            best = replace(found or _assembled(search, mdp, start), stopped="time ran out")
            up_to = f"proven up to gamma = {shown_decimal(float(search.x), 12)}"
            text = f"{counted(len(search.brackets), 'bracket')} found, {up_to}"
            raise limit.knowing(text, best) from None


def _assembled(search: Search, mdp: FiniteMDP, start: int | None) -> CertifiedRegions:
    brackets = [CertifiedBracket(*found) for found in search.brackets]
    return CertifiedRegions(
        mdp,
        search.width,
        search.x,
        tuple(brackets),
        sets_of(search.model, search.first),
        _near_ties(search.model, search),
        search.stopped,
        info=ModelInfo.of(mdp, start),
    )


def _near_ties(model: RationalModel, search: Search) -> tuple[NearTie, ...]:
    found = []
    for tie in search.near_ties:
        [(state, actions)] = model.sets(tie.pairs).items()
        if state < model.n_own:
            found.append(NearTie(state, actions, tie.lower, tie.upper))
    return tuple(found)
