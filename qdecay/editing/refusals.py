"""Refusals of the editor: an HTTP status, one line, and the place in the document."""

from __future__ import annotations

from http import HTTPStatus


class Refused(Exception):
    """A request that is not fulfilled.

    Attributes:
        status: the HTTP status, 4xx or 5xx.
        message: one line that says what is wrong and what to do.
        where: the place in the document, such as "branches[1].rewards[2]", or None.
    """

    def __init__(self, status: HTTPStatus, message: str, where: str | None = None) -> None:
        super().__init__(status, message, where)  # all of them, so that processes can send it
        self.status, self.message, self.where = status, message, where

    def __str__(self) -> str:
        """Return the message."""
        return self.message


def too_long(seconds: float) -> Refused:
    """Return the refusal of a problem that is not solved within the editor's limit."""
    return wrong(
        f"it takes longer than {seconds:g} s: make it smaller, or allow more with --max-seconds"
    )


def wrong(message: str, where: str | None = None) -> Refused:
    """Return the refusal of an invalid document or file."""
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, message, where)
