"""An order as it is sent (facts sheet, section 4.1)."""

from decimal import Decimal

import attrs

from zoe.domain.order import OrderType, Side, TimeInForce
from zoe.domain.quantity import plain
from zoe.ports.exchange import OrderTerms

_TYPES = {
    OrderType.MARKET: "market",
    OrderType.LIMIT: "limit",
    OrderType.STOP_LOSS: "stop_loss",
    OrderType.STOP_LOSS_LIMIT: "stop_limit",
}


def refusal(terms: OrderTerms) -> str | None:
    """What of these terms Robinhood does not have, None where it has all."""
    if terms.take_profit is not None:
        return "take-profit orders"
    if terms.time_in_force is not TimeInForce.GTC or terms.expire_ns is not None:
        return f"time in force {terms.time_in_force.value}"
    if terms.post_only:
        return "post-only orders"
    if terms.reduce_only:
        return "reduce-only orders"
    return None


@attrs.frozen
class NewOrder:
    """An order whose terms it has; ``symbol`` in Robinhood's form."""

    symbol: str
    side: Side
    quantity: Decimal
    terms: OrderTerms
    client_order_id: str

    def body(self) -> dict[str, object]:
        """What is sent, its numbers as texts without an exponent."""
        kind = _TYPES[self.terms.order_type]
        config = {"asset_quantity": plain(self.quantity)}
        if self.terms.limit is not None:
            config["limit_price"] = str(self.terms.limit)
        if self.terms.stop is not None:
            config["stop_price"] = str(self.terms.stop)
        if kind != "market":
            config["time_in_force"] = "gtc"
        return {
            "symbol": self.symbol,
            "client_order_id": self.client_order_id,
            "side": self.side.value,
            "type": kind,
            f"{kind}_order_config": config,
        }
