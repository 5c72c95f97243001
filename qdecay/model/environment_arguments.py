"""Keyword arguments of an environment as users write them, checked against its signature.

A shell only has text, and Python treats any nonempty text as true: `is_slippery=no` would select
the slippery lake. So a value that stays text is passed on only if the environment accepts text, and
a value of a type that the signature does not name is refused.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import inspect
import json
import types
import typing
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from fractions import Fraction
from typing import Any

from qdecay.errors import InputError

_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
_EXAMPLES = {bool: "false", int: "4", float: "0.5"}
_SCALARS = {*_NAMES, type(None)}
_UNKNOWN: Any = object()
_CALLABLE: Any = Callable
_LONGEST = 40  # characters of a value that a message repeats


@dataclass(frozen=True)
class Typed:
    """A value typed as text.

    Attributes:
        text: what was typed.
        value: its value as JSON or else as a Python literal; the text if it is neither.
    """

    text: str
    value: Any

    @classmethod
    def read(cls, text: str) -> Typed:
        """Parse the typed text.

        >>> [Typed.read(text).value for text in ("false", "False", "8x8", "1/10", '"1"')]
        [False, False, '8x8', '1/10', '1']
        """
        for read in (json.loads, ast.literal_eval):
            try:
                with warnings.catch_warnings(action="ignore"):  # for syntax such as 1or 2
                    return cls(text, read(text))
            except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
                continue
        return cls(text, text)

    @property
    def is_bare(self) -> bool:
        """Whether it is unquoted text."""
        return isinstance(self.value, str) and self.value == self.text


@dataclass(frozen=True)
class _Parameter:
    """What is known about an argument.

    Attributes:
        kinds: the types of its annotation, or of its default if there is none; empty if unknown.
        default: its default, or `_UNKNOWN`.
    """

    kinds: frozenset[Any]
    default: Any = _UNKNOWN

    @property
    def takes_text(self) -> bool:
        return str in self.kinds or isinstance(self.default, str)

    @property
    def may_take_text(self) -> bool:
        """Whether the argument may be text although the signature does not mention it."""
        return self.takes_text or not self.kinds or self._takes_more

    @property
    def _takes_more(self) -> bool:
        return any(kind not in _SCALARS and not _is_closed(kind) for kind in self.kinds)

    @property
    def members(self) -> dict[str, Enum]:
        """The members of its Enums, by name."""
        enums = (kind for kind in self.kinds if issubclass(kind, Enum))
        return {name: member for enum in enums for name, member in enum.__members__.items()}

    def takes(self, value: Any) -> bool:
        """Whether the signature accepts a value; True if it says nothing."""
        kinds = self.kinds
        if isinstance(value, str):
            return self.takes_text or not kinds
        if not kinds or (value is None and self.default is None):
            return True
        if isinstance(value, bool):
            return bool in kinds
        if isinstance(value, int) and {int, float} & kinds:
            return True
        if isinstance(value, list | tuple | dict | set | bytes | complex):
            return self._takes_more
        return any(isinstance(value, kind) for kind in kinds)

    def wanted(self) -> str:
        """Describe what it accepts, for a message."""
        if not self.kinds:
            return "JSON, or text in quotes"
        scalars = self.kinds - {int} if float in self.kinds else self.kinds
        names = [text for kind, text in _NAMES.items() if kind in scalars]
        names += self.members
        names += sorted(
            {
                _shown_kind(kind)
                for kind in self.kinds - _SCALARS
                if not issubclass(kind, Enum) and (not _is_closed(kind) or not names)
            }
        )
        return " or ".join(names) or "None"


def _is_closed(kind: type) -> bool:
    """Whether no text can represent an object of a type."""
    return issubclass(kind, Enum) or dataclasses.is_dataclass(kind) or kind is _CALLABLE


def _shown_kind(kind: type) -> str:
    if _is_closed(kind):
        return f"a Python object ({kind.__name__})"
    if issubclass(kind, Mapping):
        return "a JSON object"
    return "a list" if issubclass(kind, Iterable) else kind.__name__


def checked_arguments(
    name: str,
    given: Mapping[str, Any],
    creator: Callable[..., Any],
    defaults: Mapping[str, Any] = {},
    maker: Callable[..., Any] | None = None,
) -> dict[str, Any]:
    """Return the arguments as values, checked against the signature.

    Args:
        name: the environment, for messages.
        given: values, or `Typed` text.
        creator: what accepts the arguments, such as the environment's class.
        defaults: the arguments that the environment is registered with.
        maker: what calls `creator`, and has its own arguments.

    Raises:
        InputError: an argument is unknown, or a value has a type that it does not accept.
    """
    known, is_open = _known(creator, defaults, maker)
    result = {}
    for key, value in given.items():
        if not is_open:
            _check_known(name, key, known)
        result[key] = _value(name, key, value, known.get(key, _Parameter(frozenset())))
    return result


def check_argument(
    name: str,
    key: str,
    others: Iterable[str],
    creator: Callable[..., Any],
    defaults: Mapping[str, Any] = {},
    maker: Callable[..., Any] | None = None,
) -> None:
    """Raise InputError if there is no argument `key`; the message lists the others as well.

    The other arguments are those of `checked_arguments`.
    """
    known, is_open = _known(creator, defaults, maker)
    if not is_open:
        _check_known(name, key, known if key in known else [*known, *others])


def _known(
    creator: Callable[..., Any], defaults: Mapping[str, Any], maker: Callable[..., Any] | None
) -> tuple[dict[str, _Parameter], bool]:
    """Return the arguments by name, and whether there may be others."""
    known, is_open = _parameters(creator)
    if maker is not None:
        also = {key: value for key, value in _parameters(maker)[0].items() if key != "id"}
        known = known | {key: value for key, value in also.items() if key not in known}
    for key, value in defaults.items():
        own = _default_kinds(value)
        before = known.get(key, _Parameter(own))
        known[key] = _Parameter(before.kinds if before.takes(value) else before.kinds | own, value)
    return known, is_open


def _check_known(name: str, key: str, known: Collection[str]) -> None:
    if key not in known:
        close = get_close_matches(key, known, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise InputError(f"{name}: has no argument {key:.{_LONGEST}}; {meant}{_listed(known)}")


def _listed(known: Collection[str]) -> str:
    return f"known: {', '.join(known)}" if known else "it takes none"


def _value(name: str, key: str, given: Any, parameter: _Parameter) -> Any:
    typed = given if isinstance(given, Typed) else None
    value = typed.value if typed else given
    if isinstance(value, Fraction) and not parameter.takes(value):
        value = int(value) if value.denominator == 1 else float(value)  # the nearest one
    if isinstance(value, str) and value in parameter.members:
        return parameter.members[value]
    if typed and typed.is_bare:
        fits = parameter.takes_text
    elif typed and isinstance(value, str):  # quotes mean text
        fits = parameter.may_take_text
    else:
        fits = parameter.takes(value)
    if fits:
        return value
    if typed and str in parameter.kinds and not isinstance(value, list | tuple | dict):
        return typed.text  # such as map_name=8, or an exact number, which may be text
    if isinstance(given, Fraction):
        got = f"got {given}" if {int, float} & parameter.kinds else "not numbers"
        raise InputError(f"{name}: {key} takes {parameter.wanted()}, {got}")
    shown = f"{typed.text if typed else repr(value):.{_LONGEST}}"
    raise InputError(
        f"{name}: {key} takes {parameter.wanted()}, got {shown}: "
        f"{_advice(key, value, parameter, is_bare=typed is not None and typed.is_bare)}"
    )


def _advice(key: str, value: Any, parameter: _Parameter, *, is_bare: bool) -> str:
    """Say how to write a value that the argument accepts."""
    kinds = parameter.kinds
    quoted = f"""or {key}='"{value:.{_LONGEST}}"' where text is meant""" if is_bare else ""
    examples = [text for kind, text in _EXAMPLES.items() if kind in kinds] + [*parameter.members]
    if isinstance(value, float) and value.is_integer() and int in kinds:
        example = f"{key}={int(value)}"
    elif isinstance(value, float) and str in kinds:
        example = f'{key}="{value}"'
    elif examples:
        example = f"{key}={examples[0]}"
    elif kinds and not parameter.may_take_text:
        return "text cannot represent such an object, so omit it"
    else:
        example = f"{key}='[1, 0]' or other JSON"
    return f"write {example}" + (f", {quoted}" if quoted and parameter.may_take_text else "")


def _parameters(creator: Callable[..., Any]) -> tuple[dict[str, _Parameter], bool]:
    """Return the keyword arguments by name, and whether there may be others."""
    found: dict[str, _Parameter] = {}
    functions = _functions(creator)
    for function in functions:
        try:
            parameters = inspect.signature(function).parameters
        except (TypeError, ValueError):  # for functions not written in Python
            return found, True
        hints = _hints(function)
        passes_on = False
        for name, p in parameters.items():
            if p.kind is p.VAR_KEYWORD:
                listed = _unpacked(hints.get(name))
                passes_on = listed is None
                found = {**(listed or {}), **found}
            elif p.kind not in (p.VAR_POSITIONAL, p.POSITIONAL_ONLY) and name not in found:
                default = _UNKNOWN if p.default is p.empty else p.default
                kinds = _kinds(hints[name]) if name in hints else _default_kinds(default)
                found[name] = _Parameter(kinds, default)
        if not passes_on:
            break
    found.pop("self", None)
    return found, passes_on or function is not functions[0]


def _functions(creator: Callable[..., Any]) -> list[Callable[..., Any]]:
    """Return the function, or the constructors of a class and its bases, to which `**kwargs` passes
    on."""
    if not isinstance(creator, type):
        return [creator]
    return [vars(base)["__init__"] for base in creator.__mro__ if "__init__" in vars(base)]


class _Names(dict[str, Any]):
    """Names of annotations; one that only a type checker imports means any type."""

    def __missing__(self, name: str) -> Any:
        return Any


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    names = _Names(vars(builtins) | getattr(function, "__globals__", {}))
    try:
        return typing.get_type_hints(function, localns=names)
    except Exception:  # annotations may be anything
        return {}


def _unpacked(hint: Any) -> dict[str, _Parameter] | None:
    """Return the arguments of `**options: Unpack[SomeTypedDict]`, or None for anything else."""
    (options,) = typing.get_args(hint) or (None,)
    if not typing.is_typeddict(options):
        return None
    return {name: _Parameter(_kinds(kind)) for name, kind in typing.get_type_hints(options).items()}


def _default_kinds(default: Any) -> frozenset[Any]:
    """Return the types implied by a default; empty if it may be one of several kinds."""
    kind = type(default)
    if kind is int:
        return frozenset({int, float})
    return frozenset({kind} if kind in (bool, float) or _is_closed(kind) else ())


def _kinds(hint: Any) -> frozenset[Any]:
    """Return the types of an annotation; empty if one of them may be anything."""
    parts = (
        typing.get_args(hint)
        if typing.get_origin(hint) in (typing.Union, types.UnionType)
        else (hint,)
    )
    kinds = set()
    for part in parts:
        origin = typing.get_origin(part)
        if origin is typing.Literal:
            kinds |= {type(value) for value in typing.get_args(part)}
        elif origin in (typing.Union, types.UnionType):
            kinds |= _kinds(part)
        else:
            kinds.add(origin or part)
    if {Any, object} & kinds or not all(isinstance(kind, type) for kind in kinds):
        return frozenset()
    return frozenset(kinds)
