"""The built site says what its sources say: no formula is taken for Markdown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from inspect import isclass, isroutine
from pathlib import Path

import pytest

import qdecay
import qdecay_envs

pytestmark = pytest.mark.docs
ROOT = Path(__file__).parent.parent
SHOWN = re.findall(r"^::: (\S+)$", (ROOT / "docs" / "reference.md").read_text(), re.MULTILINE)
PAGES = sorted(page.stem for page in (ROOT / "docs").glob("*.md"))
WORDS = r"(\d\. )?[A-Za-z][A-Za-z0-9 ,.:;'’?!()/-]*|[\d./]+"  # may be emphasised: no formula
TAGS = (
    "a article br button code div em h1 h2 h3 h4 h5 h6 hr img li nav ol p path pre small span "
    "strong svg table tbody td th thead tr ul"
)


class Article(HTMLParser):
    """The text of a page, the part below each heading of the reference, and what is emphasised."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.below: dict[str, str] = {}
        self.emphasised: list[str] = []
        self.tags: set[str] = set()
        self._name = ""
        self._open: list[int] = []
        article = re.search("<article.*</article>", page, re.DOTALL)
        assert article is not None
        self.feed(article[0])

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "td":
            self.handle_data("\0")  # no paragraph goes on in another cell
        known = dict(attributes)
        if "doc-heading" in (known.get("class") or ""):
            self._name = known["id"] or ""
            self.below[self._name] = ""
        if tag in {"em", "strong", "del", "sub", "sup", "blockquote"}:
            self._open.append(len(self.text))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"em", "strong", "del", "sub", "sup", "blockquote"}:
            self.emphasised.append(self.text[self._open.pop() :])

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._name:
            self.below[self._name] += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Article]:
    """Every page, from the folder SITE where `make docs` has just built it, else built here."""
    folder = Path(os.environ.get("SITE") or tmp_path_factory.mktemp("site"))
    if "SITE" not in os.environ:
        subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": "docs", "NO_MKDOCS_2_WARNING": "1"},
            check=True,
        )
    files = {page: folder / page / "index.html" for page in PAGES}
    files["index"] = folder / "index.html"
    return {page: Article(file.read_text(encoding="utf-8")) for page, file in files.items()}


def pieces(docstring: str) -> Iterator[str]:
    """Paragraphs, and the names and descriptions of arguments; without white space and marks."""
    parts = re.split(r"\n\s*\n|^(?:Args|Attributes|Raises|Returns|Yields):$", docstring, flags=re.M)
    for part in parts:
        if re.match(r"- |\d+\. ", part):
            part = re.sub(r"^(?:- |\d+\. )", "", part, flags=re.MULTILINE)
        if not part.startswith("    "):
            part = re.sub(r"(?<![^\s(])\*([A-Za-z]{3}[A-Za-z ]*)\*(?![\w*])", r"\1", part)
        for piece in re.split(r"^    ([^\s:][^:\n]*):\s", part, flags=re.MULTILINE):
            yield bare(piece)


def bare(text: str) -> str:
    return re.sub(r"[\s`]", "", text)


def test_docstrings_are_shown_whole(site: dict[str, Article]) -> None:
    """Every paragraph of everything that has a heading, sign for sign."""
    import griffe

    paths = {"search_paths": [ROOT, ROOT / "envs"]}
    packages = {name: griffe.load(name, **paths) for name in ("qdecay", "qdecay_envs")}
    count, lost = 0, []
    for path, shown in site["reference"].below.items():
        package, _, name = path.partition(".")
        thing = packages[package][name]
        docstring = (thing.final_target if thing.is_alias else thing).docstring.value
        found, page = list(pieces(docstring)), bare(shown)
        count += len(found)
        lost += [f"{path}: {piece}" for piece in found if piece not in page]
    assert lost == [], "\n".join(lost)
    assert set(SHOWN) <= set(site["reference"].below)
    assert count > 1000


def test_classes_and_functions_that_are_public_have_a_heading(site: dict[str, Article]) -> None:
    """Instances are shown as their class, and unions as what they hold."""
    headings = {path.rpartition(".")[2] for path in site["reference"].below}
    for package in (qdecay, qdecay_envs):
        things = {name: getattr(package, name) for name in package.__all__}
        public = {name for name, thing in things.items() if isroutine(thing) or isclass(thing)}
        assert len(public) > 10
        assert public <= headings


def test_formulas_stand_in_the_reference(site: dict[str, Article]) -> None:
    """Some, written down here."""
    text = " ".join(site["reference"].text.split())
    assert "it is (small / large)**(1 / (n - 1)) / (1 - e): (125/256)**(1/4) with" in text
    assert "one break-even gamma, (10/11)**(1/(h - 1))." in text
    assert "|v - v*| <= error and |q - q*| <= error in every entry" in text


@pytest.mark.parametrize("page", PAGES)
def test_only_words_are_emphasised(site: dict[str, Article], page: str) -> None:
    """Stars and underscores of a formula are none; and <n> is no tag."""
    strange = [text for text in site[page].emphasised if not re.fullmatch(WORDS, text)]
    assert strange == []
    assert site[page].tags <= set(TAGS.split())
