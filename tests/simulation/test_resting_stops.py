"""CryptoTrader's stops at the exchange, on the whole desk in virtual time: they hold whatever is killed."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from engine_world import EngineWorld, trader
from loguru import logger

from zoe.domain.strategy.record import read_state
from zoe.domain.strategy.trader_state import State, Trade
from zoe.messages.system import CloseDesk
from zoe.sandbox.core.orders import Order

#: Markets that give a signal in the first minute, one after the other until one has.
SEEDS = (2, 4, 19, 13, 18, 10, 17, 11, 20, 21, 22, 23)
NAME = "crypto_trader"


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    logger.disable("zoe")
    yield
    logger.enable("zoe")


def world(seed: int) -> EngineWorld:
    made = EngineWorld(seed, lambda: (trader(stops="exchange"),))
    made.dead_man = False
    made.start()
    made.ready()
    return made


def in_a_trade() -> EngineWorld:
    """A world in which CryptoTrader's entry is over and something is held."""
    for seed in SEEDS:
        made = world(seed)
        made.run(100)
        if any(trade.size for trade in state(made).trades):
            return made
    raise AssertionError("no market has given a signal")


def state(made: EngineWorld) -> State:
    """CryptoTrader's newest state that is durable."""
    rows = made.journal.stream(f"strategy-state/{made.account}/{NAME}", last=True)
    return read_state(State, rows[-1].body["state"]) if rows else State()


def the_trade(made: EngineWorld) -> Trade:
    return next(trade for trade in state(made).trades if trade.size)


def resting(made: EngineWorld, pair: str) -> list[Order]:
    """Stops of a pair that are open at the exchange, read where the exchange keeps them."""
    (account,) = made.exchange.world.accounts.by_name.values()
    return [
        order
        for order in account.open.values()
        if order.terms.pair.symbol == pair and order.terms.trigger
    ]


def sold(made: EngineWorld, pair: str) -> dict[str, Decimal]:
    """What was sold of a pair, by slot."""
    found: dict[str, Decimal] = {}
    for row in made.journal.fills(made.account, f"strategy/{NAME}"):
        if row.body["pair"] == pair and row.body["side"] == "sell":
            slot = row.body["slot"].rpartition(" ")[2]
            found[slot] = found.get(slot, Decimal(0)) + Decimal(row.body["quantity"])
    return found


def held(made: EngineWorld, pair: str) -> Decimal:
    """The sleeve."""
    rows = {row["pair"]: row["quantity"] for row in made.show(NAME)["sleeve"]}
    return Decimal(rows.get(pair, "0"))


def _is_whole(made: EngineWorld, trade: Trade) -> bool:
    """Whether all is bought that will be, and nothing of it is sold."""
    return trade.size > 0 and held(made, trade.pair) == Decimal(trade.size).scaleb(-8)


def price(made: EngineWorld, pair: str, units: int) -> str:
    places = made.exchange.world.catalog.pairs[pair].price_decimals
    return str(Decimal(units).scaleb(-places))


def move(made: EngineWorld, pair: str, bid: int, *, trade: int | None = None) -> None:
    """The market of a pair stands at a bid from here on, and trades there first, if at all."""
    tick = made.exchange.world.catalog.pairs[pair].tick
    body: dict[str, Any] = {"symbol": pair, "qty": "1000000"}
    if trade is not None:
        body["trade"] = {"price": price(made, pair, trade), "qty": "1000000", "side": "sell"}
    body["best_bid"] = price(made, pair, bid // tick * tick)
    body["best_ask"] = price(made, pair, bid // tick * tick + tick)
    made.admin("POST", "market", body)


def test_a_position_has_its_stop_at_the_exchange_whatever_is_killed() -> None:
    made, rng = in_a_trade(), random.Random(5)
    looked = 0
    for _ in range(6):
        made.run(rng.uniform(1, 12))
        made.kill()
        made.start()
        made.ready()
        made.run(1)
        for trade in state(made).trades:
            if trade.leave is None and not trade.taking and _is_whole(made, trade):
                looked += 1
                (stop,) = resting(made, trade.pair)
                assert stop.terms.trigger >= trade.stop * 9_998 // 10_000
                assert stop.left == trade.size
    assert looked


def test_a_stop_is_hit_while_nobody_is_there_and_nothing_is_sold_twice() -> None:
    made = in_a_trade()
    trade = the_trade(made)
    (stop,) = resting(made, trade.pair)
    made.kill()
    # Somebody trades at the stop, and the bids are still over its limit.
    move(made, trade.pair, stop.terms.trigger * 9_990 // 10_000, trade=stop.terms.trigger)
    assert not stop.is_live
    made.start()
    made.ready()
    made.until(lambda: state(made).trade(trade.pair) is None, 60)
    assert held(made, trade.pair) == 0
    assert list(sold(made, trade.pair)) == ["exit.stop"]
    after = state(made)
    # A stop of the exchange's is a stop: the pair rests for six hours.
    assert [stopped.pair for stopped in after.stopped] == [trade.pair]
    assert after.paused_until(trade.pair) - made.runtime.clock.wall_ns() > 5 * 3_600 * 10**9


def test_a_fall_through_the_stops_limit_is_left_by_the_desk_and_once() -> None:
    made = in_a_trade()
    trade = the_trade(made)
    bought = held(made, trade.pair)
    (stop,) = resting(made, trade.pair)
    move(made, trade.pair, stop.terms.price * 99 // 100, trade=stop.terms.price * 99 // 100)
    made.until(lambda: state(made).trade(trade.pair) is None, 120)
    assert held(made, trade.pair) == 0
    assert sum(sold(made, trade.pair).values()) == bought


def test_a_profit_is_taken_when_the_stop_has_let_go_of_its_half() -> None:
    made = in_a_trade()
    trade = the_trade(made)
    bought = held(made, trade.pair)
    risked = trade.price * trade.distance_mbps // 10_000_000

    def is_taken() -> bool:
        if not the_trade(made).halved:
            # Whoever else trades there may have left the target meanwhile.
            move(made, trade.pair, trade.price + 2 * risked)
        return the_trade(made).halved

    made.until(is_taken, 60)
    taken = sold(made, trade.pair)["exit.tp1"]
    assert taken == Decimal(trade.tranche).scaleb(-8) < bought

    def is_even() -> bool:
        # The one of before has gone, or will have: of the other half there is none for a moment.
        stops = resting(made, trade.pair)
        assert len(stops) <= 1
        return bool(stops) and stops[0].terms.trigger >= trade.entry

    made.until(is_even, 60)
    (stop,) = resting(made, trade.pair)
    assert Decimal(stop.left).scaleb(-8) == bought - taken
    # What is shown of it is its trigger of now.
    made.run(2)
    (row,) = [o for o in made.ask("status")["result"]["orders"] if o["pair"] == trade.pair]
    assert Decimal(row["trigger_price"]) == Decimal(price(made, trade.pair, stop.terms.trigger))
    (shown,) = [row for row in made.show(NAME)["details"] if row["pair"] == trade.pair]
    assert [order["trigger"] for order in shown["working"]] == [row["trigger_price"]]


def test_a_stop_stays_when_the_strategy_is_switched_off_and_when_the_desk_ends() -> None:
    made = in_a_trade()
    trade = the_trade(made)
    (stop,) = resting(made, trade.pair)
    assert made.ask("strategy.mode", name=NAME, mode="off", why="a test")["exit"] == 0
    made.run(30)
    assert resting(made, trade.pair) == [stop]
    assert made.ask("strategy.mode", name=NAME, mode="live", why="a test")["exit"] == 0
    made.run(30)
    assert resting(made, trade.pair) == [stop]
    made.runtime.find("closer").tell(CloseDesk("SIGTERM"))
    made.run(10)
    assert made.runtime.code == 0
    assert resting(made, trade.pair) == [stop]


def test_a_stop_that_somebody_canceled_is_placed_again() -> None:
    made = in_a_trade()
    trade = the_trade(made)
    (stop,) = resting(made, trade.pair)
    made.hands.call("CancelOrder", txid=stop.order_id)
    made.until(lambda: bool(resting(made, trade.pair)), 10)
    (again,) = resting(made, trade.pair)
    assert (again.terms.trigger, again.left) == (stop.terms.trigger, stop.left)


def test_coins_change_hands_between_both_modes_without_a_second_sale() -> None:
    made = in_a_trade()
    trade = the_trade(made)
    bought = held(made, trade.pair)
    made.kill()
    made.engines = lambda: (trader(stops="desk"),)
    made.start()
    made.ready()
    made.until(lambda: not resting(made, trade.pair), 60)
    made.kill()
    made.engines = lambda: (trader(stops="exchange"),)
    made.start()
    made.ready()
    made.until(lambda: bool(resting(made, trade.pair)), 60)
    assert held(made, trade.pair) + sum(sold(made, trade.pair).values()) == bought


def test_a_flatten_sells_all_and_no_stop_is_placed_beside_it() -> None:
    made = in_a_trade()
    trade = the_trade(made)
    bought = held(made, trade.pair)
    answer = made.ask("flatten", why="a test")
    assert [left for left in answer["result"]["left"] if left["name"] == trade.pair] == []
    orders = [order for order in answer["result"]["orders"] if order["pair"] == trade.pair]
    assert sum(Decimal(order["filled_quantity"]) for order in orders) == bought
    assert resting(made, trade.pair) == []


def test_a_halt_takes_the_stop_along_and_a_resume_brings_it_back() -> None:
    made = in_a_trade()
    trade = the_trade(made)
    assert made.ask("halt", why="a test")["exit"] == 0
    made.run(10)
    assert resting(made, trade.pair) == []
    assert made.ask("resume", why="a test")["exit"] == 0
    made.until(lambda: bool(resting(made, trade.pair)), 30)
