# SPDX-License-Identifier: BSD-3-Clause
"""A leaderboard: points, ranks from 1, and the neighbours of a player.

    board:{name}          sorted set: player by points"""


class Leaderboard:
    def __init__(self, redis, name):
        self.redis = redis
        self.key = f"board:{name}"

    def score(self, player, points):
        """Add points; answers the new total."""
        return self.redis.zincrby(self.key, points, player)

    def best(self, player, points):
        """Keep a player's best result only."""
        self.redis.zadd(self.key, {player: points}, gt=True)

    def top(self, count=10):
        return self.redis.zrange(self.key, 0, count - 1, desc=True, withscores=True)

    def rank(self, player):
        rank = self.redis.zrevrank(self.key, player)
        return None if rank is None else rank + 1

    def around(self, player, count=2):
        """(rank, player, points) of those just above and below."""
        rank = self.redis.zrevrank(self.key, player)
        if rank is None:
            return []
        first = max(0, rank - count)
        rows = self.redis.zrevrange(self.key, first, rank + count, withscores=True)
        return [(first + i + 1, name, points) for i, (name, points) in enumerate(rows)]

    def players_between(self, low, high):
        return self.redis.zcount(self.key, low, high)

    def merge_into(self, total, *boards):
        """Sum this board and others into a new one."""
        into = Leaderboard(self.redis, total)
        self.redis.zunionstore(into.key, [self.key] + [board.key for board in boards])
        return into
