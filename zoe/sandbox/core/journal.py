"""The journal's writer: what one input changed is one write, so that it is kept whole or not at all.

A record is one line of JSON. The first of several that belong together says how many there are
(``batch``); a restart forgets a last batch that is not complete.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from zoe.sandbox.core.memory import Memory
from zoe.sandbox.core.moments import rfc3339

#: What the exchange did, for whoever wants to check a client's books.
GROUND_TRUTH: Final = frozenset(
    {
        *("order_accepted", "order_amended", "fill", "order_canceled", "order_expired"),
        *("order_lost", "ledger"),
    }
)
_ENCODER: Final = msgspec.json.Encoder()


class Journal:
    """Collects records until ``commit``."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._batch: list[dict[str, object]] = []

    def write(self, kind: str, at_ns: int, *parts: Mapping[str, object], **fields: object) -> None:
        """One record, after those before it."""
        record: dict[str, object] = {"kind": kind, "time": rfc3339(at_ns), "ns": at_ns}
        for part in parts:
            record.update(part)
        record.update(fields)
        self._batch.append(record)

    def commit(self) -> None:
        """Makes what was written durable, in one write."""
        if not self._batch:
            return
        if len(self._batch) > 1:
            self._batch[0]["batch"] = len(self._batch)
        lines, self._batch = _ENCODER.encode_lines(self._batch), []
        self.memory.append(lines)
