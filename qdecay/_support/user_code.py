"""User code: agents and environments, which may fail in any way.

Its exceptions are shown with their traceback, from the user's first line on.
"""

from __future__ import annotations

import importlib
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from qdecay.errors import InputError

_NOT_THEIRS = ("qdecay", "qdecay_envs", "gymnasium", "numpy", "scipy", "numba", "loky")
_STANDARD = Path(sysconfig.get_path("stdlib"))


class UserCodeError(InputError):
    """The user's own code raised an error.

    Attributes:
        shown: the traceback from the user's first line on; "" if none was reached.
    """

    def __init__(self, message: str, shown: str = "") -> None:
        super().__init__(message)
        self.shown = shown


@contextmanager
def user_code(what: str) -> Iterator[None]:
    """Turn any exception of the user's own code, including `exit`, into a UserCodeError.

    Its message is "`what` raised" and the error. Exceptions raised before any such line is reached
    pass through unchanged.
    """
    try:
        yield
    except UserCodeError:
        raise
    except (Exception, SystemExit) as error:
        theirs, shown = user_traceback(error)
        if theirs is None:
            raise
        raise UserCodeError(f"{what} raised {described(theirs)}", shown) from error


def import_user_module(module: str, name: str) -> ModuleType:
    """Import a module from the working folder or from installed packages.

    Args:
        module: its name.
        name: what was typed, for messages.

    Raises:
        InputError: there is no such module.
        UserCodeError: it raised an error while it was imported.
    """
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    if not all(part.isidentifier() for part in module.split(".")):
        raise InputError(f"{name}: {module!r} is not the name of a module, such as homework")
    try:
        with user_code(f"{name}: importing {module}"):
            return importlib.import_module(module)
    except (ImportError, ValueError, TypeError) as error:
        if isinstance(error, UserCodeError):
            raise
        raise InputError(f"{name}: {error}") from error


def import_user_function(text: str, takes: str) -> Callable[..., Any]:
    """Return the function that is named as `module:function`.

    Args:
        text: the name.
        takes: its expected arguments, for the message.

    Raises:
        InputError: it is not of that form, or there is no such module or function.
        UserCodeError: the module raised an error while it was imported.
    """
    module, _, name = text.partition(":")
    if not name:
        raise InputError(f"{text}: names no function of {takes}: write module:function")
    found: Any = getattr(import_user_module(module, text), name, None)
    if found is None:
        raise InputError(f"{text}: {module} has no attribute {name!r}")
    if not callable(found):
        raise InputError(f"{text}: is not a function of {takes}")
    return found  # type: ignore[no-any-return]


def described(error: BaseException) -> str:
    """Return an exception in one line: its type and its message.

    >>> described(ValueError("too small"))
    'ValueError: too small'
    """
    return " ".join(traceback.format_exception_only(error)[-1].split())


def user_traceback(error: BaseException) -> tuple[BaseException | None, str]:
    """Return what the user's own code raised, with its traceback from the user's first line on.

    It may be the cause of the caught error: Gymnasium wraps errors. None and "" if no user line was
    reached.
    """
    cause: BaseException | None = error
    while cause is not None:
        at = cause.__traceback__
        while at is not None and not _is_theirs(at.tb_frame.f_code.co_filename):
            at = at.tb_next
        if at is not None:
            return cause, "".join(traceback.format_exception(type(cause), cause, at))
        if isinstance(cause, SyntaxError) and cause.filename and _is_theirs(cause.filename):
            return cause, "".join(traceback.format_exception_only(cause))
        cause = cause.__cause__ or cause.__context__
    return None, ""


def _is_theirs(file: str) -> bool:
    if file.startswith("<"):  # the import system, and code that dataclasses generate
        return False
    folders = Path(file).parents
    if _STANDARD in folders and not {"site-packages", "dist-packages"} & set(Path(file).parts):
        return False
    homes = (sys.modules[name].__file__ for name in _NOT_THEIRS if name in sys.modules)
    return not any(Path(home).parent in folders for home in homes if home)
