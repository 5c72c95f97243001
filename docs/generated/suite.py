"""A page for every environment of the suite, with the sections that Gymnasium's own pages have.

Actions, observations, rewards, starts and ends are read off the environment's exact table, so they
are those that are played; the picture is what `render` draws of its first state.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import gymnasium as gym
from PIL import Image

from generated.pages import Page, plain
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.reporting.catalogue import CatalogueEntry, catalogue
from qdecay_envs import LAYOUTS, PRESETS

_EXAMPLES = {  # what the ids that require arguments are shown with
    "qdecay/Chain-v0": {
        "layout": {
            "schema": "qdecay.layout/1",
            "near": ["stay", [1]],
            "far": ["move", [0, 0, 4]],
            "ending": "terminate",
        }
    },
    "qdecay/GridWorld-v0": {"grid": ["   +1", " # -1", "S   "]},
}
_MOST = 12  # rewards, start states and names that are listed
_WRITTEN = 160  # characters of an argument that is shown as it is
_LONGEST = 30  # signs of a closed form
_VERSIONS = {"v0": "the first"}


def pages() -> list[Page]:
    """Return a page for each registered id, in the order of registration."""
    found, first = [], {}  # the page that has the arguments of a class
    for entry in catalogue():
        place = first.setdefault(type(_make(entry)), f"{_name(entry)}.md")
        shown_on = None if place == f"{_name(entry)}.md" else place
        found.append(Page(f"environments/{_name(entry)}.md", _name(entry), _page(entry, shown_on)))
    return found


def pictures() -> dict[str, bytes]:
    """Return the picture of each page, PNG, by its path."""
    return {f"environments/{_name(entry)}.png": _picture(entry) for entry in catalogue()}


def navigation(made: list[Page]) -> list[Any]:
    """Return what stands below the overview."""
    return [{page.title: page.path} for page in made]


def _name(entry: CatalogueEntry) -> str:
    return entry.env_id.removeprefix("qdecay/").removesuffix("-v0")


def _make(entry: CatalogueEntry, **options: Any) -> Any:
    return gym.make(entry.env_id, **_EXAMPLES.get(entry.env_id, {}), **options).unwrapped


def _picture(entry: CatalogueEntry) -> bytes:
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    env = _make(entry, render_mode="rgb_array")
    env.reset(seed=0)
    file = io.BytesIO()
    Image.fromarray(env.render()).save(file, "png", optimize=True)
    env.close()
    return file.getvalue()


def _page(entry: CatalogueEntry, shown_on: str | None) -> str:
    env, name = _make(entry), _name(entry)
    module, of_class = type(env).__module__, type(env).__name__
    parts = [
        f"# {name}",
        *_about(entry),
        f"![The first state of {name}, as render draws it.]({name}.png){{ .environment }}",
        "\n".join(_facts(entry, env)),
        _made_by(entry),
        "## Description",
        _description(entry, module),
        "## Actions",
        "\n".join(_names("action", env.action_names, len(env.P_exact[0]))),
        "## Observations",
        _observations(env),
        "## Rewards",
        "\n".join(_rewards(env)),
        "## Start",
        _starts(env),
        "## End",
        _ends(env),
        "## Break-even gammas",
        _break_evens(entry),
        "## Arguments",
        f"::: {module}.{of_class}\n    options:\n      heading_level: 3\n      members: false"
        if shown_on is None
        else f"Those of [`{of_class}`]({shown_on}#arguments), besides what the id sets.",
        "## Versions",
        "\n".join(f"- {version}: {what}." for version, what in _VERSIONS.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _about(entry: CatalogueEntry) -> list[str]:
    """One paragraph, where the description below has no text of its own."""
    if entry.env_id in LAYOUTS:
        return ["One choice at the start, between two streams of rewards."]
    if _name(entry) in PRESETS:
        return [plain(f"A grid world: {grid_sources()[_name(entry)]}")]
    return []


def grid_sources() -> dict[str, str]:
    """Return where each grid world is from, as its module says."""
    from inspect import cleandoc

    from qdecay_envs import grid_presets

    found: dict[str, str] = {}
    for paragraph in cleandoc(grid_presets.__doc__ or "").split("\n\n")[1:]:
        names, _, text = paragraph.partition(": ")
        for name in names.replace("`", "").split(", "):
            found[name] = " ".join(text.split())
    found["CliffGrid"] = found["CliffGrid"].replace("there", found["WindyGrid"].rstrip("."), 1)
    return found


def _facts(entry: CatalogueEntry, env: Any) -> Iterator[str]:
    given = _EXAMPLES.get(entry.env_id)
    more = "" if given is None else ", layout=..." if "layout" in given else ", grid=..."
    yield f'| made with | `gymnasium.make("{entry.env_id}"{more})` after `import qdecay_envs` |'
    yield "| --- | --- |"
    yield f"| action space | `{env.action_space}` |"
    yield f"| observation space | `{env.observation_space}` |"


def _description(entry: CatalogueEntry, module: str) -> str:
    """The streams of a chain, the map of a grid, or what the module says."""
    if entry.env_id in LAYOUTS:
        layout = LAYOUTS[entry.env_id]
        rows = [f"| {name} | {_stream(rewards)} |" for name, rewards in layout.branches]
        return "\n".join(["| branch | rewards, step by step |", "| --- | --- |", *rows])
    if _name(entry) in PRESETS:
        env = _make(entry, render_mode="ansi")
        return f"```text\n{env.draw(env.start)}\n```"
    return (
        f"::: {module}\n    options:\n      members: false\n      show_root_heading: false\n"
        "      show_root_toc_entry: false"
    )


def _stream(rewards: Any) -> str:
    if len(rewards) <= _MOST:
        return ", ".join(map(str, rewards))
    return f"{len(rewards) - 1} times {rewards[0]}, then {rewards[-1]}"


def _made_by(entry: CatalogueEntry) -> str:
    if entry.arguments and entry.env_id not in _EXAMPLES:
        given = ", ".join(
            f"`{key} = {value!r}`" if len(repr(value)) <= _WRITTEN else f"the {key} below"
            for key, value in entry.arguments.items()
        )
        return f"Registered with {given}."
    if entry.env_id in _EXAMPLES:
        ((key, value),) = _EXAMPLES[entry.env_id].items()
        return f"It requires an argument. What follows is for `{key} = {value!r}`."
    return "Registered with the defaults below."


def _names(kind: str, names: Any, count: int) -> Iterator[str]:
    if names is None:
        yield f"{count}, numbered from 0."
        return
    yield f"| number | {kind} |"
    yield "| --- | --- |"
    for number, name in enumerate(names[:_MOST]):
        yield f"| {number} | {plain(name)} |"
    if len(names) > _MOST:
        yield f"| … | {len(names) - _MOST} more |"


def _observations(env: Any) -> str:
    count = len(env.P_exact)
    text = f"The number of the state, 0 to {count - 1}."
    if env.state_names:
        shown = ", ".join(plain(name) for name in env.state_names[:_MOST])
        text += f" Their names, in this order: {shown}{', …' if count > _MOST else ''}."
    return text


def _rewards(env: Any) -> Iterator[str]:
    """Each reward that the table holds, and for how many pairs of a state and an action."""
    pairs: Counter[Fraction] = Counter()
    for row in env.P_exact:
        for outcomes in row:
            pairs.update({reward for chance, _, reward, *_ in outcomes if chance})
    yield "| reward | state-action pairs that can pay it |"
    yield "| --- | --- |"
    for reward, count in sorted(pairs.items(), reverse=True)[:_MOST]:
        yield f"| {reward} | {count:,} |"
    if len(pairs) > _MOST:
        yield f"| … | {len(pairs) - _MOST} more rewards |"
    if env.reward_noise:
        noisy = sum(noise > 0 for noise in env.state_noise)
        yield ""
        yield (
            f"In {noisy} states the reward has normal noise of standard deviation "
            f"{env.reward_noise:g}."
        )


def _starts(env: Any) -> str:
    shown = [
        f"state {state}"
        + (f", {plain(env.state_names[state])}" if env.state_names else "")
        + (f", with probability {chance}" if chance != 1 else "")
        for state, chance in list(env.start_chances.items())[:_MOST]
    ]
    return f"Episodes start in {'; '.join(shown)}."


def _ends(env: Any) -> str:
    pairs = [outcomes for row in env.P_exact for outcomes in row]
    ending = sum(any(outcome[3] for outcome in outcomes if outcome[0]) for outcomes in pairs)
    if not ending:
        return "Nothing ends an episode: pass `max_episode_steps` to `gymnasium.make`."
    return (
        f"{ending:,} of {len(pairs):,} state-action pairs can end the episode (`terminated`). "
        "There is no time limit unless `max_episode_steps` sets one."
    )


def _break_evens(entry: CatalogueEntry) -> str:
    law = f"The law: {plain(entry.law)}." if entry.law else ""
    if entry.n_states is None:
        return law or "They depend on the argument: `qdecay regions` finds them."
    more = len(entry.breakpoints) - len(entry.break_evens)
    others = f" In other states something changes at {more} more." if more > 0 else ""
    if not entry.break_evens:
        return f"{law} The best choice at the start never changes.{others}".strip()
    exact = ", ".join(map(_exactly, entry.break_evens))
    return f"{law} The best choice at the start changes at {exact}.{others}".strip()


def _exactly(gamma: AlgebraicNumber) -> str:
    form = str(gamma.closed_form())
    return gamma.decimal(10) + (f" = `{form}`" if len(form) <= _LONGEST else "")
