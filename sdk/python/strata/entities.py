"""The entities of one model."""
from __future__ import annotations

import datetime
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .sorting import sort_keys

if TYPE_CHECKING:
    from .client import Strata

_PAGE_MAX = 10_000  # the most that the server returns at once
_FIRST_PAGE = 1_000  # of a search without a limit: its reader may soon have enough


@dataclass(frozen=True)
class Entity:
    """data: what it holds. meta: id, state, transactionId (what if_match compares with), times, model."""

    data: dict[str, Any]
    meta: dict[str, Any]

    @property
    def id(self) -> str:
        return self.meta["id"]

    @property
    def state(self) -> str:
        return self.meta["state"]


class Entities:
    """Inside a compute member's handler all but searches happen in the transaction that waits for it."""

    def __init__(self, strata: Strata, model: str, version: int):
        self._strata, self._path = strata, f"{_escape(model)}/{version}"

    def create(self, data: dict[str, Any]) -> str:
        """Creates one; its id."""
        return self.create_all([data])[0]

    def create_all(self, data: list[dict[str, Any]]) -> list[str]:
        """Creates several, all in one transaction up to 1,000; their ids."""
        written = self._strata.request("POST", f"/api/entity/JSON/{self._path}", data, query={"transactionWindow": min(max(len(data), 1), 1000)})
        return [id for one in written for id in one["entityIds"]]

    def get(self, id: str, at: datetime.datetime | str | None = None) -> Entity:
        """One, now or as of then."""
        return _entity(self._strata.request("GET", f"/api/entity/{_escape(id)}", query={"pointInTime": _time(at)}))

    def update(self, id: str, data: dict[str, Any], transition: str | None = None, if_match: str | None = None) -> None:
        """Replaces its data, and takes a transition where one is named; without it the automatic ones are tried."""
        self._write("PUT", id, data, transition, if_match, "application/json")

    def patch(self, id: str, changes: dict[str, Any], transition: str | None = None, if_match: str = "*") -> None:
        """Merges into its data (RFC 7396): None takes a member away."""
        self._write("PATCH", id, changes, transition, if_match, "application/merge-patch+json")

    def transition(self, id: str, name: str) -> None:
        """Takes a transition and leaves the data as it is."""
        self.patch(id, {}, transition=name)

    def delete(self, id: str) -> None:
        self._strata.request("DELETE", f"/api/entity/{_escape(id)}")

    def search(self, condition: dict[str, Any] | None = None, limit: int | None = None, sort: str | Iterable[str] | None = None,
               at: datetime.datetime | str | None = None) -> Iterator[Entity]:
        """Those that meet a condition, as they come; all without one. limit: maximum number of results; None: all.

        sort: "-amount,customer" or "amount:desc,customer:asc", or a list of such. More than a page (10,000) are fetched as they are asked for; without
        at each page is of the moment at which it is read.
        """
        if limit is not None and limit < 0:
            raise ValueError("limit must not be negative.")
        return self._pages(condition or {"type": "group", "operator": "AND", "conditions": []}, limit, {"sort": sort_keys(sort), "pointInTime": _time(at)})

    def _pages(self, condition: dict[str, Any], limit: int | None, query: dict[str, Any]) -> Iterator[Entity]:
        left, page, after = limit, _FIRST_PAGE if limit is None else _PAGE_MAX, None
        while left is None or left > 0:
            asked, count, last = page if left is None else min(left, page), 0, None
            for one in self._strata.stream("POST", f"/api/search/direct/{self._path}", condition, query={**query, "first": asked, "after": after}):
                count, last = count + 1, _entity(one)
                yield last
            if last is None or count < asked:
                return
            left, page, after = None if left is None else left - count, _PAGE_MAX, f"{last.id}.{last.meta['transactionId']}"

    def _write(self, method, id, data, transition, if_match, content_type):
        path = f"/api/entity/JSON/{_escape(id)}" + ("" if transition is None else "/" + _escape(transition))
        self._strata.request(method, path, data, headers={} if if_match is None else {"If-Match": if_match}, content_type=content_type)


def _entity(json: dict[str, Any]) -> Entity:
    return Entity(json["data"], json["meta"])


def _escape(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def _time(at: datetime.datetime | str | None) -> str | None:
    return at.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z") if isinstance(at, datetime.datetime) else at
