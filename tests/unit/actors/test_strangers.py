"""Orders that nobody knows: they wait, and are looked up together."""

from functools import partial

from stage import Stage

from zoe.actors.order_desk import OrderDesk
from zoe.actors.order_opening import OrderConfig
from zoe.actors.strangers import MOST_TOGETHER, STRANGER_SECONDS
from zoe.domain.order import EXTERNAL, Fact, Input, Intent, OrderType, Side
from zoe.domain.quantity import Price, Quantity
from zoe.domain.sighting import Sighting
from zoe.messages.gateway import OrderSighted

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner")


def desk() -> Stage:
    return Stage("orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS)


def seen(stage: Stage, order_id: str, happened: Input = Input.LIVE, seconds: float = 0.01) -> None:
    described = Intent(
        *(order_id, EXTERNAL, None, "BTC/USD", Side.BUY, OrderType.LIMIT),
        *(Quantity.of("1"), Price.of("100")),
    )
    sighting = Sighting(order_id, None, (Fact(happened, order_id),), described)
    stage.tell(OrderSighted(sighting), seconds)


def questions(stage: Stage) -> list[tuple[str, ...]]:
    return [asked.order_ids for asked in stage.questions if asked.order_ids]


def test_strangers_that_are_met_within_a_moment_are_one_question_to_the_journal() -> None:
    stage = desk()
    for order_id in ("O1", "O2", "O3"):
        seen(stage, order_id)
    stage.run(0.5)
    seen(stage, "O4")
    assert questions(stage) == []
    stage.run(STRANGER_SECONDS + 1)
    assert questions(stage) == [("O1", "O2", "O3"), ("O4",)]
    assert stage.kinds().count("order.adopted") == 4


def test_of_very_many_strangers_no_question_is_long() -> None:
    stage = desk()
    for number in range(MOST_TOGETHER + 5):
        seen(stage, f"O{number}", seconds=0)
    stage.run(STRANGER_SECONDS + 1)
    assert [len(asked) for asked in questions(stage)] == [MOST_TOGETHER, 5]
    assert stage.kinds().count("order.adopted") == MOST_TOGETHER + 5


def test_what_is_seen_of_a_stranger_while_it_waits_is_told_in_order_once_it_is_known() -> None:
    stage = desk()
    seen(stage, "O1")
    stage.run(1)
    seen(stage, "O1", Input.CANCELED)
    stage.run(STRANGER_SECONDS + 1)
    assert questions(stage) == [("O1",)]
    assert stage.kinds() == ["order.adopted", "order.working", "order.canceled"]


def test_of_strangers_looked_up_together_each_finds_its_own_rows() -> None:
    before = desk()
    for order_id in ("O1", "O2"):
        seen(before, order_id)
    before.run(STRANGER_SECONDS + 1)
    for order_id in ("O1", "O2"):
        seen(before, order_id, Input.CANCELED)
    after = Stage(
        "orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS, rows=tuple(before.rows)
    )
    after.run(0.1)
    for order_id in ("O2", "O3", "O1"):
        seen(after, order_id, Input.CANCELED)
    after.run(STRANGER_SECONDS + 1)
    # Two of them ended before, as the journal knows; the third is news.
    assert questions(after) == [("O2", "O3", "O1")]
    assert after.kinds() == ["order.adopted", "order.canceled"]
