# SPDX-License-Identifier: BSD-3-Clause
"""changes - by how much each command moves INFO's rdb_changes_since_last_save, on both servers."""
from pair import Both, must

# Each line on its own: what was made before it stays.
STEPS = """
SET a 1 | SET a 1 | SETRANGE a 0 1 | APPEND a x | GETDEL a | DEL a | MSET a 1 b 2 c 3 | DEL a b nosuch
SET a 1 | RENAME a b | RENAMENX b d | RENAMENX d c | MOVE d 5 | MOVE d 5 | COPY c e | COPY c e REPLACE
EXPIRE c 1000 | EXPIRE c -1 | PERSIST e | EXPIRE e 1000 | PERSIST e | TOUCH e | UNLINK e
RPUSH l 3 | RPUSH l 1 | RPUSH l 2 | LPUSH l 4 | LPOP l | SORT l STORE s | SORT l GET # GET # STORE s | SORT nosuch STORE s
SORT l LIMIT 0 1 STORE s | SORT nosuch STORE s | DEL l
SADD t a | SADD t b | SADD t c | SREM t a nosuch | SMOVE t u b | DEL t u
HSET h f 1 | HDEL h f nosuch | ZADD z 1 a | ZADD z 2 b | ZADD z 1 a | ZREM z a | DEL z
SET r v | RESTORE r 0 "$DUMP" REPLACE | RESTORE r 1 "$DUMP" REPLACE ABSTTL | RESTORE r2 0 "$DUMP"
"""
DUMP = b"\x00\x01v\x0a\x00\x91\x08\xce\xb2\x19\x38\x8a\xce"


def changes(client):
    for line in must(client.call("INFO", "persistence")).split(b"\r\n"):
        if line.startswith(b"rdb_changes_since_last_save:"):
            return int(line.split(b":")[1])
    raise RuntimeError("no rdb_changes_since_last_save")


def moved(client, words):
    before = changes(client)
    client.call(*words)
    return changes(client) - before


def run(pair, report):
    both = Both(pair, 2, 20.0)
    try:
        for client in both.each:
            must(client.call("FLUSHALL"))
        for step in STEPS.replace("\n", "|").split("|"):
            words = [DUMP if word == '"$DUMP"' else word for word in step.split()]
            if not words or not pair.knows(words[0].lower()):
                continue
            theirs, ours = (moved(client, words) for client in both.each)
            report.result(f"changes of {step.strip()}",
                          None if theirs == ours else f"theirs {theirs}, ours {ours}")
        for client in both.each:
            must(client.call("FLUSHALL"))
    finally:
        both.close()
