"""EngineStrategist on a stage: modes, warm-up, decisions, targets, sleeve; with a small engine of the test's."""

import json
from decimal import Decimal
from typing import Any

import attrs
from loguru import logger
from stage import Stage

from zoe.actors.engine_strategist import EngineStrategist
from zoe.actors.strategist_config import EngineConfig
from zoe.actors.strategist_rows import unpacked
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.order import Fill, Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.risk import TradingState
from zoe.domain.strategy.view import Decision, Needs, View, Want
from zoe.messages.journal import StoredRow
from zoe.messages.ledger import BalancesChanged
from zoe.messages.market import Quote, TradePrint, TradePrints
from zoe.messages.orders import OrderChanged, OrdersReported, ReportOrders, SetTarget
from zoe.messages.risk import TradingStateChanged
from zoe.messages.strategy import (
    BarsWanted,
    FocusWanted,
    ReportStrategy,
    SetStrategyMode,
    StrategyReported,
)
from zoe.messages.system import CatalogChanged

OTHERS = (
    *("catalogue", "ledger", "risk", "market", "bars", "scout", "ratelimiter"),
    *("orders", "repositioner", "heartbeat", "door"),
)
PAIR = "X/USD"
SOURCE = "strategy/small"


@attrs.frozen
class Memory:
    """How often it was asked about each pair."""

    schema: int = 1
    asked: int = 0


@attrs.define
class Small:
    """Wants to buy a tick below the bid and to sell what it has a tick above the ask."""

    name: str = "small"
    slots: tuple[str, ...] = ("bid.0", "ask.0")
    needs: Needs = attrs.field(factory=Needs)
    state_type: type[Any] = Memory
    seen: list[View] = attrs.field(factory=list)

    def memory(self, pair: str) -> str:
        return pair

    def initial(self) -> Memory:
        return Memory()

    def decide(self, state: Memory, view: View) -> Decision:
        self.seen.append(view)
        after = Memory(asked=state.asked + 1)
        touch = view.touch
        if touch.bid is None or touch.ask is None:
            return Decision(after, (), ("EMPTY", "STOP_BLIND"))
        until_ns = view.now_ns + 10_000_000_000
        bid = Want("bid.0", PAIR, Side.BUY, touch.bid - 1, 100, True, until_ns, "low")
        held = view.account.sleeve
        ask = Want("ask.0", PAIR, Side.SELL, touch.ask + 1, held, True, until_ns, "high")
        return Decision(after, (bid, ask) if held else (bid,), ("QUOTING",))


class Desk:
    """The actor, and everybody else played by hand."""

    def __init__(self, mode: str = "live", rows: tuple[StoredRow, ...] = (), **config: Any) -> None:
        self.engine = Small(needs=config.pop("needs", Needs()))
        engine = EngineConfig(self.engine, mode, (PAIR,), "1", "p", **config)
        self.stage = Stage("strategy/small", lambda: EngineStrategist("a", engine), OTHERS, rows)
        one = Decimal(1)
        pair = Instrument(PAIR, "X", "USD", "online", 1, one / 10, 2, one / 100, one / 100, 5, one)
        self.stage.tell(CatalogChanged(Catalog(1, {PAIR: pair})))
        self.stage.tell(BalancesChanged((("USD", Decimal(1_000)), ("X", Decimal(50)))))
        self.stage.tell(TradingStateChanged(TradingState.ACTIVE))

    def quote(self, bid: int = 1000, **changes: Any) -> None:
        now_ns = self.stage.runtime.clock.wall_ns()
        quote = Quote(PAIR, 1, 2, bid, 500, bid + 10, 500, None, now_ns)
        self.stage.tell(attrs.evolve(quote, **changes), 0.01)

    def targets(self) -> dict[str, Any]:
        """What the Repositioner was told last, by slot."""
        return {each.slot: each.target for each in self.stage.heard("repositioner", SetTarget)}

    def rows(self, kind: str) -> list[dict[str, Any]]:
        found = (row for record in self.stage.records for row in record.rows)
        return [json.loads(row.body) for row in found if row.kind == kind]

    def report(self) -> dict[str, Any]:
        self.stage.tell_from("door", ReportStrategy(7, details=True))
        return self.stage.heard("door", StrategyReported)[-1].report


def order(*fills: Fill, state: State = State.WORKING, intent_id: str = "i1") -> Order:
    intent = Intent(
        intent_id, SOURCE, f"{PAIR} bid.0", PAIR, Side.BUY, OrderType.LIMIT,
        Quantity(Decimal(5)), Price(Decimal("99.9")),
    )  # fmt: skip
    return Order(intent, state, order_id="O1", fills=fills)


def fill(name: str, quantity: str, side: Side = Side.BUY) -> Fill:
    amount = Decimal(quantity)
    return Fill(
        name, None, "O1", PAIR, side, Quantity(amount), Price(Decimal(100)), amount * 100,
        amount / 4, "USD", "m", 5,
    )  # fmt: skip


def test_what_is_wanted_becomes_targets_with_the_decision_that_they_follow_from() -> None:
    desk = Desk()
    desk.quote()
    target = desk.targets()[f"{PAIR} bid.0"]
    assert (target.price, target.quantity) == (Price(Decimal("99.9")), Quantity(Decimal(1)))
    assert (target.source, target.decision) == (SOURCE, "strategy/a/small@1")
    (row,) = desk.rows("decision.made")
    assert row["wants"][0]["price"] == "99.9"
    assert row["quote"]["bid"] == "100"
    assert json.loads(unpacked(row["made"])).keys() == {"view", "state", "wants"}


def test_a_decision_is_a_row_only_when_what_is_wanted_or_why_has_changed() -> None:
    desk = Desk()
    for _ in range(3):
        desk.quote()
    assert len(desk.rows("decision.made")) == 1
    desk.quote(1005)
    assert len(desk.rows("decision.made")) == 2
    assert desk.report()["decisions"] == 2


def test_targets_are_renewed_before_they_run_out_and_not_at_every_wake() -> None:
    desk = Desk()
    for _ in range(100):
        desk.quote()
        desk.stage.run(0.1)
    told = len(desk.stage.heard("repositioner", SetTarget))
    assert 3 <= told <= 5


def test_what_is_wanted_of_a_slot_is_told_anew_once_it_was_filled() -> None:
    desk = Desk()
    desk.quote()
    ends = (order(state=State.CANCELED), order(fill("E1", "5"), state=State.FILLED, intent_id="i2"))
    for ended, told in zip(ends, (1, 2), strict=True):
        desk.stage.tell(OrderChanged(ended), 0.1)
        heard = [t for t in desk.stage.heard("repositioner", SetTarget) if "bid.0" in t.slot]
        assert len(heard) == told
    assert len({t.target.price for t in heard if t.target}) == 1, "it is the same"


def test_a_round_decides_where_the_market_has_not_moved_for_a_second() -> None:
    desk = Desk()
    for _ in range(50):
        desk.quote()
        desk.stage.run(0.1)
    assert len(desk.engine.seen) == 50
    desk.stage.run(5)
    assert 4 <= len(desk.engine.seen) - 50 <= 6


def test_a_shadow_decides_and_sets_no_target_and_off_is_not_even_asked() -> None:
    shadow = Desk("shadow")
    shadow.quote()
    assert shadow.targets() == {}
    assert len(shadow.rows("decision.made")) == 1
    off = Desk("off")
    off.quote()
    assert off.engine.seen == []
    assert {wish.symbols for wish in off.stage.heard("market", FocusWanted)} == {()}


def test_nothing_is_wanted_while_needs_are_not_met() -> None:
    desk = Desk(needs=Needs(focus_seconds=30))
    desk.quote()
    assert desk.targets() == {}
    assert desk.report()["details"][0]["reasons"] == ["WARMING", "QUOTING"]
    for _ in range(32):
        desk.quote()
        desk.stage.run(1)
    assert desk.targets()[f"{PAIR} bid.0"] is not None
    # A book that was lost begins anew.
    desk.quote(live=False)
    desk.quote()
    assert desk.targets()[f"{PAIR} bid.0"] is None


def test_exits_pass_while_it_is_warming_where_positions_must_be_protected() -> None:
    desk = Desk(needs=Needs(focus_seconds=30), eager=True)
    desk.stage.tell(OrderChanged(order(fill("E1", "2"))))
    desk.quote()
    assert desk.targets().keys() == {f"{PAIR} ask.0"}


def test_a_mode_is_durable_before_it_counts_and_leaving_live_takes_the_wants_back() -> None:
    desk = Desk()
    desk.quote()
    desk.stage.answering = False
    door = desk.stage.runtime.find("door")
    desk.stage.tell(SetStrategyMode(3, "shadow", "a look", door))
    assert desk.targets()[f"{PAIR} bid.0"] is not None
    assert desk.stage.heard("door", StrategyReported) == []
    desk.stage.answering = True
    desk.stage.tell(SetStrategyMode(4, "off", "enough", door))
    report = desk.stage.heard("door", StrategyReported)[-1].report
    assert (report["mode"], report["wants"]) == ("off", 0)
    assert desk.targets()[f"{PAIR} bid.0"] is None
    assert [row["mode"] for row in desk.rows("strategy.mode")] == ["shadow", "off"]


def test_what_is_wanted_is_written_down_and_told_again_in_another_mode() -> None:
    desk = Desk("shadow")
    desk.quote()
    desk.stage.tell(SetStrategyMode(3, "live", "go", desk.stage.runtime.find("door")))
    desk.quote()
    desk.quote()
    decisions = desk.rows("decision.made")
    assert [row["wants"][0]["price"] for row in decisions] == ["99.9", "99.9"]
    target = desk.targets()[f"{PAIR} bid.0"]
    assert target.decision == "strategy/a/small@2"


def test_live_is_refused_where_nothing_may_be_traded_and_any_mode_but_off_where_needs_lack() -> (
    None
):
    forbidden = Desk("shadow", forbidden="real money: start with --live")
    door = forbidden.stage.runtime.find("door")
    forbidden.stage.tell(SetStrategyMode(1, "live", "", door))
    assert "--live" in forbidden.stage.heard("door", StrategyReported)[-1].refusal
    unmet = Desk("off", unmet="it names no pairs")
    unmet.stage.tell(SetStrategyMode(1, "shadow", "", unmet.stage.runtime.find("door")))
    assert unmet.stage.heard("door", StrategyReported)[-1].refusal == "it names no pairs"


def test_an_execution_counts_once_whoever_tells_it_again() -> None:
    desk = Desk()
    first = order(fill("E1", "2"))
    for _ in range(3):
        desk.stage.tell(OrderChanged(first))
    desk.stage.tell(OrderChanged(order(fill("E1", "2"), fill("E2", "1"), state=State.FILLED)))
    assert desk.report()["sleeve"] == [{"pair": PAIR, "quantity": "3", "cost": "300.75"}]
    desk.quote()
    fills = [name.exec_id for view in desk.engine.seen for name in view.fills]
    assert fills == ["E1", "E2"]


def test_it_never_sells_more_than_the_account_has_of_its_sleeve() -> None:
    desk = Desk()
    desk.stage.tell(OrderChanged(order(fill("E1", "4"), state=State.FILLED)))
    desk.stage.tell(BalancesChanged((("USD", Decimal(600)), ("X", Decimal("1.5")))))
    desk.quote()
    assert desk.engine.seen[-1].account.sleeve == 150


def test_executions_of_before_are_in_the_sleeve_before_anything_is_decided() -> None:
    body = {
        "exec_id": "E1", "trade_id": None, "order_id": "O1", "pair": PAIR, "side": "buy",
        "quantity": "2", "price": "100", "cost": "200", "fee": "0.5", "fee_asset": "USD",
        "liquidity": "m", "exchange_ns": 5, "slot": f"{PAIR} bid.0", "state": "WORKING",
    }  # fmt: skip
    desk = Desk(rows=(StoredRow(1, "order/a/i1", 2, "order.fill", 0, body),))
    assert desk.report()["sleeve"] == [{"pair": PAIR, "quantity": "2", "cost": "200.5"}]
    desk.stage.tell(OrderChanged(order(fill("E1", "2"))))
    assert desk.report()["sleeve"][0]["quantity"] == "2"


def test_a_stop_that_cannot_act_is_said_once() -> None:
    desk, said = Desk(), []
    sink = logger.add(lambda message: said.append(message.record["message"]))
    try:
        desk.quote(ask=None)
        desk.quote(ask=None)
    finally:
        logger.remove(sink)
    assert said.count("strategy.unguarded") == 1


def test_coins_in_a_pair_that_it_is_no_longer_told_of_are_shown_and_left_alone() -> None:
    body = {
        "exec_id": "E1", "trade_id": None, "order_id": "O1", "pair": "Y/USD", "side": "buy",
        "quantity": "2", "price": "100", "cost": "200", "fee": "0.5", "fee_asset": "USD",
        "liquidity": "m", "exchange_ns": 5, "slot": "Y/USD bid.0", "state": "WORKING",
    }  # fmt: skip
    desk = Desk(rows=(StoredRow(1, "order/a/i1", 2, "order.fill", 0, body),))
    desk.stage.run(310)
    assert {wish.symbols for wish in desk.stage.heard("market", FocusWanted)} == {(PAIR,)}
    assert [row["pair"] for row in desk.report()["details"]] == [PAIR, "Y/USD"]


def test_a_state_that_cannot_be_read_keeps_it_off_and_is_said() -> None:
    body = {"memory": PAIR, "state": '{"schema":9}'}
    stream = f"strategy-state/a/small/{PAIR}"
    desk = Desk(rows=(StoredRow(1, stream, 4, "strategy.state", 0, body),))
    desk.quote()
    assert desk.engine.seen == []
    report = desk.report()
    assert report["mode"] == "off"
    assert "schema 9" in report["forbidden"]


def test_the_book_is_shown_without_our_own_orders() -> None:
    desk = Desk()
    desk.stage.tell(OrderChanged(order()))
    desk.quote(999, bids=((999, 600), (998, 10)), asks=((1009, 20),))
    book = desk.engine.seen[-1].book
    assert book is not None
    assert book.bids == ((999, 100), (998, 10))


def test_cash_is_what_others_orders_do_not_hold() -> None:
    desk = Desk()
    stranger = order(intent_id="i2")
    stranger = attrs.evolve(stranger, intent=attrs.evolve(stranger.intent, source="person"))
    desk.stage.tell(OrderChanged(order()))
    desk.quote()
    assert desk.engine.seen[-1].account.cash == 1_000
    desk.stage.tell(OrderChanged(stranger))
    desk.quote()
    cash = desk.engine.seen[-1].account.cash
    assert cash is not None
    assert Decimal(495) < cash < Decimal(501)


def test_the_tape_sums_what_was_traded_since_the_last_view_and_in_five_minutes() -> None:
    desk = Desk()
    desk.quote()
    trades = tuple(
        TradePrint(n, side, Decimal(price), Decimal(quantity), at_ns)
        for n, (side, price, quantity, at_ns) in enumerate(
            (("buy", "101", "1", 1), ("buy", "102", "2", 1), ("sell", "99", "1", 2))
        )
    )
    desk.stage.tell(TradePrints(PAIR, trades, 3, Decimal(4)))
    tape = desk.engine.seen[-1].tape
    assert (tape.signed_quantity, tape.prints, tape.low, tape.high) == (200, 3, 990, 1020)
    assert [(sweep.side, sweep.price, sweep.quantity) for sweep in tape.sweeps] == [
        (Side.BUY, 1020, 300),
        (Side.SELL, 990, 100),
    ]
    assert tape.volume_5m == 400
    # A later message tells by its sums of trades that were lost on the way.
    desk.stage.tell(TradePrints(PAIR, trades[2:], 9, Decimal(10)))
    assert desk.engine.seen[-1].tape.volume_5m == 1_000
    desk.quote()
    assert desk.engine.seen[-1].tape.prints == 0


def test_it_says_again_what_it_looks_at_since_restarts_forget_it() -> None:
    desk = Desk(needs=Needs(bars={"5m": 3}))
    desk.stage.run(65)
    assert len(desk.stage.heard("market", FocusWanted)) >= 3
    assert desk.stage.heard("bars", BarsWanted)[-1].symbols == (PAIR,)
    assert len(desk.stage.heard("orders", ReportOrders)) >= 3
    desk.stage.tell(OrdersReported((order(),)))
    assert desk.report()["details"][0]["working"][0]["slot"] == "bid.0"


def test_fair_value_is_written_down_at_an_execution_a_horizon_later_and_each_minute() -> None:
    desk = Desk()
    desk.quote()
    now_ns = desk.stage.runtime.clock.wall_ns()
    desk.stage.tell(OrderChanged(order(attrs.evolve(fill("E1", "2"), exchange_ns=now_ns))))
    (mark,) = desk.rows("fill.marked")
    assert (mark["exec_id"], mark["pair"], mark["fair"]) == ("E1", PAIR, "100.5")
    for bid in (1010, 1020):
        assert not desk.rows("fill.followed")
        desk.stage.run(16)
        desk.quote(bid)
    (later,) = desk.rows("fill.followed")
    assert (later["exec_id"], later["fair"]) == ("E1", "101.5")  # as it was after 30 s
    for _ in range(9):
        desk.stage.run(10)
        desk.quote(1030)
    desk.stage.run(2)
    assert desk.rows("strategy.marks")[-1]["fair"] == {PAIR: "103.5"}
    assert len(desk.rows("fill.marked")) == len(desk.rows("fill.followed")) == 1


def test_an_execution_without_a_quote_has_no_mark_and_one_of_before_none_again() -> None:
    desk = Desk()
    desk.stage.tell(OrderChanged(order(fill("E1", "2"))))
    assert not desk.rows("fill.marked")
    desk.quote(ask=None)
    assert not desk.rows("fill.marked")
