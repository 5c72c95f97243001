"""What `compare_checkouts` runs inside one checkout: each output becomes a file of this folder.

`python -P checkout_outputs.py CHECKOUT SECTION [--quick]`, with the checkout on PYTHONPATH.
Commands run one after another in this process, which saves their start, and are written as the
newer command line has them; where `sweep run` is not known yet, `sweep`, `phase` and `export`
stand for `sweep run`, `sweep phase` and `sweep export`.
"""

from __future__ import annotations

import io
import re
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import qdecay
import qdecay_envs

SOURCES = Path("../../sources")
LEARNERS = ("q_learning", "double_q_learning", "sarsa", "expected_sarsa")
METHODS = ("auto", "synchronous", "gauss_seidel", "prioritized")
NOISE = ("slip=1/10", "escape=true", "reward_noise=0.5")
OPTIONS = (
    ("Taxi-v4", "is_rainy=true"),
    ("FrozenLake-v1", "is_slippery=false"),
    ("qdecay/StayOrMove-v0", "slip=1/7"),
    ("qdecay/ShortDelay-v0", "escape=true"),
)
LEARNT = "q visits returns lengths steps"
SWEEP = """schema = "qdecay.sweep/1"
sources = [
    { delay = [1, 3], reward = 6 },
    { delay = 2, reward = 3, near_delay = 1, ending = "repeat", options = { slip = "1/10" } },
    { source = ["FrozenLake-v1", "qdecay/RiverSwim-v0"] },
    { source = ["../../sources/layout-three.json", "../../sources/model-random-0.json"] },
]
gammas = [0.5, "2/3", 0.95]
seeds = 2
learners = [
    { name = ["q_learning", "sarsa", "expected_sarsa", "double_q_learning"], epsilon = 0.3, \
      episodes = 60, max_episode_steps = 50 },
    { name = ["q_learning", "double_q_learning"], steps = 1500, initial_value = 1, \
      epsilon = { schedule = "linear", start = 1, end = 0.1, steps = 500 }, \
      step_size = { schedule = "polynomial", exponent = "2/3" } },
    { name = "sarsa", steps = 1500, step_size = { schedule = "harmonic" }, \
      epsilon = { schedule = "exponential", start = 1, end = 0.05, decay = 0.99 } },
    { name = "q_learning", visits = 40, steps = 3000 },
    { name = "n_step_sarsa", n = [1, 3], steps = 1500 },
    { name = "watkins_q", trace = [0, "1/2"], steps = 1500 },
]
"""
PHASE = """schema = "qdecay.sweep/1"
sources = [{ delay = [1, 2], reward = 6 }]
gammas = { around = "break-even", count = 4, spread = 0.5 }
learners = [{ name = "q_learning", epsilon = [0.1, 0.5], episodes = 200 }]
seeds = 10
"""


def run(*arguments: str) -> str:
    """Run a command; return what it prints, its exit code and its messages."""
    out, err, before, code = io.StringIO(), io.StringIO(), sys.argv, None
    sys.argv = ["qdecay", *arguments]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            runpy.run_module("qdecay", run_name="__main__")
    except SystemExit as stopped:
        code = stopped.code
    except Exception as error:  # is told like any other output
        code = repr(error)
    finally:
        sys.argv = before
    messages = re.sub(r"^[\d,]+ of [\d,]+ \w+(,.*)?\n", "", err.getvalue(), flags=re.MULTILINE)
    return f"{out.getvalue()}\nexit code {code}; messages:\n{messages}"  # how far it is left out


def keep(*arguments: str) -> None:
    """Run a command and write its output to a file of its name."""
    name = re.sub(r"[^\w.=-]+", "_", " ".join(arguments).replace(f"{SOURCES}/", ""))[:150]
    path = Path(f"{name}.txt")
    if path.exists():
        raise FileExistsError(path)
    words = arguments
    if arguments[0] == "sweep" and not _has_sweep_run():
        words = ("sweep", *arguments[2:]) if arguments[1] == "run" else arguments[1:]
    path.write_text(run(*words))


@cache
def _has_sweep_run() -> bool:
    return re.search(r"^ +export ", run("--help"), re.MULTILINE) is None


def sources(*patterns: str) -> list[str]:
    return [str(path) for pattern in patterns for path in sorted(SOURCES.glob(pattern))]


def env_ids() -> list[str]:
    """The environments of qdecay and of Gymnasium's toy text, those without a model too."""
    specs = gym.registry.values()
    return [s.id for s in specs if s.id.startswith("qdecay/") or "toy_text" in str(s.entry_point)]


def regions(quick: bool) -> None:
    """Regions, tables, certificates and Blackwell discount factors; numeric regions."""
    models = sources("model-*", "layout-*", "*.tra", "*.npz")
    for source in [*env_ids(), *models]:
        proof = f"proof of {Path(source).stem}.json"
        keep("regions", source, "--json", "--certificate", proof)
        keep("regions", source, "--states", "--digits", "30")
        keep("blackwell", source)
        if Path(proof).exists():
            keep("verify", proof)
    for source, option in OPTIONS:
        keep("regions", source, "-k", option, "--json")
    for source in [*env_ids(), *models][:: 4 if quick else 1]:
        keep("regions", source, "--numeric", "--json")
    keep("envs", "--json")


def sweep(quick: bool) -> None:
    """The rows of a sweep of every learner, and where the agents of another one flip."""
    specs = {"rows": SWEEP.replace(", 0.95]", "]") if quick else SWEEP, "phase": PHASE}
    for name, text in specs.items():
        Path(f"{name}.toml").write_text(text)
        workers = ("--backend", "here") if name == "phase" else ("--workers", "1")
        keep("sweep", "run", f"{name}.toml", "-o", f"{name}.db", *workers)
        keep("sweep", "export", f"{name}.db", "-o", f"{name}.csv")  # has neither times nor versions
        keep("sweep", "phase", f"{name}.db", "--json")
        Path(f"{name}.db").unlink()  # holds both


def compare(quick: bool) -> None:
    """Algebra, planning and learning side by side, and how long learning takes."""
    keep("compare", "--json")
    keep("compare", "--json", "--walks", "20", "--step-size", "1/3")
    for option in NOISE[: 1 if quick else None]:
        keep("compare", "qdecay/StayOrMove-v0", "-k", option, "--json")
    for learner in LEARNERS[: 1 if quick else None]:
        keep("compare", "qdecay/ShortDelay-v0", "--learner", learner, "--seed", "7", "--json")
    for source in sources("layout-*")[: 2 if quick else None]:
        keep("compare", source, "--json")
    keep("learn-curve", "--delay", "1,2", "--seeds", "3", "--steps", "2000", "--json")


def probe(quick: bool) -> None:
    """The discounts of sound and of faulty agents, with few trainings."""
    few = ("--seed", "3", "--trainings", "24" if quick else "60", "--json")
    for learner in LEARNERS[: 1 if quick else None]:
        keep("probe", learner, "--gamma", "0.9", *few)
    for fault in ("sound", "twice", "cut", "unmasked", "clips")[: 2 if quick else None]:
        keep("probe", f"agents_to_compare:{fault}", "--gamma", "0.8", "--delays", "1,3", *few)
    stored = (
        "--settings",
        "one-shot",
        "--delays",
        "2,4",
        "--near-delay",
        "1",
        "--store",
        "a.jsonl",
    )
    keep("probe", "agents_to_compare:through_the_env", *stored, *few)
    keep("probe", "agents_to_compare:through_the_env", *stored, *few[:2])  # goes on from there


def numbers(quick: bool) -> None:
    """Values and learned values to the last bit, and the steps of environments."""
    ids = [
        i for i in env_ids() if i not in ("Blackjack-v1", "qdecay/Chain-v0", "qdecay/GridWorld-v0")
    ]
    models = {i: qdecay.MDP.from_env(gym.make(i)) for i in ids[:: 4 if quick else 1]}
    models |= {Path(p).stem: qdecay.MDP.load(p) for p in sources("model-random-?.*", "robot.tra")}
    for name, mdp in models.items():
        exact = [repr(qdecay.optimal_actions(mdp, Fraction(k, 10))) for k in (0, 5, 9)]
        lines = [*exact, *planned(mdp), *learnt(mdp)]
        Path(f"values of {Path(name).name}.txt").write_text("\n".join(lines))
    for env_id in ids:
        lines = [*trained(gym.make(env_id)), *steps(gym.make(env_id))]
        Path(f"steps of {Path(env_id).name}.txt").write_text("\n".join(lines))


def pages(quick: bool) -> None:
    """Pages and figures."""
    for name, source in enumerate(
        (*sources("layout-three.*", "model-puterman.*"), *env_ids()[1:3])
    ):
        keep("report", source, "-o", f"{name}.html", "--exact-only")
        if not quick:
            keep("plot", source, "-o", f"{name}.svg")


def told(what: str, names: str, function: Callable[..., Any], *given: Any, **options: Any) -> str:
    """Return a line for each attribute of each result, floats as hexadecimal; or the error."""
    what += "".join(f" {option}" for option in (*given[1:], *options.values()))
    try:
        found = function(*given, **options)
    except (ArithmeticError, TypeError, ValueError, RuntimeError) as error:
        return f"{what}: {type(error).__name__}: {error}"
    lines = []
    for result, name in product(found if isinstance(found, tuple) else (found,), names.split()):
        values = np.asarray(getattr(result, name)).ravel().tolist()
        texts = (value.hex() if isinstance(value, float) else repr(value) for value in values)
        lines.append(f"{what}: {name} = {' '.join(texts)}")
    return "\n".join(lines)


def planned(mdp: Any) -> Iterator[str]:
    """Every planner at several gammas."""
    solution, first = "v q error sweeps greedy", mdp.available.argmax(axis=1)
    for gamma in (0.0, 0.3, 0.9, 0.999, 1.0):
        for how, tol in product(METHODS, (1e-8, None)):
            yield told("vi", solution, qdecay.value_iteration, mdp, gamma, method=how, tol=tol)
        yield told("pi", solution, qdecay.policy_iteration, mdp, gamma)
        yield told("mpi", solution, qdecay.modified_policy_iteration, mdp, gamma)
        for how in ("direct", "krylov"):
            yield told("of", "v error", qdecay.evaluate_policy, mdp, first, gamma, method=how)
    names, grid = "gammas values greedy errors changes policies", np.linspace(0, 0.99, 12)
    yield told("over", names, qdecay.value_over_gammas, mdp, grid)


def learnt(mdp: Any) -> Iterator[str]:
    """Every learner on a model, and many gammas at once."""
    start = mdp.start or 0
    learners = {name: getattr(qdecay, name) for name in LEARNERS}
    learners |= {"n-step": qdecay.NStepSarsa(3), "watkins": qdecay.WatkinsQ(0.5)}
    for (name, learn), seed in product(learners.items(), (0, 5)):
        yield told(name, LEARNT, learn, mdp, 0.9, steps=3000, seed=seed, start=start)
        short = {"episodes": 9, "max_episode_steps": 40, "step_size": 0.5}
        yield told(name, LEARNT, learn, mdp, 0.9, seed=seed, start=start, **short)
    lists = ([0.1, 0.5, 0.9], [0, 1, 2])
    for how in ("uniform", qdecay.EpsilonGreedy(0.8, 0.3)):
        many = {"steps": 3000, "behaviour": how, "start": start}
        yield told("many", "gammas q visits steps", qdecay.q_learning_many, mdp, *lists, **many)
        flips = "left right gammas seeds"
        yield told("flips", flips, qdecay.learned_thresholds, mdp, *lists, width=1e-3, **many)


def trained(env: Any) -> Iterator[str]:
    """Every learner on an environment itself, step by step."""
    for name in LEARNERS:
        yield told(name, LEARNT, getattr(qdecay, name), env, 0.9, steps=300, seed=2)


def steps(env: Any) -> Iterator[str]:
    """What happens in an environment, by a seed."""
    env.action_space.seed(1)
    yield repr(env.reset(seed=1))
    for _ in range(100):
        found = env.step(env.action_space.sample())
        yield repr(found)
        if found[2] or found[3]:
            yield repr(env.reset())


SECTIONS = {f.__name__: f for f in (regions, sweep, compare, probe, numbers, pages)}

if __name__ == "__main__":
    root = Path(sys.argv[1]).resolve()
    for package, home in ((qdecay, root), (qdecay_envs, root / "envs")):
        if Path(package.__file__).resolve().parent.parent != home:
            sys.exit(f"{package.__file__} was imported, not the package in {home}")
    SECTIONS[sys.argv[2]]("--quick" in sys.argv)
