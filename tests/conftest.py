"""What tests share: `models` can be imported, however pytest is started, and learners broken."""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
collect_ignore = ["mutants.py"]  # a script, of Unix
_SLOW_SECONDS = 1800  # for a test that is marked slow, on a machine that does other things too


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--few N`, which asks whether versions work and not again whether every case does."""
    parser.addoption("--few", type=int, help="run only the first N cases of each test function")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give slow tests more time than `timeout` in pyproject.toml, save those that say how much.

    With `--few`, drop further cases of each function.
    """
    if most := config.getoption("few"):
        cases, dropped = Counter[str](), []
        for item in items.copy():
            function = item.nodeid.partition("[")[0]
            cases[function] += 1
            if cases[function] > most:
                items.remove(item)
                dropped.append(item)
        config.hook.pytest_deselected(items=dropped)
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_SLOW_SECONDS))


@pytest.fixture
def mutate(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Put another target into the learners' compiled and into their readable loop."""
    import numba

    from qdecay.learning import tabular
    from qdecay.learning.compiled import one_step

    def put(target: Callable[..., Any]) -> None:
        options = {"error_model": "numpy", "_nrt": False}
        monkeypatch.setattr(tabular, "_one_step_target", target)
        monkeypatch.setattr(one_step, "one_step_target", numba.njit(target, **options))
        # No short cut: the target alone decides what follows a terminated step.
        monkeypatch.setattr(
            one_step, "looked_ahead", numba.njit(lambda terminated: True, **options)
        )
        monkeypatch.setattr(one_step, "compiled", numba.njit(**options))  # not from the disk
        monkeypatch.setattr(one_step, "_kernel", functools.cache(one_step._kernel.__wrapped__))

    return put


@pytest.fixture
def mutate_streams(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, str], None]:
    """Put other source into the loop that teaches many gammas from one stream of a model."""
    from qdecay.learning import shared_streams
    from qdecay.learning.compiled import many

    def put(old: str, new: str) -> None:
        source = Path(many.__file__).read_text(encoding="utf-8")
        assert old in source
        path = tmp_path / "mutated_many.py"
        path.write_text(source.replace(old, new), encoding="utf-8")
        spec = importlib.util.spec_from_file_location("mutated_many", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(shared_streams, "kernel", module.kernel)

    return put
