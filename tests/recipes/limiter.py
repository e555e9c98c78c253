# SPDX-License-Identifier: BSD-3-Clause
"""A limit on requests in a sliding window: at most so many in any so many seconds.

    limit:{who}           sorted set: one member a request, by its time

Old requests are removed first, then this one is counted; one transaction, so
that two servers of the site cannot both take the last free place."""
import itertools
import time


class Limiter:
    def __init__(self, redis, most, seconds, clock=time.time):
        self.redis = redis
        self.most = most
        self.seconds = seconds
        self.clock = clock
        self.numbers = itertools.count()

    def allow(self, who):
        """May `who` go on?  A request that is refused does not count."""
        key, now = f"limit:{who}", self.clock()
        request = f"{now}-{next(self.numbers)}"
        with self.redis.pipeline() as pipe:
            pipe.zremrangebyscore(key, "-inf", now - self.seconds)
            pipe.zadd(key, {request: now})
            pipe.zcard(key)
            pipe.expire(key, int(self.seconds) + 1)
            _, _, count, _ = pipe.execute()
        if count <= self.most:
            return True
        self.redis.zrem(key, request)
        return False

    def wait(self, who):
        """Seconds until the next request may come."""
        key, now = f"limit:{who}", self.clock()
        if self.redis.zcount(key, f"({now - self.seconds}", "+inf") < self.most:
            return 0.0
        _, oldest = self.redis.zrange(key, -self.most, -self.most, withscores=True)[0]
        return max(0.0, oldest + self.seconds - now)
