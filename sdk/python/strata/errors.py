"""What the server refused a request with, or why none came through."""
from __future__ import annotations

import json


class StrataError(Exception):
    """code: stable, for example ENTITY_NOT_FOUND. status: of HTTP, 0 where no answer came. next: what to do about it."""

    def __init__(self, code: str, message: str, status: int = 0, retryable: bool = False, next: str | None = None):
        super().__init__(message)
        self.code, self.message, self.status, self.retryable, self.next = code, message, status, retryable, next

    @classmethod
    def of(cls, status: int, body: bytes) -> StrataError:
        try:
            problem = json.loads(body)
            properties = problem.get("properties") or {}
            code = problem.get("code") or properties.get("errorCode") or "UNEXPECTED_ANSWER"
            message = (problem.get("detail") or problem.get("title") or "").removeprefix(code + ": ")  # the entity API begins with the code
            return cls(code, message, status, properties.get("retryable") is True, problem.get("next"))
        except (ValueError, AttributeError):
            return cls("UNEXPECTED_ANSWER", f"The request failed with {status}.", status, status in (502, 503))
