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
RPUSH l a b c d e f g h | LPUSH l x y | RPUSHX l p q | LPUSHX nosuch p | LPOP l 3 | RPOP l | RPOP l 100 | RPUSH l a b a c a
LREM l 2 a | LREM l 0 nosuch | LTRIM l 0 1 | LTRIM l 0 -1 | LTRIM l 5 1 | RPUSH l a b c | LSET l 0 z | LSET l 0 z | LINSERT l BEFORE z y | LINSERT l BEFORE nosuch y
RPOPLPUSH l m | LMOVE l l LEFT RIGHT | LMOVE l l LEFT LEFT | LMPOP 1 l LEFT COUNT 2 | BLPOP l 0 | RPUSH l a | BLMOVE l m LEFT LEFT 0 | DEL l m
SADD t a b c d e f | SADD t a b x | SREM t a b nosuch | SPOP t | SPOP t 2 | SPOP t 100 | SADD t a b c | SPOP t 3 | SADD t a b | SADD u b c | SINTERSTORE v t u
SUNIONSTORE v t u | SDIFFSTORE v t u | SDIFFSTORE v t t | SDIFFSTORE v t t | SMOVE t u a | SMOVE t u nosuch | SMOVE u u a | SRANDMEMBER u 5 | DEL t u v
HSET h a 1 b 2 c 3 | HSET h a 1 d 4 | HMSET h a 1 e 5 | HSETNX h a 9 | HSETNX h z 9 | HDEL h a b nosuch | HINCRBY h n 5 | HINCRBY h n 0 | HINCRBYFLOAT h n 1.5 | HDEL h c d e z n
ZADD z 1 a 2 b 3 c | ZADD z 1 a 5 b | ZADD z CH 1 a 6 b 7 d | ZADD z NX 1 a 9 e | ZADD z XX 5 a 5 nosuch | ZADD z INCR 1 a | ZADD z INCR 0 a | ZADD z GT 0 a | ZINCRBY z 1 a | ZINCRBY z 0 a
ZREM z a nosuch | ZPOPMIN z 2 | ZADD z 1 a 2 b 3 c 4 d 5 e 6 f | ZREMRANGEBYRANK z 0 1 | ZREMRANGEBYSCORE z 4 4 | ZREMRANGEBYLEX z [e [e | ZMPOP 1 z MIN COUNT 5 | ZADD z 1 a 2 b | BZPOPMIN z 0
ZADD y 1 b 2 c | ZUNIONSTORE x 2 z y | ZINTERSTORE x 2 z y | ZDIFFSTORE x 2 z y | ZRANGESTORE x y 0 -1 | ZRANGESTORE x y 5 6 | ZPOPMAX z 100 | DEL z y x
XADD q 1-1 f v | XADD q 2-1 f v | XADD q MAXLEN 1 3-1 f v | XTRIM q MAXLEN 0 | XADD q 4-1 f v | XDEL q 4-1 9-9 | XGROUP CREATE q g 0 | XGROUP CREATECONSUMER q g c | XGROUP CREATECONSUMER q g c
XADD q 5-1 f v | XREADGROUP GROUP g c STREAMS q > | XREADGROUP GROUP g c STREAMS q > | XACK q g 5-1 7-7 | XADD q 6-1 f v | XREADGROUP GROUP g c COUNT 1 NOACK STREAMS q > | XCLAIM q g c 0 6-1
XAUTOCLAIM q g c 0 0 | XSETID q 9-9 | XGROUP SETID q g 0 | XGROUP DELCONSUMER q g c | XGROUP DESTROY q g | DEL q
PFADD p a b c | PFADD p a | PFCOUNT p | PFCOUNT p | PFMERGE p2 p | PFMERGE p2 p | DEL p p2
GEOADD g 1 1 a 2 2 b | GEOADD g 1 1 a | GEOSEARCHSTORE g2 g FROMLONLAT 1 1 BYRADIUS 5000 km ASC | GEOSEARCHSTORE g2 nosuch FROMLONLAT 1 1 BYRADIUS 5 km ASC | DEL g g2
SETBIT b 1 1 | SETBIT b 1 1 | BITOP NOT b2 b | BITFIELD b SET u8 0 1 SET u8 8 1 | BITFIELD b GET u8 0 | INCR i | INCRBYFLOAT i 0 | GETSET i 5 | GETEX i EX 1000 | GETEX i | GETEX i PERSIST | SETNX i 1 | DEL b b2 i
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
