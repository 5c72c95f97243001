"""The one palette: a colour has one meaning, in pages, notebooks and plots alike.

Derived from the colours of Okabe and Ito (2008), darkened or lightened until text is readable: on
`PAPER` and `SHEET` every colour that names something (`NEAR`, `FAR`, `GOOD`, `WARNING`, `LEARNED`,
`PLANNED`, `EXACT`, `SOFT`, `INK`) has a contrast of at least 4.5, and every colour of an action or
an explorer one of at least 3, as WCAG 2.2 requires for text and for graphics. Colours in one
picture can be distinguished by readers with protanopia, deuteranopia and tritanopia; where many
meet, shapes, dashes or labels repeat the information.

On a tint (`TINT` of a colour over `SHEET`) write in `INK`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Colour:
    """One meaning's colour: `#rrggbb` on light paper and on dark."""

    light: str
    dark: str


PAPER = Colour("#fdfdfb", "#14171c")  # the page
SHEET = Colour("#ffffff", "#1a1e25")  # surfaces on the page: buttons, cells
INK = Colour("#1d2129", "#e8eaed")  # text, and the reader's own gamma
SOFT = Colour("#5a6270", "#a3abb8")  # muted: notes, axes, side remarks
FAINT = Colour("#d9dce1", "#363c47")  # rules and grids
MIST = Colour("#f1f2f0", "#20252d")  # grounds

NEAR = Colour("#b84a00", "#f0a030")  # the reward now, the near stream
FAR = Colour("#0069a6", "#56b4e9")  # the reward later, the far stream
GOOD = Colour("#00795a", "#3fc79a")  # the best; agreement
WARNING = Colour("#a8123c", "#ff6f7f")  # less than the best; disagreement

EXACT = INK  # by algebra: a line or tick without a gap
PLANNED = SOFT  # by planning: hollow
LEARNED = Colour("#6b3fb8", "#dccbff")  # by training: filled

# Of actions, in their order: in a choice between two streams the near one is the first.
ACTIONS = (
    NEAR,
    FAR,
    Colour("#c9659c", "#e08cc0"),
    Colour("#b58900", "#f0e442"),
    Colour("#3a98d8", "#b9dcff"),
    Colour("#7a5a3a", "#b08968"),
    Colour("#5b6472", "#7f8896"),
)
ROUNDS = 5  # the colours of actions repeat this often, each time with other marks
TIED = Colour("#9aa1ac", "#6f7886")  # several equally good actions, or none

# Explorers, in the order of `qdecay.comparison.learning_times.EXPLORERS`; the usual learner,
# epsilon-greedy, has the colour of learned results.
EXPLORERS = (
    SOFT,
    LEARNED,
    Colour("#12999f", "#74ded9"),
    Colour("#8a4b2a", "#d79a73"),
)

TINT = Colour("18%", "26%")  # how much of a colour a filled area has

PALETTE = MappingProxyType(
    {
        "paper": PAPER,
        "sheet": SHEET,
        "ink": INK,
        "soft": SOFT,
        "faint": FAINT,
        "mist": MIST,
        "near": NEAR,
        "far": FAR,
        "good": GOOD,
        "warning": WARNING,
        "exact": EXACT,
        "planned": PLANNED,
        "learned": LEARNED,
        "tied": TIED,
        "tint": TINT,
        **{f"action{i}": colour for i, colour in enumerate(ACTIONS)},
        **{f"explorer{i}": colour for i, colour in enumerate(EXPLORERS)},
    }
)


def action(index: int) -> Colour:
    """Return the colour of an action; from the eighth on they repeat, with marks."""
    return ACTIONS[index % len(ACTIONS)]


def round_of(index: int) -> int:
    """Return which marks lie on the areas of an action.

    0 is none, for the first seven; then come dots, horizontal lines, vertical lines, and both. From
    the 36th action on the marks repeat too. Lines are distinguished by dashes.
    """
    return index // len(ACTIONS) % ROUNDS


def explorer(index: int) -> Colour:
    """Return the colour of an explorer; from the fifth on they repeat."""
    return EXPLORERS[index % len(EXPLORERS)]


def css_marks(root: str = "") -> str:
    """Return the CSS of the marks of `round_of`: classes `round1` and so on, in the colour `--one`.

    Args:
        root: the selector of what they are in, or "".
    """
    line = "var(--one) 0 1.5px, transparent 1.5px 8px"
    across, upright = (f"repeating-linear-gradient({angle}deg, {line})" for angle in (0, 90))
    dots = "radial-gradient(var(--one) 1.4px, transparent 1.9px) 0 0 / 9px 9px"
    marks = (dots, across, upright, f"{across}, {upright}")
    tint = "color-mix(in srgb, var(--one) var(--tint, 22%), transparent)"
    return "".join(
        f"{root} .round{i}.round{i} {{ background: {mark}, linear-gradient({tint}, {tint}); }}\n"
        for i, mark in enumerate(marks, start=1)
    )


def css_variables(root: str = ":root") -> str:
    """Return the palette as CSS variables, `--near` and so on, light and dark.

    Args:
        root: the selector of the elements that use them.
    """
    light = " ".join(f"--{name}: {colour.light};" for name, colour in PALETTE.items())
    dark = " ".join(f"--{name}: {colour.dark};" for name, colour in PALETTE.items())
    return (
        f"{root} {{ color-scheme: light dark; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ {root} {{ {dark} }} }}\n"
    )
