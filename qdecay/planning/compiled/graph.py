"""Compiled searches in a model's graph: where a policy can stay, and where it can end.

`pairs` are flags of (state, action), shape (S, A): the actions that are considered. A transition of
probability 0 does not count. What is searched for is found by sweeps in alternating order, which
need no list of predecessors and are few: paths go through states in some order.
"""

from __future__ import annotations

from numpy import int64

from qdecay._support.compiled import compiled
from qdecay.planning.compiled.kernels import Array, Model

_WAITING = -1  # on Tarjan's stack


@compiled
def lasting(model: Model, pairs: Array, stays: Array) -> None:
    """Shrink flags to the largest ones with which a policy stays in `stays`, shape (S,), for ever.

    A pair stays flagged if all it leads to does; a state if one of its pairs does.
    """
    ptr, col, p, _ = model
    n_states, n_actions = pairs.shape
    moved, down = True, False
    while moved:
        moved, down = False, not down
        for i in range(n_states):
            s = n_states - 1 - i if down else i
            if not stays[s]:
                continue
            kept = False
            for a in range(n_actions):
                if pairs[s, a]:
                    pair = s * n_actions + a
                    for k in range(int64(ptr[pair]), int64(ptr[pair + 1])):
                        if p[k] > 0.0 and not stays[col[k]]:
                            pairs[s, a] = False
                            break
                kept = kept or pairs[s, a]
            if not kept:
                stays[s] = False
                moved = True


@compiled
def strong_components(model: Model, pairs: Array, stays: Array, label: Array, work: Array) -> int:
    """Write the number of each state's strongly connected component, -1 for those that do not stay.

    Tarjan's algorithm (1972) without recursion, along pairs as `lasting` leaves them; `work` has
    shape (6, S). Returns the number of components.
    """
    ptr, col, p, _ = model
    n_states, n_actions = pairs.shape
    order, low, stack, calls, place, pair = work[0], work[1], work[2], work[3], work[4], work[5]
    for s in range(n_states):
        order[s], label[s] = -1, -1
        place[s], pair[s] = int64(ptr[s * n_actions]), s * n_actions
    seen, found, height = 0, 0, 0
    for root in range(n_states):
        if not stays[root] or order[root] >= 0:
            continue
        depth, calls[0] = 1, root
        while depth > 0:
            s = calls[depth - 1]
            if order[s] < 0:
                order[s] = low[s] = seen
                stack[height] = s
                seen, height = seen + 1, height + 1
            k, end, below = place[s], int64(ptr[(s + 1) * n_actions]), int64(-1)
            while k < end and below < 0:
                while int64(ptr[pair[s] + 1]) <= k:
                    pair[s] += 1
                if not pairs[s, pair[s] - s * n_actions]:
                    k = int64(ptr[pair[s] + 1])
                    continue
                t = int64(col[k])
                if p[k] > 0.0 and order[t] < 0:
                    below = t
                elif p[k] > 0.0 and label[t] == _WAITING:
                    low[s] = min(low[s], order[t])
                k += 1
            place[s] = k
            if below >= 0:
                calls[depth] = below
                depth += 1
                continue
            depth -= 1
            if depth > 0:
                low[calls[depth - 1]] = min(low[calls[depth - 1]], low[s])
            if low[s] == order[s]:
                t = int64(-1)
                while t != s:
                    height -= 1
                    t = stack[height]
                    label[t] = found
                found += 1
    return found


@compiled
def end_components(model: Model, pairs: Array, stays: Array, label: Array, work: Array) -> int:
    """Shrink `pairs` to those of the maximal end components, and write each state's number.

    In an end component a policy can stay for ever and reach every state from every other one (de
    Alfaro 1997). Each is what remains strongly connected when pairs that may leave are gone.
    Arguments and answer as `strong_components`.
    """
    ptr, col, p, _ = model
    n_states, n_actions = pairs.shape
    found, moved = 0, True
    while moved:
        lasting(model, pairs, stays)
        found = strong_components(model, pairs, stays, label, work)
        moved = False
        for s in range(n_states):
            for a in range(n_actions):
                if pairs[s, a]:
                    pair = s * n_actions + a
                    for k in range(int64(ptr[pair]), int64(ptr[pair + 1])):
                        if p[k] > 0.0 and label[col[k]] != label[s]:
                            pairs[s, a] = False
                            moved = True
                            break
    return found


@compiled
def advances(
    model: Model, pairs: Array, ends: Array, sure: Array, s: int, least: float
) -> tuple[bool, int]:
    """Return whether s has actions, and one that may end or lead to a found state (2), or -1.

    That action leads only to states that are not out (0), and with a probability of at most
    1 - `least` to those not found yet.
    """
    ptr, col, p, _ = model
    alive, n_actions = False, pairs.shape[1]
    for a in range(n_actions):
        if not pairs[s, a]:
            continue
        alive = True
        near, inside, waiting, pair = ends[s, a], True, 0.0, s * n_actions + a
        for k in range(int64(ptr[pair]), int64(ptr[pair + 1])):
            if p[k] > 0.0:
                near = near or sure[col[k]] == 2
                inside = inside and sure[col[k]] > 0
                waiting += p[k] if sure[col[k]] != 2 else 0.0
        if near and inside and (waiting <= 1.0 - least or least == 0.0):
            return alive, a
    return alive, -1


@compiled
def surely_ends(model: Model, pairs: Array, ends: Array, sure: Array, policy: Array) -> None:
    """Flag the states from which some policy ends with probability 1, and write such a policy.

    `ends` are the pairs that may end. Each state's action leads with some probability to a state
    found before it, and only to flagged states: a policy that follows these actions cannot avoid
    the end for ever. Likely transitions are followed first, to keep episodes short; where there are
    none, one layer of less likely ones. A state without pairs has ended. Entries of other states
    are left unchanged.
    """
    n_states = len(pairs)
    count, before = 0, -1
    for s in range(n_states):
        sure[s] = 1
    while count != before:
        # 2 is found in this round, 3 will be after this sweep, 1 was in the round before, 0 is out.
        before, count, moved, down, least = count, 0, True, False, 0.5
        while moved or least > 0.0:
            least = 0.5 if moved else (0.1 if least > 0.1 else 0.0)
            moved, down = False, not down
            for i in range(n_states):
                s = n_states - 1 - i if down else i
                if sure[s] != 1:
                    continue
                alive, a = advances(model, pairs, ends, sure, s, least)
                if a >= 0:
                    policy[s] = a
                if a >= 0 or not alive:
                    sure[s] = 2 if least == 0.5 else 3
                    moved = True
                    count += 1
            for s in range(n_states):
                sure[s] = 2 if sure[s] == 3 else sure[s]
        for s in range(n_states):
            sure[s] = 1 if sure[s] == 2 else 0
