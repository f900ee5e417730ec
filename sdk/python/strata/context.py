"""Where a client gets its address and its token from."""
from __future__ import annotations

import errno
import json
import os
import stat
import unicodedata
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from .errors import StrataError

_DEFAULT = "http://127.0.0.1:8080"
_FILE_BYTES_MAX = 65_536


def connection(url: str | None = None, token: str | None = None, variables: Mapping[str, str] = os.environ) -> tuple[str, str | None]:
    """The address and the token of a client.

    Arguments win over STRATA_URL and STRATA_TOKEN, and those over the local context, the file that the command line keeps in its data folder.
    A token goes only to the server that it belongs to: the context's to the context's server, and STRATA_TOKEN to STRATA_URL if that is set,
    otherwise to an address argument or the cloud of this machine.
    """
    variable, secret = variables.get("STRATA_URL"), variables.get("STRATA_TOKEN")
    given = url or variable
    if token:
        return _address(given or (_local_context(variables) or (_DEFAULT,))[0]), token
    if secret and given and (not variable or _is_same(given, variable)):
        return _address(given), secret
    server, kept, is_local = _local_context(variables) or (None, None, True)
    target = given or server or _DEFAULT
    if secret and not variable and is_local:  # alone it is for the cloud of this machine, not for another one that the context names
        return _address(target), secret
    return _address(target), kept if server and _is_same(target, server) else None


def _local_context(variables: Mapping[str, str]) -> tuple[str, str | None, bool] | None:
    """Its server, its token, and whether it is the cloud of this machine; None if there is no file."""
    path = Path(variables.get("STRATA_HOME") or os.path.expanduser("~/.strata")) / "context.json"
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # to open a pipe would wait for a writer
            raise OSError(errno.EINVAL, "it is not a regular file")
        with open(path, "rb") as file:
            text = file.read(_FILE_BYTES_MAX + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StrataError(
            "CONTEXT_UNREADABLE", f"{path} cannot be read: {error.strerror}.", next="Set STRATA_URL and STRATA_TOKEN, or STRATA_HOME.") from None
    try:
        if len(text) > _FILE_BYTES_MAX:
            raise ValueError("too long")
        context = json.loads(text)
        server, token = context["server"], context.get("token")
        if not isinstance(server, str) or not isinstance(token, str | None):
            raise ValueError("no server")
        if token and any(unicodedata.category(c) == "Cc" for c in token):
            raise ValueError("control characters")
        others = [other for other in context.get("others") or [] if _is_same(server, other["server"])]
        return server, token or None, "local" in [_name(known) for known in [context, *others]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise StrataError(
            "CONTEXT_INVALID", f"{path} is not a valid context file.", next='Move it away, and sign in again: strata login URL.') from None


def _name(context: Mapping[str, object]) -> str:
    name = context.get("name", "local")
    if not isinstance(name, str):
        raise ValueError("no name")
    return name


def _address(text: str) -> str:
    if _origin(text) is None:
        raise StrataError(
            "ADDRESS_INVALID", f'"{text}" is not the address of a server.',
            next="Use one that begins with http:// or https://, such as http://127.0.0.1:8080.")
    return text.rstrip("/")


def _is_same(one: str, other: str) -> bool:
    return _origin(one) is not None and _origin(one) == _origin(other)


def _origin(text: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None if it is no address."""
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.scheme in ("http", "https") and parts.hostname and port else None
