"""Garbage: what Python's collector looks for, at a moment when nobody waits.

By itself it begins wherever some hundred new objects have come together: most often in the middle of an order's
way, since most of them are made there. It takes a fifth to half of a millisecond, and that way not much more.
"""

import gc
from typing import Final

#: The collector's own thresholds: where nobody is ever at rest, it begins as it would anyway.
_BY_ITSELF: Final = gc.get_threshold()
_one_more: Final = set
#: So many new objects at rest. An order's way makes fewer than are then left until the collector's own.
AT_REST: Final = _BY_ITSELF[0] // 2


def collect_if_due() -> None:
    """Has the collector begin now if it is soon to; for a thread that would only wait next."""
    if gc.get_count()[0] > AT_REST:
        # By a lower threshold and one more object: it alone knows which generations are due.
        gc.set_threshold(AT_REST, *_BY_ITSELF[1:])
        _one_more()
        gc.set_threshold(*_BY_ITSELF)
