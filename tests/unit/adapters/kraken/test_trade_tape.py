"""TradeTape."""

from decimal import Decimal

from zoe.adapters.kraken.frames import TradeRow
from zoe.adapters.kraken.trade_tape import TradeTape
from zoe.domain.catalog import MOST_PAIRS
from zoe.messages.market import MinutesClosed, TradePrints

MINUTE_NS = 60_000_000_000
#: 2026-11-26T11:50:00Z.
TRADED_NS = 1_795_693_800_000_000_000


def row(symbol: str, trade_id: int = 1) -> TradeRow:
    price, qty = Decimal("1.5"), Decimal(2)
    return TradeRow(symbol, "buy", price, qty, trade_id, "2026-11-26T11:50:00.000000Z")


def told(tape: TradeTape, trade: TradeRow) -> TradePrints:
    assert tape.read([trade], TRADED_NS) == []
    (news,) = tape.told(TRADED_NS)
    assert isinstance(news, TradePrints)
    return news


def test_of_pairs_that_somebody_invents_every_trade_is_told_and_few_are_remembered() -> None:
    tape = TradeTape()
    for number in range(3 * MOST_PAIRS):
        news = told(tape, row(f"X{number}/USD"))
        assert (news.count, news.volume) == (1, Decimal(2))
    (closed,) = tape.closed(TRADED_NS + 2 * MINUTE_NS)
    assert isinstance(closed, MinutesClosed)
    assert len({symbol for symbol, _ in closed.bars}) == MOST_PAIRS
    assert told(tape, row(f"X{3 * MOST_PAIRS - 1}/USD", 2)).count == 2
    assert told(tape, row("X0/USD", 2)).count == 1


def test_subscriptions_that_nobody_asked_for_are_not_remembered_for_ever() -> None:
    tape = TradeTape()
    for number in range(2 * MOST_PAIRS):
        tape.subscribed(f"X{number}/USD", TRADED_NS - MINUTE_NS)
        told(tape, row(f"X{number}/USD"))
    (closed,) = tape.closed(TRADED_NS + 2 * MINUTE_NS)
    assert isinstance(closed, MinutesClosed)
    assert len({symbol for symbol, _ in closed.bars}) == MOST_PAIRS
