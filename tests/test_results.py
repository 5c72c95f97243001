"""What public functions return can travel, be compared, be looked at and be written down.

Every name of `qdecay` has an example here, so that a new one cannot come without.
"""

from __future__ import annotations

import copy
import dataclasses
import importlib.util
import inspect
import json
import multiprocessing
import pickle
import re
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from html_tree import parse
from loky import get_reusable_executor
from sweeps import SMALL

import qdecay
from qdecay._support.result import Record, Result, same
from qdecay.learning.learner import Learner
from qdecay.sweep import Spec

ROOT = Path(__file__).parents[1]
LAYOUT = qdecay.ChainLayout.choice(stay=[1], move=[0, 0, 4])
MODEL = qdecay.MDP.from_layout(LAYOUT)
LONG = qdecay.MDP.from_rows(
    [(s, a, (s + a) % 300, 1, (7 * s + a) % 11, False) for s in range(300) for a in range(9)],
    n_states=300,
    n_actions=9,
    start=0,
    state_names=[f"a room with a long name, the {s}th" for s in range(300)],
)


@cache
def profile() -> qdecay.DiscountProfile:
    agent = qdecay.tabular_agent(qdecay.q_learning, 0.9)
    return qdecay.probe(agent, delays=(1, 2), settings=["one-shot"], gamma=0.9, trainings=40)


@cache
def swept() -> tuple[Any, ...]:
    sweep = qdecay.Sweep(Spec.parse(SMALL))
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store.db"
        finished = sweep.run(store, backend="here")
        return sweep, sweep.spec, finished, qdecay.phase_diagram(store)


def flips(model: qdecay.MDP) -> tuple[qdecay.LearnedFlip, ...]:
    return qdecay.learned_thresholds(model, [0.1, 0.9], [1, 2], steps=1000, step_size=1.0)


@cache
def times() -> tuple[qdecay.LearningTime, ...]:
    few: Any = {"explorers": ["random"], "seeds": 2, "steps": 500}
    model = qdecay.learning_times(MODEL, gammas=["3/4"], **few)
    return (*qdecay.learning_times(delays=[1, 30], **few), *model)


@cache
def lost() -> qdecay.Price:
    """Three steps to 10: below some gamma one rests for ever, at 1/2 a step."""
    away = [(s, 0, min(s + 1, 2), 1, 10 if s == 2 else -1, s == 2) for s in range(3)]
    rest = [(s, 1, s, 1, "-1/2", False) for s in range(3)]
    return qdecay.price(qdecay.MDP.from_rows(away + rest, n_states=3, n_actions=2, start=0))


@cache
def line() -> qdecay.ModelLine:
    """A wage from 0 to 3 for working, where resting pays 1."""

    def job(wage: Any) -> qdecay.MDP:
        rows: list[Any] = [(0, 0, 0, 1, 1, True), (0, 1, 0, 1, wage, True)]
        return qdecay.MDP.from_rows(rows, n_states=1, n_actions=2, start=0)

    return qdecay.ModelLine.of(job, low=0, high=3)


def priced_line() -> qdecay.LinePrice:
    return qdecay.price(line(), gamma=1, truth=line().at(2))


@cache
def along() -> tuple[qdecay.LineRegions, ...]:
    """Over a prize for moving, at 1/2, where staying pays 1; over 300 rooms' living reward."""
    prize = qdecay.ModelLine.of_reward(MODEL, 4, low=0, high=8)
    living = qdecay.ModelLine.of_step_reward(LONG, low=0, high=1)
    mixed = qdecay.ModelLine(MODEL, prize.high)
    gammas = {prize: "1/2", living: 0, mixed: "1/4"}
    return tuple(qdecay.policy_regions(line, gamma=gamma) for line, gamma in gammas.items())


@cache
def taught() -> qdecay.LearnedPrice:
    return qdecay.learned_price(lost(), ["1/2"], seeds=3, steps=1000)


@cache
def data() -> qdecay.MDP:
    """A ticket that paid in 8 of 20 tries, or a queue that served 7 of 30 times."""
    rows = [(0, 0, 1, 0, True)] * 8 + [(0, 0, 0, 0, True)] * 12 + [(0, 1, 0, 1, False)]
    rows += [(1, 1, 2, 1, True)] * 7 + [(1, 1, 0, 1, False)] * 23
    return qdecay.MDP.from_transitions(rows, start=0)


@cache
def settled() -> qdecay.ResampledBreakpoints:
    return qdecay.resampled_breakpoints(data(), resamples=40)


@cache
def priced() -> qdecay.ResampledPrice:
    return qdecay.resampled_price(data(), gammas=["1/2"], resamples=40)


@cache
def bracketed() -> qdecay.CertifiedRegions:
    return qdecay.certified_policy_regions(MODEL)


def episode_end() -> qdecay.EpisodeEnd:
    ends: list[qdecay.EpisodeEnd] = []
    qdecay.q_learning(MODEL, 0.9, episodes=2, callback=ends.append)
    return ends[-1]


def stable_baselines() -> Any:
    if importlib.util.find_spec("stable_baselines3") is None:
        return ()
    return qdecay.sb3_agent("DQN", 0.9, learning_starts=10)


@cache
def certified() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "certificate.json"
        qdecay.write_certificate(MODEL, qdecay.policy_regions(MODEL), path)
        return qdecay.verify(path)


@cache
def mapped() -> tuple[qdecay.PolicyMap, ...]:
    line = qdecay.ModelLine.of_reward(MODEL, 4, low=1, high=4)
    return (qdecay.policy_map(line, fineness="1/16"),)


def learnt(learner: Any) -> tuple[Any, ...]:
    env = qdecay_env()
    return learner, learner(MODEL, 0.9, steps=200), learner(env, 0.9, steps=200)


def qdecay_env() -> Any:
    import gymnasium

    return gymnasium.make("qdecay/StayOrMove-v0")


EXAMPLES: dict[str, Callable[[], Any]] = {
    "MDP": lambda: (MODEL, LONG, data()),
    "AlgebraicNumber": lambda: (
        *qdecay.break_even(LAYOUT).roots,
        *qdecay.break_even(qdecay.ChainLayout.choice(stay=[1, 0, 1], move=[0, 0, 0, 6])).roots,
    ),
    "AverageReward": lambda: (qdecay.average_reward(MODEL), qdecay.average_reward(LONG)),
    "AgentError": lambda: qdecay.AgentError("chose no action"),
    "Blackwell": lambda: qdecay.blackwell(MODEL),
    "Undiscounted": lambda: qdecay.undiscounted(MODEL),
    "Breakpoint": lambda: qdecay.policy_regions(LONG).breakpoints[:3],
    "BreakEven": lambda: qdecay.break_even(MODEL),
    "BudgetExceeded": lambda: qdecay.BudgetExceeded("a limit", qdecay.value_iteration(MODEL, 0.5)),
    "CertificateError": lambda: qdecay.CertificateError("a statement does not hold"),
    "CertifiedBracket": lambda: bracketed().brackets,
    "CertifiedPrice": lambda: qdecay.price(MODEL, method="certified"),
    "CertifiedRegions": bracketed,
    "ChainLayout": lambda: LAYOUT,
    "Comparison": lambda: qdecay.compare(LAYOUT, walks=10, step_size="1/2"),
    "Constant": lambda: qdecay.Constant(0.5),
    "Diagnosis": lambda: qdecay.diagnose(profile()),
    "DiscountProfile": profile,
    "EpisodeEnd": lambda: episode_end(),
    "EpsilonGreedy": lambda: qdecay.EpsilonGreedy(0.9, 0.1),
    "Evaluation": lambda: qdecay.evaluate_policy(LONG, [0] * LONG.n_states, 0.5),
    "Exponential": lambda: qdecay.Exponential(1.0, 0.2, decay=0.5),
    "FloatMDP": lambda: qdecay.FloatMDP.from_arrays(
        np.array([[[0.5, 0.5], [0.0, 1.0]]]), np.array([[1.0], [0.0]])
    ),
    "FiniteMDP": lambda: MODEL,
    "Finished": swept,
    "GammaSweep": lambda: qdecay.value_over_gammas(LONG, [0.4, 0.5, 0.6]),
    "GridLayout": lambda: qdecay.GridLayout(["r +1", "S  "], {"r": {"reward": -3}}, noise="1/5"),
    "Harmonic": lambda: qdecay.Harmonic(3.0),
    "InputError": lambda: qdecay.InputError("one line"),
    "Judge": lambda: tuple(map(qdecay.Judge.of, ("total", "average", "steps:3", "1/2"))),
    "LearnedFlip": lambda: flips(MODEL),
    "LearnedThreshold": lambda: qdecay.compare(LAYOUT).learned,
    "LearnedGamma": lambda: taught().gammas,
    "LearnedPrice": lambda: taught(),
    "LearningCurve": lambda: qdecay.learning_curve(LAYOUT, "1/2", 3),
    "LearningResult": lambda: learnt(qdecay.q_learning)[1],
    "LearningTime": lambda: times(),
    "LineBreakpoint": lambda: along()[0].breakpoints,
    "LineRegions": along,
    "Linear": lambda: qdecay.Linear(1.0, 0.0, steps=4),
    "ManyResult": lambda: qdecay.q_learning_many(MODEL, [0.4, 0.6], [1, 2], steps=100),
    "MapCurve": lambda: mapped()[0].curves,
    "MapLine": lambda: (*mapped()[0].lines[:2], mapped()[0].columns[0]),
    "ModelLine": lambda: tuple(found.line for found in along()),
    "NearTie": lambda: qdecay.NearTie(0, (0, 1), Fraction(1, 2), Fraction(3, 4)),
    "NStepSarsa": lambda: learnt(qdecay.NStepSarsa(2)),
    "NotConverged": lambda: qdecay.NotConverged("sweeps", qdecay.value_iteration(MODEL, 0.5)),
    "NumericChange": lambda: qdecay.numeric_policy_regions(MODEL, points=50).changes,
    "NumericRegions": lambda: qdecay.numeric_policy_regions(MODEL, points=50),
    "PhaseDiagram": swept,
    "PhaseRow": lambda: swept()[-1].rows,
    "LinePrice": priced_line,
    "PricedValue": lambda: (priced_line().at(1), priced_line().at("1/2")),
    "Price": lambda: (qdecay.price(MODEL), qdecay.price(LONG, "average"), lost()),
    "PricedGamma": lambda: (qdecay.price(MODEL).at("1/2"), qdecay.price(MODEL).at("0.9")),
    "PricedRegion": lambda: (*qdecay.price(MODEL).regions, *lost().regions),
    "Progress": lambda: qdecay.Progress(1, 2, "halfway"),
    "QdecayWarning": lambda: qdecay.QdecayWarning("a newer version is registered"),
    "ResampledBreakpoint": lambda: settled().breakpoints,
    "ResampledBreakpoints": settled,
    "ResampledPrice": priced,
    "ResampledWorth": lambda: (*priced().regions, *priced().gammas),
    "report": lambda: qdecay.report(LAYOUT, exact_only=True),
    "resampled_breakpoints": settled,
    "resampled_price": priced,
    "Page": lambda: qdecay.policy_regions(MODEL).explore(),
    "PolicyMap": lambda: mapped(),
    "PolicyRegions": lambda: (qdecay.policy_regions(MODEL), qdecay.policy_regions(LONG)),
    "Polynomial": lambda: qdecay.Polynomial(0.75),
    "Schedule": lambda: (),  # a union of classes that have examples
    "Setting": lambda: qdecay.Setting("windy", truncation="1/3"),
    "Solution": lambda: (qdecay.value_iteration(MODEL, 0.5), qdecay.value_iteration(LONG, 0.5)),
    "Spec": swept,
    "Sweep": swept,
    "TabularLearner": lambda: qdecay.q_learning,
    "Verification": certified,
    "WatkinsQ": lambda: learnt(qdecay.WatkinsQ(0.5)),
    "Worth": lambda: (lost().optimum, lost().regions[0].worst),
    "as_mdp": lambda: qdecay.as_mdp("qdecay/StayOrMove-v0"),
    "assert_effective_discount": lambda: qdecay.assert_effective_discount(
        qdecay.tabular_agent(qdecay.q_learning, 0.9), 0.9, within=0.05, delays=(2,), trainings=30
    ),
    "average_reward": lambda: qdecay.average_reward(MODEL),
    "blackwell": lambda: qdecay.blackwell(LONG),
    "undiscounted": lambda: qdecay.undiscounted("qdecay/RiverSwim-v0"),
    "break_even": lambda: qdecay.break_even(LAYOUT),
    "break_even_gamma": lambda: qdecay.break_even_gamma(1, 0, 4, 2),
    "break_even_reward": lambda: qdecay.break_even_reward([1], [0, 0, R()], R(), "1/2"),
    "certified_policy_regions": bracketed,
    "compare": lambda: qdecay.compare(LAYOUT),
    "diagnose": lambda: qdecay.diagnose(profile()),
    "distributed_values": lambda: (),  # a Solution, where PETSc is installed
    "epsilon_soft": lambda: qdecay.epsilon_soft(MODEL, "1/10"),
    "evaluate_policy": lambda: qdecay.evaluate_policy(MODEL, [0] * MODEL.n_states, 0.5),
    "expected_trainings": lambda: qdecay.expected_trainings([1, 2], 0, 0.9, ["one-shot"], None),
    "is_breakpoint": lambda: qdecay.is_breakpoint(MODEL, "1/2"),
    "learned_thresholds": lambda: flips(LONG),
    "learned_price": lambda: taught(),
    "learning_curve": lambda: qdecay.learning_curve(LAYOUT, lambda k: f"1/{k}", (3, 20)),
    "learning_times": lambda: times(),
    "modified_policy_iteration": lambda: qdecay.modified_policy_iteration(MODEL, 0.5),
    "numeric_policy_regions": lambda: qdecay.numeric_policy_regions(LONG, points=300),
    "optimal_actions": lambda: qdecay.optimal_actions(MODEL, "1/2"),
    "optimal_values": lambda: qdecay.optimal_values(MODEL, 0.5),
    "phase_diagram": swept,
    "plot": lambda: (),  # a figure of matplotlib's, which it copies and compares as it likes
    "policy_iteration": lambda: qdecay.policy_iteration(MODEL, 0.5),
    "policy_map": lambda: mapped(),
    "policy_regions": lambda: qdecay.policy_regions(MODEL),
    "price": lambda: qdecay.price(MODEL, "1/3"),
    "probe": profile,
    "q_learning_many": lambda: qdecay.q_learning_many(LONG, [0.4, 0.6], [1, 2], steps=100),
    "sb3_agent": lambda: stable_baselines(),
    "tabular_agent": lambda: qdecay.tabular_agent(
        qdecay.NStepSarsa(2), 0.9, steps=10, epsilon=qdecay.Linear(1.0, 0.0, steps=4)
    ),
    "value_iteration": lambda: qdecay.value_iteration(MODEL, 0.5),
    "value_over_gammas": lambda: qdecay.value_over_gammas(MODEL, [0.4, 0.5, 0.6]),
    "verify": certified,
    "walks_until": lambda: qdecay.walks_until("1/2", 2),
    "write_certificate": certified,
}
for _name in qdecay.__all__:
    if isinstance(_learner := getattr(qdecay, _name), Learner):
        EXAMPLES[_name] = partial(learnt, _learner)
DOCUMENTED_IN_WORDS = {
    "CertifiedPrice",
    "CertifiedRegions",
    "Comparison",
    "DiscountProfile",
    "Finished",
    "LearningTime",
    "LinePrice",
    "LineRegions",
    "NumericRegions",
    "PhaseDiagram",
    "PolicyMap",
    "PolicyRegions",
    "Price",
    "Sweep",
}
TABLES = {
    "AverageReward",
    "CertifiedPrice",
    "CertifiedRegions",
    "Comparison",
    "DiscountProfile",
    "Evaluation",
    "GammaSweep",
    "LearnedPrice",
    "LearningResult",
    "LinePrice",
    "LineRegions",
    "ManyResult",
    "NumericRegions",
    "PhaseDiagram",
    "PolicyMap",
    "PolicyRegions",
    "Price",
    "ResampledBreakpoints",
    "ResampledPrice",
    "Solution",
    "Undiscounted",
}


def R() -> Any:
    import sympy

    return sympy.Symbol("R")


@cache
def example(name: str) -> tuple[Any, ...]:
    """Return what the example of a name returns, as a tuple."""
    found = EXAMPLES[name]()
    return found if type(found) is tuple else (found,)


def everything() -> list[Any]:
    return [value for name in EXAMPLES for value in example(name)]


def results() -> dict[str, Result]:
    """One result of each class, those within others included."""
    found: dict[str, Result] = {}
    for value in everything():
        if isinstance(value, Result):
            found.setdefault(type(value).__name__, value)
    return found


def check_same(again: Any, value: Any) -> None:
    if isinstance(value, Exception):  # which nobody compares
        assert type(again) is type(value) and str(again) == str(value)
        assert same(getattr(again, "best", None), getattr(value, "best", None))
    else:
        assert again == value


def changed(value: Any) -> Any:
    """Return another value of the same kind."""
    if value is None or isinstance(value, bool):
        return not value
    if isinstance(value, np.ndarray):
        return ~value if value.dtype == np.bool_ else value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, tuple | list):
        return (*value, None)
    if isinstance(value, Mapping):
        return {**value, None: None}
    return None


def test_every_public_name_has_an_example() -> None:
    """And every class of a result is one of them, so that the checks below see it."""
    assert set(EXAMPLES) == set(qdecay.__all__) - {"__version__"}
    for name in qdecay.__all__:
        thing = getattr(qdecay, name)
        assert not inspect.isclass(thing) or any(isinstance(v, thing) for v in everything()), name
    assert set(results()) >= TABLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_can_be_pickled_and_copied(name: str) -> None:
    """With every protocol, and is equal afterwards; what it holds that is cached is no matter."""
    for value in example(name):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            check_same(pickle.loads(pickle.dumps(value, protocol)), value)
        check_same(copy.deepcopy(value), value)
        check_same(copy.copy(value), value)


def test_it_goes_to_another_process_and_back() -> None:
    """by spawning, which pickles, and by loky, which pickles in a way of its own."""
    values = everything()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        returned = list(pool.map(copy.copy, values))
    by_loky = get_reusable_executor(max_workers=1).map(copy.copy, values)
    for value, by_spawn, by_loky_value in zip(values, returned, by_loky, strict=True):
        check_same(by_spawn, value)
        check_same(by_loky_value, value)


def test_dask_takes_it() -> None:
    distributed = pytest.importorskip("distributed")
    values = everything()
    with (
        distributed.LocalCluster(n_workers=1, processes=True, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        returned = client.gather(client.map(copy.copy, values, pure=False))
    for value, again in zip(values, returned, strict=True):
        check_same(again, value)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_changed_field_makes_it_another(name: str) -> None:
    for value in example(name):
        if not isinstance(value, Result):
            continue
        for field in dataclasses.fields(value):
            other = copy.deepcopy(value)
            object.__setattr__(other, field.name, changed(getattr(value, field.name)))
            assert (other != value) == field.compare, field.name


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_repr_is_three_lines_at_most(name: str) -> None:
    """Of a terminal, whatever there is of it; and it names no address in memory."""
    for value in (getattr(qdecay, name), *example(name)):
        if not inspect.isroutine(value) and not inspect.isclass(value):
            text = repr(value)
            assert len(text) <= 240 and text.count("\n") <= 2, text
            assert not re.search(r"\bat 0x[0-9a-f]+", text), text


SHOWN = {
    "Blackwell": "Blackwell(3 states, discount factor 0.5, a breakpoint)",
    "Undiscounted": "Undiscounted(3 states, total 4 from the start)",
    "Breakpoint": "Breakpoint(0.4051: state 284)",
    "BreakEven": "BreakEven(stay up to 0.5, move up to 1)",
    "CertifiedBracket": "CertifiedBracket(0.5000000000(3): state 0)",
    "CertifiedPrice": "CertifiedPrice(2 regions judged by total, optimum 4.000)",
    "CertifiedRegions": "CertifiedRegions(1 bracket near 0.5000, proven up to 1 - 1e-9)",
    "NearTie": "NearTie(state=0, actions=(0, 1), lower=Fraction(1, 2), upper=Fraction(3, 4))",
    "Comparison": "Comparison(stay | move: agree, exact 0.5, planned 0.5000, predicted 0.5140, "
    "learned 0.5140)",
    "DiscountProfile": "DiscountProfile(q_learning: acts as gamma = 0.9005 [0.8991, 0.9019], as "
    "configured (0.9), 40 trainings)",
    "Finished": "Sweep(spec: 2 sources, 2 gammas, 2 learners, 3 seeds)",
    "LearnedFlip": "LearnedFlip(from stay to move at 0.5 [0.5, 0.5], 2 seeds)",
    "LearnedThreshold": "LearnedThreshold(0.5 [0.5, 0.5], 10 seeds, 2,350 steps)",
    "LearningCurve": "LearningCurve(of the last reward arrived: stay 0.875 after 3 walks, move "
    "0.125 after 3 walks)",
    "LearningResult": "LearningResult(q_learning at gamma 0.9, seed 0: 200 steps, 172 episodes, "
    "value 1 at the start)",
    "LearningTime": "LearningTime(random, forever, delay 1 at gamma 9/10: 11.5 steps of 500, "
    "2 seeds)",
    "LineBreakpoint": "LineBreakpoint(4: state 0)",
    "LineRegions": "LineRegions(reward:4 from 0 to 8, gamma 1/2, 2 regions, breakpoint 4)",
    "ModelLine": "ModelLine(reward:4 from 0 to 8: 3 states, 2 actions)",
    "ManyResult": "ManyResult(3 states, 2 gammas from 0.4 to 0.6, 2 seeds, 100 steps each)",
    "NumericRegions": "NumericRegions(1 change near 0.5000, 61 solves up to 0.999999, nothing "
    "proven)",
    "PhaseRow": "PhaseRow(0.4082: above, 6 trainings; source = choice, delay = 2, ending = "
    "terminate, ... 7 more ..., step_size = 1/10)",
    "Judge": "Judge('total')",
    "MapCurve": "MapCurve(gamma^2 x - 1 = 0, areas 0 and 1, 19 points)",
    "PolicyMap": "PolicyMap(gamma from 0 to 1, reward:4 from 1 to 4, 2 areas, 1 curve, 1 with a "
    "polynomial, exact on 24 lines)",
    "LinePrice": "LinePrice(wage from 0 to 3, gamma 1, 2 regions judged by total, optimum 2)",
    "PricedValue": "PricedValue(1: 1 to 2)",
    "Price": "Price(2 regions judged by total, optimum 4)",
    "PricedGamma": "PricedGamma(0.5: 1 to 4)",
    "PricedRegion": "PricedRegion(0 to 0.5: 1)",
    "Worth": "Worth(8)",
    "as_mdp": "MDP(qdecay/StayOrMove-v0: 3 states, 2 actions, 6 transitions, start 0)",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_notebooks_show_it(name: str) -> None:
    """As HTML whose elements close, without a script and without ids, which could meet others'."""
    for value in example(name):
        if isinstance(value, Record | qdecay.AlgebraicNumber):
            root = parse(value._repr_html_())
            assert root.text.strip() and not root.all("script")
            assert not any("id" in node.attributes for node in root)


@pytest.mark.parametrize("name", SHOWN)
def test_its_repr_says_what_one_wants_to_know(name: str) -> None:
    assert repr(example(name)[0]) == SHOWN[name]


def test_names_come_along() -> None:
    """From the model that a name or a file stands for to the repr of what is found of it."""
    lake = qdecay.as_mdp("FrozenLake-v1")
    found, solution = qdecay.policy_regions(lake), qdecay.value_iteration(lake, 0.9)
    shown = "FrozenLake-v1: 16 states, 3 regions, breakpoints 0.8088, 0.9783"
    assert repr(found) == f"PolicyRegions({shown})"
    assert found.to_json()["source"] == solution.to_json()["source"] == "FrozenLake-v1"
    assert list(found.to_json("mine")) == list(found.to_json())
    assert found.to_json("mine")["source"] == "mine"
    assert repr(solution).startswith("Solution(FrozenLake-v1 at gamma 0.9: value 0.06889 at the st")


def test_its_document_is_valid_json_of_a_documented_schema() -> None:
    documented = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    for name, value in results().items():
        document = value.to_json()
        assert re.fullmatch(r"qdecay\.[a-z-]+/[0-9]+", document["schema"]), name
        assert f"`{document['schema']}`" in documented, document["schema"]
        assert json.loads(json.dumps(document, allow_nan=False)) == document, name
        row = re.search(rf"^.*`{document['schema']}` \| `[a-zA-Z_]+.*$", documented, re.MULTILINE)
        fields = re.findall(r"`(\w+)`", row[0].rpartition(" | ")[2]) if row else []
        assert fields or name in DOCUMENTED_IN_WORDS, name
        assert set(fields) <= set(document), name


def test_tables() -> None:
    """A result that is a table becomes one, with names where the model has them."""
    pandas = pytest.importorskip("pandas")
    found = results()
    for name in TABLES:
        table = found[name].to_frame()  # type: ignore[attr-defined]
        assert isinstance(table, pandas.DataFrame) and len(table), name
    assert {name for name in found if hasattr(found[name], "to_frame")} == TABLES
    solution = example("Solution")[1].to_frame()
    assert solution.index[7] == "a room with a long name, the 7th"
    assert set(example("ManyResult")[0].to_frame()["action"]) == {"stay", "move"}
