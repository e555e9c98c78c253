# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Row

# 10,000 places in a square of ten degrees; 50 or so within 42 km of any point.
PLACES = Fill("GEOADD map __rand_int:10__.__rand_int:100000__ __rand_int:10__.__rand_int:100000__"
              " __item__", 60_000)
AT = "__rand_int:10__.__rand_int:100000__ __rand_int:10__.__rand_int:100000__"

ROWS = [
    Row("GEOSEARCH P16", f"GEOSEARCH map FROMLONLAT {AT} BYRADIUS 42 km ASC", pipeline=16,
        items=10_000, prepare=[PLACES], target=0.6),
    Row("GEOSEARCH, all words P16",
        f"GEOSEARCH map FROMLONLAT {AT} BYRADIUS 42 km ASC WITHDIST WITHCOORD", pipeline=16,
        items=10_000, prepare=[PLACES]),
    Row("GEOSEARCH BYBOX P16", f"GEOSEARCH map FROMLONLAT {AT} BYBOX 70 70 km", pipeline=16,
        items=10_000, prepare=[PLACES]),
    Row("GEOSEARCH COUNT 10 P16",
        f"GEOSEARCH map FROMLONLAT {AT} BYRADIUS 200 km ASC COUNT 10", pipeline=16,
        items=10_000, prepare=[PLACES]),
    Row("GEOADD P16", f"GEOADD map {AT} __item__", pipeline=16, items=10_000,
        prepare=[PLACES]),
    Row("GEODIST P16", "GEODIST map __item__ __item__", pipeline=16, items=10_000,
        prepare=[PLACES]),
    Row("GEOPOS P16", "GEOPOS map __item__", pipeline=16, items=10_000, prepare=[PLACES]),
]
