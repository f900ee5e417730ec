"""Compute members: handlers of processors, criteria and schedule functions."""
from __future__ import annotations

import json
import queue
import random
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc

from .client import Strata, transaction
from .errors import StrataError
from .events import CloudEvent, decode, encode

_SERVICE = "/org.cyoda.cloud.api.grpc.CloudEventsService/startStreaming"
_KINDS = {"EntityProcessorCalculationRequest": "processor", "EntityCriteriaCalculationRequest": "criterion", "EntityFunctionCalculationRequest": "function"}
_Handler = TypeVar("_Handler", bound=Callable[..., Any])
_REFUSALS = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INVALID_ARGUMENT)


@dataclass(frozen=True)
class Call:
    """What a handler is told beside the data. transition: {name, stateFrom, stateTo}. parameters: the context that the workflow gives."""

    name: str
    entity_id: str = ""
    meta: dict[str, Any] | None = None
    workflow: str = ""
    transition: dict[str, Any] | None = None
    parameters: str | None = None


class Member:
    """What a handler does with the same cloud's entities happens in the transaction that waits for it. Handlers are plain functions (data, call): they can be tested by themselves, or by call()
    with no server at all.

    tags: what workflows name in calculationNodesTags. max_concurrent_calls: threads that work on calls. on_call: told of each call, for logs: kind, name, seconds, input, output, error.
    """

    def __init__(self, strata: Strata, tags: list[str], max_concurrent_calls: int = 16, on_call: Callable[..., None] | None = None):
        self._strata, self._tags, self._limit, self._on_call = strata, tags, max_concurrent_calls, on_call
        self._handlers: dict[tuple[str, str], Callable[[dict[str, Any], Call], Any]] = {}
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._leaving, self._open, self._gate = threading.Event(), 0, threading.Lock()
        self.joined = threading.Event()

    def processor(self, name: str) -> Callable[[_Handler], _Handler]:
        """Gets the entity's data; what it returns is the new data, None leaves it as it is, an exception fails the transition."""
        return self._add("processor", name)

    def criterion(self, name: str) -> Callable[[_Handler], _Handler]:
        """Returns whether it holds."""
        return self._add("criterion", name)

    def schedule(self, name: str) -> Callable[[_Handler], _Handler]:
        """Returns when it is due: {"fireAt" | "fireAfterMs", "expireAt" | "expireAfterMs"}."""
        return self._add("function", name)

    def call(self, kind: str, name: str, data: dict[str, Any], call: Call | None = None) -> Any:
        """Runs a handler as the server would, with no server: for tests."""
        handler = self._handlers.get((kind, name))
        if handler is None:
            raise StrataError("NO_SUCH_HANDLER", f'There is no {kind} "{name}".')
        return handler(data, call or Call(name, str(uuid.uuid4())))

    def run(self) -> None:
        """Joins, and serves until stop(). Connects again, with pauses, whenever the connection is lost; only a refusal ends it."""
        lost = 0
        with ThreadPoolExecutor(self._limit, "strata-member") as threads:
            while not self._leaving.is_set():
                began = time.monotonic()
                failure = self._session(threads)
                if self._leaving.is_set():
                    return
                if failure is not None and failure.code() in _REFUSALS:
                    raise StrataError(failure.code().name, failure.details(), 0, False, "Check STRATA_TOKEN: a member needs a token with the role machine.")
                lost = 0 if time.monotonic() - began > 10 else lost + 1
                self._leaving.wait(min(0.2 * 2 ** lost, 10) * (0.5 + random.random()))

    def stop(self) -> None:
        """Takes no new calls, finishes those that it has, and leaves."""
        with self._gate:
            if self._leaving.is_set():
                return
            self._leaving.set()
            self._send("CalculationMemberLeaveEvent", {})
            if self._open == 0:
                self._outgoing.put(None)

    def _add(self, kind: str, name: str) -> Callable[[_Handler], _Handler]:
        def take(handler: _Handler) -> _Handler:
            self._handlers[kind, name] = handler
            return handler
        return take

    def _session(self, threads: ThreadPoolExecutor) -> grpc.RpcError | None:
        """One connection; what ended it, None where it ended in order."""
        target = urllib.parse.urlsplit(self._strata.url)
        address = f"{target.hostname}:{target.port or (443 if target.scheme == 'https' else 80)}"
        # A server whose machine is gone says nothing, so it is asked.
        options = [("grpc.max_receive_message_length", 16 << 20), ("grpc.keepalive_time_ms", 15_000), ("grpc.keepalive_timeout_ms", 10_000), ("grpc.http2.max_pings_without_data", 0)]
        with (grpc.secure_channel(address, grpc.ssl_channel_credentials(), options) if target.scheme == "https" else grpc.insecure_channel(address, options)) as channel:
            self._outgoing = queue.SimpleQueue()
            self._send("CalculationMemberJoinEvent", {"tags": self._tags, "maxConcurrentCalls": self._limit})
            stream = channel.stream_stream(_SERVICE)(iter(self._outgoing.get, None), metadata=[("authorization", f"Bearer {self._strata.token or ''}")])
            try:
                for message in stream:
                    self._take(decode(message), threads)
                return None
            except grpc.RpcError as error:
                return error
            finally:
                self.joined.clear()
                self._outgoing.put(None)

    def _take(self, event: CloudEvent, threads: ThreadPoolExecutor) -> None:
        if event.type == "CalculationMemberGreetEvent":
            self.joined.set()
        elif event.type == "CalculationMemberKeepAliveEvent":
            self._send("EventAckResponse", {"sourceEventId": event.id, "success": True})
        elif event.type in _KINDS:
            with self._gate:
                self._open += 1
            threads.submit(self._serve, event, self._outgoing)

    def _serve(self, event: CloudEvent, outgoing: queue.SimpleQueue[bytes | None]) -> None:
        payload = json.loads(event.text)
        answer = self._answer(_KINDS[event.type], payload, event.attributes.get("cyodatxtoken"))
        outgoing.put(_coded(event.type.replace("Request", "Response"), {"requestId": payload["requestId"], "entityId": payload["entityId"], **answer}))
        with self._gate:
            self._open -= 1
            if self._leaving.is_set() and self._open == 0:
                outgoing.put(None)

    def _answer(self, kind: str, payload: dict[str, Any], joined: str | None) -> dict[str, Any]:
        began, data = time.monotonic(), (payload.get("payload") or {}).get("data") or {}
        name = payload["criteriaName" if kind == "criterion" else kind + "Name"]
        call = Call(name, payload["entityId"], (payload.get("payload") or {}).get("meta"), (payload.get("workflow") or {}).get("name", ""), payload.get("transition"), payload.get("parameters"))
        output, error = None, None
        scope = transaction.set((self._strata.url, joined) if joined else None)
        try:
            output = self.call(kind, name, data, call)
            if kind == "criterion":
                return {"success": True, "matches": output is True}
            if kind == "function":
                return {"success": True, "resultKind": "Schedule", "result": output}
            return {"success": True} if output is None else {"success": True, "payload": {"type": "JSON", "data": output}}
        except Exception as thrown:  # whatever a handler throws fails its call, not the member
            error = thrown
            code = thrown.code if isinstance(thrown, StrataError) else type(thrown).__name__
            return {"success": False, "error": {"code": code, "message": str(thrown), "retryable": isinstance(thrown, StrataError) and thrown.retryable}}
        finally:
            transaction.reset(scope)
            if self._on_call is not None:
                self._on_call(kind=kind, name=name, seconds=time.monotonic() - began, input=data, output=output, error=error)

    def _send(self, type: str, payload: dict[str, Any]) -> None:
        self._outgoing.put(_coded(type, payload))


def _coded(type: str, payload: dict[str, Any]) -> bytes:
    return encode(str(uuid.uuid4()), "strata-member", type, json.dumps(payload))
