"""SIGTERM and SIGHUP stop a command as Ctrl-C does."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SAME_SIGNAL_SECONDS = 1.0


@contextmanager
def signals_that_stop() -> Iterator[list[int]]:
    """Make SIGTERM and SIGHUP stop a command as Ctrl-C does; yield those received.

    systemd, Slurm, `docker stop` and closing terminals send them. A signal that was ignored at the
    start, as by nohup, stays ignored.
    """
    stopped: list[int] = []
    last = -math.inf

    def stop(number: int, frame: object) -> None:
        nonlocal last
        stopped.append(number)
        again, last = time.monotonic() - last < _SAME_SIGNAL_SECONDS, time.monotonic()
        if not again:  # some send it to the process and to its group: once is enough
            raise KeyboardInterrupt

    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: old for number, old in before.items() if old is signal.SIG_DFL}
    try:
        for number in before:
            signal.signal(number, stop)
        yield stopped
    finally:
        for number, old in before.items():
            signal.signal(number, old)
