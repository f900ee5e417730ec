"""The change feed, resumed when its connection is lost."""
from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .errors import StrataError

if TYPE_CHECKING:
    from .client import Strata

_SILENCE = 35  # seconds; a feed brings a ping each 10 s
_PAUSE, _PAUSE_MAX, _STEADY = 0.2, 10, 10  # seconds; a connection that lasted for _STEADY starts the back-off over


def feed(strata: Strata, start: int | None, model: str | None, follow: bool, patience: float) -> Iterator[dict[str, Any]]:
    """The first connection is not retried: a wrong address or token is reported at once. Later ones resume behind the last position, for as long
    as patience allows without any event."""
    position, attempt, heard = start, 0, None
    while True:
        began, last = time.monotonic(), None
        try:
            query = {"from": position, "model": model, "follow": follow or None}
            headers, timeout = {"accept": "application/x-ndjson"}, min(strata.timeout, _SILENCE)
            for event in strata.stream("GET", "/api/entity/feed", query=query, headers=headers, timeout=timeout):
                is_progress = follow or heard is None or event.get("position", position) != position
                position, last = event.get("position", position), event
                yield event
                # The time that the caller took does not count, nor a bounded feed that begins again and again and gets no further.
                if is_progress:
                    heard = time.monotonic()
            if not follow and last is not None and last.get("end"):
                return  # whole; a mere heartbeat may also come right before the server stops
            next = "Go on from the position of the last event that you handled."
            failure = StrataError("CONNECTION_LOST", f"{strata.url} ended the feed.", 0, True, next)
        except StrataError as error:
            failure = error
        if heard is None or not _may_resume(failure) or time.monotonic() - heard > patience:
            raise failure
        attempt = 0 if time.monotonic() - began > _STEADY else attempt + 1
        time.sleep(min(_PAUSE * 2 ** min(attempt, 10), _PAUSE_MAX) * (0.5 + random.random()))


def _may_resume(error: StrataError) -> bool:
    return error.retryable or error.code == "SERVER_TIMEOUT" or error.status in (408, 500, 502, 503, 504)
