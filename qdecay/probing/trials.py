"""Run trainings in parallel, without repeating those whose answers are in a store.

A store is a file of JSON lines: first a header that names the agent and its version (see
`identity`), then one line per training. If the user continues with a changed agent, another header
gives its version from then on. A line cut off by an interruption is ignored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from qdecay._support.processes import Processes, WorkerDied
from qdecay._support.stores import PROBE_SCHEMA, is_sweep_store
from qdecay.errors import InputError, input_errors
from qdecay.probing.agents import (
    ATTEMPTS,
    AgentError,
    Answer,
    Trainer,
    answer,
    answer_packed,
    pack,
)
from qdecay.probing.identity import Identity
from qdecay.probing.question import Observation, Question
from qdecay_envs.files import read_text

SCHEMA = f"{PROBE_SCHEMA}2"
_OLD_SCHEMA = f"{PROBE_SCHEMA}1"  # without the agent's identity
_BEGIN = f'{{"schema": "{PROBE_SCHEMA}'
_MAX_BYTES = 1 << 25
_MAX_LINES = 250_000  # answers, of some hundred bytes each
_MAX_LINE = 1 << 16  # a longer line could make the parser use gigabytes
Ask = Callable[[Sequence[Question]], list[bool]]


class AnswerFile:
    """Answers by question; with a path, each is stored on disk as soon as it is known.

    Attributes:
        taken: how many answers came from the file.
        failed: why trainings failed, for the answers asked for.
    """

    def __init__(
        self, path: Path | None, agent: str, identity: Identity, *, accept_changed: bool = False
    ) -> None:
        """Read the file, or create it.

        Raises:
            InputError: the file is not a store, or belongs to another agent; or the agent has
                changed and `accept_changed` is not set.
        """
        self._path, self._agent, self._identity = path, agent, identity
        self._answers: dict[str, Answer] = {}
        self.taken, self.failed = 0, list[str]()
        if path is not None and path.exists() and (path.stat().st_size or not path.is_file()):
            self._read(path, accept_changed)
        elif path is not None:
            self._append(self._header)

    def get(self, question: Question) -> Answer | None:
        """Return the answer, or None if it is not known yet."""
        return self._answers.get(question.key)

    def put(self, question: Question, answer: Answer) -> None:
        """Store an answer."""
        self._answers[question.key] = answer
        if self._path is not None:
            row = {"question": question.key, "far": answer.far}
            self._append({**row, "failed": answer.failed} if answer.failed else row)

    @property
    def _header(self) -> dict[str, object]:
        return {"schema": SCHEMA, "agent": self._agent, **self._identity.to_json()}

    def _append(self, document: dict[str, object]) -> None:
        assert self._path is not None
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(document) + "\n")
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"{self._path}: cannot be written: {reason}") from error

    def _read(self, path: Path, accept_changed: bool) -> None:
        if is_sweep_store(path):
            raise InputError(f"{path}: is a sweep store, not a probe store: name another file")
        with input_errors():
            text = read_text(path, _MAX_BYTES, _MAX_LINES)
        if "\n" not in text and _BEGIN.startswith(text[: len(_BEGIN)]):  # a full disk cut it off
            path.write_text("", encoding="utf-8")
            self._append(self._header)
            return
        head, *rows = map(_object, text.split("\n"))
        if head.get("schema") not in (SCHEMA, _OLD_SCHEMA):
            raise InputError(f"{path}: not a probe store; name a new file")
        if head.get("agent") != self._agent:
            holds = head.get("agent")
            raise InputError(f"{path}: contains answers of {holds}, not of {self._agent}")
        for row in rows:
            if row.get("schema") == SCHEMA:
                head = row
            elif "question" in row and "far" in row:
                failed = row.get("failed")
                failed = tuple(map(str, failed)) if isinstance(failed, list) else ()
                self._answers[str(row["question"])] = Answer(bool(row["far"]), failed)
        changed = self._identity.changes(Identity.from_json(head))
        if changed and not accept_changed:
            raise InputError(
                f"{path}: contains answers of another {self._agent} ({changed}): name a new file "
                f"or keep them with --accept-changed"
            )
        if not text.endswith("\n"):  # the next line must not continue one that was cut off
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")
        if changed:
            self._append(self._header)


def _object(line: str) -> dict[str, Any]:
    """Return the JSON object of a line; an empty one if there is none."""
    if len(line) > _MAX_LINE:
        return {}
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def asker(
    train: Trainer,
    workers: int,
    store: AnswerFile,
    tick: Callable[[float], object] = lambda seconds: None,
    observation: Observation = "index",
    n_envs: int | None = None,
) -> Iterator[Ask]:
    """Yield the function that answers questions, in order.

    With more than one worker the trainings run in separate processes. `observation` and `n_envs`
    apply to every question; `tick` is called with the seconds that each answer took.

    Raises:
        AgentError: a training crashed the process that it ran in.
    """
    processes, finished = Processes(workers) if workers > 1 else None, False
    packed = pack(train) if processes else b""

    def ask(questions: Sequence[Question]) -> list[bool]:
        questions = [replace(q, observation=observation, n_envs=n_envs) for q in questions]
        unknown = [question for question in questions if store.get(question) is None]
        store.taken += len(questions) - len(unknown)
        found = _together(processes, packed, unknown) if processes else _in_turn(train, unknown)
        for question, answered in found:
            store.put(question, answered)
            tick(answered.seconds)
        answers = [known for question in questions if (known := store.get(question))]
        store.failed += [reason for answered in answers for reason in answered.failed]
        return [answered.far for answered in answers]

    try:
        yield ask
        finished = True
    finally:
        if processes:
            processes.close(kill=not finished)


def _in_turn(train: Trainer, questions: Sequence[Question]) -> Iterator[tuple[Question, Answer]]:
    for question in questions:
        yield question, answer(train, question)


def _together(
    processes: Processes, packed: bytes, questions: Sequence[Question]
) -> Iterator[tuple[Question, Answer]]:
    jobs = {processes.submit(answer_packed, packed, question): question for question in questions}
    lost = []
    for job in as_completed(jobs):
        try:
            yield jobs[job], processes.result(job)
        except WorkerDied:
            lost.append(jobs[job])
    for question in lost:  # one process died, and the others with it
        yield question, _alone(processes, packed, question)


def _alone(processes: Processes, packed: bytes, question: Question) -> Answer:
    """Ask with nothing else running: if a process dies, this training is to blame."""
    failed: tuple[str, ...] = ()
    while len(failed) < ATTEMPTS:
        try:
            return processes.result(processes.submit(answer_packed, packed, question, failed))
        except WorkerDied:
            failed = (*failed, f"a training crashed its process ({question})")
    raise AgentError(f"{failed[-1]}: use one worker to see why")
