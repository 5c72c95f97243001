"""The form of a certificate: from parsed JSON to numbers; standard library only.

Nothing here is a proof, except that every point is told exactly: the only root of its polynomial
in its interval, with the decimal and the closed form that are stated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from qdecay.exact.verify_signs import (
    Polynomial,
    count_roots,
    is_square_free,
    primitive,
    quotient,
    require,
    sign_at,
    spend,
)

Sets = list[list[int]]
Row = tuple[int, list[tuple[int, int]]]

MAX_DEGREE = 2_000
_MAX_INDEX = 10**6
_MAX_HALVINGS = 4_096
_RATIONAL = re.compile(r"-?[0-9]{1,4000}(?:/[1-9][0-9]{0,3999})?")
_DECIMAL = re.compile(r"[01]\.[0-9]{1,4000}")
_POWER = re.compile(r"(\d+)\^\(-1/(\d+)\)|\((\d+)/(\d+)\)\^\(1/(\d+)\)", re.ASCII)
_BODY = r"(?:(?P<p>\d+)(?=-))?(?P<sign>-?)(?:(?P<q>\d+)\*)?sqrt\((?P<m>\d+)\)(?P<r>[+-]\d+)?"
_SURD = re.compile(rf"(?P<open>\()?{_BODY}(?(open)\)/(?P<d>\d+))", re.ASCII)


@dataclass
class Model:
    """The model in integers.

    Attributes:
        q: common denominator of the probabilities.
        rows: for each state, available action -> (R r(s, a), [(t, q p(s, a, t)), ...]), going-on
            transitions only; R is a common denominator of the rewards.
    """

    n_actions: int
    start: int | None
    q: int
    rows: list[dict[int, Row]]


@dataclass(eq=False)
class Point:
    """The root of `factor` in [lower, upper].

    Attributes:
        splits: whether it is a breakpoint.
        changes: for each state named there, the sets left of it, at it and right of it.
    """

    name: str
    factor: Polynomial
    lower: Fraction
    upper: Fraction
    splits: bool = False
    changes: dict[int, Sets] = field(default_factory=dict)
    halvings: int = 0

    def halve(self) -> None:
        """Halve the interval, or find the root in its middle."""
        self.halvings += 1
        require(self.halvings <= _MAX_HALVINGS, f"{self.name}: too close to another root")
        middle = (self.lower + self.upper) / 2
        side = sign_at(self.factor, middle) * sign_at(self.factor, self.upper)
        self.lower = self.lower if side > 0 else middle
        self.upper = self.upper if side < 0 else middle


def read_model(document: Any) -> Model:
    """Return the model of an MDP document whose probabilities are positive and sum to 1."""
    required = "schema n_states n_actions transitions"
    parts = members(document, "model", required, "start state_names action_names")
    require(parts["schema"] == "qdecay.mdp/1", 'model: the schema must be "qdecay.mdp/1"')
    n = integer(parts["n_states"], "n_states", 1)
    n_actions = integer(parts["n_actions"], "n_actions", 1)
    start = parts.get("start")
    start = None if start is None else integer(start, "start", 0, n - 1)
    for key, length in (("state_names", n), ("action_names", n_actions)):
        names = items(parts[key], key, length) if parts.get(key) is not None else []
        require(all(type(name) is str for name in names), f"{key}: a name is no text")
    transitions = _transitions(parts["transitions"], n, n_actions)
    q = _common(p for *_, row in transitions.values() for p in row.values())
    scale = _common(reward for _, reward, _ in transitions.values())
    rows: list[dict[int, Row]] = [{} for _ in range(n)]
    for (s, a), (total, reward, row) in transitions.items():
        require(total == 1, f"state {s}, action {a}: the probabilities do not sum to 1")
        rows[s][a] = int(reward * scale), [(t, int(p * q)) for t, p in row.items()]
    return Model(n_actions, start, q, rows)


def _transitions(
    document: Any, n_states: int, n_actions: int
) -> dict[tuple[int, int], tuple[Fraction, Fraction, dict[int, Fraction]]]:
    """Return, by state and action, the sums of p and of p r, and p of the states gone on to."""
    found: dict[tuple[int, int], tuple[Fraction, Fraction, dict[int, Fraction]]] = {}
    for number, entry in enumerate(items(document, "transitions")):
        where = f"transition {number}"
        s, a, t, p, r, ends = items(entry, where, 6)
        pair = integer(s, where, 0, n_states - 1), integer(a, where, 0, n_actions - 1)
        t, p, r = integer(t, where, 0, n_states - 1), rational(p, where), rational(r, where)
        require(p > 0 and type(ends) is bool, f"{where}: a probability or flag is wrong")
        total, reward, row = found.get(pair, (Fraction(0), Fraction(0), {}))
        if not ends:
            row[t] = row.get(t, Fraction(0)) + p
        found[pair] = total + p, reward + p * r, row
        spend((total + reward).denominator.bit_length() ** 2)
    return found


def _common(numbers: Iterable[Fraction]) -> int:
    common = 1
    for number in numbers:
        common = math.lcm(common, number.denominator)
        spend(common.bit_length() ** 2)
    return common


def read_sets(document: Any, model: Model, where: str) -> Sets:
    """Return the sets of all states of {"optimal_actions": [...]}."""
    sets = members(document, where, "optimal_actions")["optimal_actions"]
    entries = zip(items(sets, where, len(model.rows)), model.rows, strict=True)
    return [_actions(entry, rows, f"{where}, state {s}") for s, (entry, rows) in enumerate(entries)]


def _actions(entry: Any, rows: dict[int, Row], where: str) -> list[int]:
    """Return a set of available actions; it is empty where there are none, and only there."""
    actions = [integer(a, where, 0) for a in items(entry, where)]
    require(actions == sorted(rows.keys() & actions), f"{where}: not a sorted set of actions")
    require(bool(actions) == bool(rows), f"{where}: the set is empty")
    return actions


def read_point(document: Any, factor: Any, model: Model, name: str, splits: bool) -> Point:
    """Return a breakpoint or touch once its number is exact in all that is stated of it."""
    keys = "polynomial lower upper decimal closed_form changes"
    parts = members(document, name, keys)
    p, f = polynomial(parts["polynomial"], name), polynomial(factor, f"{name}: factor")
    point = Point(name, f, rational(parts["lower"], name), rational(parts["upper"], name), splits)
    _check_root(point, p)
    require(_is_decimal(parts["decimal"], replace(point)), f"{name}: the decimal is wrong")
    require(_is_closed_form(parts["closed_form"], point), f"{name}: the closed form is wrong")
    require(type(parts["changes"]) is dict, f"{name}: changes: not a JSON object")
    require(len(parts["changes"]) > 0, f"{name}: nothing changes there")
    numbers = {str(s): s for s in range(len(model.rows))}
    for key, sides in parts["changes"].items():
        require(key in numbers, f"{name}: a key of changes is no state")
        where, rows = f"{name}, state {key}", model.rows[numbers[key]]
        sides = members(sides, where, "left at right")
        point.changes[numbers[key]] = [
            _actions(sides[side], rows, where) for side in ("left", "at", "right")
        ]
    return point


def _check_root(point: Point, p: Polynomial) -> None:
    """Show that the interval holds one root of p, and that it is the factor's."""
    name, lower, upper, f = point.name, point.lower, point.upper, point.factor
    require(0 <= lower <= upper <= 1, f"{name}: the interval is not in (0, 1)")
    require(primitive(p) == p and p[-1] > 0, f"{name}: the polynomial is not normalised")
    require(is_square_free(p), f"{name}: the polynomial is not shown to be square-free")
    require(primitive(f) == f and quotient(p, f) is not None, f"{name}: not a factor")
    if lower == upper:
        require(sign_at(f, lower) == 0, f"{name}: not the root")
    else:
        isolates = (
            sign_at(p, lower) * sign_at(p, upper) < 0 and count_roots(p, lower, upper, 1) == 1
        )
        require(isolates, f"{name}: the interval does not hold exactly one root")
        require(sign_at(f, lower) * sign_at(f, upper) < 0, f"{name}: the factor has another root")


def _is_decimal(text: Any, point: Point) -> bool:
    """Whether the text is the point exactly, or rounded to 40 significant digits or more."""
    if type(text) is not str or _DECIMAL.fullmatch(text) is None:
        return False
    value, half = Fraction(text), Fraction(1, 2 * 10 ** (len(text) - 2))
    if point.lower == point.upper == value:
        return True
    if len(text.replace(".", "").lstrip("0")) < 40:
        return False
    while not value - half <= point.lower <= point.upper <= value + half:
        if point.upper < value - half or value + half < point.lower or point.lower == point.upper:
            return False
        point.halve()
    return True


def _is_closed_form(text: Any, point: Point) -> bool:
    """Whether the text is the point: p/q, b^(-1/n), (a/b)^(1/n), (p+q*sqrt(m))/d; or null."""
    if point.lower == point.upper:
        return bool(text == str(point.lower))
    if text is None:
        return True
    if type(text) is not str or len(text) > 4_000:
        return False
    if match := _POWER.fullmatch(text):
        return _is_power([int(group or 0) for group in match.groups()], point)
    if match := _SURD.fullmatch(text):
        return _is_surd(match.groupdict(), point)
    return False


def _is_power(numbers: list[int], point: Point) -> bool:
    """Whether b^(-1/n) or (top/bottom)^(1/m), with 0 for what is not there, is the point."""
    b, n, top, bottom, m = numbers
    top, bottom, n = (top, bottom, m) if m else (1, b, n)
    if not (0 < top < bottom and 0 < n <= MAX_DEGREE):
        return False
    # bottom x^n - top has no other root in (0, 1).
    return quotient([-top] + [0] * (n - 1) + [bottom], point.factor) is not None


def _is_surd(parts: dict[str, str | None], point: Point) -> bool:
    """Whether (p + q sqrt(m)) / d is the point."""
    p = int(parts["p"] or 0) + int(parts["r"] or 0)
    q = int(parts["q"] or 1) * (-1 if parts["sign"] else 1)
    d, m = int(parts["d"] or 1), int(parts["m"] or 0)
    if d == 0 or quotient([p * p - q * q * m, -2 * d * p, d * d], point.factor) is None:
        return False
    centre, near = Fraction(p, d), replace(point)
    while near.lower <= centre <= near.upper:
        near.halve()
    return (near.lower > centre) == (q > 0)


def members(document: Any, where: str, required: str, optional: str = "") -> dict[str, Any]:
    """Return a JSON object that has the required keys and no unknown one."""
    require(type(document) is dict, f"{where}: not a JSON object")
    needed, known = set(required.split()), {*required.split(), *optional.split()}
    require(needed <= document.keys() <= known, f"{where}: the keys must be {required}")
    return dict(document)


def items(document: Any, where: str, length: int | None = None) -> list[Any]:
    """Return a JSON list, of that length if one is given."""
    require(type(document) is list, f"{where}: not a list")
    require(length is None or len(document) == length, f"{where}: not {length} entries")
    return list(document)


def integer(value: Any, where: str, low: int, high: int = _MAX_INDEX) -> int:
    """Return an integer from low to high."""
    require(type(value) is int and low <= value <= high, f"{where}: not in {low}..{high}")
    return int(value)


def rational(value: Any, where: str) -> Fraction:
    """Return the number of an integer or of text like "-7/10"."""
    text = str(value) if type(value) is int and value.bit_length() < 13_000 else value
    matches = type(text) is str and _RATIONAL.fullmatch(text) is not None
    require(matches, f'{where}: not an integer or "p/q"')
    return Fraction(text)


def polynomial(document: Any, where: str) -> Polynomial:
    """Return integer coefficients, constant term first, the last one not 0."""
    coefficients = items(document, where)
    require(0 < len(coefficients) <= MAX_DEGREE + 1, f"{where}: degree not in 0..{MAX_DEGREE}")
    for c in coefficients:
        require(type(c) is int and c.bit_length() <= 10**6, f"{where}: not an integer")
    require(coefficients[-1] != 0, f"{where}: the leading coefficient is 0")
    return coefficients
