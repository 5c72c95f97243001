"""What every figure has to satisfy: nothing cut off, no text over text, no legend over a line."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

_SLACK = 1.5  # pixels at 100 dots per inch: boxes have a little room around their text


def faults(figure: Figure) -> list[str]:
    """Return what is wrong with a figure, in words; nothing if it is fine."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]  # of Agg
    texts = [(text.get_text(), _box(text, renderer)) for text in shown_texts(figure)]
    page = Bbox.from_extents(0, 0, figure.bbox.width, figure.bbox.height)
    found = [f"cut off: {name!r}" for name, box in texts if not _inside(box, page)]
    found += [
        f"overlap: {one!r} and {two!r}"
        for (one, a), (two, b) in combinations(texts, 2)
        if _meet(a, b)
    ]
    found += [fault for ax in figure.axes for fault in _covered_lines(ax, renderer)]
    return found + [fault for ax in figure.axes for fault in _crossed_texts(ax, renderer)]


def shown_texts(figure: Figure) -> list[Text]:
    """Return every text that is drawn: titles, labels, marks of axes, legends and annotations."""
    found = [text for text in figure.findobj(Text) if _is_shown(text)]
    outside = {id(label) for ax in figure.axes for label in _marks_outside(ax)}
    return [text for text in found if id(text) not in outside]


def _is_shown(text: Any) -> bool:
    return bool(text.get_text().strip()) and text.get_visible()


def _marks_outside(ax: Axes) -> list[Text]:
    """Return the labels of marks beyond the ends of an axis, which matplotlib does not draw."""
    found = []
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not low <= tick.get_loc() <= high or not axis.get_visible():
                found += [tick.label1, tick.label2]
    return found


def _box(text: Text, renderer: Any) -> Bbox:
    """Return the box of a text without the line that leads to it."""
    return Text.get_window_extent(text, renderer)


def _inside(box: Bbox, page: Bbox) -> bool:
    return (
        box.x0 >= page.x0 - _SLACK
        and box.y0 >= page.y0 - _SLACK
        and box.x1 <= page.x1 + _SLACK
        and box.y1 <= page.y1 + _SLACK
    )


def _meet(one: Bbox, two: Bbox) -> bool:
    wide = min(one.x1, two.x1) - max(one.x0, two.x0)
    high = min(one.y1, two.y1) - max(one.y0, two.y0)
    return wide > _SLACK and high > _SLACK


def _covered_lines(ax: Axes, renderer: Any) -> list[str]:
    """Return the curves that run through the legend of their axes."""
    legend = ax.get_legend()
    if legend is None:
        return []
    box = legend.get_window_extent(renderer)
    return [
        f"legend over {line.get_label()!r}"
        for line in ax.get_lines()
        if line.get_path().vertices.size
        and line.get_transform().transform_path(line.get_path()).intersects_bbox(box, filled=False)
    ]


def _crossed_texts(ax: Axes, renderer: Any) -> list[str]:
    """Return the annotations that a line runs through which leads to another one."""
    boxes = [(text, _box(text, renderer)) for text in ax.texts if text.get_text()]
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    return [
        f"crossed: {text.get_text()!r}"
        for text, box in boxes
        for other in arrows
        if other is not text and _path_of(other).intersects_bbox(box.padded(-2), filled=False)
    ]


def _path_of(annotation: Any) -> Any:
    patch = annotation.arrow_patch
    return patch.get_transform().transform_path(patch.get_path())
