"""The rows of a model: what every reader returns and every model is built from, and their
checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay._support.checks import whole
from qdecay._support.one_line import one_line
from qdecay._support.result import Record, counted
from qdecay.model.reading import WITHIN, Pair, Reading
from qdecay.model.recover import Unchanged
from qdecay_envs.arguments import MAX_DURATION, distribution, duration
from qdecay_envs.rational import RationalLike, rational, written

Row = (
    tuple[int, int, int, RationalLike, RationalLike, bool]
    | tuple[int, int, int, RationalLike, RationalLike, bool, int]
)
"""State, action, next state, probability, reward, terminated, and perhaps duration: how many steps
the transition takes, 1 if nothing is said."""

ExactRow = (
    tuple[int, int, int, Fraction, Fraction, bool]
    | tuple[int, int, int, Fraction, Fraction, bool, int]
)
"""The same with both numbers as fractions."""

Key = tuple[int, int, int, bool, Fraction, int]
"""What makes two rows equal: state, action, next state, terminated, reward, duration."""

# A table of one flag per state and action must fit in memory regardless of the file's header.
MAX_PAIRS = 50_000_000
_MAX_BITS = 100_000
SHARE_ROUNDING = Fraction(1, 2**50)  # of a quotient of counts, as a float

_FLOATS = Unchanged()
_Plain = tuple[int, int, int, Any, Any, bool, int]
_COLUMNS = np.dtype(
    [
        ("state", np.int64),
        ("action", np.int64),
        ("next_state", np.int64),
        ("probability", np.float64),
        ("reward", np.float64),
        ("terminated", np.bool_),
        ("duration", np.int32),
    ]
)


@dataclass(frozen=True)
class RowColumns:
    """Rows as arrays, each of shape (K,), which float models use unchanged.

    Attributes:
        state, action, next_state: indices.
        probability, reward: floats, or exact numbers as objects.
    """

    state: NDArray[np.int64]
    action: NDArray[np.int64]
    next_state: NDArray[np.int64]
    probability: NDArray[Any]
    reward: NDArray[Any]

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows, none of which is terminated."""
        columns = (self.state, self.action, self.next_state, self.probability, self.reward)
        return zip(*(column.tolist() for column in columns), repeat(False))


@dataclass(frozen=True, eq=False, repr=False)
class ModelRows(Record):
    """A finite model as rows with exact numbers, not yet checked.

    Attributes:
        rows: the transitions. A reader may yield them, so that they can be read only once.
        n_states, n_actions: S and A; states and actions are 0-based indices.
        start: the start state, or None if there is no single one.
        state_names, action_names: S and A strings, or None.
        recovered: each float that was mapped to a rational, with that rational; complete once the
            rows are read.
        name: what the model was read from, such as an id or a path; None if unknown.
        time_limit, initial_states: as in `FiniteMDP`.
        visits: how often each state and action was tried, if probabilities are counts divided by
            these; empty if the probabilities are known.
        remarks: what reading assumed or left out, a line each.
        scaled: what the probabilities of a pair summed to before they were made to sum to 1, where
            that was done earlier, not by `merged`.
    """

    rows: Iterable[Row]
    n_states: int
    n_actions: int
    start: int | None = None
    state_names: Sequence[str] | None = None
    action_names: Sequence[str] | None = None
    recovered: Mapping[float, Fraction] = field(default_factory=dict)
    name: str | None = None
    time_limit: int | None = None
    initial_states: Mapping[int, Fraction] = field(default_factory=dict)
    visits: Mapping[Pair, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    scaled: Mapping[Pair, Fraction] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows."""
        return iter(self.rows)

    def _shown(self) -> str:
        name = "" if self.name is None else f"{one_line(self.name)}: "
        return f"{name}{counted(self.n_states, 'state')}, {counted(self.n_actions, 'action')}"

    def columns(self) -> Mapping[str, NDArray[Any]]:
        """Return the checked rows as arrays of shape (K,) by name, with floats.

        Raises:
            TypeError, ValueError: as `merged`.
        """
        check_sizes(self.n_states, self.n_actions)
        if isinstance(self.rows, RowColumns):
            return vars(self.rows)
        rows = _plain(self.rows, self.n_states, self.n_actions, _as_float)
        found = np.fromiter(rows, dtype=_COLUMNS)
        columns = {name: found[name] for name in _COLUMNS.names or ()}
        if (columns["duration"] == 1).all():
            del columns["duration"]
        return columns

    def merged(self, how: Reading) -> MergedRows:
        """Return the checked rows, sorted, each with its probability; equal rows are added up.

        Raises:
            TypeError: a number is a float or not a number; see `qdecay_envs.rational`.
            ValueError: a size, an index, a probability or a row's sum is wrong; the message says
                which and where.
        """
        check_sizes(self.n_states, self.n_actions)
        merged = _merge(self.rows, self.n_states, self.n_actions, how)
        off = {pair: total for pair, total in _sums(merged).items() if total != 1}
        keys: dict[Pair, list[Key]] = {pair: [] for pair in off}
        for key in merged if off else ():
            if (pair := key[:2]) in off:
                keys[pair].append(key)
        for pair, mine in keys.items():
            row = how.summing_to_one(pair, [merged[key] for key in mine])
            merged.update(zip(mine, row, strict=True))
        return MergedRows(sorted(merged.items()), off)  # no two keys are equal


class MergedRows(NamedTuple):
    """Rows in order, with their probabilities; the sums of those that did not sum to 1."""

    rows: list[tuple[Key, Fraction]]
    scaled: Mapping[Pair, Fraction]


@dataclass(frozen=True, eq=False, repr=False)
class ExactRows(ModelRows):
    """The rows of an `MDP`: checked, with numbers as fractions."""

    rows: Iterable[ExactRow]

    def __iter__(self) -> Iterator[ExactRow]:
        """Iterate over the rows."""
        return iter(self.rows)


def with_probability(row: ExactRow, p: Fraction) -> ExactRow:
    """Return the row with another probability."""
    return (*row[:3], p, *row[4:])


def check_sizes(n_states: int, n_actions: int) -> None:
    """Raise TypeError or ValueError unless both are sizes that a model may have."""
    for name, size in (("n_states", n_states), ("n_actions", n_actions)):
        whole(size, name, 1)
    if n_states * n_actions > MAX_PAIRS:
        raise ValueError(
            f"n_states * n_actions must be <= {MAX_PAIRS:,}, got {n_states:,} * {n_actions:,}"
        )


def checked_durations(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return the durations of transitions, shape (K,).

    Raises:
        TypeError, ValueError: one is not a duration; the message says which.
    """
    is_whole = values.dtype.kind in "iu"
    if not (is_whole and values.min(initial=1) >= 1 and values.max(initial=1) <= MAX_DURATION):
        for k, value in enumerate(values.tolist()):
            duration(value, f"transition {k}: duration")
    return values.astype(np.int64)


def index(value: Any, size: int, name: str) -> int:
    """Return an index below `size`; `name` is for the message.

    Raises:
        TypeError: it is not a whole number.
        ValueError: it is outside 0..size - 1.
    """
    return whole(value, name, 0, size - 1)


def _merge(rows: Iterable[Row], n_states: int, n_actions: int, how: Reading) -> dict[Key, Fraction]:
    """Check each row and add up the probabilities of equal ones."""
    merged: dict[Key, Fraction] = {}
    for number, row in enumerate(_plain(rows, n_states, n_actions, _Exact())):
        s, a, t, p, r, terminated, steps = row
        if not 0 <= p.numerator <= p.denominator:
            shown = written(p).removesuffix(".0")
            raise ValueError(f"{_where(number, row)}: probability must be in [0, 1], got {shown}")
        if p:
            key = (s, a, t, terminated, how.reward(r), steps)
            size = len(merged)
            total = merged.setdefault(key, p)  # one lookup: hashing a fraction is slow
            if len(merged) == size:
                merged[key] = added(total, p, _where(number, row))
    return merged


def _plain(
    rows: Iterable[Row], n_states: int, n_actions: int, number_of: Callable[..., Any]
) -> Iterator[_Plain]:
    """Yield each row once it is checked, with its numbers as `number_of` reads them.

    Nothing follows a terminated transition, however long it takes: its duration is yielded as 1.
    """
    for number, row in enumerate(rows):
        if len(row) == 6:
            s, a, t, probability, reward, terminated = row
            steps = 1
        elif len(row) == 7:
            s, a, t, probability, reward, terminated, steps = row
            if type(steps) is not int or not 1 <= steps <= MAX_DURATION:
                steps = duration(steps, f"{_where(number, row)}: duration")
        else:
            raise ValueError(
                f"transition {number} must have 6 entries (state, action, next state, probability, "
                f"reward, terminated), or 7 with its duration, got {len(row)}"
            )
        if not (
            type(s) is type(a) is type(t) is int
            and type(terminated) is bool
            and 0 <= s < n_states
            and 0 <= a < n_actions
            and 0 <= t < n_states
        ):
            s, a, t, terminated = _checked(row, number, n_states, n_actions)
        p = number_of(probability, "probability", number, row)
        paid = number_of(reward, "reward", number, row)
        yield s, a, t, p, paid, terminated, 1 if terminated else steps


class _Exact:
    """Reads each text and integer once: most models have few distinct numbers."""

    def __init__(self) -> None:
        self._known: dict[int | str, Fraction] = {}

    def __call__(self, value: Any, name: str, number: int, row: Row) -> Fraction:
        """Return the number; the rest gives its position."""
        is_plain = type(value) is str or type(value) is int  # True and 1.0 are equal to 1
        found = self._known.get(value) if is_plain else None
        if found is None:
            found = rational(value, f"{_where(number, row)}: {name}")
            if is_plain:
                self._known[value] = found
        return found


def _as_float(value: Any, name: str, number: int, row: Row) -> float:
    """Return a number as a float; the rest gives its position."""
    if isinstance(value, float | np.floating):  # `FloatMDP.from_columns` refuses inf and nan
        return float(value)
    if type(value) in (int, Fraction) and not value:  # most rewards are 0; not None
        return 0.0
    where = f"{_where(number, row)}: {name}"
    found: float = _FLOATS(rational(value, where), where)
    return found


def _where(number: int, row: Row | ExactRow) -> str:
    return f"transition {number} (state {row[0]}, action {row[1]})"


def _checked(row: Row, number: int, n_states: int, n_actions: int) -> tuple[int, int, int, bool]:
    """Return state, action, next state and flag of a row that may have them of other types."""
    s = index(row[0], n_states, f"transition {number}: state")
    a = index(row[1], n_actions, f"transition {number}: action")
    t = index(row[2], n_states, f"{_where(number, row)}: next state")
    if not isinstance(row[5], bool | np.bool_):
        got = written(row[5])
        raise TypeError(f"{_where(number, row)}: terminated must be true or false, got {got}")
    return s, a, t, bool(row[5])


def added(total: Fraction, p: Fraction, where: str) -> Fraction:
    """Return a sum of probabilities, whose denominator may grow as far as the checker's."""
    result = total + p
    if result.denominator.bit_length() > _MAX_BITS:
        raise ValueError(f"{where}: the common denominator of its probabilities becomes too large")
    return result


def _sums(merged: Mapping[Key, Fraction]) -> dict[Pair, Fraction]:
    sums: dict[Pair, Fraction] = {}
    for (s, a, *_), p in merged.items():
        total = sums.get((s, a))
        sums[s, a] = p if total is None else added(total, p, f"state {s}, action {a}")
    return sums


def checked_time_limit(steps: int | None) -> int | None:
    """Return a number of steps, or None if there is no limit."""
    return None if steps is None else whole(steps, "time_limit", 1)


def checked_initial_states(chances: Mapping[int, Fraction], n_states: int) -> dict[int, Fraction]:
    """Return the probabilities by state, in order; none if there are none."""
    return distribution(chances, "initial_states", n_states) if chances else {}


def checked_visits(
    visits: Mapping[Pair, int], merged: Iterable[tuple[Key, Fraction]]
) -> dict[Pair, int]:
    """Return how often each pair was tried, in order.

    Raises:
        TypeError: a number is not a whole number.
        ValueError: a pair has no transitions, or a probability is not a count over its visits.
    """
    if not visits:
        return {}
    found = {pair: whole(n, f"visits of {pair}", 1) for pair, n in sorted(visits.items())}
    left = dict.fromkeys(found)
    for (s, a, *_), p in merged:
        left.pop((s, a), None)
        if found.get((s, a), 0) % p.denominator:
            raise no_share(f"state {s}, action {a}", p, found[s, a])
    for s, a in left:
        raise ValueError(f"state {s}, action {a}: has visits, and no transitions")
    return found


def share_of(chance: float, visits: int, where: str) -> Fraction:
    """Return the count over visits that a float is, but for its rounding.

    Raises:
        ValueError: it is none.
    """
    count = Fraction(float(chance)) * visits
    if abs(count - round(count)) > visits * SHARE_ROUNDING:
        raise no_share(where, chance, visits)
    return Fraction(round(count), visits)


def no_share(where: str, chance: float | Fraction, visits: int) -> ValueError:
    """Return the error of a probability that is not counted."""
    return ValueError(f"{where}: the probability {chance} is no share of {visits:,} visits")


def checked_scaled(scaled: Mapping[Pair, Any], pairs: Iterable[Pair]) -> dict[Pair, Fraction]:
    """Return what the probabilities of pairs summed to, in order.

    Args:
        scaled: the sums, not yet checked.
        pairs: those that are available.

    Raises:
        TypeError, ValueError: a pair is not available, or its sum is not an exact number near 1.
    """
    available, found = set(pairs) if scaled else set(), {}
    for (s, a), total in sorted(scaled.items()):
        where = f"scaled: state {s}, action {a}"
        if (s, a) not in available:
            raise ValueError(f"{where}: has no transitions")
        found[s, a] = rational(total, where)
        if abs(found[s, a] - 1) > 2 * WITHIN:  # in floats the sum may be rounded
            raise ValueError(f"{where}: a sum must be within 1e-5 of 1, got {written(total)}")
    return found


def checked_remarks(remarks: Iterable[Any]) -> tuple[str, ...]:
    """Return remarks, each once.

    Raises:
        TypeError: one is not text.
    """
    found = list(remarks)
    if isinstance(remarks, str) or not all(isinstance(remark, str) for remark in found):
        raise TypeError(f"remarks must be a list of strings, got {written(remarks)}")
    return tuple(dict.fromkeys(found))


def checked_names(names: Sequence[str] | None, size: int, name: str) -> tuple[str, ...] | None:
    """Return the names as a tuple, or None if there are none.

    Raises:
        TypeError: they are not texts.
        ValueError: their number is not `size`, one is empty, or two are equal.
    """
    if names is None:
        return None
    if isinstance(names, str) or not all(isinstance(text, str) for text in names):
        raise TypeError(f"{name} must be a list of strings, got {written(names)}")
    if len(names) != size:
        raise ValueError(f"{name} must have {size} entries, got {len(names)}")
    for index, text in enumerate(names):
        if not text.strip():
            raise ValueError(f"{name} must not be empty: {index} is {text!r}")
    if len(set(names)) < size:
        first: dict[str, int] = {}
        for index, text in enumerate(names):
            if (other := first.setdefault(text, index)) != index:
                raise ValueError(
                    f"{name} must be distinct: {other} and {index} are both {text!r:.60}"
                )
    return tuple(names)
