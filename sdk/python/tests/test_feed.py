"""A server whose feed is cut off. PYTHONPATH=. python3 -m unittest discover -s tests"""
import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from strata import Strata, StrataError

REVOKED = {"status": 401, "code": "UNAUTHENTICATED", "detail": "The token was revoked."}


class FeedServer(BaseHTTPRequestHandler):
    """Each connection gets the next of server.answers: ("cut" or "end", events) or a problem."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(parse_qs(urlsplit(self.path).query).get("from", [None])[0])
        answer = self.server.answers.pop(0)
        self.close_connection = True
        if isinstance(answer, dict):
            text = json.dumps(answer).encode()
            self.send_response(answer["status"])
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            return
        how, events = answer
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            line = json.dumps(event).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        if how == "end":
            self.wfile.write(b"0\r\n\r\n")
        elif how == "cut inside":
            self.wfile.write(b"40\r\n{\"type\":")

    def log_message(self, *_):
        pass


def ping(position):
    return {"type": "ping", "position": position}


def end(position):
    return {**ping(position), "end": True}


def change(position):
    return {"type": "change", "position": position}


class FeedTests(unittest.TestCase):
    def setUp(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), FeedServer)
        self.server.asked = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.client = Strata(f"http://127.0.0.1:{self.server.server_port}", "x", retries=0)

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def test_a_followed_feed_resumes_behind_the_last_position_and_raises_when_its_token_is_revoked(self):
        self.server.answers = [("cut", [ping(4), change(5)]), ("cut inside", [ping(5), change(6)]), ("end", [ping(7)]), {"status": 503}, REVOKED]
        seen = []
        with self.assertRaises(StrataError) as refused:
            for event in self.client.feed(follow=True):
                seen.append((event["type"], event["position"]))
        self.assertEqual(refused.exception.code, "UNAUTHENTICATED")
        self.assertEqual(seen, [("ping", 4), ("change", 5), ("ping", 5), ("change", 6), ("ping", 7)])
        self.assertEqual(self.server.asked, [None, "5", "6", "7", "7"])

    def test_a_feed_that_cannot_be_resumed_in_time_raises_what_failed(self):
        self.server.answers = [("cut", [ping(4)])]
        with self.assertRaises(StrataError) as failed:
            list(self.client.feed(follow=True, patience=0))
        self.assertEqual((failed.exception.code, failed.exception.retryable), ("CONNECTION_LOST", True))

    def test_the_first_connection_is_not_retried(self):
        self.server.answers = [{"status": 503}]
        with self.assertRaises(StrataError):
            list(self.client.feed(start=3, follow=True))
        self.assertEqual(self.server.asked, ["3"])

    def test_a_feed_up_to_now_is_read_to_its_end(self):
        self.server.answers = [("end", [change(1), ping(1)]), ("end", [change(2), end(2)])]
        self.assertEqual([event["position"] for event in self.client.feed()], [1, 1, 2, 2])
        self.assertEqual(self.server.asked, [None, "1"])

    def test_lines_and_events_that_are_cut_off_raise(self):
        self.server.answers = [("cut", [change(1)]), ("cut inside", []), ("end", [])]
        for read in (lambda: self.client.stream("GET", "/lines"), lambda: self.client.events("/events"), lambda: self.client.resources("nodes").watch()):
            with self.assertRaises(StrataError) as failed:
                list(read())
            self.assertEqual(failed.exception.code, "CONNECTION_LOST")


if __name__ == "__main__":
    unittest.main()
