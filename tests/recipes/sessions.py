# SPDX-License-Identifier: BSD-3-Clause
"""Sessions of a web site: they end when they have not been used for a while.

    session:{token}       hash: user, since, and what the site keeps
    sessions:{user}       set: the user's tokens, so that all can be ended"""
import secrets
import time


class Sessions:
    def __init__(self, redis, seconds=1800):
        self.redis = redis
        self.seconds = seconds

    def begin(self, user, **data):
        token = secrets.token_urlsafe(16)
        with self.redis.pipeline() as pipe:
            pipe.hset(f"session:{token}", mapping={"user": user, "since": int(time.time()), **data})
            pipe.expire(f"session:{token}", self.seconds)
            pipe.sadd(f"sessions:{user}", token)
            pipe.execute()
        return token

    def get(self, token):
        """What is kept for it, or None; being asked for makes it live on."""
        with self.redis.pipeline() as pipe:
            pipe.hgetall(f"session:{token}")
            pipe.expire(f"session:{token}", self.seconds)
            data, _ = pipe.execute()
        return data or None

    def remember(self, token, field, value):
        """false: the session is over, and nothing was written.  A watch sees to that."""
        def write(pipe):
            there = pipe.exists(f"session:{token}")
            pipe.multi()
            if there:
                pipe.hset(f"session:{token}", field, value)

        return bool(self.redis.transaction(write, f"session:{token}"))

    def end(self, token):
        user = self.redis.hget(f"session:{token}", "user")
        with self.redis.pipeline() as pipe:
            pipe.delete(f"session:{token}")
            if user:
                pipe.srem(f"sessions:{user}", token)
            pipe.execute()

    def of(self, user):
        """The user's sessions; those that have ended meanwhile are forgotten."""
        tokens = sorted(self.redis.smembers(f"sessions:{user}"))
        with self.redis.pipeline(transaction=False) as pipe:
            for token in tokens:
                pipe.exists(f"session:{token}")
            alive = pipe.execute()
        over = [token for token, there in zip(tokens, alive) if not there]
        if over:
            self.redis.srem(f"sessions:{user}", *over)
        return [token for token in tokens if token not in over]

    def end_all(self, user):
        tokens = self.redis.smembers(f"sessions:{user}")
        return self.redis.delete(f"sessions:{user}", *(f"session:{token}" for token in tokens)) - 1 \
            if tokens else 0
