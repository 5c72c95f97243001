"""A page for every command, made from what the command itself takes and says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from generated.pages import Page, plain
from qdecay.cli.app import app

EXIT_CODES = """## Exit codes

| code | when |
| --- | --- |
| 0 | done, and what was compared agrees |
| 1 | it ran, and something disagrees |
| 2 | the input or the usage is wrong: one line says what, where and how to mend it |
| 3 | it ran, and the question is still open: undecided |
| 129, 130, 143 | stopped by a closed terminal, Ctrl-C or `kill` |

Results go to standard output, progress and remarks to standard error. `--json` prints one JSON
document and nothing else ([files and documents](../formats.md)). No command overwrites an existing
file without `--force`. `qdecay --install-completion` sets up completion of commands, options and
model ids in your shell.
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name, `sweep run` after `regions`."""
    for name, command in typer.main.get_command(app).commands.items():
        for below, inner in getattr(command, "commands", {"": command}).items():
            yield f"{name} {below}".strip(), inner


def pages() -> list[Page]:
    """Return an index and a page for each command."""
    found = list(commands())
    rows = [
        f"| [`qdecay {name}`]({_file(name)}) | {_shown(_paragraphs(command)[0])} |"
        for name, command in found
    ]
    table = "\n".join(["| command | what it does |", "| --- | --- |", *rows])
    index = f"# Commands\n\n`qdecay COMMAND --help` shows the same in a terminal.\n\n{table}\n\n"
    return [
        Page("commands/index.md", "Commands", index + EXIT_CODES),
        *(Page(f"commands/{_file(name)}", f"qdecay {name}", _page(name, command))
          for name, command in found),
    ]  # fmt: skip


def navigation(made: list[Page]) -> list[Any]:
    """Return what stands below the index."""
    return [{page.title: page.path} for page in made[1:]]


def _file(name: str) -> str:
    return name.replace(" ", "-") + ".md"


def _paragraphs(command: Any) -> list[str]:
    return [part for part in re.split(r"\n\s*\n", command.help.strip()) if part.strip()]


def _shown(text: str) -> str:
    """A text of the help in one line, with its options as code."""
    line = " ".join(text.split())
    return plain(re.sub(r"(?<![\w`-])--[a-z][a-z-]*(?![^`]*`[^`]*$)", r"`\g<0>`", line))


def _page(name: str, command: Any) -> str:
    context = command.context_class(command, info_name=f"qdecay {name}")
    lines = [f"# qdecay {name}"]
    for paragraph in _paragraphs(command):
        verbatim = paragraph.removeprefix("\b\n")
        title, _, block = verbatim.partition("\n")
        if verbatim == paragraph:
            lines.append(_shown(paragraph))
        else:
            shown = "\n".join(line.removeprefix("  ") for line in block.splitlines())
            lines.append(f"**{title}**\n\n```sh\n{shown}\n```")
    usage = " ".join(command.collect_usage_pieces(context))
    lines.insert(2, f"```text\nqdecay {name} {usage}\n```")
    for title, kind in (("Arguments", "argument"), ("Options", "option")):
        records = [
            parameter.get_help_record(context)
            for parameter in command.params
            if parameter.param_type_name == kind and not getattr(parameter, "hidden", False)
        ]
        if records:
            lines += [f"## {title}", "\n".join(_table(title[:-1].lower(), records))]
    return "\n\n".join(lines) + "\n"


def _table(heading: str, records: list[tuple[str, str]]) -> Iterator[str]:
    yield f"| {heading} | what it means |"
    yield "| --- | --- |"
    for name, text in records:
        bars = name.replace("|", r"\|")  # a bar would end the cell
        yield f"| `{bars}` | {_shown(text)} |"
