"""Pages, help and messages are plain English: no doubled word, nothing that readers stumbled over.

`codespell` (`make check`) looks at the spelling of single words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import shell

import qdecay

ROOT = Path(__file__).parent.parent
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
}
STUMBLED_OVER = {  # each with what to write instead
    r"(?:^|[.:;,]\s)[Ww]ho (explores|sticks|moves|stays|has|looks|begins)\b": "an agent that",
    r"\b[Ww]hoever\b": "an agent that",
    r"\b(is|are) told of\b": "is reported",
    r"\basks? no other\b": "loads nothing from",
    r"\brarely seen\b": "seldom sees",
    r"\bthat nobody\b": "without",
    r"\bdepends? on the way\b|\bby another way\b": "on the history; by another route",
    r"\bheld against\b|\bto hold (\w+ ){1,6}against\b": "compared with",
    r"\bis no (name|text|number|layout|grid|sign|minus|whole|judge|label)\b": "is not a",
    r"\bNone is (no|one|the|what)\b": "None means",
    r"\b(is|are) told (of|where|apart)\b": "receives; are distinguished",
    r"\b(is|are|was|were) (asked for|looked at)\b": "requested; examined",
    r"\bnumber that moves\b|\b[Tt]akes? note\b": "parameter; notes",
    r"\bat hand\b|\bsave (for|that|at)\b|\banew\b": "known; except; again",
    r"\bgive it more\b": "raise",
    r"\b[Aa]s people have them\b": "what they may look like",
    r"; else (at |in )?the\b": "by default",
    r"\butilize|\bleverage|\bin order to\b": "use; to",
    r"\bcolors?\b(?![-:])|\bneighbors?\b|\bbehaviors?\b|\banalyze\b|\bnormalize\b": "British",
}
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
MOST_WORDS = 75  # of a sentence; a list with semicolons may be long


def prose(text: str) -> str:
    """Return a page without code, tables, formulas, addresses and headings of its own."""
    for pattern in (r"^---\n.*?^---\n", r"^ *```.*?^ *```", r"\$\$.*?\$\$"):
        text = re.sub(pattern, "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^(\|.*|    .*|:::.*|#.*)$", "", text, flags=re.MULTILINE)
    text = re.sub(r"`[^`]*`", "CODE", text)
    return re.sub(r"</?[a-z][^>\n]*>|\]\([^)]*\)|\$[^$]*\$", " ", text)


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Return the prose of all of them."""
    return tuple(_texts())


def _texts() -> Iterator[tuple[str, str]]:
    """Yield the prose of every page, of every command's help, of what names do, and messages."""
    for name, text in PAGES.items():
        yield name, prose(text)
    commands: dict[str, Any] = shell.commands()
    for name, command in commands.items():
        options = "\n\n".join(getattr(option, "help", None) or "" for option in command.params)
        yield f"qdecay {name} --help", command.help.split("\b")[0] + "\n\n" + options
    for name in qdecay.__all__:
        yield f"qdecay.{name}", prose((getattr(qdecay, name).__doc__ or "").split("\n\n")[0])
    for path in [*ROOT.glob("qdecay/**/*.py"), *ROOT.glob("envs/**/*.py")]:
        yield path.relative_to(ROOT).as_posix(), messages(path)


@cache
def documented() -> tuple[tuple[str, str], ...]:
    """Return the docstrings and comments of every module, without code in backticks."""
    found = []
    for path in [*ROOT.glob("qdecay/**/*.py"), *ROOT.glob("envs/**/*.py")]:
        source = path.read_text(encoding="utf-8")
        nodes = [n for n in ast.walk(ast.parse(source)) if isinstance(n, DOCUMENTED)]
        comments = re.findall(r"(?:^ *|  )# (.*)$", source, flags=re.MULTILINE)
        text = "\n\n".join([*(ast.get_docstring(node) or "" for node in nodes), *comments])
        name = f"{path.relative_to(ROOT).as_posix()}, docstrings"
        found.append((name, re.sub(r"`[^`]*`", "CODE", text)))
    return tuple(found)


def messages(path: Path) -> str:
    """Return the texts of a module that may be shown: all of several words but docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    passed_over = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    texts = []
    for node in nodes:  # a text with values before its parts, which are not seen again
        if isinstance(node, ast.JoinedStr):
            passed_over |= {id(part) for part in node.values}
            parts = [
                part.value if isinstance(part, ast.Constant) else "CODE" for part in node.values
            ]
            texts.append("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and id(node) not in passed_over:
            texts.append(str(node.value))
    return ".\n\n".join(text for text in texts if len(text.split()) > 3)


@pytest.mark.parametrize("phrase", STUMBLED_OVER)
def test_no_phrase_that_readers_stumbled_over(phrase: str) -> None:
    """What to write instead is in the list above."""
    every = (*texts(), *documented())
    found = {name: match[0] for name, text in every for match in re.finditer(phrase, text)}
    assert found == {}, STUMBLED_OVER[phrase]


def test_no_word_is_doubled() -> None:
    found = {
        name: match[0]
        for name, text in texts()
        for match in re.finditer(r"\b([A-Za-z]{2,})\s+\1\b", text)
        if match[1] not in {"had", "that", "CODE"}
    }
    assert found == {}


def test_sentences_have_an_end_in_sight() -> None:
    """Of pages; a reader loses the thread of a longer one."""
    found = [
        (name, len(sentence.split()), sentence.strip()[:60])
        for name, text in texts()
        for paragraph in re.split(r"\n\s*\n|^\s*(?:-|\d+\.) ", text, flags=re.MULTILINE)
        for sentence in re.split(r"[.?!:;]\s", paragraph)
        if len(sentence.split()) > MOST_WORDS
    ]
    assert found == []
