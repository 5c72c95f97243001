"""The identity of an agent's version: answers of one version are not reused for another.

Its code is the source of the module that defines the trainer, together with the values that the
trainer was created with: its closure, the arguments of a `functools.partial`, the attributes of a
callable object. For a function typed in a notebook it is the function's own source; without source,
its bytecode. Imported code is not included.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from numbers import Number
from pathlib import Path
from typing import Any, Self

import numpy as np

_PLAIN = (type(None), Number, str, bytes)


@dataclass(frozen=True)
class Identity:
    """What distinguishes two versions of an agent.

    Attributes:
        code: a digest of its code, or None if that cannot be read.
        versions: those of qdecay and of the packages listed in `train.packages`.
        tag: the user's label for this version, or None.
    """

    code: str | None
    versions: Mapping[str, str]
    tag: str | None

    @classmethod
    def of(cls, train: Callable[..., Any], tag: str | None) -> Self:
        """Return the identity of a trainer."""
        names = ("qdecay", *getattr(train, "packages", ()))
        return cls(_digest(train), {name: _version(name) for name in names}, tag)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self | None:
        """Read a store's header; None for headers written before identities were recorded."""
        versions = document.get("versions")
        if not isinstance(versions, dict):
            return None
        return cls(document.get("code"), versions, document.get("version_tag"))

    def to_json(self) -> dict[str, Any]:
        """Return the store's header."""
        return {"code": self.code, "versions": dict(self.versions), "version_tag": self.tag}

    def changes(self, before: Self | None) -> str:
        """Return what has changed, such as "its code, qdecay 0.1 -> 0.2"; "" if nothing has."""
        if before is None:
            return "its version was not recorded"
        names = {**before.versions, **self.versions}
        pairs = [(n, before.versions.get(n, "none"), self.versions.get(n, "none")) for n in names]
        found = [f"{name} {old} -> {new}" for name, old, new in pairs if old != new]
        if before.tag != self.tag:
            found.append(f"version tag {before.tag or 'none'} -> {self.tag or 'none'}")
        if before.code != self.code:
            found.insert(0, "its code")
        return ", ".join(found)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # a checkout that is not installed
        return "unknown"


def _digest(train: Callable[..., Any]) -> str | None:
    """Return a digest of a trainer's code, or None if it has no readable code."""
    if not _has_code(inspect.unwrap(train)):
        return None
    text = json.dumps(_content(train, set()), sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _has_code(train: Any) -> bool:
    """Whether it is a Python function or is called through one; a C function has no code."""
    if isinstance(train, functools.partial):
        return _has_code(train.func)
    if isinstance(train, types.FunctionType | types.MethodType):
        return True
    if isinstance(train, type):
        return _source(train) is not None
    return isinstance(inspect.getattr_static(train, "__call__", None), types.FunctionType)


def _content(value: Any, seen: set[int]) -> Any:
    """Return a value's content as JSON, without parts that may differ between processes."""
    kind = type(value).__qualname__
    if isinstance(value, _PLAIN):
        return [kind, repr(value)]
    if id(value) in seen:  # it contains itself, or was described before
        return kind
    seen.add(id(value))
    if isinstance(value, list | tuple):
        return [kind, [_content(entry, seen) for entry in value]]
    if isinstance(value, set | frozenset):
        return [kind, sorted(json.dumps(_content(entry, seen)) for entry in value)]
    if isinstance(value, dict):
        return [kind, [[str(key), _content(entry, seen)] for key, entry in value.items()]]
    if isinstance(value, functools.partial):
        return [kind, _content([value.func, value.args, value.keywords], seen)]
    if isinstance(value, types.MethodType):
        return [kind, _content([value.__func__, value.__self__], seen)]
    if isinstance(value, types.FunctionType):
        inside = [cell.cell_contents for cell in value.__closure__ or () if _is_full(cell)]
        made_with = [inside, value.__defaults__, value.__kwdefaults__]
        code = _source(value) or _bytecode(value.__code__)
        return [kind, value.__qualname__, code, _content(made_with, seen)]
    if isinstance(value, type):
        return [kind, value.__qualname__, _source(value)]
    if isinstance(value, np.ndarray):
        content = hashlib.sha256(value.tobytes()).hexdigest()
        return [kind, value.shape, str(value.dtype), content]
    plain = {name: own for name, own in _attributes(value).items() if _is_simple(own)}
    return [kind, _source(type(value)), _content(plain, seen)]


def _attributes(value: Any) -> dict[str, Any]:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return getattr(value, "__dict__", {})


def _is_full(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a name that is not bound yet
        return False


def _is_simple(value: Any) -> bool:
    """Whether it is a number, a text, a function, a class or a dataclass, or a few of them."""
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_simple, value))
    if isinstance(value, dict):
        return all(map(_is_simple, value.values()))
    return is_dataclass(value) or isinstance(
        value, (*_PLAIN, types.FunctionType, types.MethodType, type)
    )


def _source(thing: Any) -> str | None:
    """Return a digest of the file that defines a function or class; in a notebook, of its
    source."""
    try:
        data = Path(inspect.getsourcefile(thing) or "").read_bytes()
    except (OSError, TypeError):
        try:
            data = inspect.getsource(thing).encode()
        except (OSError, TypeError):
            return None
    return hashlib.sha256(data).hexdigest()


def _bytecode(code: types.CodeType) -> list[Any]:
    """Return the bytecode of a function without source."""
    inner = [_bytecode(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    return [code.co_code.hex(), list(code.co_names), inner]
