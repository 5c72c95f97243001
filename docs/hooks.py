"""What happens when the site is built: figures are drawn, pages are made from the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from figures import aima, bars, decay, phase, price, world
from generated import commands, gallery, reference, suite
from generated.mathematics import typeset
from generated.pages import Page, expanded
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
ELSEWHERE = {  # pages that are files of the repository; their links lead where the site has them
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "benchmarks.md": "benchmarks/README.md",
}
_MADE: list[Page] = []


def on_config(config: Any) -> Any:
    """Make the pages, give each its place in the navigation, and link the repository."""
    names, shell, environments = reference.pages(), commands.pages(), suite.pages()
    _MADE[:] = [*names, *shell, *environments]
    below = {
        "reference/index.md": reference.navigation(names),
        "commands/index.md": commands.navigation(shell),
        "environments.md": suite.navigation(environments),
    }
    config.nav = expanded(config.nav, below)
    config.extra["social"] = repository_links((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return config


def repository_links(project_file: str) -> list[dict[str, str]]:
    """Return the links of the footer: the project's URLs, as its metadata has them."""
    urls = tomllib.loads(project_file)["project"].get("urls", {})
    return [
        {"icon": "fontawesome/solid/code-branch", "link": url, "name": label}
        for label, url in urls.items()
    ]


def on_pre_build(config: object) -> None:
    """Write the figures next to the pages that show them."""
    folder = Path(__file__).parent / "figures"
    aima.draw(folder / "aima.svg")
    bars.draw(folder / "bars.svg")
    decay.draw(folder / "decay.svg")
    phase.draw(folder / "phase.svg")
    price.draw(folder / "price.svg")
    world.draw(folder / "map.svg")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and pictures that were made to what is written by hand."""
    made: dict[str, str | bytes] = {page.path: page.text for page in _MADE}
    made |= {path: _elsewhere(ROOT / source) for path, source in ELSEWHERE.items()}
    made |= suite.pictures() | gallery.pictures()
    made |= {f"examples/{path.name}": path.read_bytes() for path in ROOT.glob("examples/*.ipynb")}
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Lead to the examples, which lie beside `docs`, and in the site among the pages."""
    return markdown.replace("](../examples/", "](examples/")


def on_page_content(html: str, **_: Any) -> str:
    """Typeset the formulas; a corner of a table is no heading."""
    return typeset(html).replace("<th></th>", "<td></td>")


def on_post_page(output: str, **_: Any) -> str:
    """Name what the theme leaves without a name for screen readers."""
    return output.replace('role="dialog">', 'role="dialog" aria-label="Search">')


def _elsewhere(path: Path) -> str:
    """Return a file of the repository as a page, with links that lead to pages or nowhere."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]+\.py\)", r"`\1`", text)
    return re.sub(r"\]\((?:\.\./)?docs/", "](", text)
