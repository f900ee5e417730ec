"""grpcio against the echo service, with messages coded by hand. Arguments: host:port."""
import sys
import threading

import grpc

ECHO = "/strata.test.Echo/"


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def request(text="", payload=b"", count=0, fail="", delay_ms=0):
    out = b""
    for number, data in ((1, text.encode()), (2, payload), (4, fail.encode())):
        if data:
            out += bytes([number << 3 | 2]) + varint(len(data)) + data
    for number, value in ((3, count), (5, delay_ms)):
        if value:
            out += bytes([number << 3]) + varint(value)
    return out


def read(data):
    fields, at = {1: b"", 2: b"", 3: 0}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 2:
            length = number()
            fields[key >> 3] = data[at:at + length]
            at += length
        else:
            fields[key >> 3] = number()
    return fields[1].decode(), fields[2], fields[3]


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call succeeded")


channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.max_receive_message_length", -1)], compression=grpc.Compression.Gzip)
unary, server = channel.unary_unary(ECHO + "Unary"), channel.unary_stream(ECHO + "Server")
client, duplex = channel.stream_unary(ECHO + "Client"), channel.stream_stream(ECHO + "Duplex")

text = "ü 漢 💩"
assert read(unary(request(text)))[0] == text
reply, call = unary.with_call(request(text), metadata=[("x-ask", "a"), ("x-ask-bin", b"\x00\xff\x07")])
assert dict(call.trailing_metadata())["x-told-bin"] == b"\x00\xff\x07"
big = bytes(4_000_000)
assert read(unary(request(payload=big)))[1] == big
assert [read(r)[2] for r in server(request(text, count=300))] == list(range(300))
assert read(client(iter([request("x")] * 300)))[:1] == ("x" * 300,)
assert read(client(iter([])))[2] == 0
assert [read(r)[0] for r in duplex(iter([request(t) for t in "abc"]))] == ["a", "b", "c"]

error = failure(lambda: unary(request(fail="NOT_TODAY")))
assert (error.code(), error.details()) == (grpc.StatusCode.ABORTED, "It failed, as it was asked to: 50 % ü."), error
assert b"NOT_TODAY" in dict(error.trailing_metadata())["grpc-status-details-bin"]
seen = []
error = failure(lambda: seen.extend(server(request(count=3, fail="LATER"))))
assert error.code() == grpc.StatusCode.ABORTED and b"LATER" in dict(error.trailing_metadata())["grpc-status-details-bin"]
assert failure(lambda: unary(request(delay_ms=60_000), timeout=0.2)).code() == grpc.StatusCode.DEADLINE_EXCEEDED
assert failure(lambda: unary(request(payload=bytes(6 << 20)))).code() == grpc.StatusCode.RESOURCE_EXHAUSTED

replies = server(request(text, count=1_000_000))
next(replies)
replies.cancel()
assert failure(lambda: list(replies)).code() == grpc.StatusCode.CANCELLED

# Half-closed only after an answer came: the stream is open in both directions at once.
go = threading.Event()


def slowly():
    yield request("first")
    go.wait(10)
    yield request("second")


answers = duplex(slowly())
assert read(next(answers))[0] == "first"
go.set()
assert read(next(answers))[0] == "second"
channel.close()
