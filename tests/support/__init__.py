# SPDX-License-Identifier: BSD-3-Clause
"""support - what every test that talks to a running server needs.

    resp.py     a client that keeps the exact bytes of a reply beside its parsed form
    server.py   a server in a temporary directory: start, wait, stop, log, clean exit
    tree.py     where the sources and the build are, and the compiler
    runner.py   unittest with sentences for names, ending in `N passed, N failed`

Only the standard library is used.  A script finds the package by putting
tests/ on its path:

    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
"""
from .resp import (BigNumber, Client, Closed, Error, Map, Push, Reply, ReplySet,  # noqa: F401
                   Simple, Verbatim, encode, replies_in)
from .server import (ORACLE, Server, StartFailure, free_port, is_oracle, keyrack_path,  # noqa: F401
                     knows, raise_file_limit)
from .runner import WithServer, main, wait_for  # noqa: F401
