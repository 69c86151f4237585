"""Scripts about amends, and about hands that are not the desk's: see kit.py."""

from typing import Final

from zoe.app.simulation.censor import AMEND
from zoe.app.simulation.kit_stage import (
    ASK,
    DOUBT_MS,
    FILLS_IN_PART,
    REFUSAL,
    RESTS,
    Stage,
)

_ELSEWHERE: Final = "89400"
_SHORT: Final = {"timeinforce": "GTD", "expiretm": "+6"}


def _made_elsewhere(stage: Stage, key: str) -> None:
    """Somebody amends our order on the exchange's own page."""
    order_id = stage.world.order_id(key)
    if order_id is not None:
        terms = {"order_qty": RESTS["quantity"], "limit_price": _ELSEWHERE}
        stage.world.hands.call("AmendOrder", txid=order_id, **terms)
    stage.world.run(1)


def amend_applied(stage: Stage) -> None:
    """By its answer, and by the stream."""
    key = stage.placed(RESTS)
    stage.amend(key, limit_price="89510")
    stage.world.run(2)
    stage.tells(left_out=frozenset({AMEND}))
    stage.amend(key, quantity="0.003")
    stage.world.run(2)
    stage.tells(left_out=frozenset({"amended"}))
    stage.amend(key, quantity="0.001", limit_price="89520")
    stage.world.run(2)


def amend_made_elsewhere(stage: Stage) -> None:
    """On an order without an amend of ours."""
    _made_elsewhere(stage, stage.placed(RESTS))


def amend_refused(stage: Stage) -> None:
    """Known not done."""
    key = stage.placed(RESTS)
    stage.fault("AmendOrder", "error", error=REFUSAL)
    stage.amend(key, limit_price="89510")
    stage.world.run(3)


def amend_made_elsewhere_meanwhile(stage: Stage) -> None:
    """Ours is on its way when somebody else's is reported."""
    key = stage.placed(RESTS)
    stage.fault("AmendOrder", "slow", ms=3_000)
    stage.amend(key, limit_price="89510")
    stage.world.run(1)
    _made_elsewhere(stage, key)
    stage.world.run(5)


def amend_in_doubt_applied(stage: Stage) -> None:
    """The answer is lost, and the stream tells late."""
    stage.slow_looks()
    key = stage.placed(RESTS)
    stage.tells(left_out=frozenset({AMEND}), held_ms={"amended": DOUBT_MS})
    stage.amend(key, limit_price="89510")
    stage.world.run(9)


def amend_in_doubt_refused(stage: Stage) -> None:
    """The answer comes late."""
    stage.slow_looks()
    key = stage.placed(RESTS)
    stage.fault("AmendOrder", "error", error=REFUSAL)
    stage.tells(held_ms={AMEND: DOUBT_MS})
    stage.amend(key, limit_price="89510")
    stage.world.run(9)


def amend_in_doubt_made_elsewhere(stage: Stage) -> None:
    """The stream tells of another one while ours is in doubt."""
    stage.slow_looks()
    key = stage.placed(RESTS)
    stage.fault("AmendOrder", "not_executed")
    stage.amend(key, limit_price="89510")
    stage.world.run(6.5)
    _made_elsewhere(stage, key)
    stage.world.run(15)


def amend_absent(stage: Stage) -> None:
    """Two looks agree that it was never applied."""
    key = stage.placed(RESTS)
    stage.fault("AmendOrder", "not_executed")
    stage.amend(key, limit_price="89510")
    stage.world.run(20)


def amend_lost_with_the_process(stage: Stage) -> None:
    """The desk is killed with an amend on its way; the next one must find out."""
    key = stage.placed(RESTS)
    stage.amend(key, limit_price="89510")
    stage.world.run(0.02)
    stage.world.kill()
    stage.world.start()
    stage.world.ready()
    stage.world.run(15)


def amend_below_filled(stage: Stage) -> None:
    """Less than is filled: what is filled stays, the rest ends."""
    stage.market()
    key = stage.placed(FILLS_IN_PART)
    stage.world.run(1)
    stage.amend(key, quantity="0.003")
    stage.world.run(4)


def amend_that_is_filled_meanwhile(stage: Stage) -> None:
    """The fills of an order come while its amend is on its way."""
    stage.market()
    key = stage.placed(FILLS_IN_PART)
    stage.fault("AmendOrder", "slow", ms=1_500)
    stage.amend(key, quantity="0.008")
    for _ in range(4):
        stage.market()
    stage.world.run(3)


def canceled_with_an_amend_on_its_way(stage: Stage) -> None:
    """The cancel overtakes."""
    key = stage.placed(RESTS)
    stage.fault("AmendOrder", "slow", ms=2_000)
    stage.amend(key, limit_price="89510")
    stage.world.run(0.2)
    stage.world.say("order.cancel", {"order": key})
    stage.world.run(5)


def canceled_by_hand(stage: Stage) -> None:
    """Our order is canceled on the exchange's own page."""
    key = stage.placed(RESTS)
    order_id = stage.world.order_id(key)
    if order_id is not None:
        stage.world.hands.call("CancelOrder", txid=order_id)
    stage.world.run(3)


def placed_by_hand(stage: Stage) -> None:
    """Somebody else's orders: adopted, filled, canceled, expired, and never touched."""
    limit = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit"}
    stage.world.hands.call("AddOrder", **limit, volume="0.002", price="89400", **_SHORT)
    answer = stage.world.hands.call("AddOrder", **limit, volume="0.002", price="89410")
    stage.market()
    stage.world.hands.call("AddOrder", **limit, volume="0.001", price=ASK)
    stage.world.run(5)
    (order_id,) = answer["result"]["txid"]
    stage.world.hands.call("AmendOrder", txid=order_id, order_qty="0.003")
    stage.world.run(1)
    stage.world.hands.call("CancelOrder", txid=order_id)
    stage.world.run(6)


def asked_twice_under_one_key(stage: Stage) -> None:
    """At once, afterwards, and while the desk is halted: one order, one denial."""
    for shape in (RESTS, {"quantity": "100", "limit_price": ASK}):
        key = stage.place(shape)
        stage.place(shape, key)
        stage.world.run(1)
        stage.place(shape, key)
        stage.world.run(1)


def killed_while_it_waits(stage: Stage) -> None:
    """The desk is killed as soon as the row is durable: sent or not, nobody knows."""
    key = stage.place(RESTS)
    while stage.world.order_state(key) is None:
        stage.world.run(0.0005)
    stage.world.kill()
    stage.world.start()
    stage.world.ready()
    stage.world.run(12)


def withdrawn_while_it_waits(stage: Stage) -> None:
    """More orders than the pair's counter has room for; a halt takes those back that wait."""
    for _ in range(26):
        stage.place(RESTS)
    stage.world.run(1)
    stage.world.say("halt", {"why": "kit"})
    stage.world.run(20)
    stage.world.say("resume", {"why": "kit"})
    stage.world.run(1)


def never_executed(stage: Stage) -> None:
    """The request is lost on its way, and nobody ever says so."""
    stage.fault("AddOrder", "not_executed")
    stage.place(RESTS)
    stage.world.run(15)


def amend_of_a_partly_filled_order(stage: Stage) -> None:
    """The quantity of an amend is the order's total, not its rest."""
    stage.market()
    key = stage.placed(FILLS_IN_PART)
    stage.world.run(1)
    stage.amend(key, quantity="0.015")
    stage.world.run(3)


AMENDS: Final = (
    *(amend_applied, amend_made_elsewhere, amend_refused, amend_made_elsewhere_meanwhile),
    *(amend_in_doubt_applied, amend_in_doubt_refused, amend_in_doubt_made_elsewhere),
    *(amend_absent, amend_lost_with_the_process, amend_below_filled),
    *(amend_that_is_filled_meanwhile, canceled_with_an_amend_on_its_way),
    *(canceled_by_hand, placed_by_hand, asked_twice_under_one_key),
    *(killed_while_it_waits, withdrawn_while_it_waits),
    *(never_executed, amend_of_a_partly_filled_order),
)
