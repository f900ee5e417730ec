"""A cloud, by its HTTP API."""
from __future__ import annotations

import contextvars
import json
import random
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

from .context import connection
from .entities import Entities
from .errors import StrataError
from .feed import feed
from .lines import BROKEN, lines, lost
from .resources import Resources

transaction: contextvars.ContextVar[tuple[str, str] | None] = contextvars.ContextVar("strata_transaction", default=None)
"""The transaction that a handler of a compute member works in: (the cloud's url, its token). Requests to that cloud belong to it, wherever they are sent from."""


def _new_key() -> str:
    """A UUID of version 7: ids that follow from the key are then ordered by time."""
    milliseconds = time.time_ns() // 1_000_000
    return str(uuid.UUID(int=(milliseconds << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62) | secrets.randbits(62)))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token must not travel to where an answer points."""

    def redirect_request(self, *_):
        return None


_opener = urllib.request.build_opener(_NoRedirects)


class Strata:
    """Keep one for the life of the program; safe for concurrent use.

    url: default STRATA_URL, then the server of the local context (~/.strata/context.json), then http://127.0.0.1:8080. token: default
    STRATA_TOKEN, then the token of the local context, which is sent only to the context's own server. timeout: seconds that the server may be
    silent. retries: how often a request is sent again that the server could not serve just then.
    """

    def __init__(self, url: str | None = None, token: str | None = None, timeout: float = 100, retries: int = 3):
        self.url, self.token = connection(url, token)
        self.timeout, self.retries = timeout, retries

    def entities(self, model: str, version: int = 1) -> Entities:
        """The entities of a model."""
        return Entities(self, model, version)

    def resources(self, kind: str) -> Resources:
        """The cloud's resources of a kind, in the plural: "deployments"."""
        return Resources(self, kind)

    def feed(self, start: int | None = None, model: str | None = None, follow: bool = False, patience: float = 300) -> Iterator[dict[str, Any]]:
        """Every change of entities behind a revision, in order and at least once; with follow it stays for what comes.

        It resumes behind the last position when the connection is lost or the server stops. patience: seconds without an event until it raises
        what failed last.
        What cannot be resumed, as with a revoked token, is raised at once.
        """
        return feed(self, start, model, follow, patience)

    def request(self, method: str, path: str, body: Any = None, *, query: dict[str, Any] | None = None, headers: dict[str, str] | None = None,
                content_type: str = "application/json") -> Any:
        """Any request; the answer's JSON, None where it is empty. Sent again where the server asks for it and that is safe."""
        # One key for all tries: sent again, a write takes effect once. What a transaction does has no outcome of its own to be kept.
        key = None if method == "GET" or self._joined(path) else _new_key()
        attempt = 1
        while True:
            try:
                with self._open(method, path, body, query, headers, content_type, key) as answer:
                    try:
                        text = answer.read()
                    except BROKEN as error:
                        raise lost(self.url, error) from None
                    return json.loads(text) if text else None
            except StrataError as error:
                if not error.retryable or attempt > self.retries or (key is None and method != "GET"):
                    raise
            time.sleep(0.1 * 2 ** attempt * (0.5 + random.random()))
            attempt += 1

    def stream(self, method: str, path: str, body: Any = None, *, query: dict[str, Any] | None = None, headers: dict[str, str] | None = None,
               timeout: float | None = None) -> Iterator[dict[str, Any]]:
        """A request whose answer is lines of JSON, each as it comes. timeout: seconds that the server may be silent; default: the client's."""
        with self._open(method, path, body, query, headers, "application/json", None, timeout) as answer:
            for line in lines(answer, self.url):
                if line.strip():
                    yield json.loads(line)

    def events(self, path: str, query: dict[str, Any] | None = None) -> Iterator[tuple[str, Any]]:
        """A request whose answer is server-sent events: (type, data)."""
        kind = "message"
        with self._open("GET", path, None, query, {"accept": "text/event-stream"}, "", None) as answer:
            for line in lines(answer, self.url):
                text = line.decode()
                if text.startswith("event: "):
                    kind = text[7:]
                elif text.startswith("data: "):
                    yield kind, json.loads(text[6:])

    def _joined(self, path: str) -> str | None:
        """The token of the transaction that a request is to be a part of."""
        url, token = transaction.get() or (None, None)
        return token if url == self.url and path.startswith("/api/entity") else None

    def _open(self, method, path, body, query, headers, content_type, key, timeout=None):
        pairs = {name: str(value).lower() if isinstance(value, bool) else value for name, value in (query or {}).items() if value is not None}
        target = self.url + path + ("?" + urllib.parse.urlencode(pairs, doseq=True) if pairs else "")
        sent = {"Accept": "application/json", **(headers or {})}
        if self.token:
            sent["Authorization"] = "Bearer " + self.token
        if body is not None:
            sent["Content-Type"] = content_type
        if joined := self._joined(path):
            sent["X-Tx-Token"] = joined
        if key:
            sent["Idempotency-Key"] = key
        data = None if body is None else json.dumps(body).encode()
        try:
            return _opener.open(urllib.request.Request(target, data=data, headers=sent, method=method), timeout=timeout or self.timeout)
        except urllib.error.HTTPError as error:
            with error:
                if 300 <= error.code < 400:
                    raise StrataError("UNEXPECTED_ANSWER", f"{self.url} answers with a redirection, which is not followed.", error.code, False, "Set STRATA_URL to the address of the cloud itself.") from None
                raise StrataError.of(error.code, error.read()) from None
        except TimeoutError:
            raise StrataError("SERVER_TIMEOUT", f"{self.url} did not answer in time.") from None
        except BROKEN as error:  # URLError is one of them
            reason = getattr(error, "reason", error)
            raise StrataError("SERVER_UNREACHABLE", f"{self.url} cannot be reached: {reason}", 0, True, 'Start the cloud with "strata up", or set STRATA_URL.') from None
