"""A time limit, and the error when it runs out."""

from __future__ import annotations

import _thread
import contextlib
import gc
import math
import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from inspect import CO_GENERATOR
from types import FrameType
from typing import Any

from qdecay._support.checks import RealLike, real
from qdecay.errors import BudgetExceeded

_started: ContextVar[float | None] = ContextVar("started", default=None)
_RETRY_SECONDS = 1.0  # seconds: the first interrupt may have been lost
_UNNOTICED_SECONDS = 0.01  # seconds until one counts as lost
_WORTH_SAYING_SECONDS = 1.0  # seconds beyond a limit that the user should hear of


class Deadline:
    """Raises `BudgetExceeded` once `max_seconds` have passed; None means no limit."""

    def __init__(self, max_seconds: RealLike | None = None) -> None:
        if max_seconds is not None:
            max_seconds = real(max_seconds, "max_seconds", "> 0", infinite=True)
        self.max_seconds = max_seconds
        begun = _started.get()
        self.started: float = time.monotonic() if begun is None else begun

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def left(self) -> float:
        """Seconds until the time is up; infinity without a limit."""
        return math.inf if self.max_seconds is None else self.max_seconds - self.spent

    @property
    def rest(self) -> float | None:
        """The `max_seconds` to give a function called now so that it ends with this deadline: the
        same if all deadlines share a clock, otherwise what is left, > 0."""
        if self.max_seconds is None or self.started == _started.get():
            return self.max_seconds
        return max(self.left, 1e-9)

    def check(self) -> None:
        """Raise if the time is up."""
        if self.left < 0:
            raise self.exceeded()

    def exceeded(self, known: str = "", best: Any = None) -> BudgetExceeded:
        """Return the error, with what is known so far."""
        text = f"stopped: the limit of {self.max_seconds:g} s was reached"
        if self.left < -_WORTH_SAYING_SECONDS:
            text += f", in a step that ended after {self.spent:.1f} s"
        error = BudgetExceeded(text, best, max_seconds=self.max_seconds)
        return error.knowing(known, best) if known else error


@contextmanager
def time_limit(max_seconds: float | None) -> Iterator[None]:
    """Start the clock of every `Deadline` created inside, and also stop code that checks none.

    Readers and single steps of exact arithmetic never check: there the main thread is interrupted
    as if by Ctrl-C. Other threads only share the clock.

    Args:
        max_seconds: the limit, > 0; None means no limit.

    Raises:
        BudgetExceeded: the time is up.
    """
    if max_seconds is None:
        yield
        return
    deadline = Deadline(max_seconds)
    token = _started.set(deadline.started)
    try:
        if threading.current_thread() is threading.main_thread():
            with _interrupting(deadline, max_seconds):
                yield
        else:
            yield
    finally:
        _started.reset(token)


def _interrupt_main() -> None:
    """Interrupt the main thread; if the system supports it, even while it is blocked."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()


@contextmanager
def in_time(deadline: Deadline) -> Iterator[None]:
    """Let code that knows what is proven so far meet one error, however its time ends.

    Raises:
        BudgetExceeded: `time_limit` interrupts the code inside, which has the same clock.
    """
    try:
        yield
    except KeyboardInterrupt:
        if deadline.left < 0:
            raise deadline.exceeded() from None
        raise


@contextmanager
def _interrupting(deadline: Deadline, max_seconds: float) -> Iterator[None]:
    ended, expired, raised = threading.Event(), threading.Event(), threading.Event()
    before: Any = signal.getsignal(signal.SIGINT)

    def wait() -> None:
        seconds = min(max_seconds, threading.TIMEOUT_MAX)
        while not ended.wait(seconds):
            expired.set()
            raised.clear()
            _interrupt_main()
            seconds = _RETRY_SECONDS if raised.wait(_UNNOTICED_SECONDS) else 0.0

    def interrupted(signum: int, frame: FrameType | None) -> None:
        """Handle the interrupt, even if Ctrl-C is ignored; pass others to the previous handler."""
        if expired.is_set():
            if not ended.is_set() and not _would_be_lost(frame):
                raised.set()
                raise KeyboardInterrupt
        elif callable(before):
            before(signum, frame)
        elif before != signal.SIG_IGN:
            raise KeyboardInterrupt

    watch = threading.Thread(target=wait, daemon=True)
    signal.signal(signal.SIGINT, interrupted)
    watch.start()
    try:
        yield
    except KeyboardInterrupt:
        if expired.is_set():
            raise deadline.exceeded() from None
        raise
    finally:
        ended.set()
        watch.join()
        signal.signal(signal.SIGINT, before)


def _would_be_lost(frame: FrameType | None) -> bool:
    """Whether an exception raised now would do harm, or be lost.

    While a `with` statement begins or ends, possibly that of the limit itself, its setup must be
    undone first. Inside the statement the limit's own code is suspended, and is not among the
    callers. Exceptions are lost in anything that the interpreter calls when an object is destroyed.
    """
    if frame is not None and frame.f_code.co_filename == contextlib.__file__:
        return True
    if isinstance(sys.exception(), GeneratorExit):
        return True
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    while frame is not None:
        code = frame.f_code
        own = code.co_filename == __file__ and bool(code.co_flags & CO_GENERATOR)
        if own or code in callbacks or code.co_name == "__del__" or _is_told_of_an_end(frame):
            return True
        frame = frame.f_back
    return False


def _is_told_of_an_end(frame: FrameType) -> bool:
    """Whether a function has been called with a dead weak reference, as its callback is."""
    code = frame.f_code
    arguments = (frame.f_locals.get(name) for name in code.co_varnames[: code.co_argcount])
    return any(isinstance(each, weakref.ref) and each() is None for each in arguments)
