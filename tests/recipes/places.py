# SPDX-License-Identifier: BSD-3-Clause
"""Places near a point: which, how far, and within which box.

    places                geo set of all places
    place:{name}          hash: what is known of one"""


class Places:
    def __init__(self, redis):
        self.redis = redis

    def add(self, name, longitude, latitude, **facts):
        with self.redis.pipeline() as pipe:
            pipe.geoadd("places", (longitude, latitude, name))
            if facts:
                pipe.hset(f"place:{name}", mapping=facts)
            pipe.execute()

    def near(self, longitude, latitude, km, count=10):
        """(name, km) of the nearest places, nearest first."""
        found = self.redis.geosearch("places", longitude=longitude, latitude=latitude, radius=km,
                                     unit="km", sort="ASC", count=count, withdist=True)
        return [(name, distance) for name, distance in found]

    def near_place(self, name, km):
        """Names of other places within so many km of this one."""
        found = self.redis.geosearch("places", member=name, radius=km, unit="km", sort="ASC")
        return [other for other in found if other != name]

    def in_box(self, longitude, latitude, width_km, height_km):
        return self.redis.geosearch("places", longitude=longitude, latitude=latitude,
                                    width=width_km, height=height_km, unit="km", sort="ASC")

    def distance(self, a, b):
        return self.redis.geodist("places", a, b, unit="km")

    def move(self, name, longitude, latitude):
        """Answers whether it was known and is somewhere else now."""
        return bool(self.redis.geoadd("places", (longitude, latitude, name), xx=True, ch=True))

    def remove(self, name):
        self.redis.zrem("places", name)
        self.redis.delete(f"place:{name}")
