"""SOURCE: the model of a command, from the text the user typed.

A path of a layout, a grid or a model (see `MDP.load`), or else a registered Gymnasium id, or a
class as `module:Class`, with keyword arguments.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec, load_env_creator

from qdecay._support.notes import deferred_notes, note
from qdecay._support.one_line import one_line
from qdecay._support.user_code import UserCodeError, import_user_function, user_code
from qdecay.errors import InputError
from qdecay.model.empirical import estimated
from qdecay.model.environment_arguments import Typed, check_argument, checked_arguments
from qdecay.model.float_mdp import FloatMDP
from qdecay.model.layouts import KINDS, Layout, LayoutKind, env_of_layout, kind_of, kind_of_document
from qdecay.model.mdp import MDP
from qdecay.model.readers.env_table import is_known_by_rules
from qdecay.model.readers.files import SUFFIXES
from qdecay.model.readers.simulator.reading import REWARDS
from qdecay.model.reading import ReadingOptions
from qdecay.model.registered import spec_of
from qdecay_envs.files import ending_of, read_text
from qdecay_envs.jsonfile import MAX_BYTES, read_json

HOMEWORK = (
    "qdecay/StayOrMove-v0",
    "qdecay/LeftOrRight-v0",
    "qdecay/ShortDelay-v0",
    "qdecay/LongDelay-v0",
)
"""The four homework problems: A, B, C top, C bottom."""


_OF_GYMNASIUM = r"\x1b\[\d+mWARN: "  # the beginning of warnings by its logger
_PLAIN = "\x1b[0m"
_FLAGS = {"minimise": "costs"}  # options of the shell that have another name than in Python
_SHOWN = 40  # characters of an argument's value that a message shows
_Model = TypeVar("_Model", MDP, FloatMDP)


@dataclass(frozen=True)
class Source:
    """A file or Gymnasium id that the user named; everything is built from it only once.

    Attributes:
        text: what was typed.
        options: keyword arguments for `gymnasium.make`, as values or as `Typed`; only with an id
            or a layout; a grid is a layout too.
        reading: how numbers are read, see `qdecay.model.reading`; not with a layout.
        reward: the name of the reward structure, if a file has several; for an environment that is
            explored, the function that gives rewards, as `module:function`.
        exploring: the arguments of `MDP.from_simulator`, if an environment is to be explored; None
            means that its table is read.
    """

    text: str
    options: Mapping[str, Any] = field(default_factory=dict)
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    reward: str | None = None
    exploring: Mapping[str, Any] | None = None

    @property
    def path(self) -> Path | None:
        """The file that `text` names, or None if it is an id."""
        path = Path(self.text)
        is_named = ending_of(path) in SUFFIXES
        # A folder may have the name of an id; the reader reports pipes and devices. Unlike
        # `exists` of Path, that of os takes any text.
        return path if is_named or (os.path.exists(path) and not path.is_dir()) else None  # noqa: PTH110

    @property
    def names_env(self) -> bool:
        """Whether it names an environment: an id or a layout, not a model.

        Raises:
            InputError: there is no such file.
        """
        with self._named_errors():
            return self.path is None or self._kind is not None

    def world(self) -> gym.Env[Any, Any] | MDP:
        """Return what a learner learns in: the environment, or the model of anything else.

        It is also the model if that is not read from the environment's table.
        """
        read_otherwise = bool(self.reading) or self.exploring is not None
        if read_otherwise or not self.names_env:
            return self.mdp()
        env = self.env()
        return self.mdp() if not isinstance(env, gym.Env) or is_known_by_rules(env) else env

    def env(self) -> Any:
        """Return the environment of the id, the class or the layout file.

        It is a Gymnasium environment, unless a class has another base.

        Raises:
            InputError: the id or its arguments are invalid, or the file is not a layout.
        """
        return self._env

    def check_argument(self, name: str, others: Iterable[str] = ()) -> None:
        """Raise InputError if the environment has no argument of a name.

        Args:
            others: what else might have been meant, besides its arguments.
        """
        with self._named_errors(), deferred_notes():
            if self.path is not None:
                check_argument(self.text, name, others, kind_of(self._layout).env)
                return
            spec = spec_of(self.text)
            with user_code(f"{self.text}: it"):
                creator = _creator(spec)
            check_argument(self.text, name, others, creator, spec.kwargs, maker=gym.make)

    def mdp(self) -> MDP:
        """Return the exact model.

        Raises:
            InputError: the source cannot be read as a finite model; one line says why.
        """
        return self._mdp

    def float_mdp(self) -> FloatMDP:
        """Return the model in floats: arrays and tables are read unchanged, at any size.

        Raises:
            InputError: as `mdp`.
        """
        return self.model(FloatMDP)

    @cached_property
    def _env(self) -> Any:
        with self._named_errors():
            if self.path is None:
                return _make(self.text, self.options)
            if self._kind is None:
                raise ValueError(
                    "is neither a layout nor a grid, and does not describe an environment"
                )
            options = layout_options(self.text, self._layout, self.options)
            return env_of_layout(self._layout, **options)

    @cached_property
    def _mdp(self) -> MDP:
        return self.model(MDP)

    @cached_property
    def _layout(self) -> Layout:
        assert self.path is not None
        assert self._kind is not None
        with self._named_errors():
            return self._kind.layout.load(self.path)

    def model(self, kind: type[_Model]) -> _Model:
        """Return the model of one kind: `MDP` or `FloatMDP`.

        Raises:
            InputError: as `mdp`.
        """
        with self._named_errors():
            made = self._read(kind)
        for remark in made.remarks:
            note(f"{self.text}: {remark}")
        if made.visits:
            note(f"{self.text}: {estimated(made.visits)}")
        return made

    def _read(self, kind: type[_Model]) -> _Model:
        """Return the model; errors other than an InputError do not name the source."""
        if kind is FloatMDP and "numbers" in self.reading:
            raise InputError("--numbers applies to exact models: --numeric takes floats unchanged")
        reading: Any = self.reading  # without `numbers`, both kinds accept it
        if self.names_env:
            if self.exploring is not None:
                return self._explored(kind, {**self.exploring, **reading})
            if self.reward is not None:
                raise InputError("--reward applies to a file of several rewards, or to --explore")
        elif self.exploring is not None:
            raise InputError("--explore applies to an environment, not to a file of a model")
        if self.path is None:
            with deferred_notes(), user_code(f"{self.text}: it"):
                made = kind.from_env(self.env(), **reading)
            return made if made.name in gym.registry else replace(made, name=self.text)
        if self.names_env:
            if reading:
                flag = _FLAGS.get(next(iter(reading)), next(iter(reading)))
                what = kind_of(self._layout).argument
                raise InputError(f"--{flag} applies to a model or a Gymnasium id, not to a {what}")
            options = layout_options(self.text, self._layout, self.options)
            made = kind.from_layout(self._layout, **options)
            return replace(made, name=self.text)
        if self.options:
            wrong = _written(*next(iter(self.options.items())))
            raise InputError(f"{wrong} applies to a Gymnasium id or a layout, not an MDP")
        return kind.load(self.path, reward=self.reward, **reading)

    def _explored(self, kind: type[_Model], how: Mapping[str, Any]) -> _Model:
        """Return the model of the environment, found by exploring."""
        reward = REWARDS.get(self.reward or "")
        if self.reward is not None and reward is None:
            takes = "(observation, action, reward, next_observation, terminated)"
            reward = import_user_function(self.reward, takes)
        with user_code(f"{self.text}: it"):
            made = kind.from_simulator(self.env(), reward=reward, **how)
        return replace(made, name=self.text)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Turn other errors into an InputError that names the source."""
        try:
            yield
        except (ValueError, TypeError) as error:
            raise _named(self.text, error) from error

    @cached_property
    def _kind(self) -> LayoutKind | None:
        """The kind of layout in the file, or None if it is not a layout."""
        assert self.path is not None
        if ending_of(self.path) in SUFFIXES[1:]:
            return None
        text = read_text(self.path, MAX_BYTES)
        if not any(schema in text for schema in KINDS):
            return None  # a large model is not parsed twice
        return kind_of_document(read_json(self.path))


def layout_options(name: str, layout: Layout, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a layout's environment as values.

    Raises:
        InputError: one of them is unknown or of the wrong kind; the message begins with `name`.
    """
    kind = kind_of(layout)
    given = checked_arguments(name, options, kind.env)
    if kind.argument in given:
        wrong = _written(kind.argument, options[kind.argument])
        raise InputError(f"{name}: already is the {kind.argument}: omit {wrong}")
    return given


def _make(text: str, options: Mapping[str, Any]) -> Any:
    """Make the environment of an id or a class; warnings of Gymnasium and of its code become
    notes."""
    spec = spec_of(text)
    try:
        with user_code(f"{text}: it"), _told_warnings(text):
            creator = _creator(spec)
            given = checked_arguments(text, options, creator, spec.kwargs, maker=gym.make)
            if isinstance(creator, type) and not issubclass(creator, gym.Env):
                return creator(**{**spec.kwargs, **given})  # not a class that Gymnasium would make
            return gym.make(spec, **given)
    except InputError:
        raise
    except (ImportError, gym.error.Error) as error:
        raise _named(text, error) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise _named(text, error, options) from error
    except (LookupError, ArithmeticError, AssertionError) as error:
        if not options:
            raise
        raise _named(text, error, options) from error


def _creator(spec: EnvSpec) -> Callable[..., Any]:
    """Return what makes the environment: its class, or a function."""
    entry: Any = spec.entry_point
    return load_env_creator(entry) if isinstance(entry, str) else entry


@contextmanager
def _told_warnings(text: str) -> Iterator[None]:
    """Print the warnings as notes, once their object has been created."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message=_OF_GYMNASIUM)
        yield
    for warning in caught:
        note(f"{text}: {re.sub(_OF_GYMNASIUM, '', str(warning.message)).removesuffix(_PLAIN)}")


def _named(text: str, error: Exception, options: Mapping[str, Any] = {}) -> InputError:
    """Return the error with the source's name, and the arguments if they may be its cause."""
    if isinstance(error, UserCodeError):
        return error
    line = _line(error)
    if options:
        pairs = " ".join(_written(key, value) for key, value in options.items())
        return InputError(f"{text}: cannot be made with {pairs}: {line}")
    line, name = one_line(line), one_line(text) or repr(text)
    return InputError(line if line.startswith(name) else f"{name}: {line}")


def _written(name: str, value: Any) -> str:
    """Return an argument as it was written, in a shell or in Python."""
    if isinstance(value, Typed):
        return f"-k {name}={value.text:.{_SHOWN}}"
    if isinstance(value, Fraction):
        return f"{name}={value}"
    return f"{name}={' '.join(repr(value).split()):.{_SHOWN}}"


def _line(error: Exception) -> str:
    # gymnasium.make adds where it was raised and with which arguments, at any length.
    line = " ".join(str(error).split()).partition(" was raised from the environment creator")[0]
    if isinstance(error, LookupError | ArithmeticError | AssertionError):  # they say little
        return f"{type(error).__name__}: {line}"
    return line


def parse_options(pairs: list[str]) -> dict[str, Any]:
    """Return the keyword arguments written as name=value, each as `Typed`.

    >>> options = parse_options(["is_slippery=False", "map_name=8x8", "slip=1/10"])
    >>> {name: typed.value for name, typed in options.items()}
    {'is_slippery': False, 'map_name': '8x8', 'slip': '1/10'}

    Raises:
        InputError: a pair has no name or no "=", or a name appears twice.
    """
    options: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            raise InputError(f"-k {pair}: write name=value")
        if name in options:
            raise InputError(f"-k {pair}: {name} is given twice")
        options[name] = Typed.read(text)
    return options
