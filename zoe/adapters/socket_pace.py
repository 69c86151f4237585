"""How long frames of one socket gather before they are read.

A read that waits for its frame costs a wake-up, some 150 us whatever it brings: where nobody is in haste,
several frames share one.
"""

from typing import Final

#: A rest in which more would come is shorter; and after a read of more there is none, since what is late
#: must catch up.
MOST_GATHERED_BYTES: Final = 16 * 1024
#: What would have to rest for less is read at once: reads are full anyway.
LEAST_NS: Final = 5_000_000


class Pace:
    """When to read again; ``rest_ns`` in the reading thread, ``gather_ns`` set in any.

    Attributes:
        gather_ns: So long frames may gather; 0 where each is wanted at once.
    """

    def __init__(self) -> None:
        self.gather_ns = 0
        self._read_ns = 0

    def rest_ns(self, size: int, now_ns: int) -> int:
        """How long to rest after a read of so many bytes; ``now_ns`` is monotonic."""
        passed_ns, self._read_ns = now_ns - self._read_ns, now_ns
        if not self.gather_ns or size > MOST_GATHERED_BYTES:
            return 0
        rest_ns = min(self.gather_ns, MOST_GATHERED_BYTES * passed_ns // size)
        return rest_ns if rest_ns >= LEAST_NS else 0
