"""SOURCE: what a command works on, from the text a person typed.

A path of an MDP or layout file (`.json`), of an `.npz` with P and R, of a PRISM `.tra` with its
rewards beside it, of a `.umb`, or else a registered Gymnasium id with keyword arguments.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qdecay._support.notes import held, note
from qdecay._support.user_code import UserCodeError, user_code
from qdecay.errors import InputError

if TYPE_CHECKING:
    import gymnasium as gym

    from qdecay.model.mdp import MDP
    from qdecay_envs.layout import ChainLayout

HOMEWORK = (
    "qdecay/StayOrMove-v0",
    "qdecay/LeftOrRight-v0",
    "qdecay/ShortDelay-v0",
    "qdecay/LongDelay-v0",
)
"""The four homework problems: A, B, C top, C bottom."""


_OF_GYMNASIUM = r"\x1b\[\d+mWARN: "  # how the warnings of its own logger begin
_PLAIN = "\x1b[0m"
_SHOWN = 40  # characters of a value of -k that a message repeats


@dataclass(frozen=True)
class Source:
    """Something that a person named: a file or a Gymnasium id.

    Attributes:
        text: what was typed.
        options: keyword arguments for `gymnasium.make`, as values or as `Typed`; only with an id
            or a layout.
    """

    text: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path | None:
        """The file that `text` names, or None where it is an id."""
        path = Path(self.text)
        is_named = path.suffix in (".json", ".npz", ".tra", ".umb")
        # A folder may be called as an id is; of pipes and devices the reader says what is wrong.
        return path if is_named or (path.exists() and not path.is_dir()) else None

    def env(self) -> gym.Env[Any, Any]:
        """Return the environment: of the id, or of the layout file.

        Raises:
            InputError: the id or its arguments are wrong, or the file is no layout.
        """
        if self.path is None:
            return _make(self.text, self.options)
        from qdecay_envs.chain import ChainEnv

        layout = self._layout()
        try:
            return ChainEnv(layout, **self._layout_options())
        except (ValueError, TypeError) as error:
            raise _named(self.text, error) from error

    def mdp(self) -> MDP:
        """Return the exact model.

        Raises:
            InputError: the source cannot be read as a finite model; one line says why.
        """
        from qdecay.model.mdp import MDP

        return self._model(MDP)

    def float_mdp(self) -> MDP:
        """Return the model in floats: arrays and tables are read as they are, at any size.

        Raises:
            InputError: as `mdp`.
        """
        from qdecay.model.float_mdp import FloatMDP

        return self._model(FloatMDP)

    def _model(self, kind: type[MDP]) -> MDP:
        try:
            if self.path is None:
                with held(), user_code(f"{self.text}: it"):
                    return kind.from_env(self.env())
            if self._schema() == "qdecay.layout":
                return kind.from_layout(self._layout(), **self._layout_options())
            self._no_options()
            return kind.load(self.path)
        except (ValueError, TypeError) as error:
            raise _named(self.text, error) from error

    def _layout_options(self) -> dict[str, Any]:
        """The options as `ChainEnv` takes them beside its layout."""
        from qdecay.model.environment_arguments import checked_arguments
        from qdecay_envs.chain import ChainEnv

        given = checked_arguments(self.text, self.options, ChainEnv)
        if "layout" in given:
            raise InputError(f"{self.text}: is the layout: leave out -k layout")
        return given

    def _layout(self) -> ChainLayout:
        from qdecay_envs.layout import ChainLayout

        assert self.path is not None
        try:
            return ChainLayout.load(self.path)
        except (ValueError, TypeError) as error:
            raise _named(self.text, error) from error

    def _no_options(self) -> None:
        if self.options:
            raise InputError(f"{self.text}: -k goes with a Gymnasium id or a layout, not an MDP")

    def _schema(self) -> str:
        """The name of the file's schema without its version, or "" where it is no layout's."""
        from qdecay_envs.files import read_text
        from qdecay_envs.jsonfile import MAX_BYTES, read_json

        assert self.path is not None
        if self.path.suffix in (".npz", ".tra", ".umb"):
            return ""
        if "qdecay.layout" not in read_text(self.path, MAX_BYTES):
            return ""  # a large model is not parsed twice
        document = read_json(self.path)
        schema = document.get("schema") if isinstance(document, dict) else None
        return schema.split("/")[0] if isinstance(schema, str) else ""


def _make(text: str, options: Mapping[str, Any]) -> gym.Env[Any, Any]:
    """Make what a Gymnasium id names; what its version or its code warns of is told as notes."""
    import gymnasium as gym
    from gymnasium.envs.registration import load_env_creator

    from qdecay.model.environment_arguments import checked_arguments
    from qdecay.model.registered import spec_of

    spec = spec_of(text)
    try:
        with user_code(f"{text}: it"), _told_warnings(text):
            entry = spec.entry_point
            creator = load_env_creator(entry) if isinstance(entry, str) else entry
            given = checked_arguments(text, options, creator, spec.kwargs, maker=gym.make)  # type: ignore[arg-type]
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


@contextmanager
def _told_warnings(text: str) -> Iterator[None]:
    """Print the warnings as notes, once what they are about is made."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message=_OF_GYMNASIUM)
        yield
    for warning in caught:
        note(f"{text}: {re.sub(_OF_GYMNASIUM, '', str(warning.message)).removesuffix(_PLAIN)}")


def _named(text: str, error: Exception, options: Mapping[str, Any] = {}) -> InputError:
    """Return the error with the source's name, and the arguments where those may be its cause."""
    if isinstance(error, UserCodeError):
        return error
    line = _line(error)
    if options:
        pairs = " ".join(f"-k {key}={_typed(value):.{_SHOWN}}" for key, value in options.items())
        return InputError(f"{text}: cannot be made with {pairs}: {line}")
    return InputError(line if line.startswith(text) else f"{text}: {line}")


def _typed(value: Any) -> str:
    return str(getattr(value, "text", value))


def _line(error: Exception) -> str:
    # gymnasium.make adds where it was raised and with which arguments, at any length.
    line = " ".join(str(error).split()).partition(" was raised from the environment creator")[0]
    if isinstance(error, LookupError | ArithmeticError | AssertionError):  # they say little
        return f"{type(error).__name__}: {line}"
    return line


def parse_options(pairs: list[str]) -> dict[str, Any]:
    """Return the keyword arguments written as name=value, each as it was `Typed`.

    >>> options = parse_options(["is_slippery=False", "map_name=8x8", "slip=1/10"])
    >>> {name: typed.value for name, typed in options.items()}
    {'is_slippery': False, 'map_name': '8x8', 'slip': '1/10'}

    Raises:
        InputError: a pair has no name or no "=", or a name stands twice.
    """
    from qdecay.model.environment_arguments import Typed

    options: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            raise InputError(f"-k {pair}: write name=value")
        if name in options:
            raise InputError(f"-k {pair}: {name} is given twice")
        options[name] = Typed.read(text)
    return options
