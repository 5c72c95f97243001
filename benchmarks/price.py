"""What gamma = 1 and prices cost beside the regions that they come with, in one run.

    python benchmarks/price.py [REPEATS]

Times are medians with their range; `price` includes the search for regions, `at 1` alone is
`undiscounted`, without it. `growth` has lakes of rising size by their total.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
from gymnasium.envs.toy_text.frozen_lake import generate_random_map

import qdecay

SOURCES: list[tuple[str, dict[str, Any], str | None]] = [
    ("FrozenLake-v1", {}, None),
    ("FrozenLake8x8-v1", {}, "total"),
    ("FrozenLake8x8-v1", {}, None),
    ("Taxi-v4", {"is_rainy": True}, None),
    ("CliffWalkingSlippery-v1", {}, None),
    ("qdecay/NChain-v0", {}, None),
    ("qdecay/RiverSwim-v0", {}, None),
    ("qdecay/LongDelay-v0", {}, None),
]
SIZES = (4, 6, 8, 10, 12)


def timed(call: Callable[[], Any], repeats: int) -> list[float]:
    """Seconds of each call."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return times


def row(name: str, mdp: qdecay.MDP, judge: str | None, repeats: int) -> None:
    """Print the times of one model."""
    regions = timed(lambda: qdecay.policy_regions(mdp), repeats)
    prices = timed(lambda: qdecay.price(mdp, judge), repeats)
    one = timed(lambda: qdecay.undiscounted(mdp), repeats)
    found = qdecay.price(mdp, judge)
    middle = [statistics.median(times) for times in (regions, prices, one)]
    spread = " ".join(f"{min(times):.3f}-{max(times):.3f}" for times in (regions, prices, one))
    print(
        f"{name:<26} {found.judge!s:<10} {len(found.regions):>4} "
        + " ".join(f"{seconds:>8.3f}" for seconds in middle)
        + f" {middle[1] / middle[0]:>6.2f}   {spread}"
    )


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"{'model':<26} {'judge':<10} {'n':>4}  regions    price     at 1  ratio   ranges (s)")
    for source, options, judge in SOURCES:
        row(source + "*" * bool(options), qdecay.as_mdp(source, **options), judge, repeats)
    for size in SIZES:
        lake = gym.make("FrozenLake-v1", desc=generate_random_map(size, seed=3))
        row(f"lake {size}x{size}", qdecay.MDP.from_env(lake), "total", min(repeats, 3))


if __name__ == "__main__":
    main()
