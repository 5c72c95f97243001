"""A model: its board or, if it is small, its graph, its sizes, and what reading it assumed."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from qdecay._support.result import counted
from qdecay.model.base import FiniteMDP
from qdecay.model.float_mdp import FloatMDP
from qdecay.model.line import ModelLine
from qdecay.model.mdp import MDP
from qdecay.reporting.graph import MAX_STATES, Arrow, Graph, Node, graph_of, short
from qdecay.reporting.numerals import fraction, signed
from qdecay.reporting.views.bars import colour_of
from qdecay.reporting.views.charts import legend
from qdecay.reporting.views.dispatch import view
from qdecay.reporting.views.markup import heading, joined, note, sentence, table, tag
from qdecay.reporting.views.names import Names
from qdecay.reporting.views.squares import board_picture

_MOST_REMARKS = 6


@view.register
def _(model: FiniteMDP) -> Markup:
    names = Names.of(model)
    shown: Markup | str = ""
    if names.board is not None:
        shown = board_picture(names.board, model.start)
    elif isinstance(model, MDP):
        drawing = graph_of(model) if model.n_states <= MAX_STATES else None
        shown = _moves(model, names) if drawing is None else _graph(drawing, model, names)
    kind = "floats" if isinstance(model, FloatMDP) else "exact"
    counts = {"state": model.n_states, "action": model.n_actions, "transition": model.n_transitions}
    facts = [counted(size, noun) for noun, size in counts.items()]
    start = "" if model.start is None else f"starts in {names.state(model.start)}"
    limit = "" if model.time_limit is None else f"at most {model.time_limit:,} steps"
    remarks = [note(line) for line in model.remarks[:_MOST_REMARKS]]
    return joined([heading(names.title or "Model", kind, *facts, start, limit), shown, *remarks])


def _graph(drawing: Graph, model: MDP, names: Names) -> Markup:
    x, y, width, height = drawing.box
    lines = [_line(arrow) for arrow in drawing.arrows]
    labels = [] if drawing.busy else [_label(arrow) for arrow in drawing.arrows if arrow.label]
    nodes = [_node(node, drawing, model, names) for node in drawing.nodes]
    picture = tag(
        "svg",
        *lines,
        *labels,
        *nodes,
        viewBox=f"{x:.1f} {y:.1f} {width:.1f} {height:.1f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role="img",
        aria_label="states and moves",
        class_="graph",
        style=f"min-width: {min(width, 0.52 * width + 60):.0f}px",
    )
    used = sorted({arrow.actions for arrow in drawing.arrows})
    keys = [("", _key(actions), names.either(actions)) for actions in used]
    many = note("Labels are left out where they would crowd: colours are actions.")
    return joined(
        [
            tag("div", picture, class_="graph-scroll"),
            legend(keys) if drawing.busy else "",
            many if drawing.busy else "",
        ]
    )


def _key(actions: Sequence[int]) -> str:
    return colour_of(actions).removeprefix("--one: var(--").removesuffix(")")


def _line(arrow: Arrow) -> Markup:
    parts = [tag("path", d=arrow.line, class_="line"), tag("path", d=arrow.head, class_="head")]
    if arrow.stop is not None:
        x, y = arrow.stop
        parts.append(
            tag("rect", x=f"{x - 7:.1f}", y=f"{y - 7:.1f}", width=14, height=14, class_="stop")
        )
    title = tag("title", arrow.exact or arrow.label)
    return tag("g", title, *parts, style=colour_of(arrow.actions))


def _label(arrow: Arrow) -> Markup:
    x, y = arrow.at
    return tag(
        "text", arrow.label, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor="middle", class_="label"
    )


def _node(node: Node, drawing: Graph, model: MDP, names: Names) -> Markup:
    if node.state is None:
        kind, title, text = "gap", f"{node.hidden} more states", f"{node.hidden}…"
    else:
        kind = "start" if node.state == model.start else None  # type: ignore[assignment]
        title, text = names.state(node.state), short(names.state_cell(node.state))
    return tag(
        "g",
        tag("title", title),
        tag(
            "rect",
            x=f"{node.x - drawing.half:.1f}",
            y=-drawing.radius,
            width=2 * drawing.half,
            height=2 * drawing.radius,
            rx=drawing.radius,
        ),
        tag("text", text, x=f"{node.x:.1f}", y=5, text_anchor="middle"),
        class_=kind,
    )


def _moves(model: MDP, names: Names) -> Markup:
    """Return the first transitions as a table, for a model too large for a drawing."""
    rows = (
        [
            names.state_cell(s),
            names.action(a),
            "the end" if ends else names.state_cell(t),
            fraction(p),
            fraction(r),
        ]
        for s, a, t, p, r, ends, *_ in model.rows()
    )
    return table(
        ["state", "action", "leads to", "probability", "reward"], rows, model.n_transitions
    )


@view.register
def _(line: ModelLine) -> Markup:
    p = line.parameter
    names = Names.of(line.low)
    return joined(
        [
            heading(names.title or "Model line", counted(line.low.n_states, "state")),
            sentence(
                "The models from ",
                tag("b", signed(f"{p.name} = {p.low}")),
                " to ",
                tag("b", signed(f"{p.name} = {p.high}")),
                ".",
            ),
        ]
    )
