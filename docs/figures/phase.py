"""Where Q-learning flips over the delay, for three amounts of exploration."""

import tempfile
from pathlib import Path

from qdecay import Spec, Sweep, phase_diagram
from qdecay.reporting.plots.phase import save_phase

SPEC = """
schema = "qdecay.sweep/1"
sources = [{ delay = [1, 2, 3, 4, 5, 6], reward = 6 }]
gammas = { around = "break-even", count = 10, spread = 0.5 }
learners = [{ name = "q_learning", epsilon = [0.1, 0.3, 0.5], episodes = 500 }]
seeds = 20
"""


def draw(path: Path) -> None:
    """Write the figure to `path`, as `qdecay sweep run` and `qdecay sweep phase` do."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "results.db"
        Sweep(Spec.parse(SPEC)).run(store, backend="here")
        save_phase(phase_diagram(store), path)
