"""Numbers and problems that public functions take, and what each says of those it refuses.

Whole numbers, exact ones and real ones are what `qdecay._support.checks` says. The table below has
every argument of every public name that is a number; `test_no_number_is_left_out` holds it against
the signatures.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import sympy

import qdecay
from qdecay import learning, planning, probing
from qdecay.comparison.games import random_walk_steps, reward_of
from qdecay.comparison.learning_times import learning_times
from qdecay.exact.algebra.number import isolate_roots
from qdecay.learning.batch import learn_batch
from qdecay.learning.tabular import TABULAR
from qdecay.model.line import Parameter
from qdecay.probing.assertion import ProbeOptions
from qdecay_envs.rational import written

LAYOUT = qdecay.ChainLayout.choice(stay=[1], move=[0, 0, 4])
MODEL = qdecay.MDP.from_layout(LAYOUT)
DATA = qdecay.MDP.from_transitions([(0, 0, 1, 0, True), (0, 1, 4, 0, True)], start=0)
REGIONS = qdecay.policy_regions(MODEL)
LINE = qdecay.ModelLine.of_reward(MODEL, 4, low=3, high=4)
SAME = qdecay.ModelLine(MODEL, MODEL, Parameter("value"))
OFFERS = qdecay.ModelLine.of(
    lambda value: qdecay.ChainLayout.choice(stay=[1], move=[0, 0, value]), low=0, high=8
)
ALONG = qdecay.policy_regions(OFFERS, gamma="1/2")
AGENT = probing.tabular_agent(qdecay.q_learning, 0.5)
HALF = Fraction(1, 2)


def takes_the_first(env: Any, seed: int) -> Callable[[Any], int]:
    """Train an agent that takes any environment and learns nothing."""
    return lambda observation: 0


@dataclass(frozen=True)
class Number:
    """What an argument takes.

    Attributes:
        kind: "whole", "exact", "real", or "state", a state's number or name.
        good: a value that is taken.
        outside: values of the right kind that are out of range.
        wrap: makes an argument of one number, such as a list.
    """

    kind: str
    good: Any
    outside: tuple[Any, ...] = ()
    wrap: Callable[[Any], Any] = lambda value: value

    @property
    def wrong(self) -> list[Any]:
        """Values of a wrong kind."""
        others = {
            "whole": [True, 2.0, 2.5, np.float64(2), "2", HALF],
            "exact": [True, 0.5, np.float64(0.5), [HALF]],
            "real": [True, np.bool_(True), object()],
            "state": [True, 2.0, np.float64(2), HALF],
        }
        return [1j, *others[self.kind]]

    @property
    def refused(self) -> list[Any]:
        """Values of the right kind that are none, or out of range."""
        none = {
            "whole": [],
            "state": ["x", ""],
            "exact": ["x", "1/0", "0.5 "[:0]],
            "real": ["x", "", float("nan")],
        }
        return [*none[self.kind], *self.outside]

    @property
    def forms(self) -> list[Any]:
        """The good value in other forms."""
        value = Fraction(self.good)
        plain = f"{value.numerator}/{value.denominator}"
        exact = [value, plain, str(float(value)), sympy.Rational(plain)]
        if self.kind in ("whole", "state"):
            whole = [np.int64(self.good), sympy.Integer(self.good)]
            return whole if self.kind == "whole" else [*whole, str(self.good)]
        if self.kind == "exact":
            return exact
        root = qdecay.AlgebraicNumber.of(value)
        return [*exact, float(value), np.float32(value), np.float64(value), root]


def listed(value: Any) -> list[Any]:
    """Return a list of that number alone."""
    return [value]


def twice(value: Any) -> list[Any]:
    """Return a list with another number."""
    return [value, Fraction(3, 4)]


def every(value: Any) -> Any:
    """Return that number of steps for each state."""
    return {(0, 0): value}


GAMMA = Number("real", HALF, (-1, "3/2", Fraction(-1, 8), float("inf")))
EXACT_GAMMA = Number("exact", HALF, (-1, 1, "3/2"))
EXACT_GAMMA_TO_1 = Number("exact", HALF, (-1, "3/2"))
SECONDS = Number("real", 60, (0, -1, "-1/2"))
POSITIVE = Number("real", HALF, (0, -1, "-1/2", float("inf")))
SHARE = Number("real", HALF, (-1, 2, "3/2"))
SEED = Number("whole", 3, (-1,))
COUNT = Number("whole", 200, (0, -3, 2**70))
STATE = Number("state", 0, (-1, MODEL.n_states))
VALUE = Number("real", HALF, (float("inf"),))

LEARNS = {
    "gamma": GAMMA,
    "steps": COUNT,
    "episodes": COUNT,
    "visits": replace(COUNT, wrap=every),
    "epsilon": SHARE,
    "step_size": SHARE,
    "initial_value": VALUE,
    "seed": SEED,
    "start": STATE,
    "max_episode_steps": COUNT,
    "reward_noise": Number("real", HALF, (-1, "-1/2", float("inf"))),
    "max_seconds": SECONDS,
}
LEARNS_MANY = {
    "gammas": replace(GAMMA, wrap=twice),
    "seeds": replace(SEED, wrap=listed),
    "steps": COUNT,
    "step_size": SHARE,
    "initial_value": VALUE,
    "start": STATE,
    "max_episode_steps": COUNT,
    "threads": Number("whole", 1, (0,)),
    "max_seconds": SECONDS,
}
PLANS = {
    "gamma": GAMMA,
    "tol": POSITIVE,
    "max_sweeps": Number("whole", 10_000, (0, -3, 2**70)),
    "initial": replace(VALUE, wrap=lambda value: [value] * MODEL.n_states),
}
DELAYS = Number("whole", 2, (0, 10_001), listed)
FUNCTIONS: dict[str, tuple[Callable[..., Any], dict[str, Any], dict[str, Number]]] = {
    "policy_regions": (
        qdecay.policy_regions,
        {"problem": OFFERS, "gamma": 1},
        {
            "gamma": EXACT_GAMMA_TO_1,
            "start": STATE,
            "max_seconds": SECONDS,
            "max_breakpoints": Number("whole", 3, (-1,)),
        },
    ),
    "policy_regions of a model": (
        qdecay.policy_regions,
        {"problem": MODEL},
        {
            "start": STATE,
            "max_seconds": SECONDS,
            "max_breakpoints": Number("whole", 3, (-1,)),
            "workers": Number("whole", 1, (0,)),
        },
    ),
    "policy_map": (
        qdecay.policy_map,
        {"line": LINE},
        {
            "gammas": Number("exact", HALF, (-1, "3/2"), lambda gamma: (gamma, 1)),
            "start": STATE,
            "fineness": Number("exact", HALF, (0, 2)),
            "columns": Number("whole", 1, (-1,)),
            "max_seconds": SECONDS,
        },
    ),
    "optimal_actions": (
        qdecay.optimal_actions,
        {"problem": MODEL, "gamma": "1/2"},
        {"gamma": EXACT_GAMMA_TO_1, "max_seconds": SECONDS},
    ),
    "is_breakpoint": (
        qdecay.is_breakpoint,
        {"problem": MODEL, "gamma": "1/2"},
        {"gamma": EXACT_GAMMA, "max_seconds": SECONDS},
    ),
    "blackwell": (qdecay.blackwell, {"problem": MODEL}, {"max_seconds": SECONDS}),
    "undiscounted": (qdecay.undiscounted, {"problem": MODEL}, {"max_seconds": SECONDS}),
    "price": (
        qdecay.price,
        {"problem": MODEL},
        {
            "start": STATE,
            "max_loss": Number("exact", HALF, (-1, "-1/2")),
            "max_seconds": SECONDS,
        },
    ),
    "price along a line": (
        qdecay.price,
        {"problem": LINE, "gamma": HALF, "truth": MODEL},
        {
            "gamma": EXACT_GAMMA_TO_1,
            "start": STATE,
            "max_loss": Number("exact", HALF, (-1, "-1/2")),
            "max_seconds": SECONDS,
        },
    ),
    "resampled_breakpoints": (
        qdecay.resampled_breakpoints,
        {"problem": DATA, "resamples": 40},
        {
            "state": Number("state", 0, (-1, 1)),
            "resamples": Number("whole", 41, (39, 0, -1)),
            "seed": SEED,
            "max_seconds": SECONDS,
        },
    ),
    "resampled_price": (
        qdecay.resampled_price,
        {"problem": DATA, "resamples": 40},
        {
            "gammas": Number("exact", HALF, (-1, "3/2"), listed),
            "start": Number("state", 0, (-1, 1)),
            "max_loss": Number("exact", HALF, (-1, "-1/2")),
            "resamples": Number("whole", 41, (39, 0, -1)),
            "seed": SEED,
            "max_seconds": SECONDS,
        },
    ),
    "MDP.resample": (DATA.resample, {}, {"seed": SEED}),
    "MDP.from_simulator": (
        qdecay.MDP.from_simulator,
        {"env": gym.make("qdecay/StayOrMove-v0").unwrapped},
        {
            "samples": Number("whole", 2, (0, -1)),
            "seed": SEED,
            "max_states": Number("whole", 40, (0, -1)),
            "max_seconds": SECONDS,
        },
    ),
    "MDP.from_transitions": (
        qdecay.MDP.from_transitions,
        {"data": [(0, 0, 1, 0, True)]},
        {"n_states": Number("whole", 3, (0, -1)), "n_actions": Number("whole", 3, (0, -1))},
    ),
    "learned_price": (
        qdecay.learned_price,
        {"price": qdecay.price(MODEL), "seeds": 1, "steps": 200},
        {
            "gammas": Number("exact", Fraction(7, 8), (-1, "3/2"), listed),
            "seeds": Number("whole", 2, (0, -3)),
            "seed": SEED,
            "steps": COUNT,
            "max_seconds": SECONDS,
        },
    ),
    "write_certificate": (
        qdecay.write_certificate,
        {"problem": MODEL, "regions": REGIONS, "path": "certificate.json"},
        {"max_seconds": SECONDS},
    ),
    "break_even_gamma": (
        qdecay.break_even_gamma,
        {"near_reward": 1, "near_delay": 0, "far_reward": 4, "far_delay": 2},
        {
            "near_reward": Number("exact", HALF, (0, -1, 4)),
            "near_delay": Number("exact", 0, (-1, 2)),
            "far_reward": Number("exact", 4, (1, HALF)),
            "far_delay": Number("exact", 3, (0,)),
        },
    ),
    "break_even_reward": (
        qdecay.break_even_reward,
        {"near": [1], "far": [0, sympy.Symbol("R")], "reward": sympy.Symbol("R"), "gamma": HALF},
        {
            "near": Number("exact", 1, (), listed),
            "far": Number("exact", 3, (), lambda value: [value, sympy.Symbol("R")]),
            "gamma": Number("exact", HALF, (0, 1, "3/2")),
        },
    ),
    "learning_curve": (
        qdecay.learning_curve,
        {"problem": LAYOUT, "alpha": "1/2", "walks": 3},
        {"alpha": Number("exact", HALF, (-1, "3/2")), "walks": Number("whole", 3, (-1,))},
    ),
    "walks_until": (
        qdecay.walks_until,
        {"share": "1/2", "distance": 2},
        {
            "share": Number("exact", HALF, (0, 1, "3/2")),
            "distance": Number("whole", 2, (-1,)),
            "exponent": Number("exact", 1, (-1, "3/2")),
            "max_walks": Number("whole", 100, (0, -1)),
        },
    ),
    "average_reward": (
        qdecay.average_reward,
        {"problem": MODEL},
        {"tol": POSITIVE, "max_sweeps": PLANS["max_sweeps"]},
    ),
    "value_iteration": (qdecay.value_iteration, {"problem": MODEL, "gamma": 0.5}, PLANS),
    "modified_policy_iteration": (
        qdecay.modified_policy_iteration,
        {"problem": MODEL, "gamma": 0.5},
        {**PLANS, "evaluation_sweeps": Number("whole", 5, (-1, 2**70))},
    ),
    "optimal_values": (qdecay.optimal_values, {"problem": MODEL, "gamma": 0.5}, PLANS),
    "policy_iteration": (
        qdecay.policy_iteration,
        {"problem": MODEL, "gamma": 0.5},
        {
            "gamma": GAMMA,
            "tol": POSITIVE,
            "max_iterations": COUNT,
            "initial": PLANS["initial"],
        },
    ),
    "evaluate_policy": (
        qdecay.evaluate_policy,
        {"problem": MODEL, "policy": [0] * MODEL.n_states, "gamma": 0.5},
        {"gamma": GAMMA, "tol": POSITIVE, "max_sweeps": PLANS["max_sweeps"]},
    ),
    "value_over_gammas": (
        qdecay.value_over_gammas,
        {"problem": MODEL, "gammas": [0.5]},
        {
            "gammas": replace(GAMMA, wrap=twice),
            "tol": POSITIVE,
            "max_sweeps": PLANS["max_sweeps"],
            "max_seconds": SECONDS,
        },
    ),
    "certified_policy_regions": (
        qdecay.certified_policy_regions,
        {"problem": MODEL},
        {
            "width": Number("exact", HALF, (0, -1, "3/2")),
            "start": STATE,
            "max_seconds": SECONDS,
        },
    ),
    "numeric_policy_regions": (
        qdecay.numeric_policy_regions,
        {"problem": MODEL, "points": 20},
        {
            "points": Number("whole", 30, (1, 0, 2**70)),
            "up_to": Number("real", Fraction(7, 8), (0, 1, "3/2")),
            "width": POSITIVE,
            "max_solves": Number("whole", 60, (19, 2**70)),
            "max_seconds": SECONDS,
        },
    ),
    **{
        name: (learner, {"problem": MODEL, "gamma": 0.5, "steps": 200}, LEARNS)
        for name, learner in TABULAR.items()
    },
    "q_learning_many": (
        qdecay.q_learning_many,
        {"problem": MODEL, "gammas": [0.5, 0.75], "seeds": [3], "steps": 200},
        LEARNS_MANY,
    ),
    "learned_thresholds": (
        qdecay.learned_thresholds,
        {"problem": MODEL, "gammas": [0.5, 0.75], "seeds": [3], "steps": 200},
        {**LEARNS_MANY, "state": STATE, "width": Number("real", HALF, (0, "1e-13"))},
    ),
    "learn_batch": (
        learn_batch,
        {"learner": qdecay.sarsa, "problem": MODEL, "gammas": [0.5], "seeds": [3], "start": 0}
        | {"steps": 200},
        {
            **{
                name: number
                for name, number in LEARNS.items()
                if name not in ("gamma", "seed", "max_seconds")
            },
            "gammas": replace(GAMMA, wrap=listed),
            "seeds": replace(SEED, wrap=listed),
        },
    ),
    "ModelEnv": (
        learning.ModelEnv,
        {"mdp": MODEL},
        {"start": STATE, "reward_noise": LEARNS["reward_noise"]},
    ),
    "NStepSarsa": (qdecay.NStepSarsa, {"n": 2}, {"n": COUNT}),
    "WatkinsQ": (qdecay.WatkinsQ, {"trace": 0.5}, {"trace": SHARE}),
    "EpsilonGreedy": (
        qdecay.EpsilonGreedy,
        {"gamma": 0.5, "epsilon": 0.5},
        {"gamma": GAMMA, "epsilon": SHARE},
    ),
    "Constant": (qdecay.Constant, {"value": 0.5}, {"value": SHARE}),
    "Linear": (
        qdecay.Linear,
        {"start": 1, "end": 0, "steps": 3},
        {"start": SHARE, "end": SHARE, "steps": COUNT},
    ),
    "Exponential": (
        qdecay.Exponential,
        {"start": 1, "end": 0, "decay": 0.5},
        {"start": SHARE, "end": SHARE, "decay": Number("real", HALF, (0, 2))},
    ),
    "Harmonic": (qdecay.Harmonic, {}, {"horizon": Number("real", 4, (HALF, 0, float("inf")))}),
    "Polynomial": (
        qdecay.Polynomial,
        {"exponent": 1},
        {"exponent": Number("real", Fraction(3, 4), (HALF, 2))},
    ),
    "epsilon_soft": (
        qdecay.epsilon_soft,
        {"problem": MODEL},
        {"epsilon": Number("exact", HALF, (-1, "3/2"))},
    ),
    "random_walk_steps": (
        random_walk_steps,
        {"successes": 2, "probability": HALF},
        {"successes": Number("whole", 2, (0,)), "probability": Number("exact", HALF, (0, 1))},
    ),
    "reward_of": (
        reward_of,
        {"game": "once", "delay": 2, "gamma": HALF, "advantage": 1},
        {
            "delay": Number("whole", 2, (0, 1_001)),
            "gamma": Number("exact", HALF, (0, 1)),
            "advantage": Number("exact", 2, (0, -1)),
        },
    ),
    "isolate_roots": (
        isolate_roots,
        {"coefficients": [-1, 0, 4]},
        {"lower": Number("exact", 0), "upper": Number("exact", 1)},
    ),
    "AlgebraicNumber.of": (qdecay.AlgebraicNumber.of, {}, {"value": Number("exact", HALF)}),
    "AlgebraicNumber.decimal": (
        qdecay.AlgebraicNumber.of("1/3").decimal,
        {},
        {"digits": Number("whole", 5, (0, -1))},
    ),
    "PolicyRegions.value": (REGIONS.value, {}, {"state": STATE}),
    "PolicyRegions.region_of": (REGIONS.region_of, {}, {"gamma": EXACT_GAMMA}),
    "PolicyRegions.optimal_actions": (REGIONS.optimal_actions, {}, {"gamma": EXACT_GAMMA_TO_1}),
    "MapLine.area_of": (
        qdecay.policy_map(LINE, fineness=1).lines[0].area_of,
        {},
        {"number": Number("exact", HALF)},
    ),
    "ModelLine.of": (
        qdecay.ModelLine.of,
        {"builder": lambda number: qdecay.epsilon_soft(MODEL, number), "low": 0, "high": 1},
        {"low": Number("exact", HALF, (2,)), "high": Number("exact", HALF, (-1,))},
    ),
    "ModelLine.of_step_reward": (
        qdecay.ModelLine.of_step_reward,
        {"problem": MODEL, "low": 0, "high": 1},
        {"low": Number("exact", HALF, (2,)), "high": Number("exact", HALF, (-1,))},
    ),
    "ModelLine.of_reward": (
        qdecay.ModelLine.of_reward,
        {"problem": MODEL, "value": 4, "low": 0, "high": 1},
        {
            "value": Number("exact", 4),
            "low": Number("exact", HALF, (2,)),
            "high": Number("exact", HALF, (-1,)),
        },
    ),
    "ModelLine.at": (OFFERS.at, {}, {"value": Number("exact", HALF, (-1, 9))}),
    "LineRegions.region_of": (ALONG.region_of, {}, {"value": Number("exact", HALF, (-1, 9))}),
    "LineRegions.optimal_actions": (
        ALONG.optimal_actions,
        {},
        {"value": Number("exact", HALF, (-1, 9))},
    ),
    "Price.at": (qdecay.price(MODEL).at, {}, {"gamma": EXACT_GAMMA_TO_1}),
    "LinePrice.at": (
        qdecay.price(SAME, gamma=HALF, truth=MODEL).at,
        {},
        {"value": Number("exact", HALF, (-1, 2))},
    ),
    "LearningCurve.value": (
        qdecay.learning_curve(LAYOUT, HALF, 3).value,
        {"branch": 0, "gamma": HALF},
        {"branch": Number("whole", 1, (-1, 2)), "gamma": Number("exact", HALF)},
    ),
    "ManyResult.flips": (
        qdecay.q_learning_many(MODEL, [0.25, 0.75], [1], steps=100).flips,
        {},
        {"state": STATE},
    ),
}
SPEC = """
schema = "qdecay.sweep/1"
sources = [{ source = "qdecay/StayOrMove-v0" }]
gammas = ["0.4"]
learners = [{ name = "q_learning", episodes = 10 }]
"""
AGENTS = {
    "seeds": Number("whole", 10, (9, 0)),
    "seed": SEED,
    "max_steps": Number("whole", 10_000, (0, -1)),
}
SLOW: dict[str, tuple[Callable[..., Any], dict[str, Any], dict[str, Number]]] = {
    "compare": (
        qdecay.compare,
        {"problem": LAYOUT},
        {
            "seeds": Number("whole", 10, (9, 0)),
            "seed": SEED,
            "walks": COUNT,
            "step_size": Number("exact", HALF, (0, "3/2")),
            "epsilon": Number("exact", HALF, (-1, 1)),
            "width": POSITIVE,
            "max_steps": Number("whole", 10_000, (0, -1)),
            "max_seconds": SECONDS,
        },
    ),
    "compare along a line": (
        qdecay.compare,
        {"problem": LINE, "gamma": HALF},
        {"gamma": Number("exact", HALF, (-1, 2)), "seeds": Number("whole", 10, (9, 0))},
    ),
    "break_even": (
        qdecay.break_even,
        {"problem": MODEL},
        {"state": STATE, "max_seconds": SECONDS},
    ),
    "plot": (qdecay.plot, {"problem": LAYOUT}, {**AGENTS, "max_seconds": SECONDS}),
    "report": (qdecay.report, {"problem": LAYOUT}, {**AGENTS, "max_seconds": SECONDS}),
    "probe": (
        qdecay.probe,
        {"train": takes_the_first},
        {
            "delays": DELAYS,
            "near_delay": Number("whole", 0, (-1, 10_000)),
            "gamma": GAMMA,
            "tolerance": Number("real", HALF, (0, 1, "1e-7")),
            "trainings": Number("whole", 1, (0,)),
            "seed": SEED,
            "workers": Number("whole", 1, (0,)),
            "n_envs": Number("whole", 1, (0,)),
            "max_seconds": SECONDS,
        },
    ),
    "assert_effective_discount": (
        qdecay.assert_effective_discount,
        {"train": AGENT, "gamma": 0.5},
        {"gamma": GAMMA, "within": Number("real", HALF, (-1,))},
    ),
    "tabular_agent": (
        probing.tabular_agent,
        {"learner": qdecay.q_learning, "gamma": 0.5},
        {"gamma": GAMMA},
    ),
    "sb3_agent": (
        qdecay.sb3_agent,
        {"algorithm": "DQN", "gamma": 0.5},
        {"gamma": GAMMA, "timesteps": Number("whole", 10, (0,))},
    ),
    "expected_trainings": (
        qdecay.expected_trainings,
        {"delays": [2], "near_delay": 0, "gamma": 0.5, "settings": ["large"], "tolerance": None},
        {
            "delays": DELAYS,
            "near_delay": Number("whole", 0, (-1, 10_000)),
            "gamma": GAMMA,
            "tolerance": Number("real", HALF, (0, 1, "1e-7")),
        },
    ),
    "learning_times": (
        learning_times,
        {},
        {
            "delays": Number("whole", 2, (0, 1_001), listed),
            "gammas": Number("exact", HALF, (0, 1), listed),
            "advantage": Number("exact", 2, (0, -1)),
            "reward": Number("exact", 2),
            "step_size": replace(SHARE, outside=(0, *SHARE.outside)),
            "seeds": Number("whole", 1, (0,)),
            "steps": COUNT,
            "max_seconds": SECONDS,
        },
    ),
    "phase_diagram": (qdecay.phase_diagram, {"store": "none.sqlite"}, {"max_seconds": SECONDS}),
    "Sweep.run": (
        qdecay.Sweep(qdecay.Spec.parse(SPEC)).run,
        {"store": "none.sqlite"},
        {"workers": Number("whole", 1, (0, -1)), "max_seconds": SECONDS},
    ),
    "distributed_values": (
        planning.distributed_values,
        {"problem": MODEL, "gamma": 0.5},
        {"gamma": Number("real", HALF, (-1, 1)), "tol": POSITIVE, "max_policies": COUNT},
    ),
}
"""What takes long, or needs other programs, once its arguments are right."""


def cases(table: Mapping[str, Any]) -> Iterator[Any]:
    """Yield each argument that is a number, with its function."""
    for name, (function, others, numbers) in table.items():
        for argument, number in numbers.items():
            yield pytest.param(function, others, argument, number, id=f"{name}-{argument}")


BENCH = [("park", "sit", 1, "home", False), ("home", "sit", 2, "home", True)]
NAMED = qdecay.MDP.from_transitions(BENCH)
BY_NAME: list[Callable[[Any], Any]] = [
    lambda state: qdecay.price(NAMED, start=state),
    lambda state: qdecay.price(NAMED, start=state, method="certified"),
    lambda state: qdecay.resampled_price(NAMED, start=state, resamples=40),
    lambda state: qdecay.resampled_breakpoints(NAMED, state, resamples=40),
    lambda state: qdecay.policy_regions(NAMED, start=state),
    lambda state: qdecay.policy_regions(NAMED).value(state),
    lambda state: qdecay.certified_policy_regions(NAMED, start=state),
    lambda state: qdecay.break_even(NAMED, state=state),
    lambda state: qdecay.MDP.from_rows(
        NAMED.rows(), n_states=2, n_actions=1, start=state, state_names=NAMED.state_names
    ),
    lambda state: qdecay.q_learning(NAMED, 0.5, steps=9, start=state),
    lambda state: qdecay.q_learning_many(NAMED, [0.5], [1], steps=9, start=state).flips(state),
]


@pytest.mark.parametrize("ask", BY_NAME)
def test_a_state_is_its_number_or_its_name(ask: Callable[[Any], Any]) -> None:
    """Both give the same answer."""
    assert NAMED.state_names == ("home", "park")
    by_name, by_number = ask("park"), ask(1)
    assert repr(by_name) == repr(by_number)
    assert getattr(by_name, "info", None) == getattr(by_number, "info", None)
    with pytest.raises(ValueError, match="st(art|ate) must be a name, such as .*, got 'parc'"):
        ask("parc")


@pytest.mark.parametrize(
    "call",
    [
        lambda: qdecay.MDP.load(3),  # type: ignore[arg-type]
        lambda: qdecay.FloatMDP.load(3),  # type: ignore[arg-type]
        lambda: NAMED.save(3),  # type: ignore[arg-type]
        lambda: qdecay.FloatMDP.from_mdp(NAMED).save(3),  # type: ignore[arg-type]
        lambda: qdecay.report(NAMED, 3),  # type: ignore[arg-type]
        lambda: qdecay.plot(NAMED, 3),  # type: ignore[arg-type]
        lambda: qdecay.Page("a page", "").save(3),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_path_is_refused_by_the_arguments_name(call: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match="^path must be a path, got 3$"):
        call()


def refusal(function: Callable[..., Any], arguments: dict[str, Any]) -> Exception | None:
    """Return what a call raises, and None where it does not."""
    try:
        function(**arguments)
    except Exception as error:
        return error
    return None


def ways_to_write(value: Any) -> list[str]:
    """Return the beginnings of what a message may show of a value."""
    shown = [written(value), str(value)]
    if value == "3/2" or isinstance(value, Fraction):  # an array has floats
        shown.append(str(float(Fraction(value))))
    return [text[:20] for text in shown]


@pytest.mark.parametrize(
    ("function", "others", "argument", "number"), list(cases({**FUNCTIONS, **SLOW}))
)
def test_numbers_that_are_none_are_refused(
    function: Callable[..., Any], others: dict[str, Any], argument: str, number: Number
) -> None:
    """TypeError for the wrong kind, ValueError out of range, in one line with name and value."""
    for kind, values in ((TypeError, number.wrong), (ValueError, number.refused)):
        for value in values:
            error = refusal(function, {**others, argument: number.wrap(value)})
            assert isinstance(error, kind), f"{argument} = {value!r}: {error!r}"
            assert argument in str(error), f"{value!r}: {error}"
            assert any(shown in str(error) for shown in ways_to_write(value)), f"{value!r}: {error}"
            assert "\n" not in str(error)


@pytest.mark.parametrize(("function", "others", "argument", "number"), list(cases(FUNCTIONS)))
@pytest.mark.slow
def test_numbers_may_be_written_in_any_way(
    function: Callable[..., Any],
    others: dict[str, Any],
    argument: str,
    number: Number,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exact functions take every exact number, the others any: the answer is the same."""
    monkeypatch.chdir(tmp_path)
    answer = content(function(**{**others, argument: number.wrap(number.good)}))
    for value in number.forms:
        given = {**others, argument: number.wrap(value)}
        assert content(function(**given)) == answer, f"{argument} = {value!r}"


def test_an_exact_function_says_how_to_write_a_float() -> None:
    """The message shows the fix."""
    with pytest.raises(TypeError, match=r'gamma must be exact, got the float 0.9: write "0.9" or'):
        qdecay.optimal_actions(MODEL, 0.9)  # type: ignore[arg-type]


NUMERIC = ("int", "RealLike", "RationalLike", "Exact", "Schedule", "StepSizes", "ArrayLike")
NO_NUMBERS = {"policy", "behaviour"}  # arrays whose shape and sums are looked at
MADE_BY_USERS = {  # the classes of `qdecay` that are no result, and read their own arguments
    "Constant", "EpsilonGreedy", "Exponential", "Harmonic", "Linear", "NStepSarsa", "Polynomial",
    "WatkinsQ",
}  # fmt: skip


def public_functions() -> Iterator[tuple[str, inspect.Signature]]:
    """Yield what a user calls."""
    for name in qdecay.__all__:
        found = getattr(qdecay, name)
        if name in MADE_BY_USERS or (callable(found) and not isinstance(found, type)):
            yield name, inspect.signature(found)


def test_no_number_is_left_out() -> None:
    """Every argument of a public function that is a number stands in the tables above."""
    known: dict[str, set[str]] = {}
    for entry, (_, _, numbers) in {**FUNCTIONS, **SLOW}.items():
        known.setdefault(entry.split()[0], set()).update(numbers)
    missing = [
        f"{name}({argument})"
        for name, signature in public_functions()
        for argument, parameter in signature.parameters.items()
        if set(str(parameter.annotation).replace("[", " ").replace("]", " ").split()) & {*NUMERIC}
        and "Callable" not in str(parameter.annotation)
        and "int | str" not in str(parameter.annotation)  # a number or a name
        and argument not in NO_NUMBERS
        and argument not in known.get(name, ())
    ]
    assert missing == []


def test_the_options_of_an_assertion_are_those_of_a_probe() -> None:
    """Save the agent, its gamma and the tolerance, which are arguments of their own."""
    known = inspect.signature(qdecay.probe).parameters.keys() - {"train", "gamma", "tolerance"}
    assert ProbeOptions.__annotations__.keys() == known


def content(value: Any) -> Any:
    """Return all that a result holds, so that equal ones are equal."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype, value.tobytes()
    if isinstance(value, list | tuple):
        return [content(entry) for entry in value]
    if isinstance(value, Mapping):
        return {key: content(entry) for key, entry in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        held = [getattr(value, field.name) for field in fields(value) if field.name != "seconds"]
        return type(value), content(held)
    return type(value) if isinstance(value, gym.Env) else value
