#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How the server comes up and goes down: signals, SHUTDOWN, pid file, daemon, log lines."""
import os
import pathlib
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Closed, Error, Server, main, wait_for  # noqa: E402


def gone(pid, within=10.0):
    """Has that process ended?  A zombie has."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


class Starting(unittest.TestCase):
    def test_the_log_says_when_connections_are_accepted(self):
        with Server() as server:
            server.wait_log(r"\* Ready to accept connections")

    def test_log_lines_have_pid_role_time_and_level(self):
        with Server() as server:
            server.wait_log(rf"(?m)^{server.process.pid}:M \d\d \w\w\w \d{{4}} "
                            r"\d\d:\d\d:\d\d\.\d{3} \* Ready to accept connections")

    def test_loglevel_warning_is_quiet(self):
        with Server("--loglevel", "warning") as server:
            server.call("PING")
            self.assertNotIn("Ready to accept", server.log())

    def test_a_log_file_gets_the_log(self):
        server = Server(start=False)
        path = server.dir / "own.log"
        server.arguments += ["--logfile", str(path)]
        with server:
            server.start()
            self.assertIn("Ready to accept connections", path.read_text())

    def test_version_and_help_are_printed_and_nothing_is_served(self):
        version = r"v=\d+\.\d+\.\d+"
        for word, pattern, status in (("--version", version, 0), ("-v", version, 0),
                                      ("--help", r"(?i)usage:", 1), ("-h", r"(?i)usage:", 1)):
            with self.subTest(word):
                server = Server(word, start=False, own_arguments=False)
                server.spawn()
                server.expect_status = status
                self.assertEqual(server.wait_exit(), status)
                self.assertRegex(server.log(), pattern)
                server.__exit__(None, None, None)

    def test_the_pid_file_holds_the_pid_and_goes_with_the_server(self):
        server = Server(start=False)
        path = server.dir / "server.pid"
        server.arguments += ["--pidfile", str(path)]
        with server:
            server.start()
            self.assertEqual(path.read_text(), f"{server.process.pid}\n")
            server.stop()
            self.assertFalse(path.exists())

    def test_a_daemon_leaves_its_parent_and_goes_by_sigterm(self):
        server = Server(start=False)
        path = server.dir / "server.pid"
        log = server.dir / "daemon.log"
        server.arguments += ["--daemonize", "yes", "--pidfile", str(path), "--logfile", str(log)]
        with server:
            server.spawn()
            self.assertEqual(server.wait_exit(), 0)
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                try:
                    if server.call("PING") == b"PONG":
                        break
                except (OSError, Closed):
                    time.sleep(0.02)
            pid = int(path.read_text())
            try:
                self.assertNotEqual(pid, server.process.pid)
                self.assertEqual(os.getsid(pid), pid)
                self.assertEqual(server.info("server")["process_id"], str(pid))
            finally:
                os.kill(pid, signal.SIGTERM)
            self.assertTrue(gone(pid))
            self.assertFalse(path.exists())
            self.assertIn("bye bye", log.read_text())


class Stopping(unittest.TestCase):
    def test_a_signal_can_be_taken_back_while_time_stands_still(self):
        server = Server("--enable-debug-command", "yes")
        self.addCleanup(server.__exit__, None, None, None)
        self.assertEqual(server.call("SHUTDOWN", "ABORT"), Error(b"ERR No shutdown in progress."))
        server.call("DEBUG", "PAUSE-CRON", "1")
        server.process.send_signal(signal.SIGTERM)
        server.wait_log("Received SIGTERM scheduling shutdown")
        self.assertEqual(server.call("SHUTDOWN", "ABORT"), b"OK")
        server.wait_log("Shutdown manually aborted")
        server.call("DEBUG", "PAUSE-CRON", "0")
        time.sleep(0.3)
        self.assertEqual(server.call("PING"), b"PONG")

    def test_a_signal_that_has_waited_is_obeyed(self):
        server = Server("--enable-debug-command", "yes")
        self.addCleanup(server.__exit__, None, None, None)
        server.call("DEBUG", "PAUSE-CRON", "1")
        server.process.send_signal(signal.SIGTERM)
        server.wait_log("Received SIGTERM scheduling shutdown")
        server.call("DEBUG", "PAUSE-CRON", "0")
        self.assertEqual(server.wait_exit(), 0)

    def ends(self, act, status=0):
        """Start, act, and return the log of the clean end."""
        with Server() as server:
            with server.client() as client:
                client.call("SET", "k", "v")
                act(server, client)
                self.assertEqual(server.wait_exit(), status)
                self.assertTrue(client.is_closed())
            self.assertFalse(os.path.exists(server.unix))
            return server.log()

    def test_sigterm_ends_it_with_status_0(self):
        log = self.ends(lambda server, _: server.process.send_signal(signal.SIGTERM))
        self.assertIn("Received SIGTERM scheduling shutdown...", log)
        self.assertIn("User requested shutdown...", log)
        self.assertRegex(log, r"is now ready to exit, bye bye\.\.\.")

    def test_sigint_ends_it_with_status_0(self):
        log = self.ends(lambda server, _: server.process.send_signal(signal.SIGINT))
        self.assertIn("Received SIGINT scheduling shutdown...", log)
        self.assertIn("bye bye", log)

    def test_shutdown_and_its_options_end_it_with_status_0(self):
        for words in (["SHUTDOWN"], ["SHUTDOWN", "NOSAVE"], ["shutdown", "nosave", "now"],
                      ["SHUTDOWN", "NOSAVE", "FORCE"]):
            with self.subTest(" ".join(words)):
                log = self.ends(lambda server, client: client.send(*words))
                self.assertIn("User requested shutdown...", log)

    def test_shutdown_refuses_what_it_does_not_know(self):
        with Server() as server, server.client() as client:
            for words in (["FOO"], ["NOSAVE", "SAVE"], ["ABORT", "NOSAVE"], ["NOSAVE", "FOO"]):
                self.assertEqual(client.call("SHUTDOWN", *words), Error(b"ERR syntax error"))
            self.assertEqual(client.call("SHUTDOWN", "ABORT"),
                             Error(b"ERR No shutdown in progress."))

    def test_a_second_sigint_does_not_wait(self):
        for delay in (0, 0.001, 0.002, 0.004, 0.008):  # at each moment of the end
            with self.subTest(delay=delay), Server() as server:
                server.process.send_signal(signal.SIGINT)
                time.sleep(delay)
                server.process.send_signal(signal.SIGINT)
                self.assertIn(server.wait_exit(), (0, 1))
                server.expect_status = server.process.returncode

    def test_a_second_sigint_ends_the_last_save_and_leaves_nothing(self):
        with Server("--save", "900 1000000", "--rdb-key-save-delay", "100000") as server:
            with server.client() as client:
                client.many(("SET", i, i) for i in range(300))  # saved in 30 s
            temp = server.dir / f"temp-{server.process.pid}.rdb"
            server.process.send_signal(signal.SIGINT)
            self.assertTrue(wait_for(temp.exists))
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.wait_exit(), 1)
            server.expect_status = 1
            self.assertFalse(temp.exists())
            self.assertFalse((server.dir / "dump.rdb").exists())

    def test_a_sigint_after_an_end_that_failed_is_a_first_one(self):
        with Server("--save", "900 1000000") as server:
            (server.dir / "dump.rdb").mkdir()  # in the way of the snapshot
            server.call("SET", "k", "v")
            for tries in (1, 2):
                server.process.send_signal(signal.SIGINT)
                self.assertTrue(wait_for(
                    lambda: server.log().count("Errors trying to shut down") >= tries))
            self.assertEqual(server.call("GET", "k"), b"v")
            (server.dir / "dump.rdb").rmdir()

    def test_sigpipe_and_sighup_do_not_end_it(self):
        with Server() as server:
            server.process.send_signal(signal.SIGPIPE)
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.1)
            self.assertEqual(server.call("PING"), b"PONG")

    def test_clients_with_work_under_way_do_not_hold_it_up(self):
        with Server() as server:
            clients = [server.client() for _ in range(50)]
            for client in clients:
                client.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\nhalf")
            server.stop()
            for client in clients:
                self.assertTrue(client.is_closed())
                client.close()


if __name__ == "__main__":
    main()
