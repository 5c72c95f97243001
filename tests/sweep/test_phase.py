"""Learned thresholds of a sweep: rows with a known flip, real trainings, and what is refused."""

from __future__ import annotations

import itertools
import json
import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plot_checks import faults
from scipy.optimize import minimize
from shell import check_refused, run

from qdecay import BudgetExceeded, InputError, Progress, Sweep
from qdecay._support.deadline import Deadline
from qdecay.learning import q_learning
from qdecay.model.source import HOMEWORK
from qdecay.reporting import colours
from qdecay.sweep import Spec
from qdecay.sweep.cells import Cell, Group
from qdecay.sweep.phase import phase_diagram
from qdecay.sweep.store import Store
from qdecay.sweep.work import Rows

SPEC = """
schema = "qdecay.sweep/1"
sources = [{ delay = [1, 2], reward = [4, 6] }]
gammas = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95]
learners = [{ name = "q_learning", epsilon = [0.1, "1/3"], episodes = 10 }]
seeds = 6
"""
ONE = SPEC.replace("[1, 2]", "2").replace("[4, 6]", "4").replace('[0.1, "1/3"]', "0.1")
NEAR, FAR = 0, 1
Choose = Callable[[Group, Cell], int | str | None]


def fabricated(path: Path, text: str, choose: Choose, folder: Path = Path()) -> Path:
    """A store whose rows are made up: an action, a text for an error, None for no row yet."""
    plan = Sweep(Spec.parse(text, folder=folder)).plan
    rows = []
    for cell in plan:
        action = choose(plan.groups[plan.group_of(cell.number)], cell)
        if isinstance(action, int):
            results: list[Any] = [action, 1.0, 0.5, 20, 10, None]
        elif action is not None:
            results = [None, None, None, None, None, action]
        else:
            continue
        rows.append(Rows([cell.number], [cell.key], *([result] for result in results)))
    with Store(path, plan) as store:
        store.add(rows)
    return path


def step(at: float) -> Choose:
    return lambda _, cell: FAR if cell.gamma > at else NEAR


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Stores with the far action from 0.6 on, whatever the model and the learner; and a text."""
    many = SPEC.replace('[0.1, "1/3"]', "[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]")
    folder = tmp_path_factory.mktemp("stores")
    for name, text in (("results.db", SPEC), ("many.db", many)):
        fabricated(folder / name, text, step(0.6))
    (folder / "text.db").write_text("hello, this is no database\n" * 50)
    return {path.name: path.read_bytes() for path in folder.glob("*.db")}


@pytest.fixture
def store(files: dict[str, bytes], tmp_path: Path) -> Path:
    """The store of SPEC."""
    path = tmp_path / "results.db"
    path.write_bytes(files[path.name])
    return path


def test_a_known_flip_is_found_between_its_neighbours(store: Path) -> None:
    """0.55 stays and 0.65 moves: the threshold lies between, its interval in no other place."""
    found = phase_diagram(store)
    assert (found.cells, found.stored) == (480, 480)
    assert [(axis.name, axis.values) for axis in found.axes] == [
        ("delay", (1, 2)),
        ("reward", (4, 6)),
        ("epsilon", ("1/10", "1/3")),
    ]
    law = {(d, r): (1 / r) ** (1 / d) for d in (1, 2) for r in (4, 6)}
    assert len(found.rows) == 8
    for row in found.rows:
        assert float(row.exact) == pytest.approx(
            law[row.parameters["delay"], row.parameters["reward"]], rel=1e-15
        )
        assert row.outcome == "flips"
        assert row.threshold == pytest.approx(0.6, abs=1e-3)
        assert row.interval == pytest.approx((0.55, 0.65), abs=1e-3)
        assert row.off == row.threshold - float(row.exact)
        assert row.holds is False
        assert (row.trainings, row.right, row.errors) == (60, 24, 0)
        assert [(at.gamma, at.right) for at in row.choices][5:7] == [
            (Fraction(11, 20), 0),
            (Fraction(13, 20), 6),
        ]


def test_time_that_is_up_hands_over_the_first_models(store: Path, monkeypatch) -> None:
    """As many rows as were known of the whole diagram, of whole models."""
    seen: list[Progress] = []
    whole = phase_diagram(store, progress=seen.append)
    models = len(seen)
    assert [event.done for event in seen] == list(range(models)) and models > 2
    assert {event.total for event in seen} == {models}
    monkeypatch.setattr(Deadline, "left", property(lambda self: 1.5 - seen[-1].done))
    with pytest.raises(BudgetExceeded, match=f"; 2 of {models} models are done$") as caught:
        phase_diagram(store, progress=seen.append, max_seconds=9)
    rows = caught.value.best.rows
    assert rows == whole.rows[: len(rows)]
    assert len(rows) == 2 * len(whole.rows) // models


def test_the_shell_shows_the_first_models_when_the_time_is_up(
    store: Path, capsys, monkeypatch
) -> None:
    """Exit code 3."""
    looks = itertools.count()

    def left(self: Deadline) -> float:
        return 1.5 - next(looks) if self.max_seconds else math.inf

    monkeypatch.setattr(Deadline, "left", property(left))
    words = ("sweep", "phase", str(store), "--max-seconds", "9")
    code, out, err = run(capsys, monkeypatch, *words, "--json")
    assert (code, err.count("\n")) == (3, 1) and " of 4 models are done" in err
    assert 0 < len(json.loads(out)["rows"]) < len(phase_diagram(store).rows)


def test_noisy_choices_get_the_most_likely_threshold(tmp_path: Path) -> None:
    """As scipy's simplex finds it on the likelihood of every single choice."""
    chance = np.random.default_rng(3)
    made: list[tuple[float, bool]] = []

    def choose(_: Group, cell: Cell) -> int:
        made.append((float(cell.gamma), bool(cell.gamma + chance.logistic(0, 0.1) > 0.5)))
        return FAR if made[-1][1] else NEAR

    path = fabricated(tmp_path / "x.db", ONE.replace("seeds = 6", "seeds = 30"), choose)
    (row,) = phase_diagram(path).rows
    gammas, far = map(np.array, zip(*made, strict=True))

    def loss(parameters: np.ndarray) -> float:
        p = 1 / (1 + np.exp(-(gammas - parameters[0]) / np.exp(parameters[1])))
        return -float(np.log(np.where(far, p, 1 - p)).sum())

    best = minimize(loss, [0.4, -3.0], method="Nelder-Mead", options={"xatol": 1e-8})
    assert row.threshold == pytest.approx(best.x[0], abs=5e-4)
    assert row.holds
    for end in row.interval:  # where the best width there is 1.92 less likely
        width = minimize(lambda w, m=end: loss([m, w[0]]), [-2.0], method="Nelder-Mead")
        assert width.fun - best.fun == pytest.approx(1.9207, abs=0.05)


def test_the_homework_is_learnt_where_algebra_has_it(tmp_path: Path) -> None:
    """Enough walks of all four chains: the interval of each holds the exact gamma."""
    text = f"""
        schema = "qdecay.sweep/1"
        sources = [{{ source = {json.dumps(HOMEWORK)} }}]
        gammas = {{ around = "break-even", count = 4, spread = 0.2 }}
        learners = [{{ name = "q_learning", epsilon = 0.5, step_size = 1, episodes = 600 }}]
        seeds = 3
    """
    sweep = Sweep(Spec.parse(text))
    sweep.run(tmp_path / "x.db", backend="here")
    rows = phase_diagram(tmp_path / "x.db").rows
    exact = [Fraction(1, 2), Fraction(1, 3), 6 ** (-1 / 3), 110 ** (-1 / 99)]
    for row, gamma, name in zip(rows, exact, HOMEWORK, strict=True):
        assert row.parameters["source"] == name
        assert float(row.exact) == pytest.approx(float(gamma), rel=1e-15)
        assert row.holds, row


def test_choices_are_those_of_trainings_made_by_hand(tmp_path: Path) -> None:
    """A learner that has learned too little flips late; each choice is that of one training."""
    text = ONE.replace("episodes = 10", "episodes = 60")
    sweep = Sweep(Spec.parse(text))
    sweep.run(tmp_path / "x.db", backend="here")
    (row,) = phase_diagram(tmp_path / "x.db").rows
    right: dict[Fraction, int] = {}
    group = sweep.plan.groups[0]
    for cell in sweep.plan:
        result = q_learning(
            group.model.mdp, float(cell.gamma), seed=int(cell.key, 16), episodes=60, epsilon=0.1
        )
        took_far = result.policy[group.model.start] == FAR
        right[cell.gamma] = right.get(cell.gamma, 0) + bool(took_far)
    assert {at.gamma: at.right for at in row.choices} == right
    assert row.off is not None
    assert row.off > 0


def test_each_of_several_break_even_gammas_has_its_threshold(tmp_path: Path) -> None:
    """b, a from 1/3 on, b again from 1/2 on: flips at 0.3 and 0.55 are distinguished."""
    layout = {"schema": "qdecay.layout/1", "near": ["a", [0, 5]], "far": ["b", [1, 0, 6]]}
    (tmp_path / "two.json").write_text(json.dumps(layout))
    text = ONE.replace("delay = 2, reward = 4", 'source = "two.json"')
    a, b = 0, 1
    path = fabricated(
        tmp_path / "x.db", text, lambda _, cell: a if 0.3 < cell.gamma < 0.5 else b, tmp_path
    )
    first, second = phase_diagram(path).rows
    assert [row.exact.closed_form() for row in (first, second)] == ["1/3", "1/2"]
    assert [at.gamma for at in first.choices] == [Fraction(5 + 10 * k, 100) for k in range(4)]
    assert first.threshold == pytest.approx(0.3, abs=1e-3)
    assert second.threshold == pytest.approx(0.5, abs=1e-3)
    assert first.holds
    assert second.holds


OUTCOMES: list[tuple[str, Choose, float | None]] = [
    ("above", step(1), 0.95 - 0.5),
    ("below", step(0), 0.05 - 0.5),
    ("above", lambda _, cell: FAR if cell.seed < 2 and cell.gamma > 0.2 else NEAR, 0.95 - 0.5),
    ("below", lambda _, cell: NEAR if cell.seed < 2 and cell.gamma < 0.8 else FAR, 0.05 - 0.5),
    ("unclear", lambda _, cell: NEAR if cell.gamma > 0.5 else FAR, None),
    ("untrained", lambda *_: "overflow", None),
    ("untrained", lambda *_: None, None),
]


@pytest.mark.parametrize(("outcome", "choose", "off"), OUTCOMES)
def test_no_threshold_is_invented(tmp_path: Path, outcome: str, choose: Choose, off) -> None:
    """All on one side, less than half on the other at every gamma, the wrong way round, none."""
    (row,) = phase_diagram(fabricated(tmp_path / "x.db", ONE, choose)).rows
    assert row.outcome == outcome
    assert (row.threshold, row.interval, row.holds) == (None, None, None)
    assert row.off == (None if off is None else pytest.approx(off, abs=1e-12))


def test_where_the_exact_gamma_lies_beyond_nothing_is_off(tmp_path: Path) -> None:
    """Never moving up to 0.4 says nothing against a break-even gamma of 1/2."""
    text = ONE.replace(", 0.45, 0.55, 0.65, 0.75, 0.85, 0.95", "")
    (row,) = phase_diagram(fabricated(tmp_path / "x.db", text, step(1))).rows
    assert (row.outcome, row.off) == ("above", 0)


def test_an_interval_may_be_open(tmp_path: Path) -> None:
    """Only some of the trainings at the greatest gamma move: how far the threshold is, is open."""
    few = {Fraction(19, 20): 4, Fraction(17, 20): 2, Fraction(3, 4): 1}

    def choose(_: Group, cell: Cell) -> int:
        return FAR if cell.seed < few.get(cell.gamma, 0) else NEAR

    path = fabricated(tmp_path / "x.db", ONE, choose)
    (row,) = phase_diagram(path).rows
    assert row.outcome == "flips"
    assert row.interval is not None
    assert row.interval[1] is None
    assert 0.75 < row.interval[0] < row.threshold < 0.95
    assert row.holds is False  # 1/2
    text = ONE.replace("0.45, 0.55, 0.65, 0.75, 0.85, 0.95", "0.45")
    few = {Fraction(9, 20): 4, Fraction(7, 20): 2, Fraction(1, 4): 1}
    (row,) = phase_diagram(fabricated(tmp_path / "y.db", text, choose)).rows
    assert row.interval is not None
    assert row.interval[1] is None
    assert row.holds  # 1/2 may be the threshold, beyond 0.45


def test_errors_count_for_nothing(tmp_path: Path) -> None:
    """Failures are reported; the others decide."""
    path = fabricated(
        tmp_path / "x.db",
        ONE,
        lambda _, cell: "a value outgrew the floats" if cell.seed == 0 else step(0.6)(_, cell),
    )
    (row,) = phase_diagram(path).rows
    assert (row.trainings, row.errors) == (50, 10)
    assert row.threshold == pytest.approx(0.6, abs=1e-3)


def test_a_model_without_break_even_gamma_counts_what_is_best(tmp_path: Path) -> None:
    """2 now is better than 1 later at every gamma."""
    text = ONE.replace("reward = 4", "reward = 1, near_reward = 2")
    path = fabricated(tmp_path / "x.db", text, step(0.9))
    (row,) = phase_diagram(path).rows
    assert (row.exact, row.outcome, row.right, row.trainings) == (None, "constant", 54, 60)
    assert (row.off, row.holds, row.threshold) == (None, None, None)


def test_where_narrows_by_number_or_name(store: Path) -> None:
    """1/10 is 0.1; a name that is given twice may have either value."""
    found = phase_diagram(store, where=[("epsilon", "0.1"), ("delay", "2"), ("reward", "6.0")])
    (row,) = found.rows
    assert {name: row.parameters[name] for name in ("delay", "reward", "epsilon")} == {
        "delay": 2,
        "reward": 6,
        "epsilon": "1/10",
    }
    assert (found.cells, found.axes) == (480, ())
    assert len(phase_diagram(store, where=[("delay", "1"), ("delay", "2")]).rows) == 8
    assert len(phase_diagram(store, where=[("learner", "q_learning")]).rows) == 8


def test_parameters_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """A source's and a learner's `steps`, and models that differ in their start alone."""
    from qdecay.sweep.axes import combinations, varying
    from qdecay.sweep.learners import LearnerSettings
    from qdecay.sweep.sources import SweepModel

    models = {i: SweepModel("X-v0", {"steps": i // 2}, i % 2, "") for i in range(4)}
    learners = {
        0: LearnerSettings("sarsa", {"steps": 5}),
        1: LearnerSettings("sarsa", {"steps": 6}),
    }
    found, of_learner = combinations(models, learners)
    axes = varying([combination.parameters for combination in found], of_learner)
    assert {axis.name: (axis.of_learner, axis.values) for axis in axes} == {
        "source_steps": (False, (0, 1)),
        "start": (False, (0, 1)),
        "learner_steps": (True, (5, 6)),
    }


def test_the_table_and_the_document_say_the_same(capsys, monkeypatch, tmp_path: Path) -> None:
    """Of a sweep that is half finished: what is there, and how many cells are missing."""
    half = lambda group, cell: step(0.6)(group, cell) if cell.seed < 3 else None  # noqa: E731
    path = str(fabricated(tmp_path / "x.db", SPEC, half))
    code, out, err = run(capsys, monkeypatch, "sweep", "phase", path, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document == json.loads(json.dumps(phase_diagram(path).to_json()))
    assert document["schema"] == "qdecay.phase/1"
    assert (document["cells"], document["stored"]) == (480, 240)
    assert document["axes"] == {"delay": [1, 2], "reward": [4, 6], "epsilon": ["1/10", "1/3"]}
    assert sum(row["trainings"] for row in document["rows"]) == 240
    code, out, err = run(capsys, monkeypatch, "sweep", "phase", path)
    assert (code, err) == (0, "")
    assert "240 of 480 cells, 240 missing" in out
    for row in document["rows"]:
        low, high = row["interval"]
        assert f"{row['threshold']:.4f} [{low:.4f}, {high:.4f}]" in out
        assert f"no, {row['off']:+.4f}" in out


PLOTS = [
    ([], [">delay<", ">reward = 4<", ">reward = 6<", ">epsilon = 0.1<", ">epsilon = 1/3<"]),
    (["--x", "epsilon"], [">epsilon<", ">delay = 1, reward = 6<", ">q_learning<"]),
    (["--where", "delay=1", "--where", "reward=4", "--where", "epsilon=0.1"], [">choice<"]),
    (["--x", "learner"], [">learner<", ">q_learning<", ">delay = 2, reward = 4<"]),
]


@pytest.mark.parametrize(("arguments", "texts"), PLOTS)
def test_a_plot_names_what_it_shows(capsys, monkeypatch, store, arguments, texts) -> None:
    """Axes, panels and series in words; the table is printed as without a plot."""
    pytest.importorskip("matplotlib")
    path = store.with_name("x.svg")
    code, _, err = run(
        capsys, monkeypatch, "sweep", "phase", str(store), "--plot", str(path), *arguments
    )
    assert (code, err) == (0, "")
    svg = path.read_text(encoding="utf-8")
    for text in (">discount factor γ<", ">exact break-even gamma<", *texts):
        assert text in svg


def test_a_plot_draws_the_exact_line_and_the_thresholds(store: Path, monkeypatch) -> None:
    """The line runs through the law at the swept delays; every threshold stands at 0.6."""
    figure = pytest.importorskip("matplotlib.figure")
    drawn: list[Any] = []
    monkeypatch.setattr(figure.Figure, "savefig", lambda self, path, **_: drawn.append(self))
    from qdecay.reporting.plots.phase import save_phase

    assert save_phase(phase_diagram(store), store.with_name("x.svg")) == 0
    for ax, reward in zip(drawn[0].axes, (4, 6), strict=True):
        assert ax.get_title("left") == f"reward = {reward}"
        assert ax.get_xlabel() == "delay"
        lines = [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata())]
        (exact,) = [line for line in lines if line.get_color() == colours.EXACT.light]
        assert list(exact.get_xdata()) == [1, 2]
        assert list(exact.get_ydata()) == pytest.approx([1 / reward, reward**-0.5], rel=1e-15)
        for marker, places in (("o", [0.875, 1.875]), ("s", [1.125, 2.125])):
            found = [line for line in ax.lines if line.get_marker() == marker]
            points = [tuple(line.get_xydata()[0]) for line in found if len(line.get_xdata())]
            assert [x for x, _ in points] == places
            assert [y for _, y in points] == pytest.approx([0.6, 0.6], abs=1e-3)
        for dots in ax.collections:
            if dots.get_offsets().shape[0] == 10:
                blank = (dots.get_facecolors()[:, :3] == 1).all(axis=1)
                assert list(blank) == [gamma < 0.6 for _, gamma in dots.get_offsets()]
    assert faults(drawn[0]) == []


@pytest.mark.parametrize(
    ("delays", "scale"), [("1, 2, 3, 5", "linear"), ("1, 2, 4, 8, 16", "log"), ("4", "linear")]
)
def test_values_that_double_stand_on_a_logarithmic_axis(
    tmp_path: Path, monkeypatch, delays: str, scale: str
) -> None:
    """Each value is labelled, in its place."""
    figure = pytest.importorskip("matplotlib.figure")
    drawn: list[Any] = []
    monkeypatch.setattr(figure.Figure, "savefig", lambda self, path, **_: drawn.append(self))
    from qdecay.reporting.plots.phase import save_phase

    text = ONE.replace("delay = 2", f"delay = [{delays}]")
    store = fabricated(tmp_path / "x.db", text, step(0.6))
    save_phase(phase_diagram(store), tmp_path / "x.svg", x="delay")
    (ax,) = drawn[0].axes
    assert ax.get_xscale() == scale
    assert list(ax.get_xticks()) == [int(delay) for delay in delays.split(", ")]
    assert [label.get_text() for label in ax.get_xticklabels()] == delays.split(", ")
    assert faults(drawn[0]) == []


def test_names_are_shown_as_they_are(capsys, monkeypatch, tmp_path: Path) -> None:
    """What looks like a formula or like markup is neither."""
    pytest.importorskip("matplotlib")
    names = ["$a_{$.json", "[b].json"]
    for name, late in zip(names, (4, 6), strict=True):
        layout = {"schema": "qdecay.layout/1", "near": ["a", [1]], "far": ["b", [0, 0, late]]}
        (tmp_path / name).write_text(json.dumps(layout))
    text = ONE.replace("delay = 2, reward = 4", f"source = {json.dumps(names)}")
    store = str(fabricated(tmp_path / "x.db", text, step(0.6), tmp_path))
    plot = tmp_path / "x.svg"
    code, out, _ = run(capsys, monkeypatch, "sweep", "phase", store, "--plot", str(plot))
    assert code == 0
    for name in names:
        assert name in out
        assert f">{name}<" in plot.read_text(encoding="utf-8")


def test_a_plot_leaves_out_what_has_no_number_and_says_so(capsys, monkeypatch, tmp_path) -> None:
    """A Gymnasium id has no delay."""
    pytest.importorskip("matplotlib")
    text = SPEC.replace("[{ delay", '[{ source = "qdecay/StayOrMove-v0" }, { delay')
    store = fabricated(tmp_path / "x.db", text, step(0.6))
    plot = str(tmp_path / "x.pdf")
    code, out, _ = run(capsys, monkeypatch, "sweep", "phase", str(store), "--plot", plot)
    assert code == 0
    assert "leaves out 2 rows" in out
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")


WRONG = [
    (["none.db"], "none.db: no such file"),
    (["text.db"], "not a sweep store: name the file that `qdecay sweep run -o` wrote"),
    (["results.db", "--x", "delay"], "--x requires --plot"),
    (["results.db", "--plot", "x.gif"], "must end in .svg, .pdf, .png"),
    (["results.db", "--plot", "x.svg", "--x", "width"], "--x width: no such parameter"),
    (["results.db", "--where", "delay"], "--where delay: write NAME=VALUE"),
    (["results.db", "--where", "width=1"], "--where width: no such parameter; choose from"),
    (["results.db", "--where", "delay=7"], "--where delay=7: no row has this value; "),
    (["many.db", "--plot", "x.svg"], "7 combinations of the learners' settings do not fit"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_usage_is_one_line(
    capsys, monkeypatch, tmp_path: Path, files, arguments, message
) -> None:
    """Exit code 2, and no figure."""
    pytest.importorskip("matplotlib")
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    check_refused(capsys, monkeypatch, tmp_path, ["sweep", "phase", *arguments], message)


DAMAGED = [
    ("UPDATE results SET gamma = 'half' WHERE cell = 7", "damaged at cell 7"),
    ("UPDATE results SET gamma = '3/2' WHERE cell = 7", "damaged at cell 7"),
    ("UPDATE results SET action = 'far' WHERE cell = 7", "damaged at cell 7"),
    ("UPDATE results SET action = NULL WHERE cell = 7", "damaged at cell 7"),
    ("UPDATE results SET model = 99 WHERE cell = 7", "damaged at cell 7"),
    ("UPDATE results SET action = 5 WHERE cell = 7", "damaged at model 0: no action 5"),
    ("UPDATE models SET document = '[' WHERE model = 2", "damaged at model 2"),
    ("UPDATE models SET document = '[]' WHERE model = 2", "damaged at model 2"),
    ("UPDATE models SET start = 99 WHERE model = 2", "damaged at model 2"),
    ("UPDATE models SET start = 'x' WHERE model = 2", "damaged at model 2"),
    ("UPDATE models SET parameters = '[]' WHERE model = 2", "is damaged"),
    ("UPDATE learners SET settings = 'x'", "is damaged"),
    ("DELETE FROM models", "is damaged"),
    ("DELETE FROM models WHERE model = 0", "damaged at cell 0"),
    ("DELETE FROM sweep WHERE name = 'cells'", "its number of cells is missing"),
    ("UPDATE sweep SET value = '-1' WHERE name = 'cells'", "its number of cells is missing"),
    (f"UPDATE sweep SET value = '{'9' * 5000}'", "its number of cells is missing"),
    ("UPDATE models SET source = CAST(x'ff' AS TEXT)", "UTF-8"),
]


@pytest.mark.parametrize(("statement", "message"), DAMAGED)
def test_a_damaged_store_is_told_in_one_line(store: Path, statement: str, message: str) -> None:
    """Values that no sweep writes end the command; none is guessed."""
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(statement)
        connection.commit()
    with pytest.raises(InputError, match=message) as reported:
        phase_diagram(store)
    assert str(reported.value).startswith(str(store))
    assert "\n" not in str(reported.value)


def test_the_public_names(store: Path) -> None:
    """`qdecay.phase_diagram` is this function."""
    import qdecay

    assert qdecay.phase_diagram is phase_diagram
    assert isinstance(qdecay.phase_diagram(store), qdecay.PhaseDiagram)
