"""The books' keeper on a stage, and an exchange that answers it."""

from collections.abc import Container, Sequence
from functools import partial
from typing import Final

from stage import Stage

from zoe.actors.bookkeeper import Bookkeeper
from zoe.actors.ledger_reads import PAGE
from zoe.domain.ledger_row import LedgerRow, decimal_of
from zoe.domain.unread_rows import LedgerPage, UnreadRow
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot, WalletBalance
from zoe.messages.gateway import PrivateAnswered, PrivateCall
from zoe.messages.ledger import BalancesSeen, LedgerRowSeen
from zoe.ports.ledger_store import LedgerStore
from zoe.ports.venue import GetBalances, GetLedgerRows, GetLedgers

LAG_NS: Final = 3_000_000_000


def keeper(store: LedgerStore) -> Stage:
    others = ("gateway", "heartbeat", "risk", "ledger")
    stage = Stage("bookkeeper", partial(Bookkeeper, store, LAG_NS), others)
    stage.run(0.1)
    return stage


def seen(row: LedgerRow) -> LedgerRowSeen:
    entry = BalanceEntry(
        ledger_id=row.ledger_id,
        ref_id=row.refid,
        asset=row.wallet,
        wallet_type="spot",
        wallet_id="main",
        type=row.type,
        subtype=row.subtype,
        amount=decimal_of(row.amount),
        fee=decimal_of(row.fee),
        balance=decimal_of(row.balance),
        timestamp_ns=row.time_ns,
    )
    return LedgerRowSeen(entry)


def snapshot(balances: dict[str, int]) -> BalancesSeen:
    rows = [WalletBalance(a, "spot", "main", decimal_of(n)) for a, n in sorted(balances.items())]
    return BalancesSeen(BalanceSnapshot(tuple(rows)), "look")


def calls(stage: Stage) -> list[PrivateCall]:
    return stage.heard("gateway", PrivateCall)


def page_of(rows: Sequence[LedgerRow], unread: Container[str] = ()) -> LedgerPage:
    """A page of these rows, of which some cannot be read."""
    return LedgerPage(
        tuple(row for row in rows if row.ledger_id not in unread),
        tuple(UnreadRow(row.ledger_id, "is no row") for row in rows if row.ledger_id in unread),
    )


def answer(
    stage: Stage,
    rows: Sequence[LedgerRow],
    balances: dict[str, int],
    unread: Container[str] = (),
) -> None:
    """The exchange answers whatever has been asked, until nothing is; rows of the ids ``unread`` cannot
    be read."""
    asked = 0
    for _ in range(30):
        new = calls(stage)[asked:]
        asked += len(new)
        for call in new:
            if isinstance(call.operation, GetBalances):
                stage.tell(PrivateAnswered(call.ref, snapshot(balances).snapshot), 0.1)
                continue
            if isinstance(call.operation, GetLedgerRows):
                told = [row for row in rows if row.ledger_id in call.operation.ledger_ids]
                stage.tell(PrivateAnswered(call.ref, page_of(told, unread)), 0.1)
                continue
            assert isinstance(call.operation, GetLedgers)
            start = call.operation.start_ns or 0
            known = sorted((r for r in rows if r.time_ns > start), key=lambda r: -r.time_ns)
            page = known[call.operation.offset : call.operation.offset + PAGE]
            stage.tell(PrivateAnswered(call.ref, page_of(page, unread)), 0.1)
        stage.run(4)
