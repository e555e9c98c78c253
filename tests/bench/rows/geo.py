# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Row

# 10,000 places in a square of ten degrees; 50 or so within 42 km of any point.
PLACES = Fill("GEOADD map __rand_int:10__.__rand_int:100000__ __rand_int:10__.__rand_int:100000__"
              " place:__rand_int:10000__", 100_000)
PLACE = "place:__rand_int:10000__"
AT = "__rand_int:10__.__rand_int:100000__ __rand_int:10__.__rand_int:100000__"

ROWS = [
    Row("GEOSEARCH P16", f"GEOSEARCH map FROMLONLAT {AT} BYRADIUS 42 km ASC", pipeline=16,
        prepare=[PLACES], target=0.6),
    Row("GEOSEARCH, all words P16",
        f"GEOSEARCH map FROMLONLAT {AT} BYRADIUS 42 km ASC WITHDIST WITHCOORD", pipeline=16,
        prepare=[PLACES]),
    Row("GEOSEARCH BYBOX P16", f"GEOSEARCH map FROMLONLAT {AT} BYBOX 70 70 km", pipeline=16,
        prepare=[PLACES]),
    Row("GEOSEARCH COUNT 10 P16",
        f"GEOSEARCH map FROMLONLAT {AT} BYRADIUS 200 km ASC COUNT 10", pipeline=16,
        prepare=[PLACES]),
    Row("GEOADD P16", f"GEOADD map {AT} {PLACE}", pipeline=16,
        prepare=[PLACES]),
    Row("GEODIST P16", f"GEODIST map {PLACE} {PLACE}", pipeline=16,
        prepare=[PLACES]),
    Row("GEOPOS P16", f"GEOPOS map {PLACE}", pipeline=16, prepare=[PLACES]),
]
