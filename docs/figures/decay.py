"""Powers of a spectral radius: recurrences, and value iteration with its second eigenvalue."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qdecay.reporting import colours

BLUE, ORANGE, GREEN = colours.FAR.light, colours.NEAR.light, colours.GOOD.light
STEPS = np.arange(61)


def recurrence(ax: Axes) -> None:
    """Norms under powers of a random W, by its spectral radius: a state, and a gradient back."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(8, 8))
    w /= np.abs(np.linalg.eigvals(w)).max()
    h, g = rng.normal(size=(2, 8))
    for radius, colour in ((0.9, BLUE), (1.0, GREEN), (1.1, ORANGE)):
        powers = [np.linalg.matrix_power(radius * w, t) for t in STEPS]
        state = [np.linalg.norm(power @ h) for power in powers]
        gradient = [np.linalg.norm(power.T @ g) for power in powers]
        ax.semilogy(STEPS, state, color=colour, label=f"spectral radius {radius}")
        ax.semilogy(STEPS, gradient, "--", color=colour, lw=1)
    ax.plot([], [], "--", color="grey", lw=1, label="the gradient, back")
    ax.set(xlabel="steps t", ylabel=r"$\|W^t h\|$ and $\|(W^\top)^t g\|$")
    ax.set(title="a linear recurrence, h ← W h")
    ax.legend(frameon=False, fontsize=8)


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
    second = 2 * stay - 1
    ax.semilogy(STEPS, errors, color=BLUE, lw=3, alpha=0.5, label="error of v")
    ax.semilogy(STEPS, differences, color=ORANGE, lw=3, alpha=0.5, label="error of v(0) − v(1)")
    for start, rate, text in (
        (errors[0], gamma, rf"$\gamma^t$, $\gamma = {gamma}$"),
        (differences[0], gamma * second, rf"$(\gamma\lambda_2)^t$, $\lambda_2 = {second:.1f}$"),
    ):
        style = "--" if rate == gamma else ":"
        ax.semilogy(STEPS, start * rate**STEPS, style, color="black", lw=1, label=text)
    ax.set(xlabel="sweeps t", ylabel="largest error", ylim=(1e-12, 100), title="value iteration")
    ax.legend(frameon=False, fontsize=8)


def draw(path: Path) -> None:
    """Write both panels to `path`."""
    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
    recurrence(left)
    value_iteration(right)
    figure.savefig(path)
