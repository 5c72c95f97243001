"""Powers of a spectral radius: recurrences, and value iteration with its second eigenvalue."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"  # Okabe & Ito
STEPS = np.arange(61)


def recurrence(ax: Axes) -> None:
    """|W^t h| for random W of a given spectral radius: what flows forward, and back."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(8, 8))
    w /= np.abs(np.linalg.eigvals(w)).max()
    h = rng.normal(size=8)
    for radius, colour in ((0.9, BLUE), (1.0, GREEN), (1.1, ORANGE)):
        norms = [np.linalg.norm(np.linalg.matrix_power(radius * w, t) @ h) for t in STEPS]
        ax.semilogy(STEPS, norms, color=colour, label=f"radius {radius}")
    ax.set(xlabel="steps t", ylabel="|W^t h|", title="a linear recurrence")
    ax.legend(frameon=False)


def value_iteration(ax: Axes) -> None:
    """Evaluating one policy: the error, and the error of differences of values."""
    gamma, stay = 0.95, 0.8
    p = np.array([[stay, 1 - stay], [1 - stay, stay]])  # eigenvalues 1 and 2 stay - 1
    r = np.array([1.0, 0.0])
    exact = np.linalg.solve(np.eye(2) - gamma * p, r)
    v, errors, differences = np.zeros(2), [], []
    for _ in STEPS:
        errors.append(np.abs(v - exact).max())
        differences.append(abs((v - exact)[0] - (v - exact)[1]))
        v = r + gamma * p @ v
    ax.semilogy(STEPS, errors, color=BLUE, label="|v - v*|")
    ax.semilogy(STEPS, differences, color=ORANGE, label="error of v(0) - v(1)")
    rate = gamma * (2 * stay - 1)
    ax.semilogy(STEPS, errors[0] * gamma**STEPS, ":", color="grey", label=f"{gamma}^t")
    ax.semilogy(STEPS, differences[0] * rate**STEPS, "--", color="grey", label=f"{rate:.2f}^t")
    ax.set(xlabel="sweeps t", ylim=(1e-12, 30), title="value iteration, gamma = 0.95")
    ax.legend(frameon=False)


def draw(path: Path) -> None:
    """Write both panels to `path`."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    recurrence(left)
    value_iteration(right)
    figure.savefig(path)
