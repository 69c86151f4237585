"""Two pairs of one base, which the scout ranks in turns: focus does not follow each turn."""

import json

from stage import Stage

from zoe.actors.focus_keeper import Scouted
from zoe.actors.market_watch import Audience, MarketWatch
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.focus import FocusConfig
from zoe.messages.orders import OrdersReported
from zoe.messages.scan import Ranked

OTHERS = ("wire", "catalogue", "heartbeat", "ledger", "orders", "scout")
FOCUS = Scouted("a", FocusConfig(budget=2, slack=1, min_stay_seconds=60))


def changes(stage: Stage, ranking: tuple[str, ...], passed: set[str]) -> list[tuple[str, bool]]:
    """What is journalled of a ranking a minute after the one before."""
    stage.runtime.run_for(60)
    before = len(stage.records)
    stage.tell(Ranked(ranking, "scan/a@7", frozenset(passed)))
    stage.tell(OrdersReported(()))
    bodies = [json.loads(row.body) for each in stage.records[before:] for row in each.rows]
    return [(c["symbol"], c["promoted"]) for body in bodies for c in body["changes"]]


def test_a_pair_in_focus_keeps_its_bases_place_while_it_passes_the_gates() -> None:
    venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
    stage = Stage("market", lambda: MarketWatch(venue, ("BTC/USD",), Audience(), FOCUS), OTHERS)
    passed = {"BTC/USD", "BTC/EUR", "SOL/USD", "SOL/EUR"}
    assert changes(stage, ("SOL/USD", "BTC/USD"), passed) == [("SOL/USD", True)]
    assert changes(stage, ("BTC/EUR", "SOL/EUR"), passed) == []
    assert changes(stage, ("SOL/USD", "BTC/EUR"), passed) == []
    passed -= {"SOL/USD", "BTC/USD"}
    assert changes(stage, ("BTC/EUR", "SOL/EUR"), passed) == [
        ("SOL/USD", False),
        ("BTC/EUR", True),
        ("SOL/EUR", True),
    ]
