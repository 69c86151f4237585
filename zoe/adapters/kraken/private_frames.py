"""The private socket's frames that come all the time, each decoded at once (facts, 2.8 and 2.9).

They are read only in the forms that they always have: whatever has another field, another type or a
row that makes no sense is none of them, and is read by ``frames.FRAME``, which takes it apart.
"""

from typing import ClassVar, Final, Literal

import msgspec

from zoe.adapters.kraken.frames import UNREADABLE
from zoe.adapters.kraken.reports import LedgerRow, Report


class ExecutionsFrame(
    msgspec.Struct, tag_field="channel", tag="executions", forbid_unknown_fields=True
):
    """Reports about orders."""

    channel: ClassVar[str] = "executions"
    type: Literal["update"]
    data: list[Report]
    sequence: int


class BalancesFrame(
    msgspec.Struct, tag_field="channel", tag="balances", forbid_unknown_fields=True
):
    """Rows of the ledger."""

    channel: ClassVar[str] = "balances"
    type: Literal["update"]
    data: list[LedgerRow]
    sequence: int


_UPDATE: Final = msgspec.json.Decoder(ExecutionsFrame | BalancesFrame)


def update(payload: bytes) -> ExecutionsFrame | BalancesFrame | None:
    """A frame in its usual form; None for any other."""
    # Where another word comes first, it is read the longer way.
    if payload.startswith(b'{"channel"'):
        try:
            update: ExecutionsFrame | BalancesFrame = _UPDATE.decode(payload)
            return update
        except UNREADABLE:
            pass  # one row may be to blame, or what nobody looks at
    return None
