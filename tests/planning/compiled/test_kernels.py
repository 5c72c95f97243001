"""Each kernel of the planners against its formula in dense numpy, and the verdict of the loops.

The answers of whole solvers are bounded by their own proof: what makes them quick, or stop, shows
only here. Kernels are tried as Python first, then compiled.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from qdecay import MDP, NotConverged
from qdecay.planning import optimal_values, value_iteration
from qdecay.planning.compiled import along, kernels, loops
from qdecay.planning.compiled.kernels import System, Values
from qdecay.planning.compiled.loops import Settings
from qdecay.planning.table import Table

GAMMA = 0.875
CLOSE = dict(rtol=1e-12, atol=1e-12)
Kernels = Any


@pytest.fixture(scope="module", params=["readable", "compiled"])
def kernel(request: pytest.FixtureRequest) -> Any:
    """Return a kernel by its module and name, as Python or compiled."""

    def of(name: str, module: Any = kernels) -> Any:
        found = getattr(module, name)
        return found.py_func if request.param == "readable" else found

    return of


class Model:
    """7 states, 3 actions: some staying, some unavailable; the third state has no action at all."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        n, m = 7, 3
        p = random.random((n, m, n)) * (random.random((n, m, n)) < 0.5)
        p[np.arange(n), 0, np.arange(n)] += 0.25
        p[0, 0], p[0, 0, 0] = 0.0, 1.0  # stays for certain
        total = p.sum(axis=2, keepdims=True)
        self.p = np.divide(p, total, out=np.zeros_like(p), where=total > 0)
        self.p *= 1 - 0.25 * (random.random((n, m, 1)) < 0.3)  # some end
        self.r = random.normal(size=(n, m))
        self.r[1, 1] = self.r[4, 2] = np.nan
        self.r[2] = np.nan
        self.p[np.isnan(self.r)] = 0.0
        self.v = random.normal(size=n)
        self.alive = np.arange(n) != 2
        self.policy = np.array([0, 2, 0, 1, 0, 2, 1], dtype=np.uint32)
        rows = sparse.csr_matrix(self.p.reshape(n * m, n))
        self.table = Table.of(rows, self.r, ends=True)

    def values(self, v: np.ndarray | None = None) -> Values:
        """Return v, the model's own unless given, with a policy of 9 and a q of nothing."""
        n, m = self.r.shape
        return Values(
            self.v.copy() if v is None else v, np.empty((n, m)), np.full(n, 9, dtype=np.uint32)
        )

    def best(self, q: np.ndarray) -> np.ndarray:
        """The largest entry of each row, 0 where there is no action."""
        return np.where(self.alive, np.max(np.where(np.isnan(q), -np.inf, q), axis=1), 0.0)

    def b(self) -> tuple[np.ndarray, np.ndarray]:
        """B = gamma P of the policy off its diagonal, times 1 / (1 - gamma p(s, s)); and those."""
        states = np.arange(len(self.v))
        own = GAMMA * self.p[states, self.policy]
        factor = 1 / (1 - own[states, states])
        own[states, states] = 0.0
        return own * factor[:, None], factor


MODELS = [Model(seed) for seed in range(4)]


@pytest.mark.parametrize("model", MODELS)
def test_a_backup_is_the_bellman_operator(kernel: Any, model: Model) -> None:
    """q = r + gamma P v; its best actions; the least and the largest of T v - v; the size of v."""
    v, q, policy = values = model.values()
    low, high, size = kernel("backup")(model.table.model, GAMMA, values)
    expected = model.r + GAMMA * model.p @ model.v
    np.testing.assert_array_equal(q == -np.inf, np.isnan(model.r))
    np.testing.assert_allclose(q, np.where(np.isnan(expected), -np.inf, expected), **CLOSE)
    np.testing.assert_array_equal(policy, q.argmax(axis=1))
    change = model.best(expected) - model.v
    np.testing.assert_allclose(
        [low, high, size], [change.min(), change.max(), np.abs(model.v).max()], **CLOSE
    )
    np.testing.assert_array_equal(v, model.v)


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_an_improving_sweep_uses_each_value_at_once(kernel: Any, model: Model, down: bool) -> None:
    """Staying is solved out; the policy is the best; the largest change, and the size after it."""
    n, _ = model.r.shape
    v, _, policy = values = model.values()
    largest, size = kernel("improve")(model.table.model, GAMMA, values, down)
    expected = model.v.copy()
    for s in range(n - 1, -1, -1) if down else range(n):
        others = np.delete(model.p[s], s, axis=1) @ np.delete(expected, s)
        x = (model.r[s] + GAMMA * others) / (1 - GAMMA * model.p[s, :, s])
        expected[s] = np.nanmax(x) if model.alive[s] else 0.0
        assert policy[s] == (np.nanargmax(x) if model.alive[s] else 0)
    np.testing.assert_allclose(v, expected, **CLOSE)
    np.testing.assert_allclose(
        [largest, size], [np.abs(v - model.v).max(), np.abs(v).max()], **CLOSE
    )


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_a_sweep_of_one_policy_tells_its_largest_change(
    kernel: Any, model: Model, down: bool
) -> None:
    """By that number sweeps of a policy are stopped: one too small would stop them at once."""
    n, _ = model.r.shape
    values = model.values()._replace(policy=model.policy)
    largest = kernel("evaluate")(model.table.model, GAMMA, values, down)
    expected = model.v.copy()
    for s in range(n - 1, -1, -1) if down else range(n):
        row, reward = model.p[s, model.policy[s]], model.r[s, model.policy[s]]
        others = np.delete(row, s) @ np.delete(expected, s)
        expected[s] = (reward + GAMMA * others) / (1 - GAMMA * row[s]) if model.alive[s] else 0.0
    np.testing.assert_allclose(values.v, expected, **CLOSE)
    np.testing.assert_allclose(largest, np.abs(expected - model.v).max(), **CLOSE)


def test_values_settle_on_the_best_of_q(kernel: Any) -> None:
    v, q = np.full(3, 9.0), np.array([[1.0, 2], [-3, -4], [-np.inf, -np.inf]])
    kernel("settle")(Values(v, q, np.array([1, 0, 0], dtype=np.uint32)))
    assert v.tolist() == [2, -3, 0]


def test_greedy_actions_are_those_within_twice_the_error(kernel: Any) -> None:
    """q of both may be off by the error, the end of the interval included; none where none is."""
    q = np.array([[1.0, 0.5, 0.25, -np.inf], [-np.inf] * 4, [0.0, 0.0, -0.5, -0.75]])
    greedy = np.ones(q.shape, dtype=np.bool_)
    policy = np.zeros(3, dtype=np.uint32)
    kernel("greedy_actions")(q, policy, 0.25, greedy)
    assert greedy.tolist() == [[True, True, False, False], [False] * 4, [True, True, True, False]]


def written(kernel: Any, model: Model) -> System:
    """The system that `restrict` writes."""
    system = model.table.system()
    kernel("restrict")(model.table.model, GAMMA, model.policy, system)
    return system


@pytest.mark.parametrize("model", MODELS)
def test_the_system_of_a_policy(kernel: Any, model: Model) -> None:
    """B and 1 / (1 - gamma p(s, s)); below the diagonal first, then above it."""
    rows, middle, entries, weights, work = written(kernel, model)
    b, expected = model.b()
    np.testing.assert_allclose(work[2], expected, **CLOSE)
    n = len(rows) - 1
    assert rows[0] == 0
    used = int(rows[-1])
    dense = sparse.csr_matrix((weights[:used], entries[:used].astype(int), rows.astype(int)))
    dense.resize((n, n))
    np.testing.assert_allclose(dense.toarray(), b, **CLOSE)
    for s in range(n):
        assert (entries[rows[s] : middle[s]] < s).all()
        assert (entries[middle[s] : rows[s + 1]] > s).all()


@pytest.mark.parametrize("model", MODELS)
def test_one_step_of_jacobi(kernel: Any, model: Model) -> None:
    """y = d + B x, and the least and the largest of y - x."""
    system = written(kernel, model)
    b, _ = model.b()
    d, x, y = model.v[::-1].copy(), model.v.copy(), np.empty_like(model.v)
    low, high = kernel("jacobi")(system, d, x, y)
    np.testing.assert_allclose(y, d + b @ x, **CLOSE)
    np.testing.assert_allclose([low, high], [(y - x).min(), (y - x).max()], **CLOSE)
    np.testing.assert_array_equal(x, model.v)


@pytest.mark.parametrize("model", MODELS)
def test_triangular_solves_and_the_preconditioned_product(kernel: Any, model: Model) -> None:
    """(I - L)^-1, (I - U)^-1 and (I - L)^-1 (I - B) (I - U)^-1 by numpy's dense solver."""
    system = written(kernel, model)
    b, _ = model.b()
    one, x = np.eye(len(b)), model.v
    lower, upper = one - np.tril(b), one - np.triu(b)
    for name, matrix in (("forward", lower), ("backward", upper)):
        found = np.empty_like(x)
        kernel(name)(system, x, found)
        np.testing.assert_allclose(found, np.linalg.solve(matrix, x), **CLOSE)
        found = x.copy()
        kernel(name)(system, found, found)  # in its own place
        np.testing.assert_allclose(found, np.linalg.solve(matrix, x), **CLOSE)
    t, z, y = np.empty((3, len(x)))
    kernel("preconditioned")(system, x, t, z, y)
    expected = np.linalg.solve(lower, (one - b) @ np.linalg.solve(upper, x))
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-10)


def test_a_dot_product(kernel: Any) -> None:
    assert kernel("dot")(np.array([1.0, 2, 3]), np.array([4.0, -5, 6])) == 12


@pytest.mark.parametrize("model", MODELS)
def test_bicgstab_solves_the_system_within_its_dimension(kernel: Any, model: Model) -> None:
    """A Krylov method is done after n iterations, but for rounding; one iteration is not enough."""
    system = written(kernel, model)
    b, _ = model.b()
    n = len(b)
    matrix = np.eye(n) - b
    lower = np.eye(n) - np.tril(b)
    start = np.linalg.norm(np.linalg.solve(lower, model.v))
    for shrink, most in ((1e-9, n + 1), (0.1, n + 1), (1e-9, 1)):
        system.work[0], system.work[1], system.work[3:] = model.v, 9.0, 9.0
        x = system.work[1]
        made, solved = kernel("bicgstab")(system, shrink, most)
        left = np.linalg.norm(np.linalg.solve(lower, matrix @ x - model.v))
        assert 1 <= made <= most
        assert left <= start
        if most > 1:
            assert solved
            assert left <= (shrink + 1e-12) * start
            assert made == 1 or shrink < 0.1 or left > 1e-6 * start  # it stops when it is there
        else:
            assert made == 1
            assert solved == (left < np.inf)


@pytest.mark.parametrize("model", MODELS)
def test_the_weighted_contraction_and_its_rounding(kernel: Any, model: Model) -> None:
    """rho, |T v - v| and what rounding may do, over y: the largest of each over all states."""
    slack, y = model.table.slack, 0.5 + np.abs(model.v)
    values = model.values()
    kernels.backup(model.table.model, GAMMA, values)
    arguments = (model.table.model, GAMMA, values, y, slack)
    found = kernel("weighted", along)(*arguments)
    most = (model.p @ y).max(axis=1)
    sizes = np.where(np.isnan(model.r), 0, np.abs(model.r) + GAMMA * model.p @ np.abs(model.v))
    change = np.abs(model.best(values.q) - model.v)
    expected = (
        (GAMMA * most / y).max() * (1 + slack),
        (change / y).max(),
        (2 * slack * (sizes.max(axis=1) + np.abs(model.v)) / y).max(),
    )
    np.testing.assert_allclose(found, expected, **CLOSE)
    y[0] = 0.0  # where something may change
    assert kernel("weighted", along)(*arguments) == (np.inf,) * 3


# -- the loops


@pytest.mark.parametrize(
    ("residual", "rounding", "tol", "verdict"),
    [
        (0.5, 0.25, 7.5, (True, loops.CONVERGED)),  # 0.75 times the horizon, 10
        (0.5, 0.25, 7.4, (False, loops.AT_FLOOR)),
        (0.25, 0.25, 0.0, (True, loops.CONVERGED)),  # down to rounding
        (0.5, 0.25, 0.0, (False, loops.AT_FLOOR)),
        (0.25, 0.25, 2.4, (True, loops.AT_FLOOR)),  # rounding alone is 2.5
        (0.25, 0.25, 2.5, (False, loops.AT_FLOOR)),
        (0.5, 0.25, 2.4, (False, loops.AT_FLOOR)),
    ],
)
def test_the_verdict_on_a_residual(
    kernel: Any, residual: float, rounding: float, tol: float, verdict: tuple[bool, int]
) -> None:
    """Proven, or down to rounding; or rounding alone is more than the tolerance."""
    settings = limits(horizon=10.0, tol=tol)
    found = kernel("verdict", loops)(settings, residual, rounding, (math.inf, 0))
    assert found[0] == verdict[0]
    assert not found[0] or found[1] == verdict[1]


@pytest.mark.parametrize(("residual", "stops"), [(1.0, True), (1.001, False)])
def test_patience_ends_after_a_hundred_looks_without_progress(
    kernel: Any, residual: float, stops: bool
) -> None:
    """At four times the rounding; above it a residual that stays is a reward on its way."""
    settings, progress, looks = limits(horizon=10.0, tol=1.0), (math.inf, 0), []
    for _ in range(102):
        stop, _, progress = kernel("verdict", loops)(settings, residual, 0.25, progress)
        looks.append(stop)
    assert looks == [False] * 101 + [stops]
    assert progress == (residual, 101)
    assert kernel("verdict", loops)(settings, residual / 2, 0.0, progress)[2] == (residual / 2, 0)


def limits(**changes: Any) -> Settings:
    """Settings of which some matter."""
    return Settings(0.5, 2.0, 1e-15, 1.0, 0.0, 1, False, 2)._replace(**changes)


def cycle(tol: float, max_sweeps: int) -> tuple[Any, Values, Settings]:
    """Two states in turn, rewards 1 and 0, at gamma = 1 / 2: what a loop takes."""
    table = Table.of(sparse.csr_matrix([[0.0, 1], [1, 0]]), np.array([[1.0], [0.0]]), ends=False)
    values = Values(np.zeros(2), np.empty((2, 1)), np.empty(2, dtype=np.uint32))
    return table.model, values, table.settings(0.5, 2.0, tol, max_sweeps)


@pytest.mark.parametrize("sweeps", [1, 2, 3, 10])
def test_value_iteration_is_the_partial_sum_of_the_series(kernel: Any, sweeps: int) -> None:
    """After k sweeps q is the reward of k steps: 1 + g^2 + .. and g + g^3 + .., in k terms."""
    model, values, settings = cycle(1e-9, sweeps)
    status, made, residual, _ = kernel("synchronous", loops)(model, values, settings)
    powers = 0.5 ** np.arange(sweeps)
    assert values.q.ravel().tolist() == [powers[::2].sum(), powers[1::2].sum()]
    assert (status, made, residual) == (loops.OUT_OF_SWEEPS, sweeps, powers[-1])


@pytest.mark.parametrize("evaluation", [0, 5])
def test_gauss_seidel_makes_as_many_sweeps_as_it_is_given(kernel: Any, evaluation: int) -> None:
    """The last one is the proof; with a tolerance it stops as soon as that is reached."""
    for most in (1, 2, 3, 7, 8, 9):
        model, values, settings = cycle(1e-300, most)
        status, made, residual, rounding = kernel("gauss_seidel", loops)(
            model, values, settings, evaluation
        )
        assert (status, made) == (loops.OUT_OF_SWEEPS, max(2, most))
        assert residual == np.abs(values.q.ravel() - values.v).max()
        assert rounding > 0
    model, values, settings = cycle(1e-3, 1000)
    status, made, residual, rounding = kernel("gauss_seidel", loops)(
        model, values, settings, evaluation
    )
    assert status == loops.CONVERGED
    assert made <= 20
    assert np.abs(values.q.ravel() - [4 / 3, 2 / 3]).max() <= (residual + rounding) * 2 <= 1e-3


@pytest.mark.parametrize("tol", [1e-1, 1e-3, 1e-6])
def test_the_sweeps_of_value_iteration_are_those_of_the_contraction(tol: float) -> None:
    """Sweep k changes a value by g^(k - 1): with horizon 1 / (1 - g), that must be <= tol (1 - g).

    One sweep less is refused, and what was reached is handed over.
    """
    rows = [(0, 0, 1, 1, 1, False), (1, 0, 0, 1, 0, False)]
    mdp = MDP.from_rows(rows, n_states=2, n_actions=1)
    needed = 1 + math.ceil(math.log2(2 / tol))
    found = value_iteration(mdp, 0.5, tol=tol, method="synchronous")
    assert found.sweeps == needed
    assert found.error == pytest.approx(2 * 0.5 ** (needed - 1), rel=1e-9)
    with pytest.raises(NotConverged, match=f"the {needed - 1} sweeps ran out") as caught:
        value_iteration(mdp, 0.5, tol=tol, method="synchronous", max_sweeps=needed - 1)
    assert caught.value.best.sweeps == needed - 1
    # From the answer itself, one sweep proves it.
    initial = [4 / 3, 2 / 3]
    again = value_iteration(mdp, 0.5, tol=tol, method="synchronous", initial=initial)
    assert again.sweeps == 1


def test_sweeps_alternate_their_order(kernel: Any) -> None:
    """A path up, down and up again through 12 states, with a reward at its end.

    A sweep down carries values through the steps that go up, and the other way round: three sweeps
    in turn carry them from the end of the path to its beginning, and a fourth proves it.
    """
    path = [0, 1, 2, 3, 11, 10, 9, 8, 4, 5, 6, 7]
    p, r = sparse.lil_matrix((12, 12)), np.zeros((12, 1))
    for state, following in itertools.pairwise(path):
        p[state, following] = 1.0
    r[path[-1]] = 1.0
    table = Table.of(p.tocsr(), r, ends=False)
    values = Values(np.zeros(12), np.empty((12, 1)), np.empty(12, dtype=np.uint32))
    status, made, residual, _ = kernel("gauss_seidel", loops)(
        table.model, values, table.settings(0.5, 2.0, 1e-12, 4), 0
    )
    assert (status, made, residual) == (loops.CONVERGED, 4, 0.0)
    assert [values.v[state] for state in path] == [0.5**k for k in range(11, -1, -1)]


def walk_through(order: list[int]) -> MDP:
    """A path through states in an order, with 1 at its end; a second action goes nowhere for 0."""
    rows: list[Any] = [(s, 0, t, 1, 0, False) for s, t in itertools.pairwise(order)]
    rows += [(order[-1], 0, order[-1], 1, 1, True), *((s, 1, s, 1, 0, False) for s in order)]
    return MDP.from_rows(rows, n_states=len(order), n_actions=2)


def test_paths_are_followed_where_sweeps_take_long() -> None:
    """Values are g^k, k steps from the end; in few sweeps where the path goes up, else by a queue.

    No more sweeps than are allowed: ten of them follow no path with sixty turns.
    """
    n, gamma = 120, 0.9
    up = list(range(n))
    zigzag = [s for pair in zip(up[: n // 2], up[: n // 2 - 1 : -1], strict=True) for s in pair]
    for order, most in ((up, 4), (zigzag, 1_000_000)):
        mdp, sweeps = walk_through(order), set()
        for solve in (value_iteration, optimal_values):
            found = solve(mdp, gamma, tol=1e-9, max_sweeps=most)
            expected = gamma ** np.arange(n - 1, -1, -1.0)
            assert np.abs(found.v[order] - expected).max() <= found.error + 1e-15 <= 1e-9
            assert found.policy.tolist() == [0] * n
            assert found.sweeps <= most
            sweeps.add(found.sweeps)
        assert len(sweeps) == 1  # what a path has solved is not solved again
    for method in ("auto", "gauss_seidel"):
        with pytest.raises(NotConverged, match="the 10 sweeps ran out") as caught:
            value_iteration(walk_through(zigzag), gamma, tol=1e-9, max_sweeps=10, method=method)
        assert caught.value.best.sweeps == 10


def test_the_policy_is_the_first_of_the_best_actions() -> None:
    """One for each state, whatever the number of actions."""
    rows = [(s, a, s, 1, reward, True) for s, r in enumerate(BEST) for a, reward in enumerate(r)]
    mdp = MDP.from_rows(rows, n_states=4, n_actions=3)
    assert value_iteration(mdp, 0.5).policy.tolist() == [2, 0, 1, 0]


BEST = [(0, 1, 2), (3, 3, 1), (-2, -1, -1), (0, 0, 0)]
