"""The cases of sdk/context-cases.json, which every client library and the command line pass."""
import json
import os
import tempfile
import unittest
from pathlib import Path

from strata import StrataError
from strata.context import connection

CASES = json.loads((Path(__file__).parents[2] / "context-cases.json").read_text())


class ContextTests(unittest.TestCase):
    def test_cases(self):
        for case in CASES:
            with self.subTest(case["name"]), tempfile.TemporaryDirectory() as home:
                if "file" in case or "text" in case:
                    Path(home, "context.json").write_text(case.get("text") or json.dumps(case["file"]))
                given, expected = case.get("arguments", {}), case["expected"]
                variables = {"STRATA_HOME": home, **case.get("environment", {})}
                if "error" in expected:
                    with self.assertRaises(StrataError) as raised:
                        connection(given.get("url"), given.get("token"), variables)
                    self.assertEqual(raised.exception.code, expected["error"])
                else:
                    url, token = connection(given.get("url"), given.get("token"), variables)
                    self.assertEqual((url.lower().removesuffix(":80"), token), (expected["url"], expected.get("token")))

    def test_context_that_is_too_long_or_cannot_be_read(self):
        with tempfile.TemporaryDirectory() as home:
            path = Path(home, "context.json")
            path.write_text(json.dumps({"server": "http://127.0.0.1:9001", "token": "x" * 70_000}))
            self.assertEqual(self.code_of(home), "CONTEXT_INVALID")
            path.unlink()
            path.mkdir()
            self.assertEqual(self.code_of(home), "CONTEXT_UNREADABLE")
            path.rmdir()
            path.write_text("[" * 60_000)
            self.assertEqual(self.code_of(home), "CONTEXT_INVALID")
            path.unlink()
            os.mkfifo(path)
            self.assertEqual(self.code_of(home), "CONTEXT_UNREADABLE")

    def code_of(self, home):
        with self.assertRaises(StrataError) as raised:
            connection(variables={"STRATA_HOME": home})
        return raised.exception.code
