"""The view of orders: terms as they are since the newest amend, intended ones before."""

import stores

from zoe.cli import rows
from zoe.domain import order_record
from zoe.domain.amend import Amend, Terms
from zoe.domain.order import Fact, Input, Intent, Order, OrderType, Side, State
from zoe.domain.order_inputs import amending, apply
from zoe.domain.quantity import Price, Quantity
from zoe.ports.journal import JournalRow
from zoe.store import reading
from zoe.store.journal import PostgresJournal

ACCOUNT = "kraken:a"
INTENT_ID = "00000000-0000-4000-8000-000000000001"


def life(*wanted: Terms) -> list[tuple[str, str]]:
    """The rows of an order that is amended again and again."""
    intent = Intent(
        *(INTENT_ID, "person", None, "BTC/USD", Side.BUY, OrderType.LIMIT),
        *(Quantity.of("0.5"), Price.of("100")),
    )
    order = Order(intent, State.SENDING, cl_ord_id="c-1")
    found = [order_record.opening_row(order, "{}")]
    lives = Fact(Input.LIVE, "O-1")
    order = apply(order, lives)
    found.append(order_record.fact_row(order, lives))
    for number, terms in enumerate(wanted):
        changed = amending(order, Amend(terms, number, 0))
        found.append(order_record.amend_row(order, changed, {"reason": "nearer"}))
        applied = Fact(Input.AMENDED, "O-1", terms=terms)
        order = apply(changed, applied)
        found.append(order_record.fact_row(order, applied))
    return found


def test_orders_show_the_terms_that_they_have_since_their_newest_amend() -> None:
    first = Terms(Quantity.of("0.5"), Price.of("101"))
    second = Terms(Quantity.of("0.7"), Price.of("102.5"))
    for wanted, shown in (((), ("0.5", "100")), ((first, second), ("0.7", "102.5"))):
        database = stores.fresh_database()
        stream = order_record.stream_of(ACCOUNT, INTENT_ID)
        PostgresJournal(database, ACCOUNT).append(
            [
                JournalRow(seq, ACCOUNT, stream, seq, kind, seq, seq, 1, None, None, body)
                for seq, (kind, body) in enumerate(life(*wanted), start=1)
            ]
        )
        (row,) = reading.orders(database, every=True)
        assert (row["quantity"], row["limit_price"]) == shown
        assert (row["order_id"], row["state"]) == ("O-1", "WORKING")


def test_a_resting_stop_shows_the_price_that_it_waits_for() -> None:
    intent = Intent(
        *(INTENT_ID, "person", None, "BTC/USD", Side.SELL, OrderType.STOP_LOSS),
        *(Quantity.of("0.5"), None),
        trigger_price=Price.of("88000.5"),
    )
    kind, body = order_record.opening_row(Order(intent, State.SENDING, cl_ord_id="c-1"), "{}")
    database = stores.fresh_database()
    stream = order_record.stream_of(ACCOUNT, INTENT_ID)
    row = JournalRow(1, ACCOUNT, stream, 1, kind, 1, 1, 1, None, None, body)
    PostgresJournal(database, ACCOUNT).append([row])
    for every in (True, False):
        (shown,) = reading.orders(database, every=every)
        assert (shown["trigger_price"], shown["time_in_force"]) == ("88000.5", "gtc")
    assert rows.order(shown)["trigger"] == "88000.5"
