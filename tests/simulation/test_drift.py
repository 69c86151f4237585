"""Orders that come to differ, on a whole desk in virtual time: found by the Reconciler through
OrderDesk, listed by the Bookkeeper, stored, and told as ``zoe drift`` tells them."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from ledger_store import MemoryLedger

from zoe.app.simulation.censor import ADD, REPORTS, Censor
from zoe.app.simulation.kit_stage import FILLS, RESTS, Stage
from zoe.app.simulation.scenario import still_setting
from zoe.app.simulation.world import World
from zoe.cli.books_commands import standing
from zoe.domain.order import State

#: Longer than the Reconciler's period, a look that finds something, and the one after it.
PATIENCE_SECONDS = 200


@attrs.frozen
class Desk:
    """A desk that wants nothing by itself, and keeps books."""

    world: World
    stage: Stage
    store: MemoryLedger

    def listed(self) -> list[tuple[str, str, str]]:
        """What ``zoe drift`` says of orders: what each is about, how it stands, and why."""
        rows = standing(self.store.drift())
        return [(r.subject, r.status, r.cause) for r in rows if " " in r.subject]

    def until_listed(self, subject: str, status: str, cause: str) -> None:
        """Waits for a line about an order or a fill."""
        self.world.until(
            lambda: any(
                found.startswith(subject) and (stands, why) == (status, cause)
                for found, stands, why in self.listed()
            ),
            PATIENCE_SECONDS,
        )


@pytest.fixture
def desk() -> Desk:
    world, censor, store = World(77, still_setting(77)), Censor(), MemoryLedger()
    world.books, world.censor = store, censor
    world.start()
    world.ready()
    return Desk(world, Stage(world, censor), store)


def by_hand(world: World) -> dict[str, Any]:
    """An order that somebody else places."""
    wanted = {"type": "buy", "ordertype": "limit", "volume": "0.01", "price": "85000"}
    answer = world.hands.call("AddOrder", pair="XBTUSD", **wanted)
    assert answer["error"] == []
    found: dict[str, Any] = answer["result"]
    return found


def an_order_of_somebody_else(desk: Desk) -> tuple[str, str, str]:
    (order_id,) = by_hand(desk.world)["txid"]
    return (f"order {order_id}", "settled", "external_action")


def a_cancel_by_somebody_else(desk: Desk) -> tuple[str, str, str]:
    order_id = desk.world.order_id(desk.stage.placed(RESTS))
    assert order_id is not None
    assert desk.world.hands.call("CancelOrder", txid=order_id)["error"] == []
    return (f"order {order_id}", "settled", "external_action")


def an_end_that_the_stream_does_not_tell(desk: Desk) -> tuple[str, str, str]:
    key = desk.stage.placed(RESTS)
    desk.stage.tells(left_out=REPORTS)
    desk.world.say("order.cancel", {"order": key})
    return (f"order {desk.world.order_id(key)}", "settled", "missed_message")


def a_fill_that_the_stream_does_not_tell(desk: Desk) -> tuple[str, str, str]:
    desk.stage.market()
    desk.stage.tells(left_out=frozenset({"trade", "filled"}))
    key = desk.stage.place(FILLS)
    desk.stage.until(key, State.FILLED, seconds=PATIENCE_SECONDS)
    return ("fill ", "settled", "missed_message")


def an_order_whose_answer_is_lost(desk: Desk) -> tuple[str, str, str]:
    desk.stage.tells(left_out=REPORTS | {ADD})
    key = desk.stage.place(RESTS)
    desk.stage.until(key, State.WORKING)
    return (f"order {desk.world.order_id(key)}", "settled", "missed_message")


def an_order_that_is_never_placed(desk: Desk) -> tuple[str, str, str]:
    desk.stage.fault("AddOrder", "not_executed", count=1)
    key = desk.stage.place(RESTS)
    desk.stage.until(key, State.ABSENT)
    return (f"order {key}", "settled", "missed_message")


Story = Callable[[Desk], tuple[str, str, str]]
STORIES: tuple[Story, ...] = (
    *(an_order_of_somebody_else, a_cancel_by_somebody_else, an_end_that_the_stream_does_not_tell),
    *(a_fill_that_the_stream_does_not_tell, an_order_whose_answer_is_lost),
    an_order_that_is_never_placed,
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_what_differs_is_listed_with_its_cause(desk: Desk, story: Story) -> None:
    expected = story(desk)
    desk.until_listed(*expected)
    desk.world.run(PATIENCE_SECONDS)
    assert [line for line in desk.listed() if line[1] != "settled"] == [], "all is explained"


def test_a_desk_that_nothing_happens_to_lists_nothing(desk: Desk) -> None:
    for _ in range(2):
        key = desk.stage.placed(RESTS)
        desk.world.run(20)
        desk.world.say("order.cancel", {"order": key})
        desk.stage.place(FILLS)
        desk.world.run(60)
    assert desk.listed() == []


def test_a_list_that_shows_what_has_ended_is_told_until_it_does_no_more(desk: Desk) -> None:
    """The stream tells the end of an order that goes on: the exchange contradicts itself."""
    desk.stage.tells(words={"new": "canceled"})
    key = desk.stage.place(RESTS)
    desk.stage.until(key, State.CANCELED)
    order_id = desk.world.order_id(key)
    desk.until_listed(f"order {order_id}", "open", "unknown")
    assert desk.world.hands.call("CancelOrder", txid=str(order_id))["error"] == []
    desk.until_listed(f"order {order_id}", "settled", "lag")
