#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Who gets in: requirepass, AUTH, HELLO and RESET."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, main  # noqa: E402

PASSWORD = "open sesame"
REFUSED = b"WRONGPASS invalid username-password pair or user is disabled."
ASKED = b"NOAUTH Authentication required."


class Locked(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.admin = self.server.client()
        self.addCleanup(self.admin.close)
        self.lock(PASSWORD)
        self.client = self.connect()

    def connect(self):
        client = self.server.client()
        self.addCleanup(client.close)
        return client

    def lock(self, password):
        self.assertEqual(self.admin.call("CONFIG", "SET", "requirepass", password), b"OK")

    def assert_error(self, reply, text):
        self.assertIsInstance(reply, Error)
        self.assertEqual(reply, text)

    def test_a_stranger_is_asked_for_the_password_by_every_command(self):
        for words in (("PING",), ("GET", "k"), ("SET", "k", "v"), ("CLIENT", "ID"), ("SELECT", "1"),
                      ("CONFIG", "SET", "requirepass", ""), ("KEYS", "*"), ("ECHO", "x")):
            with self.subTest(words):
                self.assert_error(self.client.call(*words), ASKED)
        self.assertEqual(self.admin.call("DBSIZE"), 0)

    def test_unknown_commands_and_wrong_counts_are_told_before_that(self):
        self.assert_error(self.client.call("NOSUCH"),
                          b"ERR unknown command 'NOSUCH', with args beginning with: ")
        self.assert_error(self.client.call("GET"),
                          b"ERR wrong number of arguments for 'get' command")

    def test_only_the_whole_password_opens(self):
        for wrong in ("", "o", PASSWORD[:-1], PASSWORD + "e", PASSWORD.upper(), PASSWORD + "\0",
                      PASSWORD * 2, "x" * len(PASSWORD), "x" * 10000):
            with self.subTest(wrong[:30]):
                self.assert_error(self.client.call("AUTH", wrong), REFUSED)
                self.assert_error(self.client.call("PING"), ASKED)
        self.assertEqual(self.client.call("AUTH", PASSWORD), b"OK")
        self.assertEqual(self.client.call("PING"), b"PONG")

    def test_the_password_is_the_default_users_alone(self):
        for user in ("nobody", "", "Default", "default\0"):
            with self.subTest(user):
                self.assert_error(self.client.call("AUTH", user, PASSWORD), REFUSED)
        self.assert_error(self.client.call("AUTH", "default", PASSWORD, "more"),
                          b"ERR syntax error")
        self.assertEqual(self.client.call("AUTH", "default", PASSWORD), b"OK")

    def test_a_wrong_password_later_locks_nobody_out(self):
        self.client.call("AUTH", PASSWORD)
        self.assert_error(self.client.call("AUTH", "wrong"), REFUSED)
        self.assertEqual(self.client.call("PING"), b"PONG")

    def test_hello_logs_in_and_a_refused_one_changes_nothing(self):
        reply = self.client.call("HELLO", "3")
        self.assertIsInstance(reply, Error)
        self.assertTrue(reply.startswith(b"NOAUTH HELLO must be called with the client already"))
        self.assert_error(self.client.call("HELLO", "3", "AUTH", "default", "no", "SETNAME", "me"),
                          REFUSED)
        self.assert_error(self.client.call("PING"), ASKED)
        reply = self.client.call("HELLO", "2", "AUTH", "default", PASSWORD, "SETNAME", "me")
        self.assertEqual(reply[4:6], [b"proto", 2])
        self.assertEqual(self.client.call("CLIENT", "GETNAME"), b"me")

    def test_reset_logs_out(self):
        self.client.call("AUTH", PASSWORD)
        self.assertEqual(self.client.call("RESET"), b"RESET")
        self.assert_error(self.client.call("PING"), ASKED)

    def test_those_who_were_there_before_the_password_stay(self):
        self.assertEqual(self.admin.call("PING"), b"PONG")
        self.assertEqual(self.admin.call("RESET"), b"RESET")
        self.assert_error(self.admin.call("PING"), ASKED)
        self.assertEqual(self.admin.call("AUTH", PASSWORD), b"OK")

    def test_a_new_password_counts_from_now_on(self):
        self.client.call("AUTH", PASSWORD)
        self.lock("other")
        self.assertEqual(self.client.call("PING"), b"PONG")
        late = self.connect()
        self.assert_error(late.call("AUTH", PASSWORD), REFUSED)
        self.assertEqual(late.call("AUTH", "other"), b"OK")

    def test_without_a_password_those_who_wait_come_in(self):
        self.assert_error(self.client.call("PING"), ASKED)
        self.lock("")
        self.assertEqual(self.client.call("PING"), b"PONG")
        self.assertIn(b"without any password configured", self.client.call("AUTH", "x"))
        self.assertEqual(self.client.call("AUTH", "default", "anything"), b"OK")
        self.assertEqual(self.connect().call("PING"), b"PONG")

    def test_quit_is_free(self):
        self.assertEqual(self.client.call("QUIT"), b"OK")
        self.assertTrue(self.client.is_closed())

    def test_a_pipeline_is_judged_word_by_word(self):
        self.client.send("PING")
        self.client.send("AUTH", PASSWORD)
        self.client.send("PING")
        self.assertEqual([self.client.read().value for _ in range(3)], [ASKED, b"OK", b"PONG"])


if __name__ == "__main__":
    main()
