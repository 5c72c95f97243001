"""What common discount factors cost in every environment with a finite model."""

from __future__ import annotations

import json

import numpy as np
import pytest
from models import TAXI
from shell import run

import qdecay
from qdecay.model.registered import environment_ids
from qdecay.pricing.survey import COMMON, SurveyedPrice, survey

NO_MODEL = {"qdecay/Chain-v0", "qdecay/GridWorld-v0"}  # without arguments
RAINY = "Taxi-v4 -k is_rainy=true"
DOUBLINGS = 30


@pytest.fixture(scope="module")
def found() -> list[SurveyedPrice]:
    return survey()


def model(source: str) -> qdecay.MDP:
    return qdecay.as_mdp("Taxi-v4", is_rainy=True) if source == RAINY else qdecay.as_mdp(source)


def beginning(mdp: qdecay.MDP) -> np.ndarray:
    chances = np.zeros(mdp.n_states)
    for s, p in (mdp.initial_states or {mdp.start: 1}).items():
        chances[s] = p
    return chances


def matrices(mdp: qdecay.MDP) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of going on, (S, A, S), and expected rewards, (S, A), from the rows."""
    p = np.zeros((mdp.n_states, mdp.n_actions, mdp.n_states))
    r = np.zeros((mdp.n_states, mdp.n_actions))
    for s, a, t, chance, reward, terminated in mdp.rows():
        p[s, a, t] += 0 if terminated else float(chance)
        r[s, a] += float(chance * reward)
    return p, r


def earned(mdp: qdecay.MDP, gamma: float, steps: int | None) -> float:
    """What a policy that policy iteration finds in floats earns; of 2^30 steps: doubled."""
    policy = qdecay.policy_iteration(mdp, gamma, tol=1e-4).policy
    p, r = (array[np.arange(mdp.n_states), policy] for array in matrices(mdp))
    total = r
    if steps is None:
        for _ in range(DOUBLINGS):
            total, p = total + p @ total, p @ p
            if p.max() < 1e-30:  # all have ended
                break
    else:
        for _ in range(steps - 1):
            total = r + p @ total
    return float(beginning(mdp) @ total)


def with_a_clock(mdp: qdecay.MDP, steps: int) -> float:
    """What the best policy earns that knows how many steps are left."""
    p, r = matrices(mdp)
    v = np.zeros(mdp.n_states)
    for _ in range(steps):
        v = (r + p @ v).max(axis=1)
    return float(beginning(mdp) @ v)


@pytest.mark.slow
def test_every_environment_with_a_model_is_there(found: list[SurveyedPrice]) -> None:
    """In order, with rainy Taxi; by its total or average, then by its time limit if it has one."""
    sources = list(dict.fromkeys(row.source for row in found))
    ids = [name for name in environment_ids() if name not in NO_MODEL]
    assert sources == [*ids, *([RAINY] if TAXI == "Taxi-v4" else [])]
    for source in sources:
        kinds = [row.price.judge.kind for row in found if row.source == source]
        limit = ["steps"] if model(source).time_limit else []
        assert kinds[0] in ("total", "average")
        assert kinds[1:] == limit


@pytest.mark.slow
def test_what_is_lost_is_lost_by_the_policies_that_planning_finds(
    found: list[SurveyedPrice],
) -> None:
    """In floats and from the rows of the model; nothing is lost at 0.9999 without a limit."""
    for row in found:
        mdp, steps = model(row.source), row.price.judge.steps
        best = with_a_clock(mdp, steps) if steps else earned(mdp, 0.9999, None)
        for gamma, priced in zip(COMMON, row.common, strict=True):
            loss = (best - earned(mdp, float(gamma), steps)) / abs(best)
            assert priced.loss == pytest.approx(loss, abs=1e-6), (row.source, gamma)


@pytest.mark.slow
def test_the_document_has_the_prices(capsys, monkeypatch, found: list[SurveyedPrice]) -> None:
    """Each as `price` gives it, with the number of breakpoints and the Blackwell gamma."""
    code, out, _ = run(capsys, monkeypatch, "envs", "--prices", "--json")
    document = json.loads(out)
    assert (code, document["schema"], len(document["prices"])) == (0, "qdecay.prices/1", len(found))
    rows = {(row["source"], row["judge"]["kind"]): row for row in document["prices"]}
    price = qdecay.price("FrozenLake8x8-v1", "total")
    lake = rows["FrozenLake8x8-v1", "total"]
    assert lake == json.loads(json.dumps(lake | price.body()))
    assert lake["gammas"] == [price.at(gamma).body() for gamma in COMMON]
    blackwell = qdecay.blackwell("FrozenLake8x8-v1").discount_factor.decimal(10)
    assert (lake["breakpoints"], lake["blackwell"]) == (25, blackwell)
