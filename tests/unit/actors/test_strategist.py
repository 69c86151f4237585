"""A strategist of one pair on a stage: what is wanted on is renewed, and told anew only where it differs."""

from decimal import Decimal
from functools import partial
from typing import Any

import attrs
from stage import Stage

from zoe.actors.strategist import Strategist, StrategyConfig
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy.view import Decision, Strategy, View, Want
from zoe.messages.ledger import BalancesChanged
from zoe.messages.market import Quote, confirmed_at
from zoe.messages.orders import RenewTargets, SetTarget
from zoe.messages.risk import TradingStateChanged
from zoe.messages.strategy import ReportStrategy, SetStrategyMode, StrategyReported
from zoe.messages.system import CatalogChanged

CENT = Decimal("0.01")
X = Instrument("X/USD", "X", "USD", "online", 2, CENT, 4, Decimal("0.01"), CENT, 5, Decimal(1))


@attrs.frozen
class AtTheBid:
    """Wants a bid where the best bid is."""

    name: str = "at_the_bid"
    slots: tuple[str, ...] = ("bid.0",)
    pair: str = "X/USD"

    def initial(self) -> dict[str, Any]:
        return {}

    def decide(self, state: dict[str, Any], view: View) -> Decision:
        assert view.touch.bid is not None
        until_ns = view.now_ns + 10_000_000_000
        want = Want("bid.0", "X/USD", Side.BUY, view.touch.bid, 10_000, True, until_ns, "a bid")
        return Decision(state, (want,), ("BID",))


def quote(stage: Stage, bid: int) -> None:
    now_ns = stage.runtime.clock.wall_ns()
    stage.tell(Quote("X/USD", 2, 4, bid, 1, bid + 10, 1, now_ns, now_ns))


def playing(strategy: Strategy = AtTheBid()) -> Stage:
    """It has told its first want."""
    factory = partial(Strategist, "a", StrategyConfig("q", strategy, dict))
    stage = Stage("strategist", factory, ("catalogue", "ledger", "risk", "repositioner"))
    stage.tell(CatalogChanged(Catalog(1, {X.symbol: X})))
    stage.tell(TradingStateChanged(TradingState.ACTIVE))
    quote(stage, 10_000)
    return stage


def set_at(stage: Stage) -> list[str]:
    told = [wish.target for wish in stage.heard("repositioner", SetTarget)]
    return [str(target.price) for target in told if target is not None]


def test_a_want_that_stays_is_renewed_as_it_was_told_each_second_for_longer() -> None:
    stage = playing()
    stage.run(2.5)
    assert set_at(stage) == ["100"]
    (told,) = [wish.target for wish in stage.heard("repositioner", SetTarget)]
    assert told is not None
    renewals = [r.targets for r in stage.heard("repositioner", RenewTargets)]
    assert len(renewals) == 2
    for (renewed,) in renewals:
        assert renewed.valid_until_ns > told.valid_until_ns
        assert attrs.evolve(renewed, valid_until_ns=told.valid_until_ns) == told


def test_a_want_that_differs_is_journalled_and_told_and_its_renewals_name_the_newest_decision() -> (
    None
):
    stage = playing()
    quote(stage, 10_000)
    assert stage.kinds() == ["decision.made"]
    quote(stage, 10_001)
    assert set_at(stage) == ["100", "100.01"]
    assert stage.kinds() == ["decision.made", "decision.made"]
    stage.run(1)
    (renewed,) = stage.heard("repositioner", RenewTargets)[-1].targets
    assert (str(renewed.price), renewed.decision) == ("100.01", "strategy/a/q@2")


def test_a_decision_shows_the_balances_as_they_are_now() -> None:
    stage = playing()
    stage.tell(BalancesChanged((("USD", Decimal("5.50")),)))
    quote(stage, 10_001)
    stage.tell(BalancesChanged((("USD", Decimal(7)), ("X", Decimal("0.1")))))
    quote(stage, 10_002)
    quote(stage, 10_003)
    held = [row.body["held"] for row in stage.rows]
    newest = {"USD": "7", "X": "0.1"}
    assert held == [None, {"USD": "5.5"}, newest, newest]


def test_a_renewal_is_worked_out_anew_where_the_pair_is_counted_otherwise() -> None:
    stage = playing()
    finer = attrs.evolve(X, price_precision=3, price_increment=Decimal("0.001"))
    stage.tell(CatalogChanged(Catalog(2, {X.symbol: finer})))
    now_ns = stage.runtime.clock.wall_ns()
    stage.tell(Quote("X/USD", 3, 4, 10_000, 1, 10_010, 1, now_ns, now_ns))
    stage.run(1)
    (renewed,) = stage.heard("repositioner", RenewTargets)[-1].targets
    assert str(renewed.price) == "10"


@attrs.frozen
class Keeping(AtTheBid):
    """Makes its wants once for as long as the bid stays, and another reason at each even one."""

    made: dict[int, tuple[Want, ...]] = attrs.field(factory=dict)

    def decide(self, state: dict[str, Any], view: View) -> Decision:
        decision = super().decide(state, view)
        assert view.touch.bid is not None
        wants = self.made.setdefault(view.touch.bid // 2, decision.wants)
        return Decision(state, wants, (f"BID AT {view.touch.bid}",))


@attrs.frozen
class Careful(AtTheBid):
    """Wants nothing where the book is not live."""

    def decide(self, state: dict[str, Any], view: View) -> Decision:
        return super().decide(state, view) if view.touch.live else Decision(state, (), ("DEAD",))


def test_a_quote_that_counts_prices_otherwise_than_the_pair_does_by_now_is_no_live_one() -> None:
    stage = playing(Careful())
    finer = attrs.evolve(X, price_precision=3, price_increment=Decimal("0.001"))
    stage.tell(CatalogChanged(Catalog(2, {X.symbol: finer})))
    quote(stage, 10_001)  # of the old book still: not 10.001
    assert [wish.target is None for wish in stage.heard("repositioner", SetTarget)] == [False, True]
    body = stage.rows[-1].body
    assert (body["quote"]["bid"], body["quote"]["live"]) == (None, False)
    assert list(body["reasons"]) == ["DEAD"]
    now_ns = stage.runtime.clock.wall_ns()
    stage.tell(Quote("X/USD", 3, 4, 100_012, 1, 100_020, 1, now_ns, now_ns))
    assert set_at(stage) == ["100", "100.012"]


def test_wants_that_are_the_very_same_are_renewed_by_the_newest_decision() -> None:
    stage = playing(Keeping())
    stage.run(3)
    first, *_, newest = stage.heard("repositioner", RenewTargets)
    assert newest is first and first.targets[0].decision == "strategy/a/q@1"
    quote(stage, 10_001)
    stage.run(2)
    assert stage.kinds() == ["decision.made", "decision.made"] and set_at(stage) == ["100"]
    (renewed,) = stage.heard("repositioner", RenewTargets)[-1].targets
    assert renewed.decision == "strategy/a/q@2"
    quote(stage, 10_002)
    quote(stage, 10_000)
    assert set_at(stage) == ["100", "100.02", "100"]


@attrs.frozen
class Counting(AtTheBid):
    """Counts in its reason how often it was asked."""

    asked: list[int] = attrs.field(factory=list)

    def decide(self, state: dict[str, Any], view: View) -> Decision:
        self.asked.append(view.touch.age_ms)
        return super().decide(state, view)


def test_a_quote_that_is_only_confirmed_is_looked_at_by_the_next_tick() -> None:
    strategy = Counting()
    stage = playing(strategy)
    now_ns = stage.runtime.clock.wall_ns()
    shown = Quote("X/USD", 2, 4, 10_000, 1, 10_010, 1, now_ns, now_ns)
    stage.tell(shown)
    stage.run(0.5)
    stage.tell(confirmed_at(shown, stage.runtime.clock.wall_ns()))
    assert len(strategy.asked) == 2
    stage.run(0.5)
    assert len(strategy.asked) == 3 and strategy.asked[-1] < 500
    stage.tell(confirmed_at(attrs.evolve(shown, bid=10_001), now_ns))
    stage.tell(confirmed_at(attrs.evolve(shown, bid=10_001, live=False), now_ns + 1))
    assert len(strategy.asked) == 5


@attrs.frozen
class Moving(AtTheBid):
    """Wants the bid in the slot that its last digit names; below 10,000 it wants nothing."""

    slots: tuple[str, ...] = ("bid.0", "bid.1", "bid.2")

    def decide(self, state: dict[str, Any], view: View) -> Decision:
        (want,) = super().decide(state, view).wants
        wants = (attrs.evolve(want, key=f"bid.{want.price % 10}"),) if want.price > 9_999 else ()
        return Decision(state, wants, ("BID",))


def test_what_is_wanted_is_told_before_what_is_left_and_each_slot_is_emptied_once() -> None:
    stage = playing(Moving())
    for bid in (10_002, 10_001, 9_999, 10_001):
        quote(stage, bid)
    stage.run(2)
    told = [(w.slot, w.target is not None) for w in stage.heard("repositioner", SetTarget)]
    first = [("bid.0", True), ("bid.1", False), ("bid.2", False)]
    moves = [("bid.2", True), ("bid.0", False), ("bid.1", True), ("bid.2", False)]
    assert told == [*first, *moves, ("bid.1", False), ("bid.1", True)]


@attrs.frozen
class Stopping(AtTheBid):
    """Wants its bid to wait for its price."""

    def decide(self, state: dict[str, Any], view: View) -> Decision:
        decision = super().decide(state, view)
        (want,) = decision.wants
        return attrs.evolve(decision, wants=(attrs.evolve(want, trigger=want.price),))


def sorted_in_all(value: Any) -> bool:
    """Whether a row's keys stand in their order, wherever it has any."""
    if isinstance(value, dict):
        return list(value) == sorted(value) and all(map(sorted_in_all, value.values()))
    return not isinstance(value, list) or all(map(sorted_in_all, value))


def test_a_decision_is_written_with_its_keys_in_their_order() -> None:
    stage = playing(Stopping())
    stage.tell(BalancesChanged((("X", Decimal("0.1")), ("USD", Decimal(7)))))
    quote(stage, 10_001)
    *_, row = stage.rows
    assert row.body["wants"][0]["trigger"] == "100.01" and row.body["held"]["USD"] == "7"
    assert sorted_in_all(row.body)


def test_it_says_what_it_wants_and_why_as_a_strategist_of_many_pairs_does() -> None:
    stage = playing()
    quote(stage, 10_001)
    stage.tell(BalancesChanged((("USD", Decimal(7)), ("X", Decimal("0.10")))))
    for details in (False, True):
        stage.tell_from("risk", ReportStrategy(3, details))
    brief, full = (news.report for news in stage.heard("risk", StrategyReported))
    assert brief == {
        "name": "q",
        "mode": "live",
        "why": "it runs",
        "configured": "live",
        "pairs": 1,
        "decisions": 2,
        "wants": 1,
        "reasons": {"BID": 2},
    }
    (pair,) = full["details"]
    assert (pair["pair"], pair["held"], pair["reasons"]) == ("X/USD", "0.1", ["BID"])
    assert [(want["slot"], want["price"]) for want in pair["wants"]] == [("bid.0", "100.01")]


def test_before_its_first_decision_it_says_what_it_waits_for() -> None:
    factory = partial(Strategist, "a", StrategyConfig("q", AtTheBid(), dict))
    stage = Stage("strategist", factory, ("catalogue", "ledger", "risk", "repositioner"))
    for pairs in ({}, {X.symbol: X}):
        stage.tell(CatalogChanged(Catalog(1, pairs)))
        stage.tell_from("risk", ReportStrategy(3, details=True))
    told = [news.report["details"][0] for news in stage.heard("risk", StrategyReported)]
    assert [pair["reasons"] for pair in told] == [["NOT_IN_THE_CATALOGUE"], ["NO_QUOTE_YET"]]


def test_its_mode_is_the_configurations() -> None:
    stage = playing()
    stage.tell(SetStrategyMode(3, "off", "enough", stage.runtime.find("risk")))
    (news,) = stage.heard("risk", StrategyReported)
    assert "strategy.q.mode" in news.refusal
    quote(stage, 10_001)
    assert set_at(stage) == ["100", "100.01"]
