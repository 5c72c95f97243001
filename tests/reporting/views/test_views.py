"""What notebooks show says what the results say, whatever people call their states."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from html_tree import Node, parse

import qdecay
from qdecay.reporting.views.coordinates import board_of_model

LAYOUT = qdecay.ChainLayout.choice(stay=[1], move=[0, 0, 4])
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</iframe></style></textarea>",
    "'); drop() $x^2$ {{ 7 * 7 }} &amp; \N{SNOWMAN}",
)
TAGS = {"div", "style", "p", "b", "i", "span", "small", "details", "summary"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
TAGS |= {"svg", "path", "g", "circle", "rect", "text", "title"}
TAGS |= {"math", "mrow", "mfrac", "mn", "mi", "mo", "msup", "msqrt"}
ATTRIBUTES = {"class", "style", "title", "scope", "role", "aria-label", "data-of", "displaystyle"}
ATTRIBUTES |= {"lspace", "rspace"}
ATTRIBUTES |= {"viewbox", "preserveaspectratio", "text-anchor"}
ATTRIBUTES |= {"d", "x", "y", "cx", "cy", "r", "rx", "width", "height"}


def shown(value: object) -> Node:
    """What a notebook shows, parsed, once it is certain that it can do no harm."""
    html = value._repr_html_()  # type: ignore[attr-defined]
    root = parse(html)
    for node in root:
        assert node.name in TAGS | {""}, node.name
        assert set(node.attributes) <= ATTRIBUTES, node.attributes
        assert "url(" not in node.attributes.get("style", "")
    assert "url(" not in html.partition("</style>")[0] and "@import" not in html
    return root


@cache
def lake() -> qdecay.MDP:
    return qdecay.as_mdp("FrozenLake-v1")  # type: ignore[no-any-return]


def hostile_model() -> qdecay.MDP:
    wait = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 2, True)]
    made = qdecay.MDP.from_rows(
        wait, n_states=2, n_actions=2, start=0, state_names=HOSTILE[:2], action_names=HOSTILE[2:]
    )
    return replace(made, name="<b>&amp;</b>$x$")


HARMED = {
    "model": hostile_model,
    "regions": lambda: qdecay.policy_regions(hostile_model()),
    "price": lambda: qdecay.price(hostile_model()),
    "compare": lambda: qdecay.compare(hostile_model(), name=HOSTILE[0]),
    "learned": lambda: qdecay.q_learning(hostile_model(), 0.9, steps=50),
    "solution": lambda: qdecay.value_iteration(hostile_model(), 0.9),
    "blackwell": lambda: qdecay.blackwell(hostile_model()),
    "certified": lambda: qdecay.certified_policy_regions(hostile_model()),
    "numeric": lambda: qdecay.numeric_policy_regions(hostile_model(), points=50),
    "undiscounted": lambda: qdecay.undiscounted(hostile_model()),
    "break-even": lambda: qdecay.break_even(hostile_model()),
    "many": lambda: qdecay.q_learning_many(hostile_model(), [0.4], [1], steps=50),
    "sweep": lambda: qdecay.value_over_gammas(hostile_model(), [0.4, 0.6]),
    "average": lambda: qdecay.average_reward(hostile_model()),
}


@pytest.mark.parametrize("name", HARMED)
def test_names_are_text(name: str) -> None:
    """Names that are tags, quotes or formulas are shown as they are; `shown` allows no tag else."""
    root = shown(HARMED[name]())
    said = root.text + " ".join(node.attributes.get("title", "") for node in root)
    assert any(name in said for name in (*HOSTILE, "b>$x$"))  # what follows the last slash
    assert root.all(class_="mathjax_ignore")  # so that $x^2$ stays three letters and signs


def test_two_outputs_of_one_page_do_not_meet() -> None:
    """There are no ids, and every rule is about what is in an output."""
    html = qdecay.policy_regions(LAYOUT)._repr_html_()
    assert " id=" not in html
    style = re.search("<style>(.*)</style>", html, re.DOTALL)
    assert style is not None
    depth, outside = 0, []
    for piece in re.split(r"([{}])", style[1]):
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth -= 1
        elif depth == 0 and piece.strip():
            outside.append(piece)
    assert outside and all(".qdecay" in selector for selector in outside)


def test_regions_are_the_bar() -> None:
    """Parts end where breakpoints lie, and are called what is best there."""
    found = qdecay.policy_regions(qdecay.MDP.from_layout(LAYOUT))
    root = shown(found)
    parts = root.all(class_="part")
    assert [part.attributes["title"] for part in parts] == ["stay", "move"]
    assert [extent(part) for part in parts] == [(0, 50), (50, 50)]
    [tick] = root.all(class_="tick")
    assert place(tick) == 50 and tick.attributes["title"] == "0.5"
    [label] = root.all(class_="marks")[0].all("span")
    assert label.text == "1/2 = 0.5"
    assert "the best action is stay up to γ = 1/2 = 0.5, then move." in root.text


@pytest.mark.parametrize("source", ["FrozenLake-v1", "qdecay/ShortDelay-v0", "CliffWalking-v1"])
def test_every_breakpoint_is_in_the_table(source: str) -> None:
    """With the decimals of the document, and its first states that change."""
    found = qdecay.policy_regions(source)
    rows = shown(found).rows()
    document = found.to_json()["breakpoints"]
    assert len(rows) == len(document)
    for (gamma, changes), point in zip(rows, document, strict=True):
        assert gamma.endswith(str(round(float(point["decimal"]), 10)))
        assert changes.startswith(f"state {next(iter(point['changes']))}:")


def test_a_crowd_near_one_is_spread() -> None:
    """Where breakpoints crowd there, the axis is that of log(1 - gamma), and says so."""
    found = qdecay.policy_regions("FrozenLake8x8-v1")
    root = shown(found)
    assert "log scale of 1 − γ" in root.text
    ticks = [float(node.text) for node in root.all(class_="axis")[0].all("span")[:4]]
    assert ticks == [0, 0.9, 0.99, 0.999]
    marks = [place(node) for node in root.all(class_="tick") + root.all(class_="other")]
    gaps = sorted(-math.log10(1 - float(point.gamma)) for point in found.breakpoints)
    assert np.allclose(np.array(sorted(marks)) / gaps, sorted(marks)[0] / gaps[0], rtol=2e-2)


def losing() -> qdecay.MDP:
    """Every amount is below 0."""
    rows = [(0, 0, 0, 1, "-3/2", True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, -2, True)]
    return qdecay.MDP.from_rows(rows, n_states=2, n_actions=2, start=0)


@pytest.mark.parametrize(
    "found",
    [
        lambda: losing(),
        lambda: qdecay.price(losing()),
        lambda: qdecay.price(losing()).regions[0],
        lambda: qdecay.undiscounted(losing()),
        lambda: qdecay.value_iteration(losing(), 0.9),
        lambda: qdecay.value_over_gammas(losing(), [0.4, 0.6]),
        lambda: qdecay.q_learning(losing(), 0.9, steps=50),
    ],
)
def test_amounts_below_zero_have_a_true_minus(found) -> None:
    """Nowhere a hyphen before a digit; the documents keep it."""
    value = found()
    text = " ".join(shown(value).text.split())
    assert "−" in text and not re.search(r"(?<!\w)-\d", text)


def test_what_is_rounded_is_not_called_equal() -> None:
    """1/3 is not 0.3333; and a decimal that is the number says more than 123/1000."""
    third, short = (qdecay.AlgebraicNumber.of(text) for text in ("-1/3", "123/1000"))
    assert " ≈ −0.3333333" in shown(third).text
    assert shown(short).text.strip().endswith("0.123") and "=" not in shown(short).text


def test_the_eighth_action_has_marks() -> None:
    """The classes of a part, and the rules that paint them."""
    streams = {f"way {k}": [0] * k + [2**k] for k in range(9)}
    found = qdecay.policy_regions(qdecay.ChainLayout.choice(**streams))
    html = found._repr_html_()
    best = [sets[0] for sets in found.regions]
    classes = [part.attributes["class"] for part in shown(found).all(class_="part")]
    assert classes[-1] == "part round1" and best[-1] == (8,)
    assert classes[0] == "part" and ".qdecay .round1.round1 {" in html


def test_the_price_is_the_step_curve() -> None:
    """Its corners lie at the ends of regions, at the height of what is earned."""
    found = qdecay.price(qdecay.MDP.from_layout(LAYOUT))
    root = shown(found)
    [curve] = [p for p in root.all("path") if "far" in p.attributes.get("style", "")]
    corners = [tuple(map(float, p.split())) for p in curve.attributes["d"][1:].split("L")]
    half = 100 * math.log10(2) / 2.5  # of an axis that ends half a decade right of 0.99
    assert [x for x, _ in corners] == pytest.approx([0, half, half, 100], abs=0.01)
    heights = {
        text.text: 100 - place(text, "bottom") for text in root.all(class_="rise")[0].all("span")
    }
    assert [y for _, y in corners] == pytest.approx([heights["1"]] * 2 + [heights["4"]] * 2)
    document = found.to_json()
    for row, region in zip(root.rows(), document["regions"], strict=True):
        assert row[0] == f"{region['lower']} to {region['upper']}"
        assert row[1] == region["worst"]["exact"]
    assert [row[3] for row in root.rows()] == ["", "best"]


def test_regions_that_earn_the_same_share_a_row() -> None:
    """Of the large lake's 26 regions some earn the same: the row spans them."""
    found = qdecay.price("FrozenLake8x8-v1", "steps:200")
    rows = shown(found).rows()
    document = found.to_json()["regions"]
    worths = [region["worst"]["value"] for region in document]
    kept = [i for i, worth in enumerate(worths) if i == 0 or worth != worths[i - 1]]
    ends = [i - 1 for i in (*kept[1:], len(document))]
    stretches = zip(kept, ends, strict=True)
    spans = [f"{document[i]['lower']} to {document[j]['upper']}" for i, j in stretches]
    assert [row[0] for row in rows] == spans
    assert [float(row[1]) for row in rows] == pytest.approx([worths[i] for i in kept], rel=1e-9)


def test_a_comparison_has_marks() -> None:
    found = qdecay.compare("qdecay/ShortDelay-v0")
    root, row = shown(found), found.body()
    assert "✓ agree" in root.text
    [[change, exact, planned, learned, _]] = root.rows()
    assert change == "stay → move" and exact.endswith(row["exact"][0]["decimal"][:12])
    assert float(planned.removesuffix(" ✓")) == pytest.approx(row["planned"][0], abs=5e-7)
    assert float(learned.removesuffix(" ✓")) == pytest.approx(row["learned"][0]["median"], abs=5e-7)


def test_a_comparison_that_is_open_says_why() -> None:
    found = qdecay.compare(lake(), max_steps=100)
    root = shown(found)
    assert "? undecided: " in root.text and found.unsettled[0] in root.text
    assert not any("✓" in cell for row in root.rows() for cell in row)


def test_a_probe_is_its_points() -> None:
    """Dots lie at the delays, at log(r / R); the table has their gammas."""
    agent = qdecay.tabular_agent(qdecay.q_learning, 0.9)
    found = qdecay.probe(agent, delays=(1, 2), settings=["one-shot"], gamma=0.9, trainings=40)
    root = shown(found)
    assert found.verdict.replace("gamma = ", "γ = ") in root.text and "✓" in root.text
    dots = root.all(class_="dot")[:2]
    assert place(dots[1]) == pytest.approx(2 * place(dots[0]), abs=0.02)
    depths = [100 - place(dot, "bottom") for dot in dots]
    logs = [point.log_discount[1] for point in found.points if point.log_discount]
    assert depths[1] / depths[0] == pytest.approx(logs[1] / logs[0], abs=0.01)
    for row, point in zip(root.rows(), found.to_json()["points"], strict=True):
        assert float(row[2].split()[0]) == pytest.approx(point["gamma"]["value"], abs=1e-3)


def test_a_policy_is_on_the_board_beside_the_learning_curve() -> None:
    """Every square shows the greedy actions; the curve ends at the mean of the last returns."""
    found = qdecay.q_learning(lake(), 0.9, steps=3000, seed=1)
    root = shown(found)
    arrows = dict(zip("←↓→↑", range(4), strict=True))
    squares = root.all(class_="square")
    assert len(squares) == 16
    for state, square in enumerate(squares):
        if not {"hole", "goal"} & set(square.attributes["class"].split()):
            expected = (
                np.flatnonzero(found.greedy[state]).tolist() if found.visits[state].any() else []
            )
            assert [arrows[letter] for letter in square.text if letter in arrows] == expected
    assert "as it is registered" in root.text
    assert len(root.rows()) == 16 and root.rows()[0][3] == f"{found.visits[0].sum():,}"


def test_a_lake_of_ones_own_is_not_drawn_as_another() -> None:
    """A model is drawn on a registered board only if it is equal to that board's model."""
    other = qdecay.as_mdp("FrozenLake-v1", desc=["SFFF", "FFFF", "FFFF", "FFFG"])
    assert other.name == "FrozenLake-v1" and not shown(other).all(class_="board")
    assert len(shown(lake()).all(class_="hole")) == 4


def test_a_grid_is_its_board() -> None:
    """Read off the names of its states and where its moves lead, whatever it was made with."""
    grid = qdecay.GridLayout(["   +1", " # -1", "S   "], living_reward="-1/25", noise="1/5")
    root = shown(qdecay.MDP.from_layout(grid))
    looks = [
        node.attributes["class"].removeprefix("square").strip()
        for node in root.all(class_="square")
    ]
    assert looks == ["", "", "", "goal", "", "wall", "", "hole", "start", "", "", ""]
    assert [node.text for node in root.all("small")] == ["+1", "−1", "start"]


def test_names_alone_make_no_board() -> None:
    """Where "right" leads down, the names mean something else."""
    rows = [(0, 0, 1, 1, 0, False), (1, 0, 0, 1, 1, True)]
    names = {"state_names": ["(1, 2)", "(1, 1)"], "action_names": ["right"]}
    model = qdecay.MDP.from_rows(rows, n_states=2, n_actions=1, start=0, **names)
    assert board_of_model(model) is None
    down = qdecay.MDP.from_rows(
        rows, n_states=2, n_actions=1, start=0, **{**names, "action_names": ["down"]}
    )
    board = board_of_model(down)
    assert board is not None and board.marks == ("start", "+1")


def test_a_small_model_is_its_graph() -> None:
    root = shown(qdecay.MDP.from_layout(LAYOUT))
    [graph] = root.all(class_="graph")
    assert [node.text for node in graph.all("text") if node.text.isdigit()] == ["0", "1", "2"]
    assert {"move", "stay +1", "+4"} <= {node.text for node in graph.all("text")}


def test_a_large_model_is_its_first_rows() -> None:
    """And is not read through for that: two hundred of its rows are made."""
    rows = [(s, a, (s + 1) % 3000, 1, a, False) for s in range(3000) for a in range(3)]
    root = shown(qdecay.MDP.from_rows(rows, n_states=3000, n_actions=3))
    assert "9,000 transitions" in root.text and len(root.rows()) == 200
    assert "192 more, of 9,000 in all" in root.text


def test_where_a_search_ended_nothing_is_claimed() -> None:
    """The bar of a search without budget is hatched right of what is proven."""
    with pytest.raises(qdecay.BudgetExceeded) as limit:
        qdecay.policy_regions(lake(), max_breakpoints=1)
    root = shown(limit.value.best)
    [beyond] = root.all(class_="beyond")
    reached = 100 * float(limit.value.best.proven_to)
    assert extent(beyond) == pytest.approx((reached, 100 - reached), abs=0.01)
    end = limit.value.best.proven_to.decimal(4)
    assert f"nothing is known right of γ = {end}" in root.text
    assert f"then left up to γ = {end}." in root.text or f"at every γ up to γ = {end}." in root.text


def place(node: Node, side: str = "left") -> float:
    found = re.search(rf"(?:^|[ ;]){side}: ([\d.]+)%", node.attributes["style"])
    assert found is not None, node.attributes["style"]
    return float(found[1])


def extent(node: Node) -> tuple[float, float]:
    return place(node), place(node, "width")
