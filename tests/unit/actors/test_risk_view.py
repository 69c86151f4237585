"""What RiskOfficer knows of orders and quotes, by itself."""

from decimal import Decimal

from zoe.actors.risk_view import RiskView, resting
from zoe.domain.amend import Amend, Terms
from zoe.domain.order import Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.risk import Limits
from zoe.messages.market import Quote

MARKET = Intent(
    *("m1", "person", None, "BTC/USD", Side.BUY, OrderType.MARKET),
    *(Quantity.of("2"), None),
)


def quote(ask: int | None) -> Quote:
    return Quote("BTC/USD", 1, 8, 999, 10, ask, 10, None, 0)


def test_an_order_of_before_any_quote_is_valued_by_the_first_that_has_its_side() -> None:
    view = RiskView(Limits(price_collar_bps=200))
    view.follow(Order(MARKET, State.WORKING), None, 0)
    for ask, notional in ((None, "0"), (1_000, "204"), (2_000, "204")):
        view.quote(quote(ask))
        assert view.exposures.pair_notional("BTC/USD") == Decimal(notional)


LIMIT = Intent(
    *("l1", "strategy/q", "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("1"), Price.of("100")),
)
ORDER = Order(LIMIT, State.WORKING)


def asking(quantity: str) -> Terms:
    return Terms(Quantity.of(quantity), LIMIT.limit_price)


def approved(*quantities: str) -> RiskView:
    view = RiskView(Limits())
    view.follow(ORDER, None, 0)
    for quantity in quantities:
        view.widen(resting(ORDER), asking(quantity), 0)
    return view


def held(view: RiskView) -> Decimal:
    return view.exposures.open_quantity("BTC/USD", Side.BUY)


def leaves(view: RiskView, quantity: str, number: int = 1) -> None:
    view.follow(Order(LIMIT, State.WORKING, amend=Amend(asking(quantity), number, 1)), None, 0)


def test_each_amend_that_was_approved_is_held_until_it_is_told_what_became_of_it() -> None:
    view = approved("3", "2")
    assert held(view) == 3  # the older may be on its way, whatever is wanted since
    view.narrow("l1", asking("3"), 0)
    assert held(view) == 2
    view.narrow("l1", asking("3"), 0)
    assert held(view) == 2
    view.narrow("l1", asking("2"), 0)
    assert held(view) == 1


def test_of_two_amends_to_the_same_the_second_is_held_when_the_first_did_not_leave() -> None:
    view = approved("3", "3")
    view.narrow("l1", asking("3"), 0)
    assert held(view) == 3


def test_what_was_approved_before_an_amend_that_left_is_held_no_more_and_what_was_after_is() -> (
    None
):
    view = approved("5", "2", "3")
    leaves(view, "2")
    view.follow(ORDER, None, 0)  # the exchange has refused it
    assert held(view) == 3


def test_nothing_is_held_for_an_amend_of_an_order_that_is_concluded() -> None:
    view = approved("3")
    view.release("l1")
    view.narrow("l1", asking("3"), 0)
    assert held(view) == 0
