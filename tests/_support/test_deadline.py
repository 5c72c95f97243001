"""A time limit ends what it limits, also where an exception raised at once would be lost."""

from __future__ import annotations

import gc
import re
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from qdecay._support.deadline import Deadline, in_time, time_limit
from qdecay.errors import BudgetExceeded


def test_what_is_called_in_time_ends_in_time() -> None:
    """What is left by a clock of its own; the same limit where the clock is shared."""
    alone = Deadline(100)
    alone.started -= 40
    assert alone.rest is not None and 59 < alone.rest <= 60
    alone.started -= 100
    assert alone.rest is not None and alone.rest > 0
    assert Deadline().rest is None
    with time_limit(100):
        assert Deadline(100).rest == 100


def test_the_error_names_the_limit_and_a_step_that_overran_it() -> None:
    """What was spent is news only where it is much more."""
    late = Deadline(0.5)
    late.started -= 0.7
    assert str(late.exceeded("more")) == "stopped: the limit of 0.5 s was reached; more"
    assert late.exceeded().max_seconds == late.exceeded("more").max_seconds == 0.5
    late.started -= 7.9
    after = r", in a step that ended after 8\.\d s"
    assert re.fullmatch(rf"stopped: the limit of 0\.5 s was reached{after}", str(late.exceeded()))


class Thing:
    """Something to be freed."""


def linger(*_: object) -> None:
    """Pass the limit's end, in Python code, which is where interrupts are handled."""
    end = time.monotonic() + 0.15
    while time.monotonic() < end:
        pass


def in_a_weak_references_callback() -> None:
    thing = Thing()
    reference = weakref.ref(thing, lambda _: linger())
    del thing
    assert reference() is None


def in_a_finalizer() -> None:
    thing = Thing()
    weakref.finalize(thing, linger)
    del thing


def in_what_a_destructor_calls() -> None:
    class Slow:
        def __del__(self) -> None:
            linger()

    Slow()


def in_a_generator_that_is_freed() -> None:
    def generate() -> Iterator[int]:
        try:
            yield 1
        finally:
            linger()

    numbers = generate()
    next(numbers)
    del numbers


def in_the_garbage_collectors_callback() -> None:
    def callback(*_: Any) -> None:
        linger()

    gc.callbacks.append(callback)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(callback)


PLACES = [
    in_a_weak_references_callback,
    in_a_finalizer,
    in_what_a_destructor_calls,
    in_a_generator_that_is_freed,
    in_the_garbage_collectors_callback,
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_a_limit_loses_no_interrupt(
    place: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)
    with pytest.raises(BudgetExceeded, match=r"of 0\.05 s"):
        _for_ever(place)
    assert lost == []


@time_limit(0.05)
def _for_ever(place: Callable[[], None]) -> None:
    place()
    while True:
        pass


def test_an_interrupt_of_the_limit_is_the_end_of_the_time() -> None:
    """For code that knows what is proven so far; Ctrl-C stays what it is."""
    known = None
    with time_limit(0.05), suppress(BudgetExceeded):
        try:
            with in_time(Deadline(0.05)):
                while True:
                    pass
        except BudgetExceeded:
            known = "so far"
    assert known == "so far"
    with pytest.raises(KeyboardInterrupt), in_time(Deadline(1e9)):
        raise KeyboardInterrupt
