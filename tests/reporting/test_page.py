"""The page and the gallery: one file each, what the commands print, nothing a name can break."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from shell import run

import qdecay
from qdecay._support.deadline import Deadline
from qdecay.cli.report import report
from qdecay.model.mdp import MDP
from qdecay.model.registered import environment_ids
from qdecay.model.source import HOMEWORK, Source
from qdecay.reporting.chapter import read_chapter
from qdecay.reporting.graph import graph_of
from qdecay.reporting.page import explorer
from qdecay_envs import ChainLayout
from qdecay_envs.chain import ChainEnv

NASTY = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    'O\'Neil & "sons" <b>bold</b>',
    "日本語 \u2028 \u202e العربية",
    "{{ 7 * 7 }} ${alert(1)} `x`",
)


class Reader(HTMLParser):
    """What a browser would see: tags with attributes, text, and the contents of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self.text = ""
        self._script: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self._script = dict(attrs).get("id") or "code"

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._script = None

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data
        else:
            self.text += data

    def document(self, name: str) -> Any:
        return json.loads(self.scripts[name])


@pytest.fixture
def nasty_file(tmp_path: Path) -> Path:
    """A model whose names try everything; five states in a row, two actions in the first."""
    path = tmp_path / "nasty.json"
    rows = [[s, 0, s + 1, 1, 0, False] for s in range(4)]
    rows += [[4, 0, 4, 1, 3, True], [0, 1, 0, 1, 1, True]]
    document = {"schema": "qdecay.mdp/1", "n_states": 5, "n_actions": 2, "start": 0,
                "state_names": NASTY, "action_names": NASTY[:2], "transitions": rows}  # fmt: skip
    path.write_text(json.dumps(document))
    return path


def written(capsys, monkeypatch, tmp_path: Path, *arguments: str) -> Reader:
    page = tmp_path / "page.html"
    code, out, err = run(capsys, monkeypatch, "report", *arguments, "-o", str(page))
    assert (code, err) == (0, "")
    assert str(page) in out
    return Reader(page.read_text(encoding="utf-8"))


def assert_stands_alone(page: Reader) -> None:
    """Nothing is loaded from anywhere, and one script runs: the page's own, by its hash."""
    for tag, attributes in page.tags:
        for name in ("src", "srcset", "action", "poster", "background", "ping"):
            assert name not in attributes, (tag, attributes)
        link = attributes.get("href") or attributes.get("xlink:href") or ""
        assert not link or link == "data:," or re.fullmatch(r"[a-z0-9-]+\.html", link), link
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert tag not in ("img", "iframe", "object", "embed", "base", "form")
    running = [a for tag, a in page.tags if tag == "script" and a.get("type") != "application/json"]
    assert len(running) <= 1
    (policy,) = [
        a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None and "default-src 'none'" in policy


@pytest.mark.slow
def test_the_regions_on_the_page_are_those_of_the_command(capsys, monkeypatch, tmp_path) -> None:
    """The same document, entry by entry; and every closed form and decimal is in the text."""
    page = written(capsys, monkeypatch, tmp_path, "FrozenLake-v1")
    assert_stands_alone(page)
    _, out, _ = run(capsys, monkeypatch, "regions", "FrozenLake-v1", "--json")
    document = json.loads(out)
    assert page.document("regions-0") == document
    first, second = document["breakpoints"]
    assert f"{first['decimal'][:8]}…" in page.text  # and 4 g^3 - 36 g + 27 = 0
    assert second["decimal"] in page.text  # folded, with a polynomial of degree 8


@pytest.mark.slow
def test_the_price_on_the_page_is_that_of_the_command(capsys, monkeypatch, tmp_path) -> None:
    """The same document, and in the text the judge and what the best gamma earns."""
    page = written(capsys, monkeypatch, tmp_path, "FrozenLake-v1")
    _, out, _ = run(capsys, monkeypatch, "price", "FrozenLake-v1", "--json")
    assert page.document("price-0") == json.loads(out)
    assert page.document("price-0")["judge"] == {"kind": "steps", "steps": 100}
    assert "episodes that reach the goal within 100 steps" in page.text
    text = " ".join(page.text.split())
    figures = r"best γ: between 0\.9784 and 1 ?74\.0 % with a clock: no γ can ?74\.4 %"
    assert re.search(figures, text)
    buttons = [a.get("data-document") for tag, a in page.tags if tag == "button"]
    assert "price-0" in buttons


def test_a_page_without_a_price_is_written_all_the_same(tmp_path: Path) -> None:
    """Where no episode begins, and where the time runs out after the regions were found."""
    path = tmp_path / "model.json"
    MDP.from_rows([(0, 0, 0, 1, 1, True)], n_states=1, n_actions=1).save(path)
    late = replace(read_chapter(Source("FrozenLake-v1")), deadline=Deadline(1e-9))
    for chapter in (read_chapter(Source(str(path))), late):
        assert chapter.price is None
        page = Reader(explorer([chapter]))
        assert "price-0" not in page.scripts
        assert page.document("data-0")["price"] is None
        assert not any("price" in (a.get("class") or "") for _, a in page.tags)
    both = explorer([late, read_chapter(Source("FrozenLake-v1"))])
    assert "price-1" in Reader(both).scripts


def test_the_thresholds_on_the_page_are_those_of_compare(capsys, monkeypatch, tmp_path) -> None:
    """Same seeds, same agents: the embedded document is the one that `qdecay compare` prints."""
    page = written(capsys, monkeypatch, tmp_path, HOMEWORK[0], "--seeds", "11", "--seed", "3")
    options = ("--seeds", "11", "--seed", "3", "--json")
    _, out, _ = run(capsys, monkeypatch, "compare", HOMEWORK[0], *options)
    document = json.loads(out)
    assert page.document("comparison") == document
    learned = document["rows"][0]["learned"][0]
    for number in (learned["median"], learned["low"], learned["high"]):
        assert f"{number:.6f}" in page.text
    assert f"{learned['steps']:,}" in page.text
    assert "agree" in page.text


@pytest.fixture(scope="module")
def homework(tmp_path_factory) -> Reader:
    path = tmp_path_factory.mktemp("homework") / "page.html"
    report(output=path, exact_only=True)
    return Reader(path.read_text(encoding="utf-8"))


def test_without_a_source_the_four_problems(homework: Reader) -> None:
    """One page, four documents, the four answers known by hand."""
    page = homework
    assert_stands_alone(page)
    found = [page.document(f"regions-{i}") for i in range(4)]
    assert [d["source"] for d in found] == list(HOMEWORK)
    forms = [d["breakpoints"][0]["closed_form"] for d in found]
    assert forms == ["1/2", "1/3", "6^(-1/3)", "110^(-1/99)"]
    assert "comparison" not in page.scripts
    assert "learning-times" not in page.scripts


def test_names_are_text_and_never_markup(capsys, monkeypatch, tmp_path, nasty_file) -> None:
    """Script injection through state and action names: as many tags as with harmless names."""
    page = written(capsys, monkeypatch, tmp_path, str(nasty_file))
    assert_stands_alone(page)
    shown = [name.replace("\u2028 \u202e", r"\u2028 \u202e") for name in NASTY]  # no tricks of text
    assert page.document("data-0")["states"] == shown
    for name in shown:
        assert name in page.text
    model = json.loads(nasty_file.read_text())
    model |= {"state_names": list("abcde"), "action_names": ["x", "y"]}
    nasty_file.write_text(json.dumps(model))
    (tmp_path / "page.html").unlink()
    harmless = written(capsys, monkeypatch, tmp_path, str(nasty_file))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in harmless.tags]


def test_a_lone_surrogate_in_a_name_does_not_stop_the_page(
    capsys, monkeypatch, tmp_path, nasty_file
) -> None:
    """JSON can spell half a character, which no file can hold: it is shown as it is spelt."""
    text = nasty_file.read_text().replace("{{ 7 * 7 }}", "\\ud800!")
    nasty_file.write_text(text)
    page = written(capsys, monkeypatch, tmp_path, str(nasty_file))
    assert r"\ud800! ${alert(1)}" in page.text


def test_headings_and_names_for_screen_readers(homework: Reader) -> None:
    """One main heading and no level skipped; no id twice; every figure and region has a name."""
    page = homework
    identifiers = [a["id"] for _, a in page.tags if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    for tag, attributes in page.tags:
        if tag == "svg":
            assert {"aria-label", "aria-labelledby"} & set(attributes)
        if attributes.get("role") == "region":
            assert attributes.get("aria-label")
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("command", ["report", "plot"])
def test_a_file_that_is_there_is_kept_unless_forced(capsys, monkeypatch, tmp_path, command) -> None:
    """Exit code 2, one line, the file as it was; --force overwrites it."""
    path = tmp_path / ("it.html" if command == "report" else "it.svg")
    path.write_text("mine")
    arguments = (command, HOMEWORK[1], "-o", str(path))
    arguments += ("--exact-only",) if command == "report" else ()
    code, _, err = run(capsys, monkeypatch, *arguments)
    assert (code, err.count("\n"), path.read_text()) == (2, 1, "mine")
    assert "--force" in err
    code, _, err = run(capsys, monkeypatch, *arguments, "--force")
    assert (code, err) == (0, "")
    assert path.read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("report", "-o", "no/such/folder/page.html"), "does not exist"),
        (("report", "-o", "."), "is a folder"),
        (("report", "nowhere.json", "-o", "x.html"), "nowhere.json"),
        (("report", "-k", "slip=1/2", "-o", "x.html"), "-k requires SOURCE"),
        (("report", "CartPole-v1", "-o", "x.html"), "no table"),
        (("plot", "-o", "x.gif"), "must end in"),
        (("plot", "-o", "x.svg", "--what", "sums"), "choose from"),
        (("plot", "-o", "x.svg", "--what", "values", "--what", "values"), "is given twice"),
        (("plot", "-o", "x.svg", "--what", "values", "--what", "sums"), "--what sums: choose"),
        (("gallery", "-o", "no/such/folder"), "cannot be created"),
    ],
)
def test_wrong_input_is_one_line(capsys, monkeypatch, tmp_path, arguments, expected) -> None:
    """What is wrong and how to fix it, exit code 2, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert expected in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["report", "plot"])
def test_rewards_beyond_a_picture_are_told_with_the_file(
    capsys, monkeypatch, tmp_path, command: str
) -> None:
    """One line with its name, and nothing is written."""
    rows = [[0, 0, 0, 1, "1e400", True], [0, 1, 1, 1, 0, False], [1, 0, 1, 1, "2e400", True]]
    MDP.from_rows(rows, n_states=2, n_actions=2).save(tmp_path / "huge.json")
    monkeypatch.chdir(tmp_path)
    extra = ["--exact-only"] if command == "report" else []
    output = "x.html" if command == "report" else "x.svg"
    code, out, err = run(capsys, monkeypatch, command, "huge.json", "-o", output, *extra)
    assert (code, out) == (2, "")
    assert err.startswith(
        "qdecay: huge.json: state 0, action 0: the reward is too large for floats"
    )
    assert err.count("\n") == 1
    assert not Path(output).exists()


CANNOT = [
    (
        "FrozenLake-v1",
        ["--state", "14"],
        "thresholds",
        "state row 4, column 3 are the same at every",
    ),
    ("no-start.json", [], "gap", "no action of the state shown is ever better"),
    ("FrozenLake-v1", [], "learning", "is not a chain"),
    ("no-start.json", [], "price", "has no start state"),
    ("equal.json", [], "thresholds", "best actions of state 0 are the same at every gamma"),
    ("equal.json", [], "learning", "never changes"),
    ("twice.json", [], "learning", "changes at 2 gammas, and learning needs one"),
    ("parts.json", [], "learning", "two branches that pay one reward each"),
    ("qdecay/NChain-v0", [], "learning", "is not a chain"),
    (HOMEWORK[2], ["-k", "slip=1/9"], "learning", "only without slip"),
    (HOMEWORK[2], ["-k", "escape=true"], "learning", "only without slip"),
]


@pytest.mark.parametrize(("source", "options", "kind", "reason"), CANNOT)
@pytest.mark.parametrize("before", [True, False])
def test_what_cannot_be_drawn_is_refused_wherever_it_stands(
    capsys, monkeypatch, tmp_path, source: str, options: list[str], kind: str, reason: str, before
) -> None:
    """Beside what can be drawn too, before any training, and nothing is written."""
    branches = {
        "equal": [[1], [0, 1]],
        "twice": [[1], [0, "9/2", "-9/2"]],
        "parts": [[1, 1], [0, 0, 6]],
    }
    for name, (near, far) in branches.items():
        layout = {"schema": "qdecay.layout/1", "near": ["a", near], "far": ["b", far]}
        (tmp_path / f"{name}.json").write_text(json.dumps(layout))
    MDP.from_rows([(0, 0, 0, 1, 1, True)], n_states=1, n_actions=1).save(tmp_path / "no-start.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(import_module("qdecay.comparison.compare"), "compare", None)
    words = ["--what", kind, "--what", "values"]
    words = words if before else [*words[2:], *words[:2]]
    code, out, err = run(capsys, monkeypatch, "plot", source, *options, "-o", "x.svg", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"--what {kind}: {source}: " in err and reason in err
    assert not Path("x.svg").exists()


def test_a_page_that_cannot_be_written_leaves_nothing_behind(capsys, monkeypatch, tmp_path) -> None:
    """The disk fails in the middle: the old page stays, and no half page lies about."""
    page = tmp_path / "page.html"
    page.write_text("old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    code, _, err = run(
        capsys, monkeypatch, "report", HOMEWORK[1], "-o", str(page), "--exact-only", "--force"
    )
    assert code == 2
    assert "No space left" in err
    assert page.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_plots_are_written_with_their_labels(capsys, monkeypatch, tmp_path) -> None:
    """Vector output whose text is text: axes, breakpoints and panels can be read in the file."""
    path = tmp_path / "all.svg"
    kinds = [
        word
        for kind in ("regions", "values", "gap", "price", "thresholds", "learning")
        for word in ("--what", kind)
    ]
    code, _, err = run(capsys, monkeypatch, "plot", HOMEWORK[2], "-o", str(path), *kinds)
    assert (code, err) == (0, "")
    text = path.read_text()
    for label in (
        "discount factor γ",
        "value, reward units",
        "nothing lost from 0.5503212",
        "P(move)",
        "action gap, reward units",
        "flips at γ",
        "exact: $6^{-1/3}$ ≈ 0.550321",
    ):
        assert label in text
    assert "<image" not in text


@pytest.fixture(scope="module")
def gallery(tmp_path_factory) -> Path:
    from qdecay.reporting.gallery import write_gallery

    folder = tmp_path_factory.mktemp("pages") / "gallery"
    ids = ["qdecay/NChain-v0", "CartPole-v1", "FrozenLake-v1", "qdecay/Chain-v0"]
    write_gallery(folder, ids)
    return folder


def test_the_gallery_states_known_answers(gallery: Path) -> None:
    """NChain's Blackwell factor (125/256)^(1/4), FrozenLake's 0.978316459143; links that exist."""
    index = Reader((gallery / "index.html").read_text(encoding="utf-8"))
    assert_stands_alone(index)
    links = [a["href"] for tag, a in index.tags if tag == "a"]
    assert links == ["qdecay-nchain-v0.html", "frozenlake-v1.html"]
    for link in links:
        assert_stands_alone(Reader((gallery / str(link)).read_text(encoding="utf-8")))
    assert "0.978316…" in index.text
    assert f"{(125 / 256) ** 0.25:.12g}"[:8] + "…" in index.text
    (reason,) = [a["title"] for tag, a in index.tags if tag == "code" and "title" in a][:1]
    assert reason is not None and "CartPoleEnv has no table" in reason
    shown = "".join(index.text.split())
    assert "bestγearns3.677perstepbestγbetween0.836and1γ=0.99losesnothing" in shown
    assert "bestγearns74.0%reachthegoalbestγbetween0.9784and1γ=0.99loses0.541%" in shown
    cards = [a for tag, a in index.tags if tag == "li"]
    assert len(cards) == len(links)  # what has no page has no card
    assert "leftdownrightup" in shown and "forwardbackward" in shown


def test_the_gallery_covers_both_families() -> None:
    """Every registered qdecay id, and every toy-text id."""
    ids = environment_ids()
    assert set(HOMEWORK) <= set(ids)
    assert {
        "FrozenLake-v1",
        "FrozenLake8x8-v1",
        "CliffWalking-v1",
        "Taxi-v4" if "Taxi-v4" in gym.registry else "Taxi-v3",
        "Blackjack-v1",
    } <= set(ids)
    assert {name for name in gym.registry if name.startswith("qdecay/")} <= set(ids)


def test_the_gallery_leaves_out_what_needs_a_layout(capsys, monkeypatch, tmp_path: Path) -> None:
    """All other ids are in it: without a layout these two have nothing to show."""
    from qdecay.reporting import gallery as module

    asked: list[str] = []
    monkeypatch.setattr(module, "write_gallery", lambda _, ids, **__: asked.extend(ids) or [])
    assert run(capsys, monkeypatch, "gallery", "-o", str(tmp_path / "g"))[0] == 0
    assert set(environment_ids()) - set(asked) == {"qdecay/Chain-v0", "qdecay/GridWorld-v0"}


def test_a_gallery_is_kept_unless_forced(capsys, monkeypatch, gallery: Path) -> None:
    """Its index is there already: exit code 2, before any work."""
    before = (gallery / "index.html").read_bytes()
    code, _, err = run(capsys, monkeypatch, "gallery", "-o", str(gallery))
    assert code == 2
    assert "--force" in err
    assert (gallery / "index.html").read_bytes() == before


def test_an_interrupted_gallery_has_an_index_of_what_is_done(capsys, monkeypatch, tmp_path) -> None:
    """Ctrl-C in the second environment: exit code 130, a card that links."""
    from qdecay.reporting import gallery as module

    read, seen = module.read_chapter, []

    def interrupted(source, **options: Any) -> Any:
        seen.append(source.text)
        if len(seen) > 1:
            raise KeyboardInterrupt
        return read(source, **options)

    monkeypatch.setattr(module, "read_chapter", interrupted)
    code, _, err = run(capsys, monkeypatch, "gallery", "-o", str(tmp_path / "g"))
    assert (code, err) == (130, "qdecay: interrupted\n")
    index = Reader((tmp_path / "g" / "index.html").read_text(encoding="utf-8"))
    links = [a["href"] for tag, a in index.tags if tag == "a"]
    assert sorted([*links, "index.html"]) == sorted(p.name for p in (tmp_path / "g").iterdir())
    assert len(links) == 1


@pytest.mark.parametrize("env_id", [*HOMEWORK[:3], "qdecay/RiverSwim-v0", "qdecay/NChain-v0"])
def test_a_graph_draws_every_action_of_every_state(env_id: str) -> None:
    """Each pair has an arrow for each of its outcomes, and each label lies inside the picture."""
    mdp = MDP.from_env(gym.make(env_id))
    graph = graph_of(mdp)
    assert graph is not None
    assert [node.state for node in graph.nodes] == list(range(mdp.n_states))
    drawn = sorted((arrow.state, a) for arrow in graph.arrows for a in arrow.actions)
    assert drawn == sorted(zip(mdp.state.tolist(), mdp.action.tolist(), strict=True))
    left, top, width, height = graph.box
    for arrow in graph.arrows:
        x, y = arrow.at
        assert left <= x <= left + width and top <= y <= top + height


def test_a_state_is_as_wide_as_its_name_and_arrows_end_at_its_edge() -> None:
    """Nine letters are whole, sixty keep both ends; arrows touch the shapes of both states."""
    names = ["home base", "market", "h" * 30 + "x" * 30]
    rows = [(0, 0, 1, 1, 1, False), (0, 1, 2, 1, 0, False), (2, 0, 0, 1, 2, False)]
    mdp = MDP.from_rows(rows, n_states=3, n_actions=2, start=0, state_names=names)
    graph = graph_of(mdp)
    assert graph is not None
    html = mdp._repr_html_()
    assert ">home base</text>" in html and ">hhhhhh…xxxxx</text>" in html
    assert 7 * 12 <= 2 * graph.half < graph.nodes[1].x - graph.nodes[0].x - 60
    for arrow, (start, end) in zip(graph.arrows, [(0, 1), (0, 2), (2, 0)], strict=True):
        first, last = re.findall(r"-?[\d.]+ -?[\d.]+", arrow.line)[:: 2 if "Q" in arrow.line else 1]
        for point, state, gap in ((first, start, 0), (last, end, 3)):
            x, y = map(float, point.split())
            beside = max(abs(x - graph.nodes[state].x) - (graph.half - graph.radius), 0)
            assert math.hypot(beside, y) == pytest.approx(graph.radius + gap, abs=0.2)


def test_a_state_without_actions_is_drawn_alone() -> None:
    """Nothing leads anywhere; the picture holds its node."""
    graph = graph_of(MDP.from_rows([], n_states=1, n_actions=1, start=0))
    assert graph is not None
    assert graph.arrows == ()
    left, top, width, height = graph.box
    assert left < 0 < left + width and top < 0 < top + height


def test_a_long_corridor_is_shortened_and_says_by_how_much() -> None:
    """A hundred states: the ends are drawn, the gap counts what it hides, the reward is there."""
    env: Any = gym.make("qdecay/LongDelay-v0").unwrapped
    graph = graph_of(MDP.from_env(env), env.layout)
    assert graph is not None
    assert sum(node.hidden or 1 for node in graph.nodes) == 100
    assert [node.state for node in graph.nodes] == [0, 1, None, 98, 99]
    assert [arrow.label for arrow in graph.arrows if arrow.state == 99] == ["+110"]


def test_what_does_not_fit_a_row_is_folded_away() -> None:
    """A breakpoint of 1e-24 would cover the columns beside it; and one is not "1 states"."""
    rows = [(0, 0, 0, 1, "1e-12", True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, "1e12", True)]
    model = MDP.from_rows(rows, n_states=2, n_actions=2, start=0)
    page = qdecay.report(model, exact_only=True).html
    assert page.count(f"<mn>{10**24}</mn>") == 1  # in the sentence about the last breakpoint
    assert "<summary>degree 1</summary>" in page and "1e−24" in page
    one = MDP.from_rows([(0, 0, 0, 1, 1, True)], n_states=1, n_actions=1, start=0)
    assert "1 state, 1 action<" in qdecay.report(one, exact_only=True).html


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A chain whose rewards have long denominators, of which some are rounded alike."""
    path = tmp_path / "tiny.json"
    ChainLayout.choice(stay=["1e-30"], move=[0, "4.0000019999e-30", "4.0000018e-30"]).save(path)
    return path


def test_labels_of_tiny_rewards_fit_between_two_states(tiny: Path) -> None:
    """Rounded, with the exact number to be read on them."""
    layout = ChainLayout.load(tiny)
    graph = graph_of(MDP.from_env(ChainEnv(layout)), layout)
    assert graph is not None
    labels = [(arrow.label, arrow.exact) for arrow in graph.arrows]
    assert max(len(label) for label, _ in labels) <= 16  # 118 pixels, 7 a letter
    assert any("+1e−30" in label for label, _ in labels)
    exact = " ".join(text for label, text in labels if "≈+4.0e−30" in label)
    for number in ("4.0000019999e-30", "4.0000018e-30"):
        assert f"+{Fraction(number)}" in exact


def test_a_page_shows_tiny_rewards_rounded_and_exact(
    capsys, monkeypatch, tmp_path: Path, tiny: Path
) -> None:
    """In the list of branches, and for each state, where what differs is kept apart."""
    page = written(capsys, monkeypatch, tmp_path, str(tiny), "--exact-only")
    first, second = Fraction("4.0000019999e-30"), Fraction("4.0000018e-30")
    assert "≈4.000e−30 one step later and ≈4.000e−30 two steps later" in page.text
    (exact_streams,) = [a["title"] for _, a in page.tags if a.get("class") == "question alone"]
    assert exact_streams == f"stay: {Fraction('1e-30')}; move: 0, {first}, {second}"
    moves = [m for state in page.document("data-0")["moves"] for act in state for m in act]
    texts = {m[2]: m[3:] for m in moves}
    assert texts["0"] == [] and texts["1e−30"] == [f"probability 1, reward {Fraction('1e-30')}"]
    exact = {m[3] for m in moves if m[2] == "≈4.000e−30"}
    assert exact == {f"probability 1, reward {number}" for number in (first, second)}


def test_a_large_model_has_no_graph() -> None:
    """Sixty-four states say less as a drawing than as a board or a table."""
    assert graph_of(MDP.from_env(gym.make("FrozenLake8x8-v1"))) is None
    dense = [
        (s, a, t, Fraction(1, 9), 0, False) for s in range(9) for a in range(2) for t in range(9)
    ]
    assert graph_of(MDP.from_rows(dense, n_states=9, n_actions=2)) is None
