"""CloudEvents in protobuf (io.cloudevents.v1.CloudEvent), as far as members need them: id 1, source 2, spec_version 3, type 4, attributes 5 (a map whose values are texts here), binary_data 6,
text_data 7."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_LENGTH_DELIMITED = 2


@dataclass
class CloudEvent:
    id: str = ""
    type: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""


def encode(id: str, source: str, type: str, text: str) -> bytes:
    return b"".join(bytes([number << 3 | _LENGTH_DELIMITED]) + _varint(len(data)) + data
                    for number, value in ((1, id), (2, source), (3, "1.0"), (4, type), (7, text)) for data in [value.encode()])


def decode(message: bytes) -> CloudEvent:
    event = CloudEvent()
    for number, value in _fields(message):
        if number == 1:
            event.id = value.decode()
        elif number == 4:
            event.type = value.decode()
        elif number == 5:
            name, text = _attribute(value)
            event.attributes[name] = text
        elif number in (6, 7):
            event.text = value.decode()
    return event


def _attribute(entry: bytes) -> tuple[str, str]:
    name = text = ""
    for number, value in _fields(entry):
        if number == 1:
            name = value.decode()
        elif number == 2:
            text = next((inner.decode() for kind, inner in _fields(value) if kind >= 3), "")  # ce_string, and what else is written as text
    return name, text


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Fields that hold bytes; others are passed over."""
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        if key & 7 in (1, 5):
            at += 8 if key & 7 == 1 else 4
            continue
        value, at = _number(message, at)
        if key & 7 == _LENGTH_DELIMITED:
            yield key >> 3, message[at:at + value]
            at += value


def _number(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
