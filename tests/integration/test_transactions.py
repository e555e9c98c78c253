#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Transactions as programs use them, and what becomes of them when their module goes."""
import os
import pathlib
import random
import re
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Closed, Error, WithServer, main  # noqa: E402

try:
    import redis
except ImportError:
    redis = None

def push(kind, *words):
    """A push's bytes in RESP3."""
    words = (kind, *words)
    return b">%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


ACCOUNTS = 8
CLIENTS = 50
MODULE = pathlib.Path(os.environ.get("KEYRACK_MODULES", "modules")) / "transactions.so"


class Transactions(WithServer):
    arguments = ("--enable-module-command", "yes")

    def field(self, client, name):
        line = client.call("CLIENT", "INFO").decode()
        return re.search(rf" {name}=(\S*)", line)[1]

    def test_messages_stand_behind_the_reply(self):
        """As RESP3 promises (Redis, from 7.2 on): before or behind a reply, never within."""
        big = b"x" * 100000
        with self.server.client(3) as client, self.server.client() as other:
            client.call("SUBSCRIBE", "a", "b")
            client.read()
            me = push(b"message", b"a", b"1")

            def raw(commands, ending):
                for words in commands:
                    client.send(*words)
                return client.read_until(ending)

            self.assertEqual(raw([("PUBLISH", "a", "1")], me), b":1\r\n" + me)
            self.assertEqual(raw([("MULTI",), ("PUBLISH", "a", "1"), ("PING",), ("EXEC",)], me),
                             b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n+PONG\r\n" + me)
            script = "redis.call('publish', 'a', '1') return {1, redis.call('publish', 'b', '2')}"
            self.assertEqual(raw([("EVAL", script, "0")], push(b"message", b"b", b"2")),
                             b"*2\r\n:1\r\n:1\r\n" + me + push(b"message", b"b", b"2"))
            # What confirms a subscription is the reply itself.
            self.assertEqual(raw([("MULTI",), ("PUBLISH", "a", "1"), ("SUBSCRIBE", "c"), ("EXEC",)], me),
                             b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n"
                             b">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:3\r\n" + me)
            self.assertEqual(raw([("PUBLISH", "a", big), ("PING",)], b"+PONG\r\n"),
                             b":1\r\n" + push(b"message", b"a", big) + b"+PONG\r\n")
            self.assertEqual(raw([("CLIENT", "REPLY", "OFF"), ("PUBLISH", "a", "1")], me), me)
            self.assertEqual(raw([("CLIENT", "REPLY", "ON")], b"\r\n"), b"+OK\r\n")
            other.call("CONFIG", "SET", "notify-keyspace-events", "Kzl")
            client.call("SUBSCRIBE", "__keyspace@0__:z", "__keyspace@0__:l")
            client.read()
            client.call("ZADD", "z", 1, "m")
            client.read()
            popped = push(b"message", b"__keyspace@0__:z", b"zpopmin")
            self.assertEqual(raw([("ZPOPMIN", "z")], popped), b"*2\r\n$1\r\nm\r\n,1\r\n" + popped)
            # Who waits gets what it waits for first, too.
            client.send("BLPOP", "l", 0)
            while b"blocked_clients:1" not in other.call("INFO", "clients"):
                time.sleep(0.01)
            other.call("RPUSH", "l", "e")
            first, last = (push(b"message", b"__keyspace@0__:l", word) for word in (b"rpush", b"lpop"))
            self.assertEqual(client.read_until(last), first + b"*2\r\n$1\r\nl\r\n$1\r\ne\r\n" + last)

    def test_a_long_queue_is_charged_to_its_client_and_given_back(self):
        with self.server.client() as queueing, self.server.client() as looking:
            ident = queueing.call("CLIENT", "ID")

            def memory():
                line = looking.call("CLIENT", "LIST", "ID", ident).decode()
                return {k: int(v) for k, v in re.findall(r"(multi|multi-mem|tot-mem)=(-?\d+)", line)}

            before = memory()
            self.assertEqual(queueing.call("MULTI"), b"OK")
            for _ in range(10):
                self.assertEqual(queueing.call("SET", "k", "x" * 100000), b"QUEUED")
            during = memory()
            self.assertEqual(during["multi"], 10)
            self.assertGreater(during["multi-mem"], 1000000)
            self.assertGreater(during["tot-mem"] - before["tot-mem"], 1000000)
            self.assertEqual(queueing.call("DISCARD"), b"OK")
            after = memory()
            self.assertEqual((after["multi"], after["multi-mem"]), (-1, 0))
            self.assertLess(after["tot-mem"] - before["tot-mem"], 100000)

    def test_a_client_that_queues_too_much_is_evicted(self):
        self.server.call("CONFIG", "SET", "maxmemory-clients", "2mb")
        try:
            with self.server.client() as client:
                client.call("MULTI")
                with self.assertRaises((Closed, OSError)):
                    for _ in range(100):
                        client.call("SET", "k", "x" * 100000)
                    client.call("EXEC")
        finally:
            self.server.call("CONFIG", "SET", "maxmemory-clients", "0")

    def test_a_client_that_goes_amid_a_transaction_leaves_nothing(self):
        for _ in range(20):
            with self.server.client() as client:
                client.call("WATCH", "a", "b")
                client.call("MULTI")
                client.call("SET", "a", "x" * 10000)
        time.sleep(0.05)
        account = self.server.call("MODULE", "INFO", "transactions")
        account = dict(zip(account[::2], account[1::2]))
        self.assertLess(account[b"memory"], 1000)
        self.assertEqual(self.server.call("EXISTS", "a"), 0)

    def test_the_module_goes_amid_a_transaction_and_comes_back(self):
        with self.server.client() as client, self.server.client() as other:
            client.call("WATCH", "k")
            client.call("MULTI")
            client.call("SET", "k", "1")
            self.assertEqual(other.call("MODULE", "UNLOAD", "transactions"), b"OK")
            self.assertIsInstance(client.call("EXEC"), Error)
            self.assertEqual(client.call("SET", "k", "2"), b"OK")
            self.assertEqual(self.field(client, "multi"), "-1")
            self.assertEqual(self.field(client, "flags"), "N")
            self.assertEqual(other.call("MODULE", "LOAD", str(MODULE)), b"OK")
            client.call("MULTI")
            self.assertEqual(client.call("GET", "k"), b"QUEUED")
            self.assertEqual(client.call("EXEC"), [b"2"])

    def test_a_queued_command_whose_module_has_gone_is_unknown(self):
        with self.server.client() as client:
            client.call("MULTI")
            client.call("SETBIT", "k", "1", "1")
            client.call("PING")
            self.assertEqual(self.server.call("MODULE", "UNLOAD", "bitmap"), b"OK")
            replies = client.call("EXEC")
            self.assertRegex(str(replies[0]), "unknown command")
            self.assertEqual(replies[1], b"PONG")
        self.assertEqual(self.server.call("MODULE", "LOAD", str(MODULE.parent / "bitmap.so")), b"OK")

    def test_the_monitor_sees_what_ran(self):
        with self.server.client() as monitor, self.server.client() as client:
            self.assertEqual(monitor.call("MONITOR"), b"OK")
            for words in (("MULTI",), ("SET", "k", "1"), ("EXEC",)):
                client.call(*words)
            seen = [re.search(rb'\] "(\w+)"', monitor.read().value)[1] for _ in range(3)]
            self.assertEqual([word.lower() for word in seen], [b"multi", b"set", b"exec"])


@unittest.skipUnless(redis, "python3-redis is not installed")
class Programs(WithServer):
    def test_transfers_of_many_clients_conserve_the_sum(self):
        pool = redis.ConnectionPool(host=self.server.host, port=self.server.port)
        seed = random.randrange(2 ** 32)
        print(f"seed {seed}")
        redis.Redis(connection_pool=pool).mset({f"account:{i}": 1000 for i in range(ACCOUNTS)})
        conflicts = []
        done = []

        def transfer(number):
            rng = random.Random(seed + number)
            client = redis.Redis(connection_pool=pool)
            for _ in range(20):
                payer, payee = rng.sample(range(ACCOUNTS), 2)
                amount = rng.randint(1, 50)

                def move(pipe):
                    if int(pipe.get(f"account:{payer}")) < amount:
                        return
                    pipe.multi()
                    pipe.decrby(f"account:{payer}", amount)
                    pipe.incrby(f"account:{payee}", amount)

                with client.pipeline() as pipe:
                    while True:
                        try:
                            pipe.watch(f"account:{payer}", f"account:{payee}")
                            move(pipe)
                            pipe.execute()
                            break
                        except redis.WatchError:
                            conflicts.append(number)
            done.append(number)

        threads = [threading.Thread(target=transfer, args=(i,)) for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pool.disconnect()
        balances = [int(self.server.call("GET", f"account:{i}")) for i in range(ACCOUNTS)]
        self.assertEqual(len(done), CLIENTS)
        self.assertEqual(sum(balances), 1000 * ACCOUNTS)
        self.assertGreaterEqual(min(balances), 0)
        self.assertTrue(conflicts, "nobody ever came in between: the test shows nothing")


if __name__ == "__main__":
    main()
