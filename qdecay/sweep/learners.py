"""The learners of a sweep: a table of the spec expands to every combination of its lists.

A setting is kept as the JSON value that goes into the cell's key, with exact numbers as text, and
becomes a float when a learner is called.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from qdecay import learning
from qdecay.learning import schedules
from qdecay.learning.learner import Learner
from qdecay.learning.tabular import TABULAR
from qdecay.model.mdp import MDP
from qdecay_envs.documents import Table, number, one_of, share, whole
from qdecay_envs.rational import written

Setting = str | int | Mapping[str, str | int]
NAMES = (*TABULAR, "n_step_sarsa", "watkins_q")
_SCHEDULES: dict[str, dict[str, Callable[[Any], Fraction | int]]] = {
    "linear": {"start": share, "end": share, "steps": whole(1)},
    "exponential": {"start": share, "end": share, "decay": share},
    "harmonic": {},
    "polynomial": {"exponent": share},
}
_COUNTS = ("steps", "episodes", "visits", "max_episode_steps")
_ORDER = ("epsilon", "step_size", "initial_value", *_COUNTS)


@dataclass(frozen=True)
class LearnerSettings:
    """One learner with all its settings.

    Attributes:
        name: one of `NAMES`.
        settings: JSON values by name; numbers other than counts are texts such as "1/10".
    """

    name: str
    settings: Mapping[str, Setting]

    @property
    def title(self) -> str:
        """The name with the settings."""
        return f"{self.name} ({', '.join(f'{k} = {v}' for k, v in self.settings.items())})"

    @property
    def bounded(self) -> bool:
        """Whether every training ends, for any model, because its steps are limited."""
        both = {"episodes", "max_episode_steps"}
        return "steps" in self.settings or both <= self.settings.keys()

    def learner(self) -> Learner:
        """Return the algorithm."""
        if self.name == "n_step_sarsa":
            return learning.NStepSarsa(int(self.settings["n"]))  # type: ignore[arg-type]
        if self.name == "watkins_q":
            return learning.WatkinsQ(_float(self.settings["trace"]))
        return TABULAR[self.name]

    def arguments(self, mdp: MDP, start: int) -> dict[str, Any]:
        """Return the keyword arguments of a training that starts at `start`, except the seed.

        `visits` is the number of updates of each action of the start state.
        """
        found: dict[str, Any] = {"start": start}
        for name, value in self.settings.items():
            if name in ("epsilon", "step_size"):
                found[name] = _schedule(value) if isinstance(value, Mapping) else _float(value)
            elif name == "initial_value":
                found[name] = _float(value)
            elif name == "visits":
                actions = mdp.available[start].nonzero()[0].tolist()
                found[name] = {(start, action): value for action in actions}
            elif name in _COUNTS:
                found[name] = value
        return found


def read_learners(table: Table) -> tuple[LearnerSettings, ...]:
    """Return every learner that a table of the spec expands to.

    Raises:
        ValueError: a key is unknown or missing, or a value is wrong.
    """
    names = table.values("name", table.demand("name", 'name = "q_learning"'), one_of(NAMES))
    axes: dict[str, tuple[Setting, ...]] = {}
    if "n_step_sarsa" in names:
        axes["n"] = table.values("n", table.demand("n", "n = 3"), whole(1))
    if "watkins_q" in names:
        trace = table.demand("trace", "trace = 0.5")
        axes["trace"] = table.values("trace", trace, lambda v: str(share(v)))
    axes["epsilon"] = table.axis("epsilon", _epsilon, "1/10")
    axes["step_size"] = table.axis("step_size", _step_size, "1/10")
    axes["initial_value"] = table.axis("initial_value", lambda v: str(_finite(v)), "0")
    for name in _COUNTS:
        axes[name] = table.axis(name, whole(1))
    table.close()
    if not axes["steps"] and not axes["episodes"]:
        table.refuse("nothing ends a training: give steps or episodes")
    return tuple(
        learner
        for name in names
        for learner in _combinations(name, {k: v for k, v in axes.items() if v})
    )


def _combinations(name: str, axes: Mapping[str, tuple[Setting, ...]]) -> Iterator[LearnerSettings]:
    own = {"n_step_sarsa": ("n",), "watkins_q": ("trace",)}.get(name, ())
    keys = [key for key in (*own, *_ORDER) if key in axes]
    for values in itertools.product(*(axes[key] for key in keys)):
        yield LearnerSettings(name, dict(zip(keys, values, strict=True)))


def _epsilon(value: Any) -> Setting:
    return _read_schedule(value) if isinstance(value, Mapping) else str(share(value))


def _step_size(value: Any) -> Setting:
    if not isinstance(value, Mapping) and share(value) == 0:
        raise ValueError("must be > 0: nothing would be learned")
    return _epsilon(value)


def _finite(value: Any) -> Fraction:
    fraction = number(value)
    try:
        float(fraction)
    except OverflowError as error:
        raise ValueError(f"is too large for a float: {written(fraction)}") from error
    return fraction


def _read_schedule(value: Mapping[str, Any]) -> Setting:
    """Return a schedule's canonical form, once `qdecay.learning` has accepted it."""
    kind = value.get("schedule")
    if kind not in _SCHEDULES:
        raise ValueError(f"a table needs schedule = one of {', '.join(_SCHEDULES)}")
    readers = _SCHEDULES[kind]
    if set(value) != {"schedule", *readers}:
        raise ValueError(f"the schedule {kind} takes {', '.join(readers) or 'no argument'}")
    result: dict[str, str | int] = {"schedule": kind}
    for name, read in readers.items():
        try:
            argument = read(value[name])
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} {error}") from error
        result[name] = argument if isinstance(argument, int) else str(argument)
    _schedule(result)
    return result


def _schedule(value: Mapping[str, str | int]) -> Any:

    kind = getattr(schedules, str(value["schedule"]).capitalize())
    rest = {name: given for name, given in value.items() if name != "schedule"}
    return kind(**{k: v if isinstance(v, int) else _float(v) for k, v in rest.items()})


def _float(value: Any) -> float:
    return float(Fraction(value))
