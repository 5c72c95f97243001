"""The axes of a sweep: which parameters of its sources and settings of its learners vary.

A parameter keeps its name; if a source and a learner share a name, it is `source_NAME` and
`learner_NAME`, as in an export.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from qdecay.errors import InputError
from qdecay.sweep.learners import LearnerSettings
from qdecay.sweep.sources import SweepModel
from qdecay_envs.documents import canonical
from qdecay_envs.rational import rational

SOURCE, LEARNER = "source", "learner"
_Key = tuple[str, str | None]  # the owner and its name; None means `source` or `name` itself
Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Axis:
    """One parameter.

    Attributes:
        name: its name.
        of_learner: whether it is a setting of the learner; otherwise of the source.
        values: its distinct values in order of appearance, as they are stored: exact numbers may be
            text. None means sources or learners without it.
    """

    name: str
    of_learner: bool
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Combination:
    """A model with a learner, by their numbers in the store, and all parameters by name."""

    model: int
    learner: int
    parameters: Parameters


def combinations(
    models: Mapping[int, SweepModel], learners: Mapping[int, LearnerSettings]
) -> tuple[tuple[Combination, ...], frozenset[str]]:
    """Return every model with every learner, and the names that are the learners'."""
    sources = _of_sources(models)
    settings = {
        number: {(LEARNER, None): learner.name, **{(LEARNER, k): v for k, v in named.items()}}
        for number, learner in learners.items()
        for named in [learner.settings]
    }
    names = _names({key: None for own in (*sources.values(), *settings.values()) for key in own})
    found = tuple(
        Combination(m, n, {names[key]: value for key, value in {**own, **its}.items()})
        for m, own in sources.items()
        for n, its in settings.items()
    )
    return found, frozenset(name for (owner, _), name in names.items() if owner == LEARNER)


def _of_sources(models: Mapping[int, SweepModel]) -> dict[int, dict[_Key, Any]]:
    """Return each model's parameters, and its start if nothing else distinguishes two models."""
    found: dict[int, dict[_Key, Any]] = {
        number: {(SOURCE, None): m.text, **{(SOURCE, k): v for k, v in m.parameters.items()}}
        for number, m in models.items()
    }
    same = Counter(canonical(list(own.values())) for own in found.values())
    if max(same.values(), default=1) > 1:
        for number, own in found.items():
            own["start", None] = models[number].start
    return found


def _names(keys: Iterable[_Key]) -> dict[_Key, str]:
    plain = {(owner, name): name or owner for owner, name in keys}
    shared = Counter(plain.values())
    return {
        (owner, name): f"{owner}_{name}" if name and shared[name] > 1 else text
        for (owner, name), text in plain.items()
    }


def varying(rows: Sequence[Parameters], of_learner: frozenset[str]) -> tuple[Axis, ...]:
    """Return the parameters that differ over the rows, those of the sources first."""
    found = [
        Axis(name, name in of_learner, values)
        for name in dict.fromkeys(name for row in rows for name in row)
        if len(values := distinct(row.get(name) for row in rows)) > 1
    ]
    return tuple(sorted(found, key=lambda axis: axis.of_learner))


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return each value once, in order of appearance."""
    return tuple({canonical(value): value for value in values}.values())


def matching(
    found: Sequence[Combination], where: Iterable[tuple[str, str]]
) -> tuple[Combination, ...]:
    """Return the combinations that have one of the values given for each name.

    Raises:
        InputError: no combination has a parameter of that name, or none has all the values.
    """
    wanted: dict[str, list[str]] = {}
    for name, text in where:
        require_name(name, (combination.parameters for combination in found), "where")
        wanted.setdefault(name, []).append(text)
    left = tuple(found)
    for name, texts in wanted.items():
        before, left = left, tuple(c for c in left if _is(c.parameters.get(name), texts))
        if not left:
            known = distinct(c.parameters.get(name) for c in before)
            raise InputError(
                f"--where {name}={texts[-1]}: no row has this value; choose from "
                f"{', '.join(map(shown_value, known))}"
            )
    return left


def require_name(name: str, rows: Iterable[Parameters], option: str) -> None:
    """Raise InputError if no row has a parameter of that name."""
    known = list(dict.fromkeys(name for row in rows for name in row))
    if name not in known:
        raise InputError(f"--{option} {name}: no such parameter; choose from {', '.join(known)}")


def _is(value: Any, texts: Sequence[str]) -> bool:
    """Whether a value equals one of the texts, as a number or as shown."""
    number = exact_number(value)
    return any(
        text == shown_value(value) or (number is not None and number == exact_number(text))
        for text in texts
    )


def exact_number(value: Any) -> Fraction | None:
    """Return a stored value as a number, even if it is text; None if it is not a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return rational(str(value))
    except ValueError:
        return None


def float_number(value: Any) -> float | None:
    """Return that number as a float; None if it is not a number or overflows."""
    number = exact_number(value)
    try:
        return None if number is None else float(number)
    except OverflowError:
        return None


def shown_value(value: Any) -> str:
    """Return a value as a user would write it: "1/10" is 0.1, a schedule one phrase.

    >>> shown_value("1/10"), shown_value("1/3"), shown_value(None), shown_value(True)
    ('0.1', '1/3', 'none', 'true')
    >>> shown_value({"schedule": "polynomial", "exponent": "1/2"})
    'polynomial (exponent 0.5)'
    """
    if isinstance(value, Mapping) and "schedule" in value:
        rest = [f"{k} {shown_value(v)}" for k, v in value.items() if k != "schedule"]
        return f"{value['schedule']} ({', '.join(rest)})" if rest else str(value["schedule"])
    if value is None:
        return "none"
    number = float_number(value)
    if number is not None:
        decimal = f"{number:.6g}"
        return decimal if rational(decimal) == exact_number(value) else str(value)
    return value if isinstance(value, str) and value.isprintable() else canonical(value)
