"""Searches and lists of any length, at a server that has enough of everything. PYTHONPATH=. python3 -m unittest discover -s tests"""
import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from strata import Strata


class EndlessServer(BaseHTTPRequestHandler):
    """A search returns as many as were asked for, numbered on; a list returns pages of 4."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        query = parse_qsl(urlsplit(self.path).query)
        self.server.asked.append(query)
        count, began = int(dict(query)["first"]), self.server.count
        self.server.count = min(began + count, self.server.most)
        self.answer("".join(json.dumps({"data": {}, "meta": {"id": f"e{n}", "transactionId": f"t{n}"}}) + "\n"
                            for n in range(began, self.server.count)))

    def do_GET(self):
        query = parse_qsl(urlsplit(self.path).query)
        self.server.asked.append(query)
        self.answer(json.dumps({"items": [{"id": n} for n in range(4)], "nextCursor": "c"}))

    def answer(self, text):
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class SearchTests(unittest.TestCase):
    def setUp(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), EndlessServer)
        self.server.asked, self.server.count, self.server.most = [], 0, 1_000_000
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.client = Strata(f"http://127.0.0.1:{self.server.server_port}", "x", retries=0)

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def test_a_search_goes_on_behind_the_last_entity_until_its_limit(self):
        found = list(self.client.entities("order").search(sort="-amount,name", limit=10_005))
        self.assertEqual(10_005, len(found))
        keys = [("sort", "amount:desc"), ("sort", "name")]
        self.assertEqual([[*keys, ("first", "10000")], [*keys, ("first", "5"), ("after", "e9999.t9999")]], self.server.asked)

    def test_a_search_without_a_limit_ends_with_a_page_that_is_not_full(self):
        self.server.most = 1_500
        self.assertEqual(1_500, len(list(self.client.entities("order").search())))
        self.assertEqual([[("first", "1000")], [("first", "10000"), ("after", "e999.t999")]], self.server.asked)

    def test_a_limit_of_zero_asks_nothing_and_one_below_is_an_error(self):
        self.assertEqual([], list(self.client.entities("order").search(limit=0)))
        self.assertEqual([], self.server.asked)
        with self.assertRaises(ValueError):
            self.client.entities("order").search(limit=-1)
        with self.assertRaises(ValueError):
            self.client.resources("projects").list(limit=-1)

    def test_a_list_ends_at_its_limit(self):
        self.assertEqual(6, len(list(self.client.resources("projects").list(limit=6, state="ACTIVE"))))
        self.assertEqual([[("state", "ACTIVE"), ("limit", "6")], [("state", "ACTIVE"), ("limit", "2"), ("cursor", "c")]], self.server.asked)
