"""Without any server: PYTHONPATH=. python3 -m unittest discover -s tests"""
import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from strata import Member, Strata, StrataError
from strata.client import transaction
from strata.events import decode, encode

member = Member(Strata("http://127.0.0.1:1", "x", retries=0), tags=[])


@member.processor("charge")
def charge(order, call):
    return {**order, "paid": True}


class MemberTests(unittest.TestCase):
    def test_handlers_run_without_any_server(self):
        self.assertEqual(member.call("processor", "charge", {"amount": 5}), {"amount": 5, "paid": True})
        with self.assertRaises(StrataError) as refused:
            member.call("criterion", "nobody", {})
        self.assertEqual(refused.exception.code, "NO_SUCH_HANDLER")

    def test_events_survive_coding(self):
        for length in (0, 1, 127, 128, 300, 70_000):
            event = decode(encode("ü", "s", "T", "é" * length))
            self.assertEqual((event.id, event.type, len(event.text)), ("ü", "T", length))

    def test_what_cannot_be_reached_is_said_with_the_next_step(self):
        with self.assertRaises(StrataError) as refused:
            Strata("http://127.0.0.1:1", "x", retries=0).entities("x").get("y")
        self.assertEqual(refused.exception.code, "SERVER_UNREACHABLE")
        self.assertIn("strata up", refused.exception.next)

    def test_what_may_be_tried_again_is_but_no_write_in_a_transaction(self):
        asked = []

        class Refusing(BaseHTTPRequestHandler):
            def do_PUT(self):
                asked.append(self.command)
                self.rfile.read(int(self.headers["Content-Length"]))
                problem = json.dumps({"status": 503, "code": "PEER_UNAVAILABLE", "detail": "No.", "properties": {"retryable": True}}).encode()
                self.send_response(503)
                self.send_header("Content-Length", str(len(problem)))
                self.end_headers()
                self.wfile.write(problem)

            do_PATCH = do_POST = do_PUT

            def log_message(self, *_):
                pass

        with HTTPServer(("127.0.0.1", 0), Refusing) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}"
            client = Strata(url, "x", retries=1)
            joined = transaction.set((url, "second.secret"))
            for method in ("PUT", "PATCH", "POST"):
                with self.assertRaises(StrataError) as refused:
                    client.request(method, "/api/entity/x", {})
                self.assertEqual(refused.exception.code, "PEER_UNAVAILABLE")
            transaction.reset(joined)
            with self.assertRaises(StrataError):
                client.request("PUT", "/api/entity/x", {})
            server.shutdown()
        self.assertEqual(asked, ["PUT", "PATCH", "POST", "PUT", "PUT"])

    def test_no_redirection_is_followed_because_the_token_would_travel_with_it(self):
        asked = []

        class Elsewhere(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(307)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_):
                pass

        with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            with self.assertRaises(StrataError) as refused:
                Strata(f"http://127.0.0.1:{server.server_port}", "secret").entities("x").get("y")
            server.shutdown()
        self.assertEqual((refused.exception.code, asked), ("UNEXPECTED_ANSWER", ["/api/entity/y"]))
        self.assertIn("STRATA_URL", refused.exception.next)


if __name__ == "__main__":
    unittest.main()
