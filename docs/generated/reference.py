"""A page for every public name of qdecay, under the name that people import.

The names are those of `qdecay.__all__`; where `qdecay/__init__.pyi` takes a name from tells its
subject. So a new name has its page without being listed here. A name whose docstring has no example
takes the one of `reference/examples.md`.
"""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import qdecay
from generated.pages import Page, first_line

EXAMPLES = Path(__file__).parents[1] / "examples.md"
SUBJECTS = {  # the package that a name comes from: its title, and what it is about
    "model": ("Problems and models", "What is asked about: a chain, a grid, any finite model."),
    "exact": ("Exact answers", "Break-even gammas, policy regions and proofs, without rounding."),
    "certified": ("Certified regions", "Proven brackets around every change, for larger models."),
    "pricing": ("Prices", "What a policy earns that was optimal for another discount factor."),
    "planning": ("Planning", "Values and policies at one gamma, with a proven error."),
    "learning": ("Learning", "Tabular learners, their schedules and what they return."),
    "comparison": ("Comparison", "Exact beside planned beside learned."),
    "probing": ("Effective discount", "Which discount an agent has, from its choices."),
    "sweep": ("Sweeps", "Many trainings, stored as they finish."),
    "errors": ("Errors", "What is raised and warned of."),
    "reporting": ("Pages and figures", "What a result looks like."),
    "_support": ("Progress", "How long work reports how far it is."),
}
_ELSEWHERE = {"_support.page": "reporting"}  # whose subject is another package's
BY_HAND = {  # more pages of a subject, which are written by hand
    "model": [
        {"How models are read": "reference/readers.md"},
        {"Tables, wrappers and tests of environments": "reference/environment-tools.md"},
    ],
    "exact": [{"Numbers and polynomials": "reference/algebra.md"}],
    "reporting": [{"What every result can do": "reference/results.md"}],
    "comparison": [{"Learners and agents of your own": "reference/own-agents.md"}],
}


def subjects() -> dict[str, list[str]]:
    """Return the public names of each subject: functions, then what they take and return."""
    stub = ast.parse(Path(qdecay.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    comes_from = {
        alias.name: _ELSEWHERE.get(statement.module or "", (statement.module or "").split(".")[0])
        for statement in stub.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    found: dict[str, list[str]] = {package: [] for package in SUBJECTS}
    for name in qdecay.__all__:
        if name != "__version__":
            found[comes_from[name]].append(name)
    return {
        package: sorted(names, key=_functions_first) for package, names in found.items() if names
    }


def _functions_first(name: str) -> tuple[bool, str]:
    return inspect.isclass(getattr(qdecay, name)) or name[0].isupper(), name.lower()


def page_of(name: str) -> str:
    """Return the file of a name, without its ending: no two differ in capitals alone."""
    folded = [other.lower() for other in qdecay.__all__]
    is_class = inspect.isclass(getattr(qdecay, name))
    return f"{name}-class" if is_class and folded.count(name.lower()) > 1 else name


def examples() -> dict[str, str]:
    """Return the examples that are written down beside the docstrings."""
    parts = re.split(r"^## (\w+)\n", EXAMPLES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def pages() -> list[Page]:
    """Return the index, the index of each subject, and a page for each name."""
    found = subjects()
    known = examples()
    made = [Page("reference/index.md", "Reference", _index(found))]
    for package, names in found.items():
        title, about = SUBJECTS[package]
        folder = f"reference/{package.strip('_')}"
        made.append(Page(f"{folder}/index.md", title, _subject(package, title, about, names)))
        made += [
            Page(f"{folder}/{page_of(name)}.md", name, _name(name, known.get(name)))
            for name in names
        ]
    return made


def navigation(made: list[Page]) -> list[Any]:
    """Return what stands below the index: for each subject its index and its names."""
    below: dict[str, list[Any]] = {}
    for page in made[1:]:
        below.setdefault(page.path.split("/")[1], []).append({page.title: page.path})
    return [
        {SUBJECTS[package][0]: [*below[package.strip("_")], *BY_HAND.get(package, [])]}
        for package in SUBJECTS
        if package.strip("_") in below
    ]


def _index(found: dict[str, list[str]]) -> str:
    lines = [
        "# Reference",
        "",
        "Every public name of `qdecay` has a page with its arguments, its errors and an",
        "example. What a name takes as a model, `as_mdp` takes: an environment, a Gymnasium id, a",
        "layout, a path or an `MDP`. `qdecay.__version__` is the version, as text.",
    ]
    for package, names in found.items():
        title, about = SUBJECTS[package]
        folder = package.strip("_")
        lines += [
            "",
            f"## [{title}]({folder}/index.md)",
            "",
            about,
            "",
            *_table(names, f"{folder}/"),
        ]
        more = [
            f"[{label}]({Path(path).name})"
            for entry in BY_HAND.get(package, [])
            for label, path in entry.items()
        ]
        lines += ["", f"See also: {', '.join(more)}."] if more else []
    return "\n".join(lines)


def _table(names: list[str], folder: str = "") -> list[str]:
    rows = [
        f"| [`{name}`]({folder}{page_of(name)}.md) | {first_line(getattr(qdecay, name))} |"
        for name in names
    ]
    return ["| name | what it is |", "| --- | --- |", *rows]


def _subject(package: str, title: str, about: str, names: list[str]) -> str:
    """The names of a subject, then the docstrings of the modules that they come from."""
    lines = [f"# {title}", "", about, "", *_table(names)]
    things = [getattr(qdecay, name) for name in names]
    modules = {
        thing.__module__ if hasattr(thing, "__qualname__") else type(thing).__module__: None
        for thing in things
    }
    told = [module for module in modules if module.startswith("qdecay")]
    if package != "errors":
        lines += ["", "## Background", "", "What the modules behind these names say of themselves."]
        for module in told:
            lines += ["", f"::: {module}", "    options:", "      members: false"]
    return "\n".join(lines)


def _name(name: str, example: str | None) -> str:
    lines = [f"::: qdecay.{name}", "    options:", "      heading_level: 1"]
    if inherited := _inherited(getattr(qdecay, name)):
        lines.append(f"      inherited_members: [{', '.join(inherited)}]")
    return "\n".join(lines) + (f"\n\n## Example\n\n{example}\n" if example else "")


def _inherited(thing: object) -> list[str]:
    """Return what a class has from bases without a page of their own, in order.

    What every result can do has a page: `reference/results.md`.
    """
    hidden = [
        base
        for base in getattr(thing, "__mro__", ())[1:]
        if base.__module__.startswith("qdecay.")
        and not base.__module__.startswith("qdecay._support.")
        and base.__name__ not in qdecay.__all__
    ]
    return [name for base in hidden for name in vars(base) if not name.startswith("_")]
