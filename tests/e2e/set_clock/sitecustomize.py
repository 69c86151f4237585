"""Sets a desk's wall clock ahead of the machine's, by the seconds that a file holds.

Python reads this module at its start where its directory is on the path. The exchange, which the
desk starts, keeps the machine's time.
"""

import os
import sys
import time
from pathlib import Path

_ahead = Path(os.environ["CLOCK_AHEAD"])
_time_ns, _LOOK_NS = time.time_ns, 10_000_000
#: When the file was last read, and what it held in nanoseconds.
_known = [0, 0]


def _set_ns() -> int:
    now_ns = time.monotonic_ns()
    if now_ns - _known[0] > _LOOK_NS:
        _known[:] = now_ns, int(_ahead.read_text() or "0") * 1_000_000_000
    return _time_ns() + _known[1]


def _set() -> float:
    return _set_ns() / 1e9


if "zoe.cli.main" in sys.orig_argv:
    time.time_ns = _set_ns
    time.time = _set
