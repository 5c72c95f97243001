"""Running trainings: in parallel, and never twice the same one where a store remembers it.

A store is a file of JSON lines: first a header that names the agent, then one line per training.
A line that an interruption cut off is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager
from pathlib import Path

from qdecay.errors import InputError, input_errors
from qdecay.probe.agents import AgentError, Trainer, choose, choose_packed, pack
from qdecay.probe.question import Question
from qdecay.processes import Processes, WorkerDied
from qdecay_envs.files import read_text

SCHEMA = "qdecay.probe-trials/1"
_MAX_BYTES = 1 << 25
_MAX_LINES = 250_000  # answers, of some hundred bytes each
_MAX_LINE = 1 << 16  # of a longer one the parser could make gigabytes
Ask = Callable[[Sequence[Question]], list[bool]]


class Store:
    """Answers by question; with a path, kept on disk from the moment they are known."""

    def __init__(self, path: Path | None, agent: str) -> None:
        """Read what the file holds, or begin it.

        Raises:
            InputError: the file is no store, or of another agent.
        """
        self._path = path
        self._answers: dict[str, bool] = {}
        if path is not None and path.exists() and (path.stat().st_size or not path.is_file()):
            self._read(path, agent)
        elif path is not None:
            self._append({"schema": SCHEMA, "agent": agent})

    def get(self, question: Question) -> bool | None:
        """Return the answer, or None where it is not known yet."""
        return self._answers.get(question.key)

    def put(self, question: Question, far: bool) -> None:
        """Remember an answer."""
        self._answers[question.key] = far
        if self._path is not None:
            self._append({"question": question.key, "far": far})

    def _append(self, document: dict[str, object]) -> None:
        assert self._path is not None
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(document) + "\n")
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"{self._path}: cannot be written: {reason}") from error

    def _read(self, path: Path, agent: str) -> None:
        with input_errors():
            text = read_text(path, _MAX_BYTES, _MAX_LINES)
        try:
            header, *lines = text.split("\n")
            head = json.loads(header) if len(header) <= _MAX_LINE else {}
            known = isinstance(head, dict) and head.get("schema") == SCHEMA
        except (ValueError, RecursionError):
            known = False
        if not known:
            raise InputError(f"{path}: is no store of a probe; name a new file")
        if head.get("agent") != agent:
            raise InputError(f"{path}: holds the answers of {head.get('agent')}, not of {agent}")
        for line in lines:
            if not 0 < len(line) <= _MAX_LINE:
                continue
            try:
                row = json.loads(line)
                self._answers[str(row["question"])] = bool(row["far"])
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
        if not text.endswith("\n"):  # the next line must not grow onto one that was cut off
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")


@contextmanager
def asker(
    train: Trainer, workers: int, store: Store, tick: Callable[[], None] = lambda: None
) -> Iterator[Ask]:
    """Yield the function that answers questions, in their order.

    With more than one worker the trainings run in processes of their own.

    Raises:
        AgentError: a training ended the process that it ran in.
    """
    if workers == 1:
        yield lambda questions: [_known(train, q, store, tick) for q in questions]
        return
    processes, finished = Processes(workers), False
    packed = pack(train)

    def ask(questions: Sequence[Question]) -> list[bool]:
        unknown = [question for question in questions if store.get(question) is None]
        jobs = {processes.submit(choose_packed, packed, q): q for q in unknown}
        for job in as_completed(jobs):
            try:
                store.put(jobs[job], processes.result(job))
            except WorkerDied as error:
                message = "a training ended its process: try one worker to see which"
                raise AgentError(message) from error
            tick()
        return [bool(store.get(question)) for question in questions]

    try:
        yield ask
        finished = True
    finally:
        processes.close(kill=not finished)


def _known(train: Trainer, question: Question, store: Store, tick: Callable[[], None]) -> bool:
    answer = store.get(question)
    if answer is None:
        answer = choose(train, question)
        store.put(question, answer)
        tick()
    return answer
