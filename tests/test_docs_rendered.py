"""The built site says what its sources say, every link leads somewhere, and nothing is fetched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import qdecay

pytestmark = pytest.mark.docs
ROOT = Path(__file__).parent.parent
WORDS = r"(\d\. )?[A-Za-z“][A-Za-z0-9 ,.:;'’“”…?!()/-]*|[\d./]+|γ"  # may be emphasised: no formula
TAGS = (
    "a article b br button code dd details div dl dt em h1 h2 h3 h4 h5 h6 hr img li nav ol p path "
    "pre small span strong summary svg table tbody td th thead tr ul "
    "math mfrac mi mn mo mover mrow mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr "
    "munder munderover"
)
FETCHED = {"img": "src", "script": "src", "link": "href", "source": "srcset", "iframe": "src"}


class Page(HTMLParser):
    """A page: its text, the part below each heading of the reference, its links and anchors."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.text = ""
        self.below: dict[str, str] = {}
        self.emphasised: list[str] = []
        self.tags: set[str] = set()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.without_text: list[str] = []
        self._name = ""
        self._open: list[int] = []
        self._in_article = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = dict(attributes)
        self.ids |= {known[key] or "" for key in ("id", "name") if key in known}
        if tag == "a" and known.get("href"):
            self.links.append(known["href"] or "")
        if tag in FETCHED and known.get(FETCHED[tag]) and known.get("rel") != "canonical":
            self.fetched.append(known[FETCHED[tag]] or "")
        if tag == "article":
            self._in_article = True
        if not self._in_article:
            return
        self.tags.add(tag)
        if tag == "img" and not known.get("alt"):
            self.without_text.append(str(known.get("src")))
        if tag == "td":
            self.handle_data("\0")  # no paragraph goes on in another cell
        if "doc-heading" in (known.get("class") or ""):
            self._name = known["id"] or ""
            self.below[self._name] = ""
        if tag in {"em", "strong", "del", "sub", "sup", "blockquote"}:
            self._open.append(len(self.text))

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._in_article = False
        if self._in_article and tag in {"em", "strong", "del", "sub", "sup", "blockquote"}:
            self.emphasised.append(self.text[self._open.pop() :])

    def handle_data(self, data: str) -> None:
        if self._in_article:
            self.text += data
            if self._name:
                self.below[self._name] += data


class Site:
    """Every page by its path, `reference/exact/price`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages = {
            path.relative_to(folder).with_suffix("").as_posix(): Page(path)
            for path in sorted(folder.rglob("*.html"))
            if path.name != "404.html"
        }

    @cached_property
    def below(self) -> dict[str, str]:
        """What stands below every heading of the reference."""
        return {name: text for page in self.pages.values() for name, text in page.below.items()}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """From the folder SITE where `make docs` has just built it, else built here."""
    folder = Path(os.environ.get("SITE") or tmp_path_factory.mktemp("site"))
    if "SITE" not in os.environ:
        subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": "docs", "NO_MKDOCS_2_WARNING": "1"},
            check=True,
        )
    return Site(folder.resolve())


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


def test_docstrings_are_shown_whole(site: Site) -> None:
    """Every paragraph of everything that has a heading, sign for sign."""
    import griffe

    loader = griffe.GriffeLoader(search_paths=[ROOT, ROOT / "envs"])
    packages = {name: loader.load(name) for name in ("qdecay", "qdecay_envs")}
    count, lost = 0, []
    for path, shown in site.below.items():
        package, _, name = path.partition(".")
        thing = packages[package][name]
        docstring = (thing.final_target if thing.is_alias else thing).docstring
        found, page = list(pieces(docstring.value if docstring else "")), bare(shown)
        count += len(found)
        lost += [f"{path}: {piece}" for piece in found if piece not in page]
    assert lost == [], "\n".join(lost)
    assert count > 1000


def test_every_public_name_has_a_page_with_an_example(site: Site) -> None:
    """Under the name that people import."""
    shown = {
        name: page.text for page in site.pages.values() for name in page.below if ">>>" in page.text
    }
    names = {f"qdecay.{name}" for name in qdecay.__all__} - {"qdecay.__version__"}
    assert names - set(shown) == set()


def test_no_optional_argument_is_said_to_be_required(site: Site) -> None:
    """Where it has a default, that is shown."""
    shown = site.pages["reference/exact/policy_regions"].text
    assert re.search(r"max_seconds\s*\(RealLike\s*\|\s*None\s*,\s*default:\s*None", shown)
    assert not [name for name, page in site.pages.items() if "required" in page.emphasised]


def test_formulas_stand_in_the_reference(site: Site) -> None:
    """Some, written down here."""
    text = " ".join(" ".join(page.text for page in site.pages.values()).split())
    assert "it is (small / large)**(1 / (n - 1)) / (1 - e): (125/256)**(1/4) with" in text
    assert "one break-even gamma, (10/11)**(1/(h - 1))." in text
    assert "|v - v*| <= error and |q - q*| <= error in every entry" in text


def test_formulas_of_pages_are_typeset(site: Site) -> None:
    """As MathML: no dollar and no backslash is left over."""
    assert all("math" in site.pages[name].tags for name in ("tutorial", "theory", "solutions"))
    for name, page in site.pages.items():
        prose = re.sub(r"\$ \w.*|'\\.*", "", page.text)  # commands, and text in code
        assert not re.search(r"\\\(|\\\[|\\gamma|\$\$", prose), name


def test_only_words_are_emphasised(site: Site) -> None:
    """Stars and underscores of a formula are none; and <n> is no tag."""
    for name, page in site.pages.items():
        names = r"|\w+( +\w+)*:?"  # of arguments, in the reference
        strange = [
            text for text in page.emphasised if not re.fullmatch(WORDS + names, text.strip())
        ]
        assert strange == [], name
        assert page.tags <= set(TAGS.split()), (name, page.tags - set(TAGS.split()))


def test_every_link_leads_to_a_page_and_an_anchor(site: Site) -> None:
    """Within the site; what is elsewhere is only looked at."""
    anchors = {page.path: page.ids for page in site.pages.values()}
    dead = []
    for name, page in site.pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                dead += [(name, link)] if parts.scheme not in ("http", "https") else []
                continue
            there = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
            if there.is_dir():
                there = there / "index.html"
            known = anchors.get(there, set()) | {""}
            if not there.is_file() or unquote(parts.fragment) not in known:
                dead.append((name, link))
    assert dead == []


def test_pages_fetch_nothing_from_another_host(site: Site) -> None:
    """Neither pictures nor fonts nor scripts; what they fetch is there."""
    for name, page in site.pages.items():
        assert page.fetched
        for address in page.fetched:
            parts = urlsplit(address)
            assert not parts.scheme and not parts.netloc, (name, address)
            assert (page.path.parent / unquote(parts.path)).resolve().is_file(), (name, address)
    for style in site.folder.rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//", style.read_text(encoding="utf-8")), style


def test_every_picture_has_a_text(site: Site) -> None:
    """For those who do not see it; cards of the gallery are links that are named by their words."""
    assert {name for name, page in site.pages.items() if page.without_text} == {"gallery"}
    cards = re.findall(r"^- \[!\[\]\((.*?)\) .+\]\(#", (ROOT / "docs/gallery.md").read_text(), re.M)
    assert site.pages["gallery"].without_text == cards


def test_the_projects_addresses_are_in_the_footer(site: Site, monkeypatch) -> None:
    """Those that its metadata has; where it has none, there is no link."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    import hooks

    named = (
        '[project]\nname = "qdecay"\n[project.urls]\nRepository = "https://example.org/qdecay"\n'
    )
    (link,) = hooks.repository_links(named)
    assert (link["name"], link["link"]) == ("Repository", "https://example.org/qdecay")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    expected = {link["link"] for link in hooks.repository_links(project)}
    assert expected <= set(site.pages["index"].links)
