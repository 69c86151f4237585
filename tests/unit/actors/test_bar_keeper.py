"""BarKeeper on a stage: history once, then each bar as it closes, one request a second at most."""

import json
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

from stage import Stage

from zoe.actors.bar_keeper import INTERVAL_NS, LEFT_KEPT, BarKeeper
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.catalog import Catalog, Instrument
from zoe.messages.strategy import BarsClosed, BarsWanted
from zoe.messages.system import CatalogChanged
from zoe.messages.wire import WireLost, WireReply, WireRequest

OTHERS = ("wire", "catalogue", "strategy/x", "strategy/y")


def instrument(symbol: str) -> Instrument:
    base, quote = symbol.split("/")
    one = Decimal(1)
    return Instrument(
        *(symbol, base, quote, "online", 1, one, 8, one, one, 5, one), altname=f"{base}{quote}"
    )


def keeper(*more: str) -> Stage:
    stage = Stage("bars", lambda: BarKeeper(KrakenVenue(None), 300), OTHERS)
    pairs = {symbol: instrument(symbol) for symbol in ("BTC/USD", "ETH/USD", *more)}
    stage.tell(CatalogChanged(Catalog(1, pairs)))
    return stage


def asked(stage: Stage) -> list[tuple[int, str, str | None]]:
    """Number, pair and ``since`` of each request."""
    found = []
    for request in stage.heard("wire", WireRequest):
        query = parse_qs(urlsplit(request.url).query)
        found.append((request.request_id, query["pair"][0], query.get("since", [None])[0]))
    return found


def answer(stage: Stage, pair: str, bars: int) -> None:
    """So many closed bars before now, and the running one."""
    now_ns = stage.runtime.clock.wall_ns()
    running = now_ns // INTERVAL_NS
    rows = [
        [(running - n) * 300, "10", "12", "9", "11", "10.5", "3.5", 7] for n in range(bars, -1, -1)
    ]
    body = json.dumps({"error": [], "result": {pair: rows, "last": running * 300}})
    number = stage.heard("wire", WireRequest)[-1].request_id
    stage.tell(WireReply(number, 200, body.encode()))


def test_history_comes_first_and_the_running_bar_never() -> None:
    stage = keeper()
    stage.tell_from("strategy/x", BarsWanted(("BTC/USD",)))
    stage.run(1.5)
    assert asked(stage) == [(1, "BTCUSD", None)]
    answer(stage, "BTCUSD", 3)
    (news,) = stage.heard("strategy/x", BarsClosed)
    now_ns = stage.runtime.clock.wall_ns()
    assert len(news.bars) == 3
    assert all(bar.begin_ns + INTERVAL_NS <= now_ns for bar in news.bars)
    assert (news.bars[0].close, news.bars[0].volume) == (Decimal(11), Decimal("3.5"))


def test_a_bar_is_asked_for_when_it_has_closed_and_told_once() -> None:
    stage = keeper()
    stage.tell_from("strategy/x", BarsWanted(("BTC/USD",)))
    stage.run(1.5)
    answer(stage, "BTCUSD", 3)
    stage.run(302)
    assert len(asked(stage)) == 2
    assert asked(stage)[1][2] is not None
    answer(stage, "BTCUSD", 3)
    first, second = stage.heard("strategy/x", BarsClosed)
    assert len(second.bars) == 1
    assert second.bars[0].begin_ns == first.bars[-1].begin_ns + INTERVAL_NS


def test_requests_leave_one_at_a_time_and_a_second_apart() -> None:
    stage = keeper()
    stage.tell_from("strategy/x", BarsWanted(("BTC/USD", "ETH/USD")))
    stage.run(10)
    assert len(asked(stage)) == 1
    answer(stage, "BTCUSD", 1)
    stage.run(0.5)
    assert len(asked(stage)) in (1, 2)
    stage.run(1)
    assert [pair for _, pair, _ in asked(stage)] == ["BTCUSD", "ETHUSD"]


def test_who_comes_later_is_told_what_is_known_at_once() -> None:
    stage = keeper()
    stage.tell_from("strategy/x", BarsWanted(("BTC/USD",)))
    stage.run(1.5)
    answer(stage, "BTCUSD", 3)
    stage.tell_from("strategy/y", BarsWanted(("BTC/USD",)))
    assert [len(news.bars) for news in stage.heard("strategy/y", BarsClosed)] == [3]
    assert len(asked(stage)) == 1


def test_a_request_without_an_answer_is_made_again_after_a_pause() -> None:
    stage = keeper()
    stage.tell_from("strategy/x", BarsWanted(("BTC/USD",)))
    stage.run(1.5)
    stage.tell(WireLost(1, "timed out"))
    stage.run(8)
    assert len(asked(stage)) == 1
    stage.run(5)
    assert len(asked(stage)) == 2


def test_pairs_that_nobody_wants_any_more_are_asked_for_no_longer() -> None:
    stage = keeper()
    stage.tell_from("strategy/x", BarsWanted(("BTC/USD",)))
    stage.run(1.5)
    answer(stage, "BTCUSD", 3)
    stage.tell_from("strategy/x", BarsWanted(()))
    stage.run(700)
    assert len(asked(stage)) == 1


def test_a_pair_that_comes_back_is_told_at_once_and_asked_for_what_it_missed() -> None:
    stage = keeper()
    stage.tell_from("strategy/x", BarsWanted(("BTC/USD",)))
    stage.run(1.5)
    answer(stage, "BTCUSD", 3)
    stage.tell_from("strategy/x", BarsWanted(()))
    stage.run(400)
    stage.tell_from("strategy/x", BarsWanted(("BTC/USD",)))
    assert [len(news.bars) for news in stage.heard("strategy/x", BarsClosed)] == [3, 3]
    stage.run(1.5)
    assert asked(stage)[1][2] is not None


def test_no_more_bars_of_a_pair_are_kept_than_anybody_looks_back() -> None:
    stage = keeper()
    stage.tell_from("strategy/x", BarsWanted(("BTC/USD",)))
    stage.run(1.5)
    answer(stage, "BTCUSD", 500)
    stage.tell_from("strategy/y", BarsWanted(("BTC/USD",)))
    told = [*stage.heard("strategy/x", BarsClosed), *stage.heard("strategy/y", BarsClosed)]
    assert [len(news.bars) for news in told] == [300, 300]
    assert told[0].bars == told[1].bars


def test_of_pairs_that_nobody_wants_only_the_last_that_were_wanted_keep_their_bars() -> None:
    symbols = [f"A{number}/USD" for number in range(LEFT_KEPT + 5)]
    stage = keeper(*symbols)
    for symbol in symbols:
        stage.tell_from("strategy/x", BarsWanted((symbol,)))
        stage.run(1.5)
        answer(stage, symbol.replace("/", ""), 3)
    stage.tell_from("strategy/x", BarsWanted(()))
    stage.tell_from("strategy/y", BarsWanted(tuple(symbols)))
    assert [news.symbol for news in stage.heard("strategy/y", BarsClosed)] == symbols[5:]
