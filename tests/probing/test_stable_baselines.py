"""Stable-Baselines3 trains on the suite through the plain API; skipped where it is missing."""

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "stable_baselines.py"


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_example_trains_dqn_and_ppo_on_three_members(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every agent learns for 200 steps on every member and makes a legal choice at the start."""
    pytest.importorskip("stable_baselines3")
    if not EXAMPLE.is_file():
        pytest.skip("the examples are part of the checkout only")
    runpy.run_path(str(EXAMPLE))["main"](200)
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == 3 * 2 * 2
    assert {line.split()[1] for line in lines} == {"DQN", "PPO"}
    assert {line.split()[3] for line in lines} <= {"0", "1"}
