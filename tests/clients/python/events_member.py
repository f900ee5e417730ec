"""A compute member with grpcio, its messages coded by hand: joins, answers a processor, writes in its transaction, is heard of. Arguments: host:port, token."""
import json
import queue
import sys
import threading
import urllib.request
import uuid

import grpc

ADDRESS, TOKEN = sys.argv[1:3]
SERVICE = "/org.cyoda.cloud.api.grpc.CloudEventsService/"


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def event(type_, payload):
    fields = {1: str(uuid.uuid4()), 2: "quart", 3: "1.0", 4: type_, 7: json.dumps(payload)}
    return b"".join(bytes([n << 3 | 2]) + varint(len(d)) + d for n, t in fields.items() for d in [t.encode()])


def read(data):
    fields, at = {}, 0
    while at < len(data):
        key, at = data[at], at + 1
        length = shift = 0
        while True:
            byte, at = data[at], at + 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        fields.setdefault(key >> 3, data[at:at + length])
        at += length
    return fields[1].decode(), fields[4].decode(), json.loads(fields[7])


def http(method, path, body=None, headers=None):
    request = urllib.request.Request(f"http://{ADDRESS}/api{path}", method=method, data=None if body is None else json.dumps(body).encode(),
                                     headers={"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json", **(headers or {})})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")


outgoing = queue.Queue()
channel = grpc.insecure_channel(ADDRESS)
stream = channel.stream_stream(SERVICE + "startStreaming")(iter(outgoing.get, None), metadata=[("authorization", "Bearer " + TOKEN)])
copies = []
greeted, alive = threading.Event(), threading.Event()


def listen():
    try:
        for message in stream:
            id_, type_, payload = read(message)
            if type_ == "CalculationMemberGreetEvent":
                greeted.set()
            elif type_ == "CalculationMemberKeepAliveEvent":
                alive.set()
                outgoing.put(event("EventAckResponse", {"sourceEventId": id_, "owner": "default", "payload": None, "success": True}))
            elif type_ == "EntityProcessorCalculationRequest":
                copy = http("POST", "/entity/JSON/copy/1", {"of": payload["payload"]["data"]["text"]}, {"X-Tx-Token": payload["transactionId"]})
                copies.append(copy[0])
                data = dict(payload["payload"]["data"], by="python")
                outgoing.put(event("EntityProcessorCalculationResponse", {"owner": "default", "requestId": payload["requestId"], "entityId": payload["entityId"], "payload": {"type": "JSON", "data": data}}))
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.CANCELLED, error


threading.Thread(target=listen, daemon=True).start()
outgoing.put(event("CalculationMemberJoinEvent", {"owner": "default", "tags": ["py"]}))
assert greeted.wait(20), "not greeted"
http("POST", "/model/import/JSON/SAMPLE_DATA/copy/1", {"of": "x"})
http("PUT", "/model/copy/1/lock")
http("POST", "/model/import/JSON/SAMPLE_DATA/letter/1", {"text": "x", "by": "x"})
http("PUT", "/model/letter/1/lock")
http("POST", "/model/letter/1/workflow/import", {"importMode": "REPLACE", "workflows": [{"version": "1.0", "name": "w", "initialState": "A", "states": {
    "A": {"transitions": [{"name": "auto", "next": "B", "processors": [{"name": "sign", "executionMode": "SYNC", "config": {"calculationNodesTags": "py"}}]}]}, "B": {}}}]})
created = http("POST", "/entity/JSON/letter/1", {"text": "hello"})[0]["entityIds"][0]
letter = http("GET", "/entity/" + created)
assert (letter["meta"]["state"], letter["data"]) == ("B", {"text": "hello", "by": "python"}), letter
copy = http("GET", "/entity/" + copies[0]["entityIds"][0])
assert copy["meta"]["transactionId"] == letter["meta"]["transactionId"] == copies[0]["transactionId"], (copy, letter)
assert alive.wait(20), "no keep-alive"
stream.cancel()
outgoing.put(None)
channel.close()
