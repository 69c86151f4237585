"""Which connections are read at once: those of a pair that a strategist looks at, and no other."""

import pytest
from stage import Stage

from zoe.actors import feed_lines
from zoe.actors.focus_keeper import Scouted
from zoe.actors.market_watch import Audience, MarketWatch
from zoe.actors.scout import Scout
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.focus import FocusConfig
from zoe.domain.scan import ScanConfig
from zoe.messages.orders import OrdersReported
from zoe.messages.scan import Ranked
from zoe.messages.strategy import FocusWanted
from zoe.messages.system import Beat
from zoe.messages.wire import WireClosed, WireGather, WireOpen, WireOpened, WireSend

OTHERS = ("wire", "catalogue", "heartbeat", "risk", "strategy/x")
FIRST = tuple(f"P{n}/USD" for n in range(50))
SECOND = ("BTC/USD", "ETH/USD")


def market(audience: Audience) -> Stage:
    venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
    stage = Stage("market", lambda: MarketWatch(venue, (*FIRST, *SECOND), audience), OTHERS)
    for line in range(2):
        stage.tell(WireOpened(f"public/{line}", 1))
    return stage


def told(stage: Stage) -> list[tuple[str, int, int]]:
    return [(w.connection, w.generation, w.milliseconds) for w in stage.heard("wire", WireGather)]


def test_a_pair_that_a_strategist_looks_at_does_not_share_a_connection_with_frames_that_gather() -> (
    None
):
    stage = market(Audience(risk=("risk",), of_pair={"BTC/USD": ("strategy/x",)}))
    stage.tell(WireOpened("public/2", 1))
    assert told(stage) == [("public/1", 1, 25), ("public/2", 1, 25)]
    asked = stage.heard("wire", WireSend)
    on = {w.connection for w in asked if b'"BTC/USD"' in w.payload}
    beside = [w for w in asked if b"P0/USD" in w.payload and w.connection in on]
    assert on == {"public/0"}
    assert not beside


def test_a_pair_that_a_strategist_asks_for_is_in_haste_until_it_no_longer_does() -> None:
    stage = market(Audience())
    assert told(stage) == [("public/0", 1, 25), ("public/1", 1, 25)]
    stage.tell_from("strategy/x", FocusWanted(("ETH/USD",)))
    assert told(stage)[2:] == [("public/1", 1, 0)]
    stage.tell_from("strategy/x", FocusWanted(("ETH/USD", "BTC/USD")))
    assert told(stage)[3:] == [], "it is known"
    stage.tell_from("strategy/x", FocusWanted(()))
    assert told(stage)[3:] == [("public/1", 1, 25)]


def test_a_connection_that_was_opened_anew_is_told_again() -> None:
    stage = market(Audience())
    stage.tell(WireOpened("public/1", 2))
    assert told(stage)[2:] == [("public/1", 2, 25)]


def test_the_end_of_an_earlier_connection_ends_no_later_one() -> None:
    stage = market(Audience())
    stage.tell(WireOpened("public/1", 2))
    opened = len(stage.heard("wire", WireOpen))
    stage.tell(WireClosed("public/1", 1, "late"), 3)
    assert len(stage.heard("wire", WireOpen)) == opened
    stage.tell(WireClosed("public/1", 2, "cut"), 3)
    assert stage.heard("wire", WireOpen)[opened].connection == "public/1"


def test_nobody_is_in_haste_for_tickers() -> None:
    others = ("wire", "catalogue", "heartbeat", "market")
    stage = Stage("scout", lambda: Scout("a", KrakenVenue(None), ScanConfig(enabled=True)), others)
    stage.tell(WireOpened("scout/0", 1))
    assert told(stage) == [("scout/0", 1, 50)]


def test_pairs_that_come_by_their_rank_are_apart_from_those_that_are_in_haste() -> None:
    venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
    audience = Audience(of_pair={"BTC/USD": ("strategy/x",)})
    scouted = Scouted("a", FocusConfig(budget=50, warm_up_seconds=0))
    others = (*OTHERS, "ledger", "orders", "scout")
    stage = Stage("market", lambda: MarketWatch(venue, ("BTC/USD",), audience, scouted), others)
    stage.tell(WireOpened("public/0", 1))
    stage.tell(Ranked(FIRST))
    stage.tell(OrdersReported(()))
    assert [wish.connection for wish in stage.heard("wire", WireOpen)] == ["public/0", "public/1"]
    stage.tell(WireOpened("public/1", 1))
    assert told(stage) == [("public/1", 1, 25)]
    stage.tell_from("strategy/x", FocusWanted(("ETH/USD",)))
    assert told(stage)[1:] == [], "there is room where somebody is in haste anyway"


def test_where_no_more_connections_may_be_opened_every_place_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed_lines, "MOST_LINES", 1)
    venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
    scouted = Scouted("a", FocusConfig(budget=50, warm_up_seconds=0))
    others = (*OTHERS, "ledger", "orders", "scout")
    stage = Stage("market", lambda: MarketWatch(venue, SECOND, Audience(), scouted), others)
    stage.tell(WireOpened("public/0", 1))
    stage.tell(Ranked(FIRST[:10]))
    stage.tell(OrdersReported(()))
    stage.run(3)
    detail = stage.heard("heartbeat", Beat)[-1].detail
    assert detail.startswith("0 of 12 pairs live")
