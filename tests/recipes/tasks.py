# SPDX-License-Identifier: BSD-3-Clause
"""A queue of tasks by priority, which survives workers that die.

    tasks:queue           sorted set: the lowest priority comes first
    tasks:running         sorted set: by the time at which the worker must be done
    tasks:failed          sorted set: by the time of the last failure
    task:{id}             hash: payload, status, attempts, error

A task that fails is tried again, a little later in the order each time, and
goes to tasks:failed after the last attempt.  One whose worker is not heard of
any more goes back to the queue."""
import json
import time


class TaskQueue:
    def __init__(self, redis, attempts=3, patience=30.0, clock=time.time):
        self.redis = redis
        self.attempts = attempts
        self.patience = patience  # seconds that a worker may take
        self.clock = clock

    def put(self, task, payload, priority=0):
        with self.redis.pipeline() as pipe:
            pipe.hset(f"task:{task}", mapping={
                "payload": json.dumps(payload), "status": "queued", "priority": priority,
                "attempts": 0})
            pipe.zadd("tasks:queue", {task: priority})
            pipe.execute()

    def take(self, timeout=1):
        """(id, payload) of the most urgent task, or None when there is none for so long."""
        popped = self.redis.bzpopmin("tasks:queue", timeout)
        if popped is None:
            return None
        _, task, _ = popped
        with self.redis.pipeline() as pipe:
            pipe.zadd("tasks:running", {task: self.clock() + self.patience})
            pipe.hset(f"task:{task}", "status", "running")
            pipe.hincrby(f"task:{task}", "attempts", 1)
            pipe.hget(f"task:{task}", "payload")
            payload = pipe.execute()[-1]
        return task, json.loads(payload)

    def done(self, task):
        with self.redis.pipeline() as pipe:
            pipe.zrem("tasks:running", task)
            pipe.hset(f"task:{task}", "status", "done")
            pipe.execute()

    def fail(self, task, error):
        """Answers whether it will be tried again."""
        attempts, priority = self.redis.hmget(f"task:{task}", "attempts", "priority")
        again = int(attempts) < self.attempts
        with self.redis.pipeline() as pipe:
            pipe.zrem("tasks:running", task)
            if again:
                pipe.zadd("tasks:queue", {task: float(priority) + int(attempts)})
            else:
                pipe.zadd("tasks:failed", {task: self.clock()})
            pipe.hset(f"task:{task}", mapping={
                "status": "queued" if again else "failed", "error": error})
            pipe.execute()
        return again

    def rescue(self):
        """Fail what has been running for too long; answers these tasks."""
        late = self.redis.zrangebyscore("tasks:running", "-inf", self.clock())
        for task in late:
            self.fail(task, "worker lost")
        return late

    def status(self, task):
        return self.redis.hget(f"task:{task}", "status")
