"""Captured frames of any channel, read as the desk would read them.

The public ones go through the reader that keeps the books. A capture may hold private ones too,
and requests of ours: their form is checked, nothing is kept of them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import attrs
import msgspec

from zoe.adapters.kraken import frames, recording, reports
from zoe.adapters.kraken.feed import FeedReader
from zoe.adapters.kraken.recording import Decoded

#: Requests and answers on the private socket (facts sheet, sections 2.9 and 2.10).
_METHODS: Final = frozenset(
    {
        *("add_order", "amend_order", "edit_order", "cancel_order", "cancel_all"),
        *("cancel_all_orders_after", "batch_add", "batch_cancel"),
    }
)


class _Call(msgspec.Struct):
    """A request of ours, or the exchange's answer to it."""

    method: str
    params: dict[str, Any] | None = None
    success: bool | None = None
    result: dict[str, Any] | list[Any] | None = None
    error: str | None = None


_CALL: Final = msgspec.json.Decoder(_Call)
_REPORTS: Final = msgspec.json.Decoder(list[reports.Report])
_ROWS: Final[Mapping[tuple[str, str], Callable[[msgspec.Raw], Any]]] = {
    ("executions", "snapshot"): _REPORTS.decode,
    ("executions", "update"): _REPORTS.decode,
    ("balances", "snapshot"): msgspec.json.Decoder(list[reports.BalanceRow]).decode,
    ("balances", "update"): msgspec.json.Decoder(list[reports.LedgerRow]).decode,
}


def decode(numbered: Iterable[tuple[int, bytes]], reader: FeedReader) -> Iterator[Decoded]:
    """Each frame, with what became of it."""
    for line, payload in numbered:
        for decoded in recording.decode((payload,), reader):
            error = decoded.error
            if error is not None and decoded.checksum is None:
                error = _private(payload, error)
            yield attrs.evolve(decoded, line=line, error=error)


def _private(payload: bytes, refusal: str) -> str | None:
    """What is wrong with a frame that the public reader refused, None for nothing."""
    try:
        frame = frames.FRAME.decode(payload)
        rows = _ROWS.get((frame.channel or "", frame.type or ""))
        if rows is not None:
            rows(frame.data)
        elif frame.method in _METHODS:
            call = _CALL.decode(payload)
            return refusal if call.params is None and call.success is None else None
        else:
            return refusal
    except frames.UNREADABLE as problem:
        return f"{type(problem).__name__}: {problem}"
    return None
