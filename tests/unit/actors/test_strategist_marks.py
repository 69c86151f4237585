"""Where a strategist's start reads on from: the same sleeve, day and fees as of reading everything."""

from decimal import Decimal
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from zoe.actors.strategist_purse import DAY_NS, Mark, Purse
from zoe.domain.counted import REMEMBERED_NS
from zoe.domain.order import Fill, Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.strategy import record
from zoe.messages.journal import StoredRow
from zoe.ports.journal import EXECUTIONS

SOURCE = "strategy/x"
NOW_NS = 20_000 * DAY_NS
PAIRS = ("X/USD", "X/EUR", "Y/USD")


@st.composite
def executions(draw: st.DrawFn) -> list[Fill]:
    found = []
    for number in range(draw(st.integers(0, 25))):
        quantity, price = (Decimal(draw(st.integers(1, 500))) / 10 for _ in range(2))
        pair = draw(st.sampled_from(PAIRS))
        fee_asset = draw(st.sampled_from(pair.split("/")))
        at_ns = NOW_NS + number * draw(st.integers(1, DAY_NS // 4))
        found.append(
            Fill(
                f"T{number}",
                None,
                f"O{number // 2}",
                pair,
                draw(st.sampled_from(list(Side))),
                Quantity(quantity),
                Price(price),
                quantity * price,
                quantity / 400,
                fee_asset,
                draw(st.sampled_from("mt")),
                at_ns,
            )
        )
    return found


def body_of(fill: Fill) -> dict[str, Any]:
    """As an order's stream has it, with its slot."""
    exact = {name: str(getattr(fill, name)) for name in ("quantity", "price", "cost", "fee")}
    kept = ("exec_id", "trade_id", "order_id", "pair", "fee_asset", "liquidity", "exchange_ns")
    return (
        {name: getattr(fill, name) for name in kept}
        | exact
        | {"side": fill.side.value, "slot": None}
    )


def rows(fills: list[Fill]) -> list[StoredRow]:
    """As the store tells them; an order has two executions."""
    return [
        StoredRow(
            10 + number,
            f"order/a/{fill.order_id}",
            3,
            "order.fill",
            fill.exchange_ns,
            body_of(fill),
        )
        for number, fill in enumerate(fills)
    ]


def marked(mark: Mark) -> StoredRow:
    return StoredRow(1, "strategy-sleeve/a/x", 1, "sleeve.marked", 0, {"state": record.text(mark)})


def newest(fills: list[Fill]) -> dict[str, int]:
    """Ids as the store tells them: of the newest hours."""
    from_ns = max((fill.exchange_ns for fill in fills), default=0) - REMEMBERED_NS
    return {fill.exec_id: fill.exchange_ns for fill in fills if fill.exchange_ns >= from_ns}


def held(purse: Purse) -> tuple[object, ...]:
    return purse.mark(0), purse.own_pairs


@given(executions(), st.data())
def test_reading_on_from_a_mark_comes_to_the_same_as_reading_everything(
    fills: list[Fill], data: st.DataObject
) -> None:
    stored = rows(fills)
    cut = data.draw(st.integers(0, len(stored)))
    whole = Purse(SOURCE)
    whole.stored(stored, NOW_NS)
    first = Purse(SOURCE)
    first.stored(stored[:cut], NOW_NS)
    through = stored[cut - 1].seq if cut else 0
    second = Purse(SOURCE)
    assert second.read_on([marked(first.mark(through))]) == through
    known = StoredRow(through, "", 0, EXECUTIONS, 0, {"exec_ids": newest(fills[:cut])})
    assert second.stored([known, *stored[cut:]], NOW_NS) == len(stored) - cut
    assert held(second) == held(whole)
    # Whatever is told of an order again is known, however old it is.
    for fill in fills:
        intent = Intent(
            fill.order_id,
            SOURCE,
            None,
            fill.pair,
            fill.side,
            OrderType.LIMIT,
            fill.quantity,
            fill.price,
        )
        again = Order(intent, State.WORKING, order_id=fill.order_id, fills=(fill,))
        second.follow(attrs.evolve(again, state=State.FILLED), NOW_NS)
    assert held(second) == held(whole)


def test_a_mark_of_another_version_is_none() -> None:
    purse = Purse(SOURCE)
    row = StoredRow(1, "strategy-sleeve/a/x", 1, "sleeve.marked", 0, {"state": '{"schema":2}'})
    assert purse.read_on([row]) == purse.read_on([]) == 0
    assert purse.sleeve.holdings == ()
