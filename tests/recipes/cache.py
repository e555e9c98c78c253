# SPDX-License-Identifier: BSD-3-Clause
"""A cache of analyses, each dear to compute and good for a while.

    analysis:{kind}:{subject}      the result as JSON, with a time to live

What is known of a subject becomes stale together when the subject changes: its
keys are found by pattern, a page at a time, and unlinked in pipelines."""
import json


class AnalysisCache:
    def __init__(self, redis, seconds=3600):
        self.redis = redis
        self.seconds = seconds
        self.hits = self.misses = 0

    @staticmethod
    def key(kind, subject):
        return f"analysis:{kind}:{subject}"

    def get(self, kind, subject, compute):
        """The analysis of `subject`, from the cache or by `compute(subject)`."""
        found = self.redis.get(self.key(kind, subject))
        if found is not None:
            self.hits += 1
            return json.loads(found)
        self.misses += 1
        result = compute(subject)
        self.redis.setex(self.key(kind, subject), self.seconds, json.dumps(result))
        return result

    def invalidate(self, kind="*", subject="*", page=100):
        """Forget all analyses that match; answers how many there were."""
        gone, keys = 0, []
        for key in self.redis.scan_iter(match=self.key(kind, subject), count=page):
            keys.append(key)
            if len(keys) == page:
                gone += self.redis.unlink(*keys)
                keys.clear()
        return gone + (self.redis.unlink(*keys) if keys else 0)
