#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The network: where the server listens, whom it turns away, what it survives."""
import os
import pathlib
import resource
import socket
import stat
import struct
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import (Client, Closed, Error, Server, WithServer, encode, main, wait_for,  # noqa: E402
                     raise_file_limit)

PING = encode("PING")


def own_address():
    """An address of this machine that is not loopback, or None.  Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


class Listening(unittest.TestCase):
    def test_several_addresses_are_bound(self):
        with Server("--bind", "127.0.0.1", "127.0.0.2") as server:
            for host in ("127.0.0.1", "127.0.0.2"):
                with Client((host, server.port)) as client:
                    self.assertEqual(client.call("PING"), b"PONG")
            with self.assertRaises(OSError):
                Client(("127.0.0.3", server.port), timeout=2)

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_ipv6_is_served(self):
        with Server("--bind", "127.0.0.1", "::1") as server:
            with Client(("::1", server.port)) as client:
                self.assertEqual(client.call("PING"), b"PONG")
                self.assertIn(b"addr=[::1]:", client.call("CLIENT", "INFO"))

    def test_an_optional_address_that_is_not_there_is_passed_over(self):
        with Server("--bind", "127.0.0.1", "-192.0.2.77") as server:
            self.assertEqual(server.call("PING"), b"PONG")

    def test_the_unix_socket_has_the_permission_asked_for(self):
        with Server("--unixsocketperm", "700") as server:
            mode = os.stat(server.unix).st_mode
            self.assertTrue(stat.S_ISSOCK(mode))
            self.assertEqual(stat.S_IMODE(mode), 0o700)
            with server.client(unix=True) as client:
                self.assertIn(f"addr={server.unix}:0".encode(), client.call("CLIENT", "INFO"))

    def test_the_unix_socket_alone_is_enough(self):
        server = Server("--port", "0", start=False)
        try:
            server.spawn()
            self.assertTrue(wait_for(lambda: os.path.exists(server.unix)))
            time.sleep(0.1)
            with server.client(unix=True) as client:
                self.assertEqual(client.call("PING"), b"PONG")
            with self.assertRaises(OSError):
                server.client()
        finally:
            server.__exit__(None, None, None)

    def test_a_port_in_use_is_said_and_the_exit_status_is_1(self):
        with Server() as first:
            second = Server("--port", first.port, "--unixsocket", "", start=False)
            second.spawn()
            self.assertEqual(second.wait_exit(), 1)
            self.assertRegex(second.log(), r"bind: Address already in use")
            second.expect_status = 1
            second.__exit__(None, None, None)

    @unittest.skipUnless(own_address(), "this machine has no address but loopback")
    def test_protected_mode_turns_away_all_but_loopback(self):
        host = own_address()
        with Server("--bind", "127.0.0.1", host, "--protected-mode", "yes") as server:
            with Client((host, server.port)) as client:
                raw = b""
                try:
                    while data := client.socket.recv(65536):
                        raw += data
                except ConnectionResetError:
                    pass
                self.assertRegex(raw, rb"^-DENIED Redis is running in protected mode because")
            self.assertEqual(server.call("CONFIG", "SET", "protected-mode", "no"), b"OK")
            with Client((host, server.port)) as client:
                self.assertEqual(client.call("PING"), b"PONG")
            server.call("CONFIG", "SET", "protected-mode", "yes")
            server.call("CONFIG", "SET", "requirepass", "secret")
            with Client((host, server.port)) as client:
                self.assertEqual(client.call("PING"), b"NOAUTH Authentication required.")


class Limits(unittest.TestCase):
    def test_timeout_closes_an_idle_client_and_no_other(self):
        with Server("--timeout", "1") as server:
            with server.client() as idle, server.client() as busy:
                idle.call("PING")
                until = time.monotonic() + 3.5
                while time.monotonic() < until:
                    self.assertEqual(busy.call("PING"), b"PONG")
                    time.sleep(0.1)
                self.assertTrue(idle.is_closed(1))

    def test_one_client_too_many_is_told_so_and_closed(self):
        with Server("--maxclients", "5") as server:
            clients = [server.client()]
            # The one that waited for the start must have been noticed to be gone.
            self.assertTrue(wait_for(lambda: b"connected_clients:1\r\n"
                                     in clients[0].call("INFO", "clients")))
            clients += [server.client() for _ in range(4)]
            for client in clients:
                self.assertEqual(client.call("PING"), b"PONG")
            with server.client() as extra:
                self.assertEqual(extra.read().raw, b"-ERR max number of clients reached\r\n")
                self.assertTrue(extra.is_closed())
            rejected = clients[0].call("INFO", "stats").decode()
            self.assertIn("rejected_connections:1", rejected)
            clients.pop().close()
            self.assertTrue(wait_for(lambda: not refused(server)))
            for client in clients:
                client.close()

    def test_a_client_that_never_reads_is_closed_at_its_output_limit(self):
        with Server("--client-output-buffer-limit", "normal 2mb 0 0") as server:
            server.call("SET", "k", "x" * 100000)
            with server.client() as deaf:
                deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                closed = False
                try:
                    for _ in range(300):
                        deaf.send("GET", "k")
                except OSError:
                    closed = True
                self.assertTrue(closed or wait_for(lambda: server_clients(server) == 1))
            server.wait_log("overcoming of output buffer limits")
            self.assertEqual(server.call("PING"), b"PONG")
            self.assertEqual(server.info("stats").get("client_output_buffer_limit_disconnections",
                                                      "1"), "1")

    def test_a_query_that_outgrows_its_buffer_closes_the_client(self):
        with Server("--client-query-buffer-limit", "1mb") as server:
            with server.client() as greedy:
                greedy.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$9000000\r\n")
                closed = False
                try:
                    for _ in range(60):
                        greedy.send_raw(b"x" * 100000)
                except OSError:
                    closed = True
                self.assertTrue(closed or greedy.is_closed())
            self.assertEqual(server.call("EXISTS", "k"), 0)
            server.wait_log("max query buffer length")

    def test_ten_thousand_clients_are_served_at_once(self):
        wanted = 10000
        limit = raise_file_limit(wanted + 1000)
        if limit < wanted + 500:
            self.skipTest(f"only {limit} files may be open")
        with Server("--maxclients", wanted + 100, "--tcp-backlog", "2048") as server:
            server.call("PING")
            before = server.memory()
            began = time.monotonic()
            clients = [socket.create_connection((server.host, server.port)) for _ in range(wanted)]
            for client in clients:
                client.sendall(PING)
            for client in clients:
                self.assertEqual(client.recv(7, socket.MSG_WAITALL), b"+PONG\r\n")
            took = time.monotonic() - began
            self.assertGreaterEqual(server_clients(server), wanted)
            fresh = (server.memory() - before) / wanted
            time.sleep(4)
            idle = (server.memory() - before) / wanted
            print(f"     {wanted} clients in {took:.1f}s; resident bytes a client: "
                  f"{fresh:.0f} just used, {idle:.0f} after 4 idle seconds")
            for client in clients[::97]:
                client.sendall(PING)
                self.assertEqual(client.recv(7, socket.MSG_WAITALL), b"+PONG\r\n")
            for client in clients:
                client.close()
            self.assertTrue(wait_for(lambda: server_clients(server) == 1))

    def test_out_of_file_descriptors_the_connected_are_served_and_others_later(self):
        with Server() as server:
            with server.client() as first:
                first.call("PING")
                pid = server.process.pid
                _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
                inside = len(os.listdir(f"/proc/{pid}/fd"))
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (inside + 5, hard))
                clients = [socket.create_connection((server.host, server.port)) for _ in range(30)]
                server.wait_log("Too many open files")
                for _ in range(100):
                    self.assertEqual(first.call("PING"), b"PONG")
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
                for client in clients:
                    client.close()
                self.assertEqual(server.call("PING"), b"PONG")


class Peculiar(WithServer):
    def test_a_client_may_send_byte_by_byte(self):
        with self.server.client() as client:
            for byte in encode("SET", "k", "value") + b'GET "k"\r\n':
                client.send_raw(bytes([byte]))
                time.sleep(0.001)
            self.assertEqual(client.read().raw, b"+OK\r\n")
            self.assertEqual(client.read().raw, b"$5\r\nvalue\r\n")

    def test_a_slow_client_does_not_hold_up_others(self):
        with self.server.client() as slow, self.server.client() as other:
            slow.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10000000\r\n")
            slowest = 0
            for _ in range(50):
                slow.send_raw(b"x" * 1000)
                began = time.monotonic()
                self.assertEqual(other.call("PING"), b"PONG")
                slowest = max(slowest, time.monotonic() - began)
            self.assertLess(slowest, 0.5)

    def test_a_half_closed_connection_is_given_up(self):
        # Connections of the tests before may be gone and not yet noticed.
        self.assertTrue(wait_for(lambda: server_clients(self.server) == 1))
        with self.server.client() as client:
            client.call("SET", "k", "v")
            client.socket.shutdown(socket.SHUT_WR)
            self.assertTrue(client.is_closed())
            self.assertTrue(wait_for(lambda: server_clients(self.server) == 1))

    def test_commands_sent_right_before_the_end_are_run(self):
        with self.server.client() as client:
            client.send_raw(b"".join(encode("SET", f"last:{i}", i) for i in range(1000)))
            client.socket.shutdown(socket.SHUT_WR)
            client.is_closed()
        self.assertEqual(self.server.call("GET", "last:999"), b"999")

    def test_a_reset_with_replies_under_way_harms_nobody(self):
        self.server.call("SET", "k", "x" * 1000000)
        for _ in range(20):
            client = self.server.client()
            client.send_raw(encode("GET", "k") * 10)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        self.assertEqual(self.server.call("PING"), b"PONG")
        self.assertTrue(wait_for(lambda: server_clients(self.server) == 1))

    def test_a_client_that_leaves_in_the_middle_of_a_command_harms_nobody(self):
        request = encode("SET", "half", "x" * 100)
        for at in range(1, len(request)):
            with self.server.client() as client:
                client.send_raw(request[:at])
        self.assertEqual(self.server.call("EXISTS", "half"), 0)
        self.assertTrue(wait_for(lambda: server_clients(self.server) == 1))

    def test_a_very_long_pipeline_is_answered_while_it_is_sent(self):
        # More replies than socket buffers hold: a server that does not read on while its
        # replies wait, or a client that did not, would hang here.
        with self.server.client() as client:
            client.call("SET", "k", "x" * 10000)
            count = 3000
            client.socket.settimeout(20)
            client.send_raw(encode("GET", "k") * count)
            reply = b"$10000\r\n" + b"x" * 10000 + b"\r\n"
            for _ in range(count):
                self.assertEqual(client.read().raw, reply)

    def test_output_that_has_to_wait_for_the_reader_arrives_whole(self):
        value = os.urandom(8 << 20)
        with self.server.client(timeout=30) as client:
            self.assertEqual(client.call("SET", "k", value), b"OK")
            client.send("GET", "k")
            time.sleep(0.3)
            self.assertEqual(client.read().value, value)

    def test_quit_with_a_pipeline_behind_it_answers_once(self):
        with self.server.client() as client:
            client.send_raw(b"QUIT\r\nPING\r\n")
            self.assertEqual(client.read().raw, b"+OK\r\n")
            with self.assertRaises(Closed):
                client.read()


def refused(server):
    with server.client() as client:
        return isinstance(client.call("PING"), Error)


def server_clients(server):
    """How many clients INFO counts, the asking one included."""
    return int(server.info("clients")["connected_clients"])


if __name__ == "__main__":
    main()
