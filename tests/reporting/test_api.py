"""Pages and figures from Python are those of the commands, and show themselves in notebooks."""

from __future__ import annotations

import builtins
import inspect
import re
import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from html_tree import parse
from shell import check_refused, run

import qdecay
from qdecay._support.page import Page
from qdecay._support.viewed import Plotted
from qdecay.cli import report as commands
from qdecay.reporting import api

LAYOUT = qdecay.ChainLayout.choice(stay=[1], move=[0, 0, 4])
STAY = "qdecay/StayOrMove-v0"
LAKE = "FrozenLake-v1"


def model() -> qdecay.MDP:
    return qdecay.as_mdp(STAY)  # type: ignore[no-any-return]


def line() -> qdecay.ModelLine:
    return qdecay.ModelLine.of_reward(model(), 4, low=1, high=8)


def profile() -> qdecay.DiscountProfile:
    agent = qdecay.tabular_agent(qdecay.q_learning, 0.9)
    return qdecay.probe(agent, delays=(1, 2), settings=["one-shot"], gamma=0.9, trainings=40)


RESULTS: dict[str, Any] = {
    "model": model,
    "board": lambda: qdecay.as_mdp(LAKE),
    "regions": lambda: qdecay.policy_regions(STAY),
    "along": lambda: qdecay.policy_regions(line(), gamma="1/2"),
    "certified": lambda: qdecay.certified_policy_regions(STAY),
    "numeric": lambda: qdecay.numeric_policy_regions(STAY, points=50),
    "price": lambda: qdecay.price(STAY),
    "certified price": lambda: qdecay.price(STAY, method="certified"),
    "line price": lambda: qdecay.price(line(), gamma="1/2", truth=model()),
    "map": lambda: qdecay.policy_map(line(), fineness="1/4"),
    "comparison": lambda: qdecay.compare(STAY),
    "training": lambda: qdecay.q_learning(model(), 0.9, steps=200),
    "sweep": lambda: qdecay.value_over_gammas(STAY, [0.4, 0.6]),
    "profile": profile,
    "time": lambda: qdecay.learning_times(delays=[1], explorers=["random"], seeds=2, steps=500)[0],
}


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.slow
def test_a_result_draws_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into axes that are given, or into a figure that pyplot, and so a notebook, shows."""
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    value = RESULTS[name]()
    assert isinstance(value, Plotted)
    _, own = plt.subplots()
    before = plt.get_fignums()
    assert value.plot(own) is own and own.has_data() | bool(own.texts) | bool(own.patches)
    assert plt.get_fignums() == before
    ax = value.plot()
    assert ax.figure.number in plt.get_fignums()
    plt.close("all")


@pytest.mark.parametrize(
    ("draw", "module"), [(lambda: RESULTS["regions"]().plot(), "matplotlib.pyplot"),
                         (lambda: api.plot(STAY), "matplotlib")]
)  # fmt: skip
def test_without_matplotlib_one_line_says_how_to_get_it(
    draw: Any, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "matplotlib":
            raise ImportError("no module named matplotlib")
        return found(name, *rest, **more)

    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)  # type: ignore[arg-type]
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(
        qdecay.InputError, match=r'plots need matplotlib: pip install "qdecay\[plot\]"'
    ):
        draw()


@pytest.mark.slow
def test_what_is_found_is_explored() -> None:
    """The page of a result is that of its model, and what was found is not searched again."""
    regions = qdecay.policy_regions(LAKE)
    page = regions.explore()
    assert page == api.report(LAKE, exact_only=True)
    assert page == qdecay.price(LAKE).explore() == qdecay.as_mdp(LAKE).explore()
    certified = qdecay.certified_policy_regions(LAKE)
    assert certified.explore() == api.report(LAKE, method="certified")
    assert certified.explore() == qdecay.price(LAKE, method="certified").explore()


def test_what_cannot_be_explored_says_why() -> None:
    with pytest.raises(qdecay.BudgetExceeded) as limit:
        qdecay.policy_regions(LAKE, max_breakpoints=1)
    with pytest.raises(ValueError, match="ran out of budget"):
        limit.value.best.explore()
    huge = [(0, 0, 0, 1, 10**400, True)]
    with pytest.raises(qdecay.InputError, match="the model: "):
        qdecay.MDP.from_rows(huge, n_states=1, n_actions=1).explore()


def test_what_has_no_page_says_what_has_one() -> None:
    """Models and regions of floats, which prove nothing; they do not pretend to have the method."""
    model = qdecay.FloatMDP.from_columns([0], [0], [0], [1], [1], [True], n_states=1, n_actions=1)
    regions = qdecay.numeric_policy_regions(model)
    for found, instead in ((model, "MDP"), (regions, "policy_regions")):
        assert not hasattr(found, "explore")
        with pytest.raises(AttributeError, match=f"has no page: .*{instead}"):
            found.explore()


PROBLEMS = {
    "id": (STAY, "streams"),
    "layout": (LAYOUT, "streams"),
    "environment": (gym.make(STAY), "streams"),
    "model of an id": (qdecay.as_mdp(STAY), "streams"),
    "model of a layout": (qdecay.MDP.from_layout(LAYOUT), "graph"),
    "lake": (gym.make(LAKE), "board"),
    "model of the lake": (qdecay.as_mdp(LAKE), "board"),
    "grid": (qdecay.GridLayout(["S  +1"]), "board"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_whatever_is_a_problem_has_a_page(name: str) -> None:
    """Streams of chains and boards of worlds are shown, also of models that were read from them."""
    problem, look = PROBLEMS[name]
    html = api.report(problem, exact_only=True).html
    looks = {"streams": '<div class="rows problem"', "board": '<div class="board"'}
    assert {kind for kind, start in looks.items() if start in html} == {look} - {"graph"}
    assert ('<svg class="graph' in html) == (look != "board")


def test_a_model_line_of_ones_own_is_mapped() -> None:
    """As the number of an environment that the shell names."""
    line = qdecay.ModelLine.of_reward(qdecay.as_mdp(STAY), 4, low=1, high=8)
    by_text = api.report(STAY, over="reward:4=1..8", exact_only=True)
    assert "A map of γ and reward:4" in by_text.html
    assert by_text == api.report(STAY, over=line, exact_only=True)


def test_the_command_writes_the_page_of_the_function(
    capsys: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    """One function is behind both; agents are trained alike."""
    written, saved = tmp_path / "a.html", tmp_path / "b.html"
    options = ("--state", "0", "--seed", "3", "--learner", "sarsa")
    assert run(capsys, monkeypatch, "report", STAY, "-o", str(written), *options)[0] == 0
    page = api.report(STAY, saved, state=0, seed=3, learner=qdecay.sarsa)
    assert written.read_text("utf-8") == saved.read_text("utf-8") == page.html
    assert "SARSA" in page.html


def test_command_and_function_have_the_same_options() -> None:
    """But for what only a shell, or only Python, has."""
    for function, command in ((api.report, commands.report), (api.plot, commands.plot)):
        ours = list(inspect.signature(function).parameters)
        theirs = list(inspect.signature(inspect.unwrap(command)).parameters)
        assert ours[:2] == ["problem", "path"] and theirs[:2] == ["source", "output"]
        assert set(ours[2:]) - {"progress", "options"} == set(theirs[2:]) - {"force"}


OVER_STEPS = {"over": "step_reward=-1..1"}
PARTS = {
    "read_chapter": (qdecay.report, {"exact_only": True}),
    "policy_map": (qdecay.report, {"exact_only": True, **OVER_STEPS}),
    "compare": (qdecay.report, {}),
    "read_certified_page": (qdecay.report, {"method": "certified"}),
    "policy_map of a figure": (qdecay.plot, OVER_STEPS),
    "compare for a figure": (qdecay.plot, {"what": "thresholds"}),
}


@pytest.mark.parametrize("name", PARTS)
def test_every_part_of_a_page_ends_with_its_time(name: str, monkeypatch) -> None:
    """One clock for all that takes long, also in a thread, which nothing interrupts."""
    function, arguments = PARTS[name]
    part, limits = name.partition(" ")[0], list[float]()
    original = getattr(api, part)

    def timed(*args: Any, max_seconds: float, **kwargs: Any) -> Any:
        limits.append(max_seconds)
        return original(*args, max_seconds=max_seconds, **kwargs)

    monkeypatch.setattr(api, part, timed)
    function(LAKE, max_seconds=1e6, **arguments)
    assert limits == [1e6]
    with pytest.raises(qdecay.BudgetExceeded, match="stopped: the limit"):
        function(LAKE, max_seconds=1e-9, **arguments)


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (["report"], ", or train no agents with --exact-only"),
        (["report", "--exact-only"], ""),
        (["report", "--method", "certified"], ""),
        (["plot"], ""),
    ],
)
def test_a_page_that_takes_too_long_is_not_written(
    capsys, monkeypatch, tmp_path: Path, words: list[str], more: str
) -> None:
    """One line says what to do, and what takes less, if anything does."""
    words = [*words, LAKE, "-o", "lake.html" if words[0] == "report" else "lake.svg"]
    check_refused(capsys, monkeypatch, tmp_path, [*words, "--max-seconds", "0"], "must be > 0")
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, monkeypatch, *words, "--max-seconds", "1e-9")
    assert (code, out, err.count("\n"), list(tmp_path.iterdir())) == (2, "", 1, [])
    assert err.startswith(f"qdecay: {LAKE}: stopped: the limit")
    assert err.endswith(f"; raise --max-seconds{more}\n")


@pytest.mark.slow
def test_a_figure_is_shown_and_written(tmp_path: Path) -> None:
    """A notebook shows it as PNG, though pyplot knows nothing of it."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    path = tmp_path / "x.svg"
    figure = api.plot(STAY, path, what=["regions", "gap"])
    assert len(figure.axes) == 2 and "<svg" in path.read_text("utf-8")
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert pyplot.get_fignums() == []
    assert len(api.plot(STAY, what="price").axes) == 1
    assert len(api.plot(STAY).axes) == 2  # regions and values


BAD: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
    (api.report, {"state": 0}, qdecay.InputError, "state requires a problem"),
    (api.report, {"over": "slip=0..1"}, qdecay.InputError, "over requires a problem"),
    (api.report, {"method": "certified"}, qdecay.InputError, "method certified requires a problem"),
    (api.report, {"problem": STAY, "method": "fast"}, ValueError, "method must be one of"),
    (api.report, {"problem": STAY, "state": "hall"}, ValueError, "state must be"),
    (api.report, {"problem": STAY, "path": "x.pdf"}, qdecay.InputError, "must end in .html"),
    (api.report, {"problem": STAY, "seeds": 3}, ValueError, "seeds must be >= 10"),
    (api.report, {"problem": STAY, "slip": "x"}, qdecay.InputError, "slip"),
    (api.report, {"problem": LAYOUT, "state": 0.5}, (TypeError, ValueError), "state must be"),
    (api.report, {"problem": 3}, TypeError, "problem must be"),
    (api.report, {"problem": qdecay.as_mdp(STAY), "slip": 0}, TypeError, "slip applies only to"),
    (api.report, {"problem": qdecay.FloatMDP.from_mdp(qdecay.as_mdp(STAY))}, TypeError, "exact"),
    (
        api.report,
        {"problem": STAY, "method": "certified", "over": "slip=0..1"},
        qdecay.InputError,
        "over cannot be combined with method certified",
    ),
    (api.plot, {"what": 3}, TypeError, "what must be a list, got 3"),
    (api.plot, {"what": []}, ValueError, "what must not be empty"),
    (api.plot, {"what": "sums"}, qdecay.InputError, "what sums: choose from"),
    (api.plot, {"what": ["gap", "gap"]}, qdecay.InputError, "what gap: is given twice"),
    (api.plot, {"problem": STAY, "what": "map"}, qdecay.InputError, "what map requires over"),
    (
        api.plot,
        {"problem": STAY, "what": "gap", "over": "slip=0..1"},
        qdecay.InputError,
        "over requires what map",
    ),
    (api.plot, {"problem": LAKE, "what": "learning"}, qdecay.InputError, "what learning: Fro"),
    (api.plot, {"problem": STAY, "path": "x.doc"}, qdecay.InputError, "must end in .svg"),
]


@pytest.mark.parametrize(("function", "arguments", "kind", "message"), BAD)
def test_bad_arguments_are_one_line(function: Any, arguments: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=re.escape(message)) as error:
        function(**arguments)
    assert "\n" not in str(error.value) and "--" not in str(error.value)


def test_a_page_is_shown_in_an_iframe_that_holds_it() -> None:
    """Whatever is in it: the attribute ends where it should, and gives the document back."""
    page = Page('"</iframe><b>', "<!doctype html><p>'\"&amp;</iframe>$x$\ud800")
    [frame] = parse(page._repr_html_()).all("iframe")
    assert frame.attributes["srcdoc"] == page.html.replace("\ud800", "?")
    assert frame.attributes["title"] == page.title
    assert "allow-same-origin" not in frame.attributes["sandbox"]
    assert parse(page._repr_html_()).text == ""
