"""MinuteKeeper on a stage: bars into a store that may be away."""

from decimal import Decimal
from typing import Any

import pytest
from bar_store import MemoryBars
from loguru import logger
from stage import Stage

from zoe.actors import minute_keeper
from zoe.actors.minute_keeper import MinuteKeeper
from zoe.domain.bars import MINUTE_NS, Bar
from zoe.domain.errors import StoreError
from zoe.messages.market import MinutesClosed
from zoe.messages.system import Beat

T0 = 28_000_000 * MINUTE_NS
PRICE = Decimal(10)


def closed(*minutes: int) -> MinutesClosed:
    bars = (
        Bar(T0 + n * MINUTE_NS, PRICE, PRICE, PRICE, PRICE, Decimal(1), PRICE, 1, whole=True)
        for n in minutes
    )
    return MinutesClosed(tuple(("BTC/USD", bar) for bar in bars))


class Keeping:
    """The actor with its store."""

    def __init__(self) -> None:
        self.store = MemoryBars()
        self.stage = Stage("minutes", lambda: MinuteKeeper(self.store), ("heartbeat",))

    def tell(self, *minutes: int) -> None:
        self.stage.tell(closed(*minutes))
        self.stage.run(0.1)

    def begins(self) -> list[int]:
        return [(begin - T0) // MINUTE_NS for _, begin in sorted(self.store.kept)]

    def beat(self) -> Beat:
        return self.stage.heard("heartbeat", Beat)[-1]


@pytest.fixture
def events() -> Any:
    seen: list[str] = []
    sink = logger.add(lambda message: seen.append(message.record["message"]))
    yield seen
    logger.remove(sink)


def test_bars_are_kept_as_they_come() -> None:
    keeping = Keeping()
    keeping.tell(0)
    keeping.tell(1, 2)
    assert keeping.begins() == [0, 1, 2]
    assert (keeping.beat().status, keeping.beat().detail) == ("ok", "3 kept")


def test_while_the_store_is_away_they_wait_and_it_is_said_once(events: list[str]) -> None:
    keeping = Keeping()
    keeping.store.error = StoreError("away")
    for minute in range(5):
        keeping.tell(minute)
        keeping.stage.run(3)
    assert keeping.begins() == []
    assert keeping.beat().status == "degraded"
    assert keeping.store.calls < 6
    keeping.store.error = None
    keeping.stage.run(30)
    assert keeping.begins() == [0, 1, 2, 3, 4]
    assert events.count("bars.not_written") == 1


def test_what_waits_has_a_bound_and_the_newest_stay(
    monkeypatch: pytest.MonkeyPatch, events: list[str]
) -> None:
    monkeypatch.setattr(minute_keeper, "MOST_WAITING", 3)
    monkeypatch.setattr(minute_keeper, "BATCH", 1)
    keeping = Keeping()
    keeping.store.error = StoreError("away")
    for minute in range(10):
        keeping.tell(minute)
    keeping.store.error = None
    keeping.stage.run(60)
    # The first was under way.
    assert keeping.begins() == [0, 7, 8, 9]
    assert "6 let go" in keeping.beat().detail
    assert events.count("bars.dropped") == 1
