"""Model lines: a number that the dynamics or the rewards of a model depend on affinely.

    M(x) = (1 - x) M_0 + x M_1,    0 <= x <= 1,

of two models with the same states and available actions: every continuing probability p(s, a, t)
and every expected reward r(s, a) is affine in x, and so in any number that is affine in x: a
penalty, a living reward, a success rate.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Self, cast

import numpy as np

from qdecay._support.checks import instance
from qdecay._support.one_line import one_line
from qdecay._support.result import Record, counted, shown_list
from qdecay._support.shown import shown_fraction
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.mdp import MDP
from qdecay_envs.rational import RationalLike, rational

# Shares of the way at which a builder is compared with the line. Between short decimals both give
# decimals, from which an environment of floats can be made; a builder that rounds changes the
# second.
_BETWEEN = (Fraction(3, 8), Fraction(385, 1024))
_Kind = tuple[Any, ...]
"""State, action, next state, and what else distinguishes transitions except probability and
reward."""


@dataclass(frozen=True)
class Parameter:
    """The number that varies along a line.

    Attributes:
        name: for display, one line.
        low, high: its values at both ends, exact, low < high.
    """

    name: str = "x"
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        """Check the name and the ends."""
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a text, got {self.name!r:.60}")
        object.__setattr__(self, "name", one_line(self.name) or "x")
        for end in ("low", "high"):
            object.__setattr__(self, end, rational(getattr(self, end), end))
        if not self.low < self.high:
            raise ValueError(
                f"low must be less than high, got {self.name} from {self.low} to {self.high}"
            )

    def place(self, value: RationalLike) -> Fraction:
        """Return how far along the line a value is: 0 at the low end, 1 at the high one.

        Raises:
            TypeError, ValueError: it is not exact, or outside [low, high].
        """
        number = rational(value, self.name)
        if not self.low <= number <= self.high:
            raise ValueError(f"{self.name} must be in [{self.low}, {self.high}], got {number}")
        return (number - self.low) / (self.high - self.low)

    def to_json(self) -> dict[str, str]:
        """Return the fields as they are written in documents, numbers as text."""
        return {"name": self.name, "low": str(self.low), "high": str(self.high)}


@dataclass(frozen=True, eq=False, repr=False)
class ModelLine(Record):
    """The models between two models of one shape; see the module for the equation.

    Attributes:
        low, high: the models at both ends, exact.
        parameter: the number that varies, and its values at both ends.

    Raises:
        TypeError: an end is not an exact model, nor anything that `qdecay.as_mdp` accepts.
        ValueError: the two differ in states, available actions or start.

    >>> from qdecay.model.mdp import MDP
    >>> def job(wage):
    ...     rows = [(0, 0, 0, 1, 1, True), (0, 1, 0, 1, wage, True)]
    ...     return MDP.from_rows(rows, n_states=1, n_actions=2)
    >>> line = ModelLine.of(job, low=0, high=3)
    >>> line, line.at("1/2") == job(Fraction(1, 2))
    (ModelLine(wage from 0 to 3: 1 state, 2 actions), True)
    """

    low: MDP
    high: MDP
    parameter: Parameter = field(default_factory=Parameter)

    def __post_init__(self) -> None:
        """Make both ends exact models, and compare their shapes."""
        for name in ("low", "high"):
            object.__setattr__(self, name, _made(name, as_exact_mdp, getattr(self, name)))
        instance(self.parameter, Parameter, "parameter", "a Parameter")
        _check_shape(self.low, self.high)

    @classmethod
    def of(
        cls,
        builder: Callable[[Fraction], Problem],
        *,
        low: RationalLike,
        high: RationalLike,
        name: str | None = None,
    ) -> Self:
        """Return the line of the models that a function makes from one exact number.

        Args:
            builder: a function from a Fraction to a model, or to anything that `qdecay.as_mdp`
                accepts.
            low, high: the ends, exact, low < high.
            name: the number's name for display; by default that of the builder's first argument.

        Raises:
            TypeError: builder cannot be called, or a number is not exact.
            ValueError: a model cannot be made (the message says at which value), or a model in
                between does not lie on the line (the message names the entry that is not affine).
        """
        if not callable(builder):
            raise TypeError(f"builder must be a function of one number, got {builder!r:.60}")
        parameter = Parameter(
            _argument(builder) if name is None else name,
            rational(low, "low"),
            rational(high, "high"),
        )

        def made(value: Fraction) -> MDP:
            where = f"{parameter.name} = {value}"
            return _made(where, lambda number: as_exact_mdp(builder(number)), value)

        line = cls(made(parameter.low), made(parameter.high), parameter)
        for value in _values_between(parameter):
            _check_affine(line, value, made(value))
        return line

    @classmethod
    def of_step_reward(cls, problem: Problem, *, low: RationalLike, high: RationalLike) -> Self:
        """Return the line of a model over a number that is added to every reward.

        It is paid once per transition, however many steps that takes.

        Raises:
            TypeError, ValueError: as `of`.
        """
        mdp = as_exact_mdp(problem)
        parameter = Parameter("step_reward", rational(low, "low"), rational(high, "high"))
        return cls._of_rewards(mdp, parameter, lambda reward, added: reward + added)

    @classmethod
    def of_reward(
        cls, problem: Problem, value: RationalLike, *, low: RationalLike, high: RationalLike
    ) -> Self:
        """Return the line of a model over every reward of one value, such as Taxi's -10.

        In a model read with numbers="binary", a value such as 0.1 means the nearest binary float.

        Raises:
            TypeError: as `of`.
            ValueError: as `of`; or no transition has that reward: the message names the existing
                ones.
        """
        mdp, old = as_exact_mdp(problem), rational(value, "value")
        rewards = set(mdp.exact_reward)
        meant = next((number for number in (old, _binary(old)) if number in rewards), None)
        if meant is None:
            known = shown_list([str(r) for r in sorted(rewards)])
            raise ValueError(f"no transition has the reward {old}: there are {known}")
        parameter = Parameter(f"reward:{old}", rational(low, "low"), rational(high, "high"))
        return cls._of_rewards(mdp, parameter, lambda paid, new: new if paid == meant else paid)

    @classmethod
    def _of_rewards(
        cls, mdp: MDP, parameter: Parameter, change: Callable[[Fraction, Fraction], Fraction]
    ) -> Self:
        """Return the line of a model whose rewards a value of the parameter changes affinely."""
        low = _with_rewards(mdp, lambda reward: change(reward, parameter.low))
        high = _with_rewards(mdp, lambda reward: change(reward, parameter.high))
        return cls(low, high, parameter)

    def at(self, value: RationalLike) -> MDP:
        """Return the model at a value of the parameter.

        If both ends have equally many rewards for a transition, so does this model; otherwise the
        transition has its expected reward.

        Raises:
            TypeError, ValueError: the value is not exact, or outside the line.
        """
        x = self.parameter.place(value)
        if x in (0, 1):
            return self.high if x else self.low
        rows = replace(self.low.rows(), rows=list(_mixed(self.low, self.high, x)), visits={})
        return MDP.of(rows)

    def _shown(self) -> str:
        sizes = {"state": self.low.n_states, "action": self.low.n_actions}
        title = "" if self.low.name is None else f"{one_line(self.low.name)}, "
        p = self.parameter
        parts = ", ".join(counted(size, noun) for noun, size in sizes.items())
        return f"{title}{p.name} from {shown_fraction(p.low)} to {shown_fraction(p.high)}: {parts}"


def _made(where: str, make: Callable[[Any], MDP], of: object) -> MDP:
    """Return a model; an error says where on the line it cannot be made."""
    try:
        return make(of)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{where}: {error}") from error
    except (ArithmeticError, AssertionError, LookupError) as error:  # their messages say little
        raise ValueError(f"{where}: {type(error).__name__}: {error}") from error


def _binary(number: Fraction) -> Fraction | None:
    """Return the nearest float as the fraction that it is; None if it is too large for floats."""
    try:
        return Fraction(float(number))
    except OverflowError:
        return None


def _values_between(parameter: Parameter) -> list[Fraction]:
    """Return the values at which a builder is compared with the line."""
    width = parameter.high - parameter.low
    first, *others = (parameter.low + part * width for part in _BETWEEN)
    return [first, *filter(_is_decimal, others)]


def _is_decimal(value: Fraction) -> bool:
    rest = value.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    return rest == 1


def _argument(builder: Callable[..., Any]) -> str:
    try:
        return next(iter(inspect.signature(builder).parameters), "x")
    except (TypeError, ValueError):  # some builtins have no signature
        return "x"


def _check_shape(low: MDP, high: MDP) -> None:
    """Raise ValueError unless both have the same states, actions and start."""
    require_one_shape(low, high, "both ends", ("at the low end", "at the high end"))
    if low.start != high.start:
        raise ValueError(f"both ends must have the same start, got {low.start} and {high.start}")


def require_one_shape(one: MDP, two: MDP, both: str, whose: tuple[str, str]) -> None:
    """Raise ValueError unless two models have the same states and available actions.

    The message calls the models `both`, and `whose` says which of them differs.
    """
    for what in ("n_states", "n_actions"):
        sizes = getattr(one, what), getattr(two, what)
        if sizes[0] != sizes[1]:
            raise ValueError(f"{both} must have the same {what}, got {sizes[0]} and {sizes[1]}")
    for kind in ("state_names", "action_names"):
        named = getattr(one, kind), getattr(two, kind)
        if None not in named and named[0] != named[1]:
            i = next(i for i, (a, b) in enumerate(zip(*named, strict=True)) if a != b)
            raise ValueError(
                f"{both} must have the same {kind}: {i} is {named[0][i]!r:.60} {whose[0]} and "
                f"{named[1][i]!r:.60} {whose[1]}"
            )
    differs = np.argwhere(one.available != two.available)
    if len(differs):
        s, a = differs[0].tolist()
        has, lacks = whose if one.available[s, a] else whose[::-1]
        raise ValueError(
            f"state {one.state_name(s)}, action {one.action_name(a)}: available {has} and not "
            f"{lacks}; {both} must have the same actions"
        )


def _with_rewards(mdp: MDP, change: Callable[[Fraction], Fraction]) -> MDP:
    """Return the model with other rewards."""
    rows: list[Any] = [(s, a, t, p, change(r), *kind) for s, a, t, p, r, *kind in mdp.rows()]
    return MDP.of(replace(mdp.rows(), rows=rows))


def _mixed(low: MDP, high: MDP, x: Fraction) -> Iterator[Any]:
    """Yield the rows of (1 - x) low + x high."""
    ends = _outcomes(low), _outcomes(high)
    for key in ends[0] | ends[1]:
        one, two = (end.get(key, []) for end in ends)
        if one == two:
            mixture = one
        else:
            near = [((1 - x) * p, r) for p, r in one]
            far = [(x * p, r) for p, r in two]
            groups = zip(near, far, strict=True) if len(near) == len(far) else [(*near, *far)]
            mixture = [_mean(group) for group in groups]
        s, a, t, *kind = key
        yield from ((s, a, t, p, r, *kind) for p, r in mixture)


def _mean(parts: Sequence[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
    """Return the probability of some outcomes together, and their expected reward."""
    chance = sum((p for p, _ in parts), Fraction(0))
    return chance, sum((p * r for p, r in parts), Fraction(0)) / chance


def _outcomes(mdp: MDP) -> dict[_Kind, list[tuple[Fraction, Fraction]]]:
    """Return the probabilities and rewards of the transitions that differ in these only."""
    found: dict[_Kind, list[tuple[Fraction, Fraction]]] = {}
    for s, a, t, p, r, *kind in mdp.rows():
        found.setdefault((s, a, t, *kind), []).append((p, r))
    return found


def _check_affine(line: ModelLine, value: Fraction, made: MDP) -> None:
    """Raise ValueError unless a model equals that of the line at a value."""
    mixed, name = line.at(value), line.parameter.name
    ends = ("at the low end", f"at {name} = {value}")
    require_one_shape(line.low, made, "all models of a line", ends)
    for what, entries_of in (("probability of going on", _going_on), ("expected reward", _earned)):
        ours, theirs = entries_of(mixed), entries_of(made)
        for key in ours | theirs:
            expected, got = (entries.get(key, Fraction(0)) for entries in (ours, theirs))
            if expected != got:
                s, a, *to = key
                where = f"state {made.state_name(s)}, action {made.action_name(a)}"
                where += f", to {made.state_name(to[0])}" if to else ""
                where += f" in {counted(to[1], 'step')}" if len(to) > 1 else ""
                raise ValueError(
                    f"the model is not affine in {name}: {where}: at {name} = {value} the {what} "
                    f"is {got}, and on the straight line between both ends {expected}"
                )


def _going_on(mdp: MDP) -> dict[tuple[int, ...], Fraction]:
    found: dict[tuple[int, ...], Fraction] = {}
    for s, a, t, p, _, terminated, *kind in cast("Iterable[_Kind]", mdp.rows()):
        if not terminated:
            key = (s, a, t, *kind)
            found[key] = found.get(key, Fraction(0)) + p
    return found


def _earned(mdp: MDP) -> dict[tuple[int, ...], Fraction]:
    return {(s, a): reward for (s, a), reward in mdp.exact_r.items()}
