r"""Total rewards, gamma = 1, of any model in which no state gains or loses for ever.

A state's total is the limit of its discounted values. It is finite for every state exactly where
the optimal gain, the most reward per step in the long run, is 0 everywhere; policies of negative
gain do no harm. A policy that stays for ever stays in an end component. Three steps turn such a
model into one in which every policy ends or loses for ever, as `certificate` requires:

1. In each maximal end component the gain is proven to be at most 0: no reward there is positive;
   or a potential phi satisfies r + P phi <= phi for all pairs that stay, checked in fractions. The
   pairs with equality (the rewards of 0, where phi = 0) and their end components are all that can
   be followed for ever at a gain of 0.
2. Each of those components, Z, is collapsed (`quotient`): u(Z) = v(s) - phi(s) is the same for all
   its states, and its ways out are its other actions, and staying: for ever along pairs of Z, from
   s, pays the limit of sum gamma^k (phi(s_k) - phi(s_k+1)) = phi(s) minus the average of phi; so
   the best is phi(s) + G, with G the largest gain of the reward -phi in Z, 0 where phi = 0.
3. From every state some policy must surely end in this model; elsewhere it loses for ever.

Sources: Haddad & Monmege, Interval iteration algorithm for MDPs and IMDPs (2018); Hartmanns &
Kaminski, Optimistic value iteration (2020); Bertsekas & Tsitsiklis (1991).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay.model.base import FiniteMDP
from qdecay.model.info import UNNAMED, ModelInfo
from qdecay.model.unrolling import Waiting
from qdecay.planning.compiled.graph import surely_ends
from qdecay.planning.compiled.kernels import Values, backup
from qdecay.planning.compiled.loops import accelerated
from qdecay.planning.exact_potential import MOST_STATES, exact_potential
from qdecay.planning.exact_rows import Exact, Row, exact_rows, onward
from qdecay.planning.gains import gains
from qdecay.planning.horizon import discounted_steps, some_last
from qdecay.planning.problem import Iteration, Solution, first_values
from qdecay.planning.quotient import Components, Quotient, collapsed
from qdecay.planning.table import Table, table_of

Numbers = NDArray[np.float64]

_DENOMINATORS = (1, 10, 100, 1000, 10**4, 10**5, 10**6)
_SWEEPS = 100_000
_OTHERWISE = "use gamma < 1, or `qdecay.average_reward` for the reward per step"


@dataclass(frozen=True, eq=False)
class TotalModel:
    """A model with its components of gain 0 collapsed.

    Attributes:
        table: the model itself.
        quotient: the collapsed model; every policy of it ends or loses for ever.
        potential: phi, shape (S,), 0 outside the components.
        inside: the pairs within the components, shape (S, A).
        staying: an action per state with which staying in its component is best, shape (S,).
        ending: an action per node with which every node ends, shape (N,).
        error: the largest error of a value of staying, in reward units.
        all_end: whether every policy of the collapsed model ends.
    """

    table: Table
    quotient: Quotient
    potential: Numbers
    inside: NDArray[np.bool_]
    staying: NDArray[np.int64]
    ending: NDArray[np.int64]
    error: float
    all_end: bool

    @classmethod
    def of(cls, table: Table, exact: Exact, named: FiniteMDP, *, one: bool = False) -> TotalModel:
        """Collapse a model.

        Args:
            table: the model.
            exact: returns the exact reward and continuing probabilities of a state and an action.
            named: the model whose states messages name; others of the table are waiting states.
            one: whether the model has a single policy, for the message.

        Raises:
            ValueError: the optimal gain is not 0 in some state, or floats cannot tell.
        """
        parts, potential = Components.of(table, table.available), np.zeros(len(table.model.r))
        if parts.count:
            free, potential = _free_pairs(table, parts, exact, named, one)
            parts = Components.of(table, free)
            potential[parts.label < 0] = 0.0
        if potential.any():
            best, staying, error = _staying(table, parts, potential)
            quotient = collapsed(table, parts, _shaped(table, potential, exact), best)
            size = table.reward_size + 2 * float(np.abs(potential).max())
            quotient = replace(quotient, table=replace(quotient.table, reward_size=size))
        else:
            staying, error = parts.pairs.argmax(axis=1), 0.0
            quotient = collapsed(table, parts, table.model.r, np.zeros(parts.count))
        ending = _ending(quotient, named, one)
        lasts = some_last(quotient.table, quotient.table.available)
        return cls(table, quotient, potential, parts.pairs, staying, ending, error, not lasts)


class TotalIteration(Iteration):
    """A model at gamma = 1: an iteration over its collapsed form.

    Args:
        model: the collapsed model.
        initial: the initial values, shape (S,), or None.
        info: the model's names.
        own: how many states answers show; None means all of them.
    """

    def __init__(
        self,
        model: TotalModel,
        initial: ArrayLike | None = None,
        info: ModelInfo = UNNAMED,
        own: int | None = None,
    ) -> None:
        self.model = model
        table = model.quotient.table
        nodes = None
        if initial is not None:
            given = first_values(len(model.potential), initial) - model.potential
            nodes = np.zeros(len(table.model.r))
            nodes[model.quotient.node] = given
            nodes = nodes[model.quotient.root]
        super().__init__(table, 1.0, np.inf, nodes, info, own=own)

    def begin(self) -> None:
        """Where some policy of the collapsed model does not end, begin with the values of one that
        does: from v <= T v on, greedy policies end."""
        if self.model.all_end:
            return
        policy = self.first_policy()
        table, states = self.table, np.arange(len(policy))
        r = np.full_like(table.model.r, np.nan)
        r[states, policy] = table.model.r[states, policy]
        one = table.with_rewards(r)
        accelerated(one.model, self.values, one.settings(1, 1, None, _SWEEPS), one.system())

    def first_policy(self) -> NDArray[np.int64]:
        """Return the policy over nodes that is greedy at v if it ends, or else another."""
        policy = super().first_policy()
        return policy if self.sure(policy) else self.model.ending

    def sure(self, policy: NDArray[np.int64]) -> bool:
        """Whether a policy over nodes surely ends."""
        if self.model.all_end:
            return True
        pairs = np.zeros(self.table.ends.shape, dtype=np.bool_)
        pairs[np.arange(len(policy)), policy] = True
        return not some_last(self.table, pairs & self.table.available)

    def certify(self, tol: float | None) -> float:
        """Set the error that the last backup proves; return the horizon that tol requires.

        The error includes that of staying, and the rounding of u + phi and of q in the model.
        """
        wanted, model = super().certify(tol), self.model
        size = self.values.v[model.quotient.node] + model.potential
        reach = model.table.reward_size + float(np.abs(size).max())
        self.error += model.error + model.table.slack * reach
        return wanted

    def of_all_states(self) -> Solution:
        """The solution of the model from that of its collapsed form."""
        model, found = self.model, super().of_all_states()
        v = found.v[model.quotient.node] + model.potential
        q = np.empty(model.table.model.r.shape)
        values = Values(v, q, np.empty(len(v), dtype=np.uint32))
        backup(model.table.model, 1.0, values)
        with np.errstate(invalid="ignore"):  # where nothing is proven, values may be infinite
            least = np.nan_to_num(q.max(axis=1) - 2 * self.error, nan=-np.inf)
        least = np.maximum(least, -np.finfo(np.float64).max)
        greedy = np.greater_equal(q, least[:, None])
        policy = model.quotient.unfolded(found.policy, model.table, model.inside, model.staying)
        return Solution(1.0, v, self.error, q, greedy, self.sweeps, policy, info=self.info)


_MODELS: WeakKeyDictionary[FiniteMDP, TotalModel] = WeakKeyDictionary()


def total_model_of(mdp: FiniteMDP) -> TotalModel:
    """The model, written out step by step, with its components of gain 0 collapsed, computed once.

    Raises:
        ValueError: the optimal gain is not 0 in some state, or floats cannot tell.
    """
    model = _MODELS.get(mdp)
    if model is None:
        world = mdp.unrolled()
        model = _MODELS[mdp] = TotalModel.of(table_of(world), exact_rows(world), mdp)
    return model


def iteration(mdp: FiniteMDP, gamma: float, initial: ArrayLike | None = None) -> Iteration:
    """Return the problem of finding the model's optimal values at gamma.

    Raises:
        ValueError: gamma = 1 and the optimal gain is not 0 in some state, or `initial` is not S
            finite numbers.
    """
    info, own, world = ModelInfo.of(mdp), mdp.n_states, mdp.unrolled()
    if initial is not None and world is not mdp:
        initial = Waiting.of(mdp).values(first_values(own, initial), gamma)
    if gamma == 1:
        return TotalIteration(total_model_of(mdp), initial, info, own)
    steps = discounted_steps(gamma)
    exact = partial(exact_rows, world)
    return Iteration(table_of(world), gamma, steps, initial, info, exact, own)


def _free_pairs(
    table: Table, parts: Components, exact: Exact, named: FiniteMDP, one: bool
) -> tuple[NDArray[np.bool_], Numbers]:
    """The pairs that can be followed for ever at a gain of 0, and the potential that shows it."""
    r = table.model.r
    least = parts.over(np.minimum, r, np.inf)
    most = parts.over(np.maximum, r, -np.inf)
    _no_gains(parts, (least >= 0) & (most > 0), named, one)
    free: NDArray[np.bool_] = parts.pairs & (r == 0) & (most <= 0)[parts.label][:, None]
    potential = np.zeros(len(r))
    mixed = (least < 0) & (most > 0)
    if mixed.any():
        some = parts.pairs & mixed[parts.label][:, None]
        own = Components.of(table, some)
        scale = max(table.reward_size, float(np.finfo(np.float64).tiny))
        found = gains(table, own, r, 1e-10 * scale, _SWEEPS)
        _no_gains(own, found.low > 0, named, one)
        for c in np.flatnonzero(found.high >= 0).tolist():
            states = np.flatnonzero(own.label == c).tolist()
            pairs = [(s, int(a)) for s in states for a in np.flatnonzero(own.pairs[s])]
            rows = [(s, a, exact(s, a)) for s, a in pairs]
            if len(states) <= MOST_STATES:
                phi = exact_potential(rows)
            else:
                phi = _rounded_potential(rows, states, found.v)
            if phi is None:
                raise ValueError(
                    f"at gamma = 1 floats cannot tell whether state {named.state_name(states[0])} "
                    f"gains for ever by moving in circles, or neither gains nor loses: use "
                    f"`qdecay.undiscounted`, which is exact, or gamma < 1"
                )
            # From here on phi is in floats; the sizes of rewards account for their rounding.
            potential[states] = [float(phi[s]) for s in states]
            for s, a, row in rows:
                free[s, a] = onward(row, phi) == phi[s]
    return free, potential


def _rounded_potential(
    rows: list[tuple[int, int, Row]], states: list[int], v: Numbers
) -> dict[int, Fraction] | None:
    """Short fractions phi near v with r + P phi <= phi at these pairs, or None."""
    for denominator in _DENOMINATORS:
        phi = {s: Fraction(float(v[s])).limit_denominator(denominator) for s in states}
        if all(onward(row, phi) <= phi[s] for s, _, row in rows):
            return phi
    return None


def _staying(
    table: Table, parts: Components, potential: Numbers
) -> tuple[Numbers, NDArray[np.int64], float]:
    """The G of each component, an action per state that attains it, and the largest error of G."""
    cost = np.where(parts.pairs, -potential[:, None], np.nan)
    found = gains(table, parts, cost, 1e-12 * float(np.abs(potential).max()), _SWEEPS)
    least, most = parts.over(np.minimum, cost, np.inf), parts.over(np.maximum, cost, -np.inf)
    constant = least == most
    best = np.where(constant, most, (found.low + found.high) / 2)
    error = np.where(constant, 0.0, (found.high - found.low) / 2)
    return best, found.policy, float(error.max())


def _shaped(table: Table, potential: Numbers, exact: Exact) -> Numbers:
    """The rewards r + P phi - phi, (S, A), each rounded once."""
    r: Numbers = table.model.r.copy()
    touched = np.asarray(abs(table.p) @ np.abs(potential) > 0).reshape(r.shape)
    touched |= (potential != 0)[:, None]
    phi = [Fraction(x) for x in potential.tolist()]
    for s, a in zip(*(x.tolist() for x in np.nonzero(touched & table.available)), strict=True):
        r[s, a] = float(onward(exact(s, a), phi) - phi[s])
    return r


def _ending(quotient: Quotient, named: FiniteMDP, one: bool) -> NDArray[np.int64]:
    """An action for each node with which every node surely ends.

    Raises:
        ValueError: there is none from some node.
    """
    table = quotient.table
    ending = np.zeros(len(table.model.r), dtype=np.int64)
    sure = np.empty_like(ending)
    surely_ends(table.model, quotient.available, np.ascontiguousarray(table.ends), sure, ending)
    lost = np.flatnonzero(sure[quotient.node] == 0)
    if len(lost):
        raise ValueError(
            f"gamma = 1 needs totals, but in {_listed(lost, named)} "
            f"{'the' if one else 'every'} policy may lose for ever: {_OTHERWISE}"
        )
    return ending


def _no_gains(parts: Components, gaining: NDArray[np.bool_], named: FiniteMDP, one: bool) -> None:
    if gaining.any():
        states = np.flatnonzero((parts.label >= 0) & gaining[parts.label])
        raise ValueError(
            f"gamma = 1 needs totals, but in {_listed(states, named)} "
            f"{'the policy gains' if one else 'a policy can gain'} for ever: {_OTHERWISE}"
        )


def _listed(states: NDArray[np.int64], named: FiniteMDP) -> str:
    states = states[states < named.n_states]
    more = ", ..." if len(states) > 5 else ""
    noun = "state" if len(states) == 1 else "states"
    return f"{noun} {', '.join(named.state_name(s) for s in states[:5].tolist())}{more}"
