"""A model with parts of it collapsed, each to one state that chooses among all ways out.

Within an end component every state can reach every other one with certainty, so if moving there
costs nothing, all its states have the same ways out: the actions that may leave it, from wherever,
and staying for ever (de Alfaro 1997; Haddad & Monmege 2018). A component with more ways out than
the model has actions becomes a tree of nodes, whose inner ones choose which child to pass to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay.planning.compiled.graph import end_components, surely_ends
from qdecay.planning.table import Table

Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]
Numbers = NDArray[np.float64]

_NONE = np.iinfo(np.int64).min
STAY = -1
_FIRST_CHILD = -2  # minus a node: pass to it


@dataclass(frozen=True)
class Components:
    """Maximal end components.

    Attributes:
        label: the number of each state's component, -1 where it is in none, shape (S,).
        pairs: the actions that stay in the state's component, shape (S, A).
        count: how many components there are.
    """

    label: Integers
    pairs: Flags
    count: int

    @classmethod
    def of(cls, table: Table, pairs: Flags) -> Components:
        """Return the maximal end components of a model with these pairs only, shape (S, A)."""
        kept = pairs & ~table.ends
        n_states = len(kept)
        label = np.empty(n_states, dtype=np.int64)
        work = np.empty((6, n_states), dtype=np.int64)
        count = end_components(table.model, kept, kept.any(axis=1), label, work)
        return cls(label, kept, count)

    def firsts(self) -> Integers:
        """The first state of each component, shape (count,)."""
        firsts = np.unique(self.label, return_index=True)[1]
        return firsts[len(firsts) - self.count :]

    def over(self, combine: np.ufunc, values: Numbers, start: float) -> Numbers:
        """Combine the values of each component's pairs or states, from `start`, shape (count,)."""
        found = np.full(self.count, start)
        if values.ndim == 2:
            states, actions = np.nonzero(self.pairs)
            combine.at(found, self.label[states], values[states, actions])
        else:
            inside = self.label >= 0
            combine.at(found, self.label[inside], values[inside])
        return found


@dataclass(frozen=True, eq=False)
class Quotient:
    """A model of nodes.

    Attributes:
        table: the model of N nodes.
        node: the node of each state, shape (S,).
        origin: what each action of a node is, shape (N, A): an action of a state as s * A + a,
            STAY, or a child as -2 minus its node.
        root: the root of each node's tree, mostly the node itself, shape (N,).
    """

    table: Table
    node: Integers
    origin: Integers
    root: Integers

    @property
    def available(self) -> Flags:
        """The actions that can be chosen, also those that only lose, shape (N, A)."""
        available: Flags = self.origin != _NONE
        return available

    def unfolded(
        self, policy: Integers, table: Table, inside: Flags, staying: Integers
    ) -> Integers:
        """Translate a policy over nodes to the model: an action per state, shape (S,).

        Within a component it goes, along the component's pairs, to the way out that it takes, or
        stays.

        Args:
            policy: an action per node.
            table: the model.
            inside: the pairs within components, shape (S, A).
            staying: the action with which each state stays in its component.
        """
        chosen = self._choices(policy)
        n_actions = inside.shape[1]
        leaves = inside.any(axis=1) & (chosen >= 0)
        goal = np.zeros_like(inside)
        goal.ravel()[chosen[leaves]] = True
        pairs = inside & leaves[:, None]
        way_out = chosen[leaves] // n_actions
        pairs[way_out] = goal[way_out]
        found: Integers = np.where(chosen >= 0, chosen % n_actions, staying)
        surely_ends(table.model, pairs, goal, np.empty_like(found), found)
        return found

    def _choices(self, policy: Integers) -> Integers:
        """Return what a policy over nodes finally does in each state's node, shape (S,).

        This is an action of some state of its component, as s * A + a, or STAY.
        """
        node = self.node
        while True:
            chosen = self.origin[node, policy[node]]
            passing = (chosen <= _FIRST_CHILD) & (chosen != _NONE)
            if not passing.any():
                return chosen
            node = np.where(passing, _FIRST_CHILD - chosen, node)


def collapsed(table: Table, parts: Components, r: Numbers, staying: Numbers) -> Quotient:
    """Return the model with each component collapsed.

    An action that certainly leads back to the node where it was chosen is left out: it must cost
    something, as it would otherwise be part of the component.

    Args:
        table: the model.
        parts: the components; the pairs inside them are left out.
        r: rewards, shape (S, A), nan where an action is unavailable.
        staying: the value of staying in each component for ever, shape (count,).
    """
    first = parts.firsts()
    is_root = parts.label < 0
    is_root[first] = True
    number = np.cumsum(is_root) - 1
    root = number[first]
    node = np.where(parts.label < 0, number, root[parts.label] if parts.count else 0)
    loops = _loops(table, node)
    if not parts.count:
        origin = np.where(table.available, np.arange(r.size).reshape(r.shape), _NONE)
        return Quotient(table.with_rewards(np.where(loops, np.nan, r)), node, origin, node)
    origin, component = _origins(table.available, loops, parts, node, root)
    p, ends = _rows(table, origin, node)
    r_nodes = np.where(origin == _NONE, np.nan, 0.0)
    r_nodes[origin >= 0] = np.where(loops, np.nan, r).ravel()[origin[origin >= 0]]
    stays = np.nonzero(origin == STAY)
    r_nodes[stays] = staying[component[stays[0]]]
    made = replace(Table.of(p, r_nodes, ends=ends), slack=table.slack)
    own = np.arange(len(component))
    return Quotient(made, node, origin, np.where(component < 0, own, root[component]))


def _loops(table: Table, node: Integers) -> Flags:
    """The actions that certainly lead back to the node where they are chosen, shape (S, A)."""
    ptr, col, p, r = table.model
    leads = np.repeat(np.arange(r.size), np.diff(ptr))
    away = (node[col] != node[leads // r.shape[1]]) & (p > 0)
    loops = table.available & ~table.ends
    loops.ravel()[leads[away]] = False
    return loops


def _origins(
    available: Flags, loops: Flags, parts: Components, node: Integers, root: Integers
) -> tuple[Integers, Integers]:
    """The `origin` of all nodes, and the component of each, -1 for a state in none."""
    n_actions = available.shape[1]
    states, actions = np.nonzero(available & ~(loops & (parts.label >= 0)[:, None]))
    pair, label = states * n_actions + actions, parts.label[states]
    own = label < 0
    rows, places, items = [node[states[own]]], [actions[own]], [pair[own]]
    ways = np.concatenate([pair[~own], np.full(parts.count, STAY)])
    of = np.concatenate([label[~own], np.arange(parts.count)])
    order = np.argsort(of, kind="stable")
    ways, of = ways[order], of[order]
    n_nodes = int(node.max()) + 1
    component = [np.full(n_nodes, -1)]
    component[0][root] = np.arange(parts.count)
    width = n_actions  # with one action, staying is the only way
    while len(ways):
        size = np.bincount(of, minlength=parts.count)
        rank = np.arange(len(of)) - (np.cumsum(size) - size)[of]
        fits = size[of] <= width
        rows.append(root[of[fits]])
        places.append(rank[fits])
        items.append(ways[fits])
        ways, of, rank = ways[~fits], of[~fits], rank[~fits]
        opens = rank % width == 0  # `width` ways, or the last ones, become the ways of a new node
        made = n_nodes + np.cumsum(opens) - 1
        rows.append(made)
        places.append(rank % width)
        items.append(ways)
        of, ways = of[opens], _FIRST_CHILD - made[opens]
        component.append(of)
        n_nodes += len(of)
    origin = np.full((n_nodes, width), _NONE)
    origin[np.concatenate(rows), np.concatenate(places)] = np.concatenate(items)
    return origin, np.concatenate(component)


def _rows(table: Table, origin: Integers, node: Integers) -> tuple[sparse.csr_matrix, Flags]:
    """The rows of all nodes' actions, (N * A, N), and which of them may end."""
    flat = origin.ravel()
    copied = np.flatnonzero(flat >= 0)
    passing = np.flatnonzero((flat <= _FIRST_CHILD) & (flat != _NONE))
    ptr, col, p, _ = table.model
    begin = ptr[:-1].astype(np.int64)[flat[copied]]
    length = np.diff(ptr).astype(np.int64)[flat[copied]]
    before = np.cumsum(length) - length
    taken = np.arange(length.sum()) + np.repeat(begin - before, length)
    at = np.concatenate([np.repeat(copied, length), passing])
    to = np.concatenate([node[col[taken]], _FIRST_CHILD - flat[passing]])
    data = np.concatenate([p[taken], np.ones(len(passing))])
    rows = sparse.csr_matrix((data, (at, to)), shape=(flat.size, len(origin)))
    rows.sort_indices()
    ends = flat == STAY
    ends[copied] = table.ends.ravel()[flat[copied]]
    return rows, ends.reshape(origin.shape)
