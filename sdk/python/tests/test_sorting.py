"""The same cases hold the client libraries of .NET and TypeScript."""
import json
import pathlib
import unittest

from strata import StrataError
from strata.sorting import sort_keys

CASES = json.loads((pathlib.Path(__file__).parents[3] / "tests/clients/sort-expressions.json").read_text())


class SortingTests(unittest.TestCase):
    def test_sort_expressions_are_read_in_the_language_of_all_clients(self):
        for case in CASES:
            if "keys" in case:
                self.assertEqual(case["keys"], sort_keys(case["given"]))
            else:
                with self.assertRaises(StrataError) as raised:
                    sort_keys(case["given"])
                self.assertEqual((case["error"], "INVALID_SORT"), (raised.exception.message, raised.exception.code))
                self.assertIn("-FIELD", raised.exception.next)
        self.assertEqual(["amount:desc", "customer"], sort_keys("-amount,customer"))
        self.assertEqual([], sort_keys(None))
