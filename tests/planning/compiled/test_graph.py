"""Searches in a model's graph against their definitions, set by set."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from scipy import sparse

from qdecay.planning.compiled.graph import surely_ends
from qdecay.planning.quotient import Components
from qdecay.planning.table import Table


def random_table(seed: int) -> Table:
    """Up to 5 states and 3 actions of 0 to 3 successors, some with probability 0, some ending."""
    random = np.random.default_rng(seed)
    n, m = int(random.integers(1, 6)), int(random.integers(1, 4))
    p = np.zeros((n, m, n))
    ends = random.random((n, m)) < 0.15
    for s, a in itertools.product(range(n), range(m)):
        to = random.choice(n, size=int(random.integers(1, 4)))
        p[s, a, to] = 1 / len(set(to.tolist()))
    rows, columns = np.nonzero(p.reshape(n * m, n) + (random.random((n * m, n)) < 0.2))
    data = p.reshape(n * m, n)[rows, columns]
    r = np.where(random.random((n, m)) < 0.8, 0.0, np.nan)
    return Table.of(sparse.csr_matrix((data, (rows, columns)), shape=(n * m, n)), r, ends=ends)


@cache
def successors(table: Table, s: int, a: int) -> set[int]:
    return set(np.flatnonzero(table.p[s * table.ends.shape[1] + a].toarray()[0] > 0).tolist())


def reached(table: Table, start: int, pairs: set[tuple[int, int]]) -> set[int]:
    found, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for s, a in pairs:
            new = successors(table, s, a) - found if s == here else set()
            found |= new
            waiting += new
    return found


def components(table: Table) -> set[frozenset[tuple[int, int]]]:
    """The maximal end components, as sets of pairs, by trying all sets of states.

    All pairs that stay in a set make it an end component if every state has one, and they connect
    every two; the largest such sets are maximal.
    """
    n, m = table.ends.shape
    found = []
    for size in range(n, 0, -1):
        for states in map(set, itertools.combinations(range(n), size)):
            pairs = {
                (s, a)
                for s, a in itertools.product(states, range(m))
                if table.available[s, a] and not table.ends[s, a]
                if successors(table, s, a) <= states
            }
            closed = {s for s, _ in pairs} == states
            if closed and all(reached(table, s, pairs) == states for s in states):
                found.append((states, frozenset(pairs)))
    return {pairs for states, pairs in found if not any(states < other for other, _ in found)}


@pytest.mark.parametrize("seed", range(150))
def test_maximal_end_components_are_those_of_the_definition(seed: int) -> None:
    """As sets of pairs; and their numbers are those of their states."""
    table = random_table(seed)
    found = Components.of(table, table.available)
    by_number = [
        frozenset((int(s), int(a)) for s, a in np.argwhere(found.pairs) if found.label[s] == c)
        for c in range(found.count)
    ]
    assert set(by_number) == components(table)
    assert ((found.label >= 0) == found.pairs.any(axis=1)).all()
    firsts = [min(s for s, _ in pairs) for pairs in by_number]
    assert found.firsts().tolist() == firsts


@pytest.mark.parametrize("seed", range(150))
def test_states_surely_end_where_some_policy_does(seed: int) -> None:
    """Over all policies: one that ends from s stays for ever in no set that it reaches from s."""
    table = random_table(seed)
    n = len(table.ends)
    sure, policy = np.empty(n, dtype=np.int64), np.full(n, -1)
    ends = np.ascontiguousarray(table.ends)
    surely_ends(table.model, table.available, ends, sure, policy)
    choices = [np.flatnonzero(row).tolist() or [None] for row in table.available]
    expected = [False] * n
    for chosen in itertools.product(*choices):
        pairs = {(s, a) for s, a in enumerate(chosen) if a is not None}
        over = {s for s, a in enumerate(chosen) if a is None or table.ends[s, a]}
        near = {s: bool(reached(table, s, pairs) & over) for s in range(n)}
        for s in range(n):
            expected[s] |= all(near[t] for t in reached(table, s, pairs))
    assert sure.tolist() == expected
    pairs = {(s, int(policy[s])) for s in range(n) if sure[s] and table.available[s].any()}
    over = {s for s, a in pairs if table.ends[s, a]} | set(
        np.flatnonzero(~table.available.any(axis=1)).tolist()
    )
    for s in np.flatnonzero(sure).tolist():
        assert all(reached(table, t, pairs) & over for t in reached(table, s, pairs))
