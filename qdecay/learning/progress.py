"""A progress bar with an estimate of the time left, for runs that last."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator

_LOOK_EVERY = 256
_PATIENCE_SECONDS = 1.0


def with_progress(
    numbers: Iterable[int], done: Callable[[int], float], label: str
) -> Generator[int, None, None]:
    """Yield `numbers`, and show on standard error how much is done.

    The bar appears after one second and on a terminal only, so short runs and log files stay
    clean; it goes when the generator is closed.

    Args:
        numbers: the counts 1, 2, 3, ... of the steps of a run.
        done: the share of the run that is done at such a count, in [0, 1].
        label: what is running.
    """
    numbers = iter(numbers)
    appears_at = time.monotonic() + _PATIENCE_SECONDS
    for number in numbers:
        yield number
        if number % _LOOK_EVERY == 0 and time.monotonic() >= appears_at:
            break
    else:
        return
    yield from _with_bar(numbers, done, label)


def _with_bar(
    numbers: Iterator[int], done: Callable[[int], float], label: str
) -> Generator[int, None, None]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=1.0)
        for number in numbers:
            yield number
            if number % _LOOK_EVERY == 0:
                bar.update(task, completed=done(number))
