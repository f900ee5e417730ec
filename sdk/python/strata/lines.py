"""The lines of an answer as they come, and what it means when they end early."""
from __future__ import annotations

import http.client
from collections.abc import Iterator

from .errors import StrataError

_PIECE = 65_536

BROKEN = (OSError, http.client.HTTPException)
"""What reading an answer raises when its connection is lost."""


def lines(answer: http.client.HTTPResponse, url: str) -> Iterator[bytes]:
    """Raises StrataError when the answer ends before the server ended it. The answer's own readline takes a chunked body that was cut off for a
    whole one."""
    rest = b""
    try:
        left = answer.length  # None of a chunked body, whose end read1 checks
        while left is None or left > 0:
            piece = answer.read1(_PIECE)
            if not piece:
                break
            left = None if left is None else left - len(piece)
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
    except BROKEN as error:
        raise lost(url, error) from None
    if left:
        raise lost(url, "it ended early")
    if rest:
        yield rest


def lost(url: str, reason: object) -> StrataError:
    """The error of a connection that was lost while an answer was read."""
    if isinstance(reason, TimeoutError):
        return StrataError("SERVER_TIMEOUT", f"{url} did not answer in time.")
    message = f"The connection to {url} was lost: {str(reason) or type(reason).__name__}."
    return StrataError("CONNECTION_LOST", message, 0, True, 'Try again; "strata status" shows whether the server runs.')
