"""Risk: what blocks, what latches, and a trading state that is durable before it is told."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import attrs
import msgspec
import pytest
from stage import Stage

from zoe.actors.order_opening import OrderConfig
from zoe.actors.risk_officer import RiskOfficer
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.ids import tag_of
from zoe.domain.order import Intent, OrderType, Side
from zoe.domain.quantity import Price, Quantity
from zoe.domain.risk import Limits, TradingState
from zoe.messages.journal import Hydrated, Recorded, StoredRow, StoreWentDown
from zoe.messages.market import Quote, Quotes
from zoe.messages.orders import OrderDenied, OrdersReported, PlaceOrder, SubmitOrder
from zoe.messages.risk import (
    AssetsDisputed,
    LatchSet,
    SetLatch,
    SetTradingState,
    StopTrading,
    TradingStateChanged,
)
from zoe.messages.system import AccountLockChanged, CatalogChanged, DeadManChanged, Reconciled
from zoe.runtime.message import Envelope

OTHERS = ("gateway", "orders", "asker", "person", "catalogue", "reconciler")
PAIR = Instrument(
    *("BTC/USD", "BTC", "USD", "online", 1, Decimal("0.1")),
    *(8, Decimal("0.00000001"), Decimal("0.00005"), 5, Decimal("0.5")),
)


def officer(rows: tuple[StoredRow, ...] = (), forbidden: str | None = None) -> Stage:
    factory = partial(RiskOfficer, OrderConfig("a", 4711), Limits(), forbidden)
    return Stage("risk", factory, OTHERS, rows)


def ready(stage: Stage) -> Stage:
    stage.tell(Reconciled())
    stage.tell(OrdersReported(()))
    stage.tell(CatalogChanged(Catalog(1, {PAIR.symbol: PAIR})))
    now_ns = stage.runtime.clock.wall_ns()
    stage.tell(Quotes("", (Quote("BTC/USD", 1, 8, 500_000, 10, 500_010, 10, None, now_ns),)))
    return stage


def intent(number: int = 1, source: str = "strategy/q") -> Intent:
    return Intent(
        *(f"00000000-0000-0000-0000-{number:012d}", source, None, "BTC/USD", Side.BUY),
        *(OrderType.LIMIT, Quantity.of("0.001"), Price.of("49990.0")),
    )


def place(stage: Stage, wish: Intent) -> None:
    stage.tell(PlaceOrder(wish, stage.runtime.find("asker")))


def change(stage: Stage, state: TradingState) -> None:
    stage.tell(SetTradingState(state, "a test", "key", stage.runtime.find("person")))


def halted_row() -> tuple[StoredRow, ...]:
    return (StoredRow(1, "desk/a", 1, "trading_state.changed", 0, {"state": "HALTED"}),)


def test_an_intent_within_the_limits_is_approved_with_its_verdict() -> None:
    stage = ready(officer())
    place(stage, intent())
    (approved,) = stage.heard("orders", SubmitOrder)
    assert msgspec.json.decode(approved.verdict)["code"] == "APPROVED"


def test_the_same_intent_is_not_approved_twice() -> None:
    stage = ready(officer())
    place(stage, intent())
    place(stage, intent())
    assert len(stage.heard("orders", SubmitOrder)) == 1
    assert [d.code for d in stage.heard("asker", OrderDenied)] == ["DUPLICATE_INTENT"]


@pytest.mark.parametrize("news", [StoreWentDown(), StopTrading(), AccountLockChanged(False, "x")])
def test_what_blocks_trading_also_latches_the_gateway(news: object) -> None:
    stage = ready(officer())
    stage.tell(news)  # type: ignore[arg-type]  # each of them is a message
    assert stage.heard("gateway", SetLatch)[-1].closed
    place(stage, intent())
    assert stage.heard("orders", SubmitOrder) == []
    assert [d.code for d in stage.heard("asker", OrderDenied)] == ["NOT_READY"]


def test_no_order_touches_an_asset_whose_balance_nothing_explains() -> None:
    stage = ready(officer())
    stage.tell(AssetsDisputed(("BTC",)))
    place(stage, intent(1))
    (denied,) = stage.heard("asker", OrderDenied)
    assert dict(denied.values) == {"reason": "unexplained balance of BTC"}
    stage.tell(AssetsDisputed(("ETH",)))
    place(stage, intent(2))
    assert len(stage.heard("orders", SubmitOrder)) == 1


def test_a_run_that_may_not_trade_says_why() -> None:
    stage = ready(officer(forbidden="real money: start with --live"))
    place(stage, intent())
    (denied,) = stage.heard("asker", OrderDenied)
    assert dict(denied.values) == {"reason": "real money: start with --live"}
    assert stage.heard("gateway", SetLatch)[-1].closed


def test_nothing_is_traded_before_the_dead_mans_switch_is_armed() -> None:
    factory = partial(RiskOfficer, OrderConfig("a", 4711), Limits(), dead_man=True)
    stage = ready(Stage("risk", factory, OTHERS))
    place(stage, intent(1))
    assert [d.code for d in stage.heard("asker", OrderDenied)] == ["NOT_READY"]
    stage.tell(DeadManChanged(True, "acknowledged"))
    place(stage, intent(2))
    assert len(stage.heard("orders", SubmitOrder)) == 1
    stage.tell(DeadManChanged(False, "not armed"))
    assert stage.heard("gateway", SetLatch)[-1].closed


def test_a_persons_denied_wish_is_journalled_and_a_strategys_is_not() -> None:
    stage = officer()
    place(stage, intent(1))
    place(stage, intent(2, "person"))
    assert stage.kinds() == ["order.denied"]


def test_a_halt_is_in_force_before_it_is_durable_and_durable_before_it_is_told() -> None:
    stage = ready(officer())
    stage.answering = False
    change(stage, TradingState.HALTED)
    assert stage.heard("gateway", SetLatch)[-1] == SetLatch(True, "halted")
    assert stage.records == []
    stage.tell(LatchSet(False))  # it was on its way when the halt came
    assert stage.records == []
    stage.tell(LatchSet(True))
    assert len(stage.records) == 1
    assert stage.heard("person", TradingStateChanged) == []
    place(stage, intent())
    assert [d.code for d in stage.heard("asker", OrderDenied)] == ["TRADING_HALTED"]


def test_a_halt_survives_a_restart_until_it_is_taken_back() -> None:
    stage = ready(officer(halted_row()))
    assert stage.heard("gateway", SetLatch)[-1].closed
    place(stage, intent())
    assert [d.code for d in stage.heard("asker", OrderDenied)] == ["TRADING_HALTED"]
    change(stage, TradingState.ACTIVE)
    assert not stage.heard("gateway", SetLatch)[-1].closed
    place(stage, intent(2))
    assert len(stage.heard("orders", SubmitOrder)) == 1


def test_whoever_watches_hears_the_trading_state_of_every_incarnation() -> None:
    factory = partial(RiskOfficer, OrderConfig("a", 4711), Limits(), watchers=("asker",))
    stage = Stage("risk", factory, OTHERS, halted_row())
    stage.runtime.crash("risk")
    stage.run(1)
    states = [news.state for news in stage.heard("asker", TradingStateChanged)]
    assert states == [TradingState.HALTED] * 2


def test_a_halt_that_comes_while_a_resume_is_written_wins() -> None:
    stage = ready(officer(halted_row()))
    stage.answering = False
    change(stage, TradingState.ACTIVE)
    change(stage, TradingState.HALTED)
    stage.answering = True
    stage.tell(Recorded(2))
    assert stage.heard("gateway", SetLatch)[-1].closed
    place(stage, intent())
    assert stage.heard("orders", SubmitOrder) == []


def test_an_answer_of_the_journal_to_an_earlier_incarnation_changes_nothing() -> None:
    stage = officer(halted_row())
    stage.answering = False
    change(stage, TradingState.ACTIVE)
    stage.tell(Recorded(1))
    assert stage.heard("person", TradingStateChanged) == []
    stage.tell(Recorded(2))
    assert [news.state for news in stage.heard("person", TradingStateChanged)] == [
        TradingState.ACTIVE
    ]


def test_losses_that_are_limited_in_a_currency_of_no_pair_stop_trading() -> None:
    stage = Stage(
        "risk", partial(RiskOfficer, OrderConfig("a", 4711), Limits(currency="UDS")), OTHERS
    )
    place(ready(stage), intent())
    (denied,) = stage.heard("asker", OrderDenied)
    assert denied.code == "NOT_READY"
    assert "currency UDS" in dict(denied.values)["reason"]


def test_a_currency_that_comes_to_be_quoted_is_one() -> None:
    stage = ready(
        Stage("risk", partial(RiskOfficer, OrderConfig("a", 4711), Limits(currency="EUR")), OTHERS)
    )
    euro = attrs.evolve(PAIR, symbol="BTC/EUR", quote="EUR")
    stage.tell(CatalogChanged(Catalog(2, {p.symbol: p for p in (PAIR, euro)})))
    place(stage, intent())
    stage.tell(CatalogChanged(Catalog(3, {PAIR.symbol: PAIR})))
    place(stage, intent(2))
    assert len(stage.heard("orders", SubmitOrder)) == 2, "and stays one"


def test_without_limits_of_losses_any_currency_will_do() -> None:
    limits = Limits(currency="UDS", max_daily_loss_bps=0, max_drawdown_bps=0)
    stage = ready(Stage("risk", partial(RiskOfficer, OrderConfig("a", 4711), limits), OTHERS))
    place(stage, intent())
    assert len(stage.heard("orders", SubmitOrder)) == 1


def test_limits_of_assets_that_no_pair_has_are_named() -> None:
    limits = Limits(max_asset_position=("BTC 1", "XBT 2", "usd 3"))
    assert limits.unknown_assets(Catalog(1, {PAIR.symbol: PAIR})) == ("XBT", "usd")


def test_a_wish_in_the_place_of_a_state_that_is_gone_changes_nothing() -> None:
    stage = ready(officer())
    change(stage, TradingState.REDUCING)
    asker = stage.runtime.find("asker")
    late = SetTradingState(TradingState.HALTED, "late", "key", asker, instead_of="another reason")
    stage.tell(late)
    assert stage.kinds() == ["trading_state.changed"]
    assert not stage.heard("gateway", SetLatch)[-1].closed
    stage.tell(attrs.evolve(late, state=TradingState.ACTIVE, instead_of="a test"))
    (news,) = stage.heard("asker", TradingStateChanged)
    assert news.state is TradingState.ACTIVE


def test_a_wish_behind_another_that_is_being_written_comes_too_late() -> None:
    stage = ready(officer())
    change(stage, TradingState.REDUCING)
    stage.answering = False
    change(stage, TradingState.HALTED)
    asker = stage.runtime.find("asker")
    stage.tell(SetTradingState(TradingState.REDUCING, "late", "key", asker, instead_of="a test"))
    stage.tell(LatchSet(True))
    stage.answering = True
    stage.tell(Recorded(2))
    assert stage.heard("gateway", SetLatch)[-1].closed
    assert stage.heard("asker", TradingStateChanged) == []


@pytest.mark.parametrize(("why", "halts"), [("flatten 1", True), ("halted by hand", False)])
def test_one_that_comes_before_the_journal_has_told_waits_for_it(why: str, *, halts: bool) -> None:
    body = {"state": "REDUCING", "why": "flatten 1"}
    stage = officer((StoredRow(1, "desk/a", 1, "trading_state.changed", 0, body),))
    stage.reading = False
    stage.runtime.crash("risk")
    stage.run(1)
    asker = stage.runtime.find("asker")
    stage.tell(SetTradingState(TradingState.HALTED, "as before", "key", asker, instead_of=why))
    assert stage.heard("gateway", SetLatch)[-1] != SetLatch(True, "halted")
    question = [asked for asked in stage.questions if asked.stream == "desk/a"][-1]
    stage.tell(Hydrated(question.ref, tuple(stage.rows)))
    stage.tell(LatchSet(True))
    assert (stage.heard("gateway", SetLatch)[-1] == SetLatch(True, "halted")) is halts
    assert stage.kinds() == ["trading_state.changed"] * halts


def test_a_halt_that_a_restart_has_met_is_told_no_sooner_than_it_is_durable() -> None:
    factory = partial(RiskOfficer, OrderConfig("a", 4711), Limits(), watchers=("asker",))
    stage = ready(Stage("risk", factory, OTHERS))
    stage.reading = stage.answering = False
    stage.questions.clear()
    stage.runtime.crash("risk")
    stage.run(1)
    change(stage, TradingState.HALTED)
    assert stage.heard("gateway", SetLatch)[-1].closed
    for question in stage.questions:
        stage.tell(Hydrated(question.ref, ()))
    stage.tell(LatchSet(True))
    assert stage.kinds() == ["trading_state.changed"]
    assert TradingState.HALTED not in [n.state for n in stage.heard("asker", TradingStateChanged)]
    assert stage.heard("gateway", SetLatch)[-1].closed
    stage.answer()
    assert stage.heard("asker", TradingStateChanged)[-1].state is TradingState.HALTED


def test_what_has_room_is_recorded_with_its_verdict_before_the_order_desk_hears_of_it() -> None:
    stage = ready(officer())
    said: list[str] = []
    for name in ("journal", "orders"):
        address = stage.runtime.find(name)
        address.handler = partial(heard_in_order, said, address.handler)
    stage.answering = False
    stage.tell(PlaceOrder(intent(1), stage.runtime.find("asker"), has_room=True))
    assert said == ["Record", "SubmitOrder"]
    (approved,) = stage.heard("orders", SubmitOrder)
    (row,) = stage.records[-1].rows
    assert (row.stream, row.version, row.kind) == (
        f"order/a/{intent(1).intent_id}",
        1,
        "order.sending",
    )
    body = msgspec.json.decode(row.body)
    assert msgspec.json.decode(body["verdict"])["code"] == "APPROVED"
    assert approved.begun is not None and approved.begun.cl_ord_id == body["cl_ord_id"]
    assert tag_of(body["cl_ord_id"]) == 4711
    place(stage, intent(2))
    assert stage.heard("orders", SubmitOrder)[-1].begun is None, "it waits for its permit first"


def heard_in_order(
    said: list[str], handler: Callable[[Envelope], None], envelope: Envelope
) -> None:
    said.append(type(envelope.message).__name__)
    handler(envelope)


def test_of_what_is_denied_no_row_is_written_though_it_has_room() -> None:
    stage = ready(officer())
    stage.tell(StopTrading())
    stage.tell(PlaceOrder(intent(), stage.runtime.find("asker"), has_room=True))
    assert stage.kinds() == []
    assert [d.code for d in stage.heard("asker", OrderDenied)] == ["NOT_READY"]


def test_a_quote_is_read_as_it_is_counted_whatever_was_counted_before() -> None:
    stage = ready(officer())
    place(stage, intent(1))
    now_ns = stage.runtime.clock.wall_ns()
    # The same digits, one more of them behind the point: a tenth of the price.
    stage.tell(Quotes("", (Quote("BTC/USD", 2, 8, 500_000, 10, 500_010, 10, None, now_ns),)))
    place(stage, intent(2))
    (denied,) = stage.heard("asker", OrderDenied)
    assert denied.code == "PRICE_COLLAR"
    assert dict(denied.values)["against"] == "5000.1"
