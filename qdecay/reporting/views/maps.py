"""A map of gamma and another number: its areas, drawn and named."""

from __future__ import annotations

from markupsafe import Markup

from qdecay._support.result import counted
from qdecay.exact.policy_map import MapCurve, PolicyMap
from qdecay.reporting.map_picture import MapPicture
from qdecay.reporting.numerals import fraction, signed
from qdecay.reporting.views.axis import Axis
from qdecay.reporting.views.bars import colour_of
from qdecay.reporting.views.charts import Curve, Label, chart
from qdecay.reporting.views.dispatch import view
from qdecay.reporting.views.markup import heading, joined, sentence, table
from qdecay.reporting.views.names import Names

_LETTER, _LINE = 8 / 560, 20 / 208  # of a label, as shares of the picture


@view.register
def _(found: PolicyMap) -> Markup:
    names = Names.of_info(found.info)
    p, lines = found.parameter, len(found.lines) + len(found.columns)
    named = sum(curve.polynomial is not None for curve in found.curves)
    curves = f"{counted(len(found.curves), 'curve')}, {named} with a polynomial"
    rows = ([i, _area(found, i, names)] for i in range(len(found.areas)))
    return joined(
        [
            heading(names.title or "Map", counted(len(found.areas), "area"), curves),
            sentence(
                f"What is optimal over γ and {p.name}, from {fraction(p.low)} to "
                f"{fraction(p.high)}: exact on {counted(lines, 'line')}; "
                "between them nothing is claimed."
            ),
            _picture(found, names),
            table(["area", "optimal actions"], rows, len(found.areas)),
        ]
    )


def _area(found: PolicyMap, area: int, names: Names) -> str:
    sets = list(found.areas[area].items())
    told = [f"{names.state(state)}: {names.either(actions)}" for state, actions in sets[:6]]
    beyond = f"; and {len(sets) - 6:,} more states" if len(sets) > 6 else ""
    return "; ".join(told) + beyond


def _picture(found: PolicyMap, names: Names) -> Markup:
    picture, is_one = MapPicture.of(found), all(len(area) == 1 for area in found.areas)
    texts = [_name(found, i, names) if is_one else str(i) for i in range(len(found.areas))]
    shapes = [
        Curve(shape.corners, "area", _colour(found, shape.area, is_one)) for shape in picture.shapes
    ]
    edges = [Curve(edge) for edge in picture.edges]
    sizes = [((len(text) + 1) * _LETTER, _LINE) for text in texts]
    placed, _ = picture.labels(sizes)
    labels = [
        Label(
            (label.at[0] - len(texts[label.area]) * _LETTER / 2, label.at[1]),
            texts[label.area],
            "ink",
        )
        for label in placed
    ]
    x = Axis(
        "discount factor γ",
        lambda gamma: picture.axis.place(float(gamma)),
        tuple(picture.axis.ticks),
    )
    y = Axis("", lambda value: picture.height(float(value)), tuple(picture.value_ticks))
    name = f"{found.parameter.name}; the areas are what is best"
    return chart(name, x, y, [*shapes, *edges], labels, description="areas of optimal actions")


def _name(found: PolicyMap, area: int, names: Names) -> str:
    [actions] = found.areas[area].values()
    return names.either(actions)


def _colour(found: PolicyMap, area: int, is_one: bool) -> str:
    actions = next(iter(found.areas[area].values())) if is_one else (area,)
    return colour_of(actions).removeprefix("--one: var(--").removesuffix(")")


@view.register
def _(found: MapCurve) -> Markup:
    polynomial = found.polynomial
    told = (
        "no single polynomial was found"
        if polynomial is None
        else f"{signed(polynomial.written())} = 0"
    )
    between = "between areas {} and {}".format(*found.areas)
    return joined(
        [heading("Curve", between, counted(len(found.points), "exact point")), sentence(told, ".")]
    )
