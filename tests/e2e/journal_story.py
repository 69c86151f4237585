"""A journal with a story, written as the desk writes it: a ranking, a tick, a decision, an order of a strategy
with a fill, its sister order, the order that followed from the fill, and an order by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

from zoe.domain import order_record
from zoe.domain.order import Fact, Fill, Input, Intent, Order, OrderType, Route, Side, State
from zoe.domain.order_inputs import apply, command
from zoe.domain.order_record import canonical
from zoe.domain.quantity import Price, Quantity
from zoe.ports.journal import JournalRow
from zoe.store.connection import Database
from zoe.store.embedded import EmbeddedServer
from zoe.store.journal import PostgresJournal
from zoe.store.migrate import migrate
from zoe.store.reading import server_at
from zoe.store.waiting import wait_until_up

ACCOUNT: Final = "sandbox:0011223344556677"
BEGAN_NS: Final = 1_767_225_600_123_456_789
BOOT: Final = 3 << 40
TICK: Final = BOOT + 1
BID, ASK, HAND, NEXT = (f"0190a0a0-0000-8000-8000-00000000000{n}" for n in "1234")
RANKED: Final = ("ETH/USD", "BTC/USD")
DECISION: Final = f"strategy/{ACCOUNT}/quote_keeper"


class Story:
    """Writes a journal as the desk does: bodies by the domain, numbers in a row."""

    def __init__(self) -> None:
        self.rows: list[JournalRow] = []
        self._versions: dict[str, int] = {}

    def write(
        self, stream: str, row: tuple[str, str], cause: int, root: int, anchor: int | None = None
    ) -> None:
        seq = len(self.rows) + 1
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        kind, body = row
        at_ns = BEGAN_NS + seq * 1_000_000
        ids = (BOOT + 100 + seq, root, cause, anchor)
        self.rows.append(JournalRow(seq, ACCOUNT, stream, version, kind, at_ns, *ids, body))

    def rank(self) -> None:
        candidates = [{"symbol": s, "rank": n, "score": 900 - n} for n, s in enumerate(RANKED, 1)]
        body = canonical({"at_ns": str(BEGAN_NS - 10**9), "candidates": candidates})
        self.write(f"scan/{ACCOUNT}", ("scan.ranked", body), BOOT + 10, BOOT + 10)

    def decide(self) -> None:
        quote = {
            "symbol": "BTC/USD",
            "bid": "49999.9",
            "ask": "50000.1",
            "age_ms": 7,
            "exchange_ns": str(BEGAN_NS - 9_000_000),
            "received_ns": str(BEGAN_NS - 7_000_000),
            "live": True,
        }
        want = {"side": "buy", "price": "49990", "quantity": "0.01", "reason": "QUOTE"}
        body = {
            "strategy": "quote_keeper",
            "quote": quote,
            "held": None,
            "trading_state": "ACTIVE",
            "wants": [want | {"slot": "bid.0"}],
            "reasons": ["QUOTE"],
            "state_after": "{}",
        }
        self.write(DECISION, ("decision.made", canonical(body)), TICK, TICK)

    def order(self, intent: Intent, root: int, anchor: int | None = None) -> Order:
        order = attrs.evolve(
            command(Order(intent, State.WAITING), Input.SEND),
            cl_ord_id=intent.intent_id.replace("0190", "0191"),
            route=Route.WEBSOCKET,
            not_after_ns=BEGAN_NS,
        )
        stream = order_record.stream_of(ACCOUNT, intent.intent_id)
        verdict = canonical({"code": "APPROVED", "values": {"notional": "499.9"}})
        self.write(stream, order_record.opening_row(order, verdict), root + 1, root, anchor)
        return order

    def fact(self, order: Order, fact: Fact, root: int) -> Order:
        after = apply(order, fact)
        stream = order_record.stream_of(ACCOUNT, order.intent.intent_id)
        self.write(stream, order_record.fact_row(after, fact), root, root)
        return after

    def ledger(self, ledger_id: str, ref_id: str, asset: str, amounts: tuple[str, str]) -> None:
        body = {
            "ledger_id": ledger_id,
            "ref_id": ref_id,
            "asset": asset,
            "wallet_type": "spot",
            "wallet_id": "main",
            "type": "trade",
            "subtype": "",
            "amount": amounts[0],
            "fee": "0",
            "balance": amounts[1],
            "exchange_ns": BEGAN_NS,
        }
        root = BOOT + 900
        self.write(f"ledger/{ACCOUNT}", ("balance.changed", canonical(body)), root, root)


def intent(intent_id: str, side: Side, decision: str, price: str = "49990") -> Intent:
    return Intent(
        intent_id=intent_id,
        source="person" if decision.startswith("command/") else "strategy/quote_keeper",
        slot=None if decision.startswith("command/") else f"{side.value}.0",
        pair="BTC/USD",
        side=side,
        order_type=OrderType.LIMIT,
        quantity=Quantity.of("0.010"),
        limit_price=Price.of(price),
        post_only=True,
        decision=decision,
    )


FILL: Final = Fill(
    exec_id="TAAAAA-BBBBB-CCCCCC",
    trade_id=70_001,
    order_id="OBIDXX-FGHIJ-KLMNOP",
    pair="BTC/USD",
    side=Side.BUY,
    quantity=Quantity.of("0.004"),
    price=Price.of("49990"),
    cost=Price.of("199.96").value,
    fee=Price.of("0.4999").value,
    fee_asset="USD",
    liquidity="maker",
    exchange_ns=BEGAN_NS + 5,
)


def story() -> list[JournalRow]:
    told = Story()
    told.rank()
    told.decide()
    bid = told.order(intent(BID, Side.BUY, f"{DECISION}@1"), TICK)
    ask = told.order(intent(ASK, Side.SELL, f"{DECISION}@1", "50010"), TICK)
    bid = told.fact(bid, Fact(Input.ACKNOWLEDGED, FILL.order_id), BOOT + 20)
    told.fact(ask, Fact(Input.REFUSED, reason="EOrder:Post only order"), BOOT + 21)
    bid = told.fact(bid, Fact(Input.FILL, FILL.order_id, fill=FILL), BOOT + 22)
    told.ledger("LAAAAA-11111-111111", FILL.exec_id, "BTC", ("0.004", "1.004"))
    told.ledger("LAAAAA-11111-111112", FILL.exec_id, "USD", ("-199.96", "9799.5401"))
    body = {"command": "order.place", "params": {}, "key": HAND}
    given = f"command/{HAND}/{BOOT + 30}"
    told.write(given, ("command.given", canonical(body)), BOOT + 30, BOOT + 30)
    hand = told.order(intent(HAND, Side.BUY, f"{given}@1", "100"), BOOT + 30)
    told.fact(hand, Fact(Input.ACKNOWLEDGED, "OHANDX-FGHIJ-KLMNOP"), BOOT + 31)
    # The fill leads to the next order of the slot, on the same decision.
    told.order(intent(NEXT, Side.BUY, f"{DECISION}@1", "49991"), BOOT + 22, anchor=7)
    return told.rows


@contextmanager
def told(state: Path) -> Iterator[None]:
    """The story in the database of a state directory, whose server runs meanwhile."""
    server = EmbeddedServer.start(state)
    try:
        database = Database(server_at(server.endpoint))
        wait_until_up(database, server)
        migrate(database)
        PostgresJournal(database, ACCOUNT).append(story())
        database.discard()
        yield
    finally:
        server.stop()
