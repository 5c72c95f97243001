"""Static figures, as coordinates for a template to draw: learned thresholds, learning times."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from scipy.special import bdtrc

from qdecay.comparison.learning_times import LearningTime
from qdecay.comparison.thresholds import SHARE
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.reporting.numerals import brief
from qdecay.reporting.thresholds import ShownFlip, agents
from qdecay_envs.layout import ChainLayout

WIDTH, HEIGHT = 560.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 80.0, 16.0, 14.0, 44.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, in pixels, and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """A curve or a set of dots.

    Attributes:
        kind: its CSS class.
        points: its coordinates, in pixels.
        label: its name.
        data: the points in the plot's own units, if needed.
    """

    kind: str
    points: tuple[Point, ...]
    label: str = ""
    data: tuple[Point, ...] = ()

    @property
    def path(self) -> str:
        """The curve as SVG path data."""
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in self.points)


@dataclass(frozen=True)
class Band:
    """A range of x, over the whole height."""

    left: float
    right: float


@dataclass(frozen=True)
class Plot:
    """One plot: its axes and everything drawn in it, in pixels."""

    title: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    dots: tuple[Line, ...] = ()
    rules: tuple[Line, ...] = ()
    band: Band | None = None
    band_label: str = "95 % interval of the median"
    width: float = WIDTH
    left: float = LEFT
    height: float = HEIGHT


def _y_scale(low: float, high: float) -> Callable[[float], float]:
    """Return the map from values to pixels; `high` is at the top."""
    span = high - low
    return lambda value: HEIGHT - BOTTOM - (value - low) / span * (HEIGHT - TOP - BOTTOM)


def thresholds_plot(title: str, flip: ShownFlip, names: Sequence[str]) -> Plot:
    """The gamma at which each agent flips, the share that flips below gamma, the exact gamma."""
    learned, (low, high) = flip.learned, flip.window()
    assert learned is not None
    up = _y_scale(-0.04, 1.04)

    def across(gamma: float) -> float:
        return LEFT + (gamma - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    dots = tuple((across(gamma), up(height)) for gamma, height in agents(learned))
    steps = tuple((across(gamma), up(share)) for gamma, share in learned.share(low, high))
    rules = []
    if flip.exact is not None:
        gamma = across(float(flip.exact))
        rules = [Line("exact", ((gamma, TOP), (gamma, HEIGHT - BOTTOM)), "exact")]
    interval = learned.interval
    return Plot(
        title,
        "discount factor γ",
        flip.chance(names),
        tuple(Tick(across(gamma), brief(gamma, 12)) for gamma in nice_ticks(low, high)),
        tuple(Tick(up(k / 2), text) for k, text in enumerate(("0", "1/2", "1"))),
        (Line("learned", steps, SHARE),),
        (Line("training", dots, "one agent"),),
        tuple(rules),
        None if interval is None else Band(*map(across, interval)),
    )


def nice_ticks(low: float, high: float) -> list[float]:
    """Return at most six round numbers from low to high."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    ticks = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    return [k * step for k in ticks]


def undertrained_plot(layout: ChainLayout, exact: AlgebraicNumber, alpha: Fraction) -> Plot | None:
    """The gamma at which a learner flips after k walks of each branch, which is not random.

    For one reward r at delay m against R at delay n it is (r B_k(m) / (R B_k(n)))^(1 / (n - m)),
    where B_k(d) = P[Binomial(k, alpha) > d] has arrived (`qdecay.exact.learning_curve`). Drawn at 1
    if that is not below 1: the learner never takes the far branch. None if the ending is not
    `terminate` or the layout is not such a choice.
    """
    rewards = [[(d, r) for d, r in enumerate(stream) if r] for _, stream in layout.branches]
    if layout.ending != "terminate" or [len(found) for found in rewards] != [1, 1]:
        return None
    ((m, near),), ((n, far),) = sorted(rewards)
    last = math.ceil(2 * (n + 1) / alpha)
    counts = _counts(last)

    def flip(k: int) -> float:
        arrived = [float(bdtrc(d, k, float(alpha))) if d < k else 0.0 for d in (m, n)]
        if near * far <= 0 or arrived[1] == 0:
            return 1.0
        return float(min((near / far * arrived[0] / arrived[1]) ** (1 / (n - m)), 1.0))

    gamma = float(exact)
    lowest = max(0, math.floor(10 - 30 * (1 - gamma))) / 10  # the flip then fills the plot
    across, up = _log_axis(1, last), _y_scale(lowest, 1 + 0.04 * (1 - lowest))
    heights = [lowest + (1 - lowest) * k / 4 for k in range(5)]
    flips = tuple((float(k), flip(k)) for k in counts)
    curve = tuple((across(k), up(value)) for k, value in flips)
    level = ((LEFT, up(gamma)), (WIDTH - RIGHT, up(gamma)))
    return Plot(
        "Where an under-trained learner flips",
        f"walks of each branch, step size {alpha} (log scale)",
        "flips at γ",
        tuple(Tick(across(k), str(k)) for k in _decade_ticks(last)),
        tuple(Tick(up(height), f"{height:g}") for height in heights),
        (Line("learned", curve, "after k walks", flips),),
        rules=(Line("exact", level, "with all of it learned", ((1.0, gamma), (last, gamma))),),
    )


def learning_times_plot(rows: Sequence[LearningTime]) -> Plot:
    """Steps until the choice at the start is right for good, over the delay; one game, one gamma.

    A line per explorer through the medians over seeds, a bar from the fastest seed to the slowest.
    Runs beyond the budget are drawn on the line above it.
    """
    delays = sorted({row.delay or 0 for row in rows})
    budget = max(row.budget for row in rows)
    beyond = 2.0 * budget
    first, last = delays[0] - 0.3, delays[-1] + 0.3
    rise = _y_scale(0.0, math.log10(beyond * 1.3))

    def across(delay: float) -> float:
        return LEFT + (delay - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def up(steps: float | None) -> float:
        return rise(math.log10(beyond if steps is None else max(steps, 1.0)))

    names = list(dict.fromkeys(row.explorer for row in rows))
    lines, bars = [], []
    for i, name in enumerate(names):
        own = [row for row in rows if row.explorer == name]
        aside = 5.0 * (i - (len(names) - 1) / 2)
        medians = tuple((across(row.delay or 0) + aside, up(row.median)) for row in own)
        lines.append(Line(f"explorer s{i % 4}", medians, name))
        for row, (x, _) in zip(own, medians, strict=True):
            bars.append(Line(f"range s{i % 4}", ((x, up(row.low)), (x, up(row.high)))))
    walk = sorted({(row.delay or 0, row.random_walk or 0) for row in rows})
    expected = tuple((across(delay), up(steps)) for delay, steps in walk)
    powers = [k for k in range(9) if 10**k <= beyond / 2]
    return Plot(
        "Steps until the choice is right for good",
        "steps n from one large reward to the next",
        "steps (log scale)",
        tuple(Tick(across(delay), str(delay)) for delay in delays),
        (*(Tick(rise(k), f"{10**k:,}") for k in powers), Tick(up(None), f"> {budget:,}")),
        tuple(lines),
        tuple(Line(f"spot s{i % 4}", line.points) for i, line in enumerate(lines)),
        (Line("exact", expected, "random walk: 2^(n+1) − 2 steps on average"), *bars),
    )


def _counts(last: int) -> list[int]:
    """About sixty counts from 1 to `last`, evenly on a log scale."""
    return sorted({round(last ** (k / 60)) for k in range(61)})


def _log_axis(low: float, high: float) -> Callable[[float], float]:
    span = math.log(high / low)
    return lambda value: LEFT + math.log(value / low) / span * (WIDTH - LEFT - RIGHT)


def _decade_ticks(last: int) -> list[int]:
    ticks = [m * 10**k for k in range(9) for m in (1, 2, 5)]
    return [tick for tick in ticks if tick <= last]
