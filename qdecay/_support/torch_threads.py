"""How many threads torch, where it is used, computes in."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def one_torch_thread(train: Any) -> Iterator[None]:
    """Let torch, where it is used, compute in one thread unless the trainer says otherwise.

    Networks as small as these only lose from more, most of all beside other processes: on two busy
    cores a training took 40 times as long.

    Args:
        train: the trainer; of its `packages`, if it has any, torch is loaded now.
    """
    loads_it = "torch" in getattr(train, "packages", ())
    torch: Any = importlib.import_module("torch") if loads_it else sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
