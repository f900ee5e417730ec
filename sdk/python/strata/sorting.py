"""What to sort by, in the language of the command line and of every client library."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from .errors import StrataError

_KEYS_MAX = 16


def sort_keys(sort: str | Iterable[str] | None) -> list[str]:
    """The keys in the form of the entity API, "path" or "path:desc".

    "amount" and "amount:asc" ascend, "amount:desc" and "-amount" descend; the entity's own facts begin with @, as in "-@creationDate". Several are
    separated by commas, or come as a list; the first counts most.
    """
    expressions = [] if sort is None else [sort] if isinstance(sort, str) else list(sort)
    keys = [_key(text.strip()) for expression in expressions for text in _split(expression)]
    if len(keys) > _KEYS_MAX:
        raise _invalid(f"There are {len(keys)} fields to sort by, and {_KEYS_MAX} is the most.")
    return keys


def _split(expression: str) -> Iterator[str]:
    """At commas, but not at those inside of a quoted name: $['a,b']."""
    start, quoted = 0, False
    for at, character in enumerate(expression):
        if character == "'":
            quoted = not quoted
        elif character == "," and not quoted:
            yield expression[start:at]
            start = at + 1
    yield expression[start:]


def _key(text: str) -> str:
    field, direction = text, ""
    for end in (":desc", ":asc"):
        if text.lower().endswith(end):
            field, direction = text[:-len(end)], end
    negative = field.startswith("-")
    field = field.removeprefix("-").strip()
    if field in ("", "@"):
        raise _invalid(f'"{text[:60]}" names no field to sort by.')
    if negative and direction:
        raise _invalid(f'"{text[:60]}" gives two directions for {field[:60]}: - and {direction}.')
    return field + ":desc" if negative or direction == ":desc" else field


def _invalid(message: str) -> StrataError:
    return StrataError("INVALID_SORT", message, next="Write FIELD or FIELD:asc to ascend, -FIELD or FIELD:desc to descend; "
                                                     "separate several by commas: -amount,customer.name.")
