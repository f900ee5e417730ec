"""The cloud's resources of one kind."""
from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .errors import StrataError

if TYPE_CHECKING:
    from .client import Strata

_PAGE_MAX = 1_000

Resource = dict[str, Any]
"""id, kind, name, org, project, labels, state, revision, spec, status, and times."""


class Resources:
    def __init__(self, strata: Strata, kind: str):
        self._strata, self._path = strata, "/api/v1/" + urllib.parse.quote(kind, safe="")

    def list(self, limit: int | None = None, **filter: str) -> Iterator[Resource]:
        """All, page by page as they are asked for; narrowed by project, state, or fields: list(**{"labels.tier": "web"}).

        limit: maximum number of resources; None: all.
        """
        if limit is not None and limit < 0:
            raise ValueError("limit must not be negative.")
        return self._pages(limit, filter)

    def _pages(self, limit: int | None, filter: dict[str, str]) -> Iterator[Resource]:
        cursor = None
        while limit is None or limit > 0:
            page = self._strata.request("GET", self._path, query={**filter, "limit": None if limit is None else min(limit, _PAGE_MAX), "cursor": cursor})
            yield from page["items"][:limit]
            limit = None if limit is None else limit - len(page["items"])
            if (cursor := page.get("nextCursor")) is None:
                return

    def get(self, name: str) -> Resource:
        """By name or id, here and below."""
        return self._strata.request("GET", self._one(name))

    def create(self, name: str, spec: dict[str, Any], project: str | None = None, labels: dict[str, str] | None = None) -> Resource:
        body = {"name": name, "spec": spec, "project": project, "labels": labels}
        return self._strata.request("POST", self._path, {key: value for key, value in body.items() if value is not None})

    def patch(self, name: str, changes: dict[str, Any]) -> Resource:
        """Merges into spec and labels: {"spec": {"replicas": 2}}."""
        return self._strata.request("PATCH", self._one(name), changes, content_type="application/merge-patch+json")

    def transition(self, name: str, transition: str) -> Resource:
        return self._strata.request("POST", f"{self._one(name)}/transitions/{urllib.parse.quote(transition, safe='')}")

    def delete(self, name: str) -> Resource:
        return self._strata.request("DELETE", self._one(name))

    def watch(self, **filter: str) -> Iterator[Resource | None]:
        """What there is, then None, then every change. Raises StrataError when the watch ends: watch again, which begins with what there is then."""
        for kind, data in self._strata.events(self._path, {**filter, "watch": True}):
            if kind == "item":
                yield data
            elif kind == "ready":
                yield None
        raise StrataError("CONNECTION_LOST", f"{self._strata.url} ended the watch.", 0, True, "Watch again: it begins with what there is then.")

    def _one(self, name: str) -> str:
        return f"{self._path}/{urllib.parse.quote(name, safe='')}"
