"""What RiskOfficer knows of orders and quotes, by itself."""

from decimal import Decimal

from zoe.actors.risk_view import RiskView
from zoe.domain.order import Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Quantity
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
