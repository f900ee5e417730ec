"""python3 -m unittest"""
import unittest

from handlers import member


class HandlerTests(unittest.TestCase):
    def test_greet(self):
        self.assertEqual(member.call("processor", "greet", {"name": "Ann"})["text"], "Hello Ann")

    def test_has_name(self):
        self.assertFalse(member.call("criterion", "has-name", {}))
