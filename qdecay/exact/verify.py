"""Checks a certificate of policy regions and trusts nothing of the solver that wrote it.

With `verify_form` and `verify_signs` it needs the standard library only. A certificate (schema
qdecay.certificate/1) is a JSON object of

    model           an MDP document; its numbers are integers or "p/q"
    regions         the policy-regions document, verbatim
    denominators    a polynomial D for each region
    factors         a polynomial F for each breakpoint, then for each touch

Polynomials are lists of integers, constant term first. D and F only show the way. What is proven,
for the policy that takes the first action of every set of a region, is this.

Values: N_0 = D_0 r, N_t = P N_(t-1) + D_t r, coefficient by coefficient, ends in zeros. So
    (I - gamma P) N = D r, and D > 0 on (0, 1): the value of the policy is N / D.
Advantages: c = D r(s, a) + gamma p(s, a) . N - N(s) is identically 0 for the actions of the
    region's sets, and < 0 for all others strictly between neighbouring points (0, breakpoints,
    touches, 1). So the policy is optimal there, and the sets are complete.
Points: each is the only root of its polynomial in its interval, and a root of F. F divides c for
    the actions that the point adds to a set; for no other action does c vanish there.

Signs: c, divided by the F of both ends as often as possible, has no root from end to end, the
ends included, and F none between them. The regions cover (0, 1): the points stand in order.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

from qdecay.exact.verify_form import (
    MAX_DEGREE,
    Model,
    Point,
    Sets,
    items,
    members,
    polynomial,
    read_model,
    read_point,
    read_sets,
)
from qdecay.exact.verify_signs import (
    CertificateError,
    Polynomial,
    count_roots,
    primitive,
    quotient,
    require,
    sign_at,
    spend,
    vanishes,
    without,
)

SCHEMA = "qdecay.certificate/1"
__all__ = ["SCHEMA", "CertificateError", "verify"]

Advantages = dict[tuple[int, int], Polynomial]


def verify(document: Any) -> None:
    """Check a parsed certificate; where this returns, every statement in it is proven.

    Raises:
        CertificateError: a statement does not hold, is not of the documented form, or would
            take more degree or memory than the checker spends.
    """
    parts = members(document, "certificate", "schema model regions denominators factors")
    require(parts["schema"] == SCHEMA, f'the schema must be "{SCHEMA}"')
    model = read_model(parts["model"])
    stated = _header(parts["regions"], model)
    sets = [read_sets(entry, model, f"region {i}") for i, entry in enumerate(stated["regions"])]
    points = _points(stated, parts["factors"], model)
    ordered = _in_order(points)
    _check_changes(ordered, sets)
    _check_ends(stated, ordered, model)
    denominators = items(parts["denominators"], "denominators", len(sets))
    _check_regions(model, sets, denominators, ordered)


def _header(document: Any, model: Model) -> dict[str, Any]:
    keys = "schema source n_states n_actions start breakpoints regions touches at_zero blackwell"
    stated = members(document, "regions", keys)
    require(stated["schema"] == "qdecay.policy-regions/1", "regions: the schema is wrong")
    require(type(stated["source"]) is str, "regions: the source must be text")
    sizes = [stated["n_states"], stated["n_actions"], stated["start"]]
    same = _same(sizes, [len(model.rows), model.n_actions, model.start])
    require(same, "regions: n_states, n_actions or start is not the model's")
    for key in ("breakpoints", "regions", "touches"):
        items(stated[key], key)
    count = len(stated["breakpoints"]) + 1
    require(len(stated["regions"]) == count, f"there must be {count} regions")
    return stated


def _same(stated: list[Any], expected: list[Any]) -> bool:
    """Whether the numbers or nulls are the same; 1, 1.0 and true differ."""
    pairs = zip(stated, expected, strict=True)
    return all(type(value) is type(other) and value == other for value, other in pairs)


def _points(stated: dict[str, Any], factors: Any, model: Model) -> list[Point]:
    entries = [(f"breakpoint {i}", p, True) for i, p in enumerate(stated["breakpoints"])]
    entries += [(f"touch {i}", p, False) for i, p in enumerate(stated["touches"])]
    return [
        read_point(document, factor, model, name, splits)
        for (name, document, splits), factor in zip(
            entries, items(factors, "factors", len(entries)), strict=True
        )
    ]


def _in_order(points: list[Point]) -> list[Point]:
    """Return 0, the points and 1 from left to right, with gaps between their intervals."""
    zero = Point("0", [0, 1], Fraction(0), Fraction(0))
    one = Point("1", [-1, 1], Fraction(1), Fraction(1))
    while True:
        ordered = [zero, *sorted(points, key=lambda point: point.lower), one]
        close = [pair for pair in pairwise(ordered) if pair[0].upper >= pair[1].lower]
        if not close:
            break
        for left, right in close:
            left.halve()
            right.halve()
    for kind in (True, False):
        names = [point.name for point in points if point.splits == kind]
        found = [point.name for point in ordered[1:-1] if point.splits == kind]
        require(names == found, "the points are out of order")
    return ordered


def _check_changes(ordered: list[Point], sets: list[Sets]) -> None:
    """Check that `changes` tells the sets left and right of each point, and every change."""
    region = 0
    for point in ordered[1:-1]:
        before, after = sets[region], sets[region + point.splits]
        region += point.splits
        require(not point.splits or before != after, f"{point.name}: its regions are the same")
        for s, (old, new) in enumerate(zip(before, after, strict=True)):
            left, at, right = point.changes.get(s, [old, old, old])
            where = f"{point.name}, state {s}"
            require([left, right] == [old, new], f"{where}: left or right is not the region's")
            require({*at} >= {*left, *right}, f"{where}: an action is missing at the point")
            changed = left != at or left != right
            require(changed or s not in point.changes, f"{where}: nothing changes")


def _check_ends(stated: dict[str, Any], ordered: list[Point], model: Model) -> None:
    """Check the sets at gamma = 0 and the last point before 1."""
    for s, actions in enumerate(read_sets(stated["at_zero"], model, "at_zero")):
        rewards = {a: reward for a, (reward, _) in model.rows[s].items()}
        best = sorted(a for a in rewards if rewards[a] == max(rewards.values()))
        require(actions == best, f"at_zero, state {s}: the actions of largest reward are {best}")
    breakpoints, touches = len(stated["breakpoints"]), len(stated["touches"])
    members(stated["blackwell"], "blackwell", "breakpoint touch")
    found = [stated["blackwell"][key] for key in ("breakpoint", "touch")]
    last = [breakpoints - 1 if breakpoints else None, None]
    if ordered[-2].name == f"touch {touches - 1}":
        last[1] = touches - 1
    require(_same(found, last), f"blackwell: breakpoint and touch must be {last}")


def _check_regions(
    model: Model, sets: list[Sets], denominators: list[Any], ordered: list[Point]
) -> None:
    """Prove the sets between all neighbouring points, region after region."""
    region, advantages = -1, {}
    for left, right in pairwise(ordered):
        if left.splits or left is ordered[0]:
            region += 1
        try:
            if left.splits or left is ordered[0]:
                d = polynomial(denominators[region], "denominator")
                advantages = _advantages(model, sets[region], d)
            _check_negative(advantages, left, right)
        except CertificateError as error:
            raise CertificateError(f"region {region}: {error}") from None


def _advantages(model: Model, sets: Sets, d: Polynomial) -> Advantages:
    """Return c of each action outside the sets, and show that c = 0 for those inside."""
    require(d[0] > 0, "D is not positive at 0")
    no_root = not vanishes(without(d, [-1, 1]), Fraction(0), Fraction(1))
    require(no_root, "D vanishes in (0, 1)")
    values = _values(model, sets, d)
    length = len(values[0])
    source = [model.q**length * c for c in d] + [0] * (length + 1 - len(d))
    found = {}
    for s, rows in enumerate(model.rows):
        for a, (reward, row) in rows.items():
            c = [reward * term for term in source]
            for i, value in enumerate(values[s]):
                c[i] -= model.q * value
            for t, weight in row:
                for i, value in enumerate(values[t], 1):
                    c[i] += weight * value
            tied, stated = not any(c), a in sets[s]
            verb = "ties" if tied else "does not tie"
            require(tied == stated, f"state {s}, action {a}: {verb} with the set on all of it")
            if not tied:
                found[s, a] = primitive(_trimmed(c))
    return found


def _trimmed(c: Polynomial) -> Polynomial:
    while not c[-1]:
        c.pop()
    return c


def _values(model: Model, sets: Sets, d: Polynomial) -> list[Polynomial]:
    """Return q^(T-1) N(s) in T coefficients for each state, times the rewards' denominator."""
    policy = [
        rows[actions[0]] if rows else (0, [])
        for rows, actions in zip(model.rows, sets, strict=True)
    ]
    table: list[list[int]] = []  # table[t] = q^t N_t
    vector, scale = [0] * len(policy), 1
    for t in range(len(d) + len(policy) + 1):
        source = scale * d[t] if t < len(d) else 0
        vector = [source * r + sum(w * vector[u] for u, w in row) for r, row in policy]
        if t >= len(d) and not any(vector):
            powers = list(accumulate([model.q] * (t - 1), int.__mul__, initial=1))[::-1]
            return [[*map(int.__mul__, column, powers)] for column in zip(*table, strict=True)]
        table.append(vector)
        scale *= model.q
        require(t <= MAX_DEGREE, f"a degree above {MAX_DEGREE:,}")
        spend((t + 1) * len(policy) * scale.bit_length())
    raise CertificateError("D times the values of the policy is no polynomial")


def _check_negative(advantages: Advantages, left: Point, right: Point) -> None:
    """Show that each c is negative strictly between two points, and 0 at them only as stated."""
    for point in (left, right):
        while _has_further_root(point.factor, left, right):
            _tighten(left, right)
    lower, middle, upper = _short_fractions(left, right)
    between = f"between {left.name} and {right.name}"
    for (s, a), c in advantages.items():
        where, rest = f"state {s}, action {a}", c
        for point in (left, right):
            if point.changes:
                tied = quotient(c, point.factor) is not None
                stated = s in point.changes and a in point.changes[s][1]
                verb = "ties" if tied else "is not shown to tie"
                require(tied == stated, f"{where}: {verb} with the set at {point.name}")
            rest = without(rest, point.factor)
        no_root = not vanishes(rest, lower, upper) or _has_no_root(rest, left, right)
        require(no_root, f"{where}: the advantage is not shown to have no root {between}")
        require(sign_at(c, middle) < 0, f"{where}: it is better than the set {between}")


def _has_further_root(factor: Polynomial, left: Point, right: Point) -> bool:
    """Whether the factor has a root from left.lower to right.upper that is not one of the two."""
    own = sum(end.factor == factor and end.lower < end.upper for end in (left, right))
    return count_roots(factor, left.lower, right.upper, most=own) != own


def _short_fractions(left: Point, right: Point) -> tuple[Fraction, Fraction, Fraction]:
    """Return fractions with few bits: somewhat left of the cell, inside it, and right of it."""
    gap = right.lower - left.upper
    grain = 2 ** (6 + int(1 / gap).bit_length())
    middle = round((left.upper + right.lower) / 2 * grain)
    lower, upper = math.floor(left.lower * grain), math.ceil(right.upper * grain)
    return Fraction(lower, grain), Fraction(middle, grain), Fraction(upper, grain)


def _has_no_root(p: Polynomial, left: Point, right: Point) -> bool:
    """Whether p has no root between the points nor at them, however close outside it may be."""
    while vanishes(p, left.lower, right.upper):
        if vanishes(p, left.upper, right.lower):
            return False
        _tighten(left, right)
    return True


def _tighten(left: Point, right: Point) -> None:
    for _ in range(16):  # halving is cheap beside a count of roots
        left.halve()
        right.halve()
