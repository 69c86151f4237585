"""What ccxt sends for each kind of order: the body of its request, whatever becomes of the order."""

import contextlib
import time
from functools import partial
from urllib.parse import parse_qsl

import ccxt  # type: ignore[import-not-found]  # lives in the foreign environment only
from ccxt_rest import exchange
from steps import Steps

PAIR = "ETH/USD"
EXPIRES_SECONDS = 600
#: Name of the step: type, side, amount, price, and ccxt's own parameters.
ORDERS: dict[str, tuple[str, str, float, float | None, dict[str, object]]] = {
    "market": ("market", "buy", 0.01, None, {}),
    "limit": ("limit", "sell", 0.25, 9999.5, {}),
    "post_only": ("limit", "buy", 0.01, 1000.25, {"postOnly": True}),
    "ioc": ("limit", "buy", 0.01, 1000.25, {"timeInForce": "IOC"}),
    "fok": ("limit", "buy", 0.01, 1000.25, {"timeInForce": "FOK"}),
    "gtd": ("limit", "buy", 0.01, 1000.25, {"timeInForce": "GTD"}),
    "stop_loss": ("market", "sell", 0.01, None, {"stopLossPrice": 1000.25}),
    "stop_loss_limit": ("limit", "sell", 0.01, 900.5, {"stopLossPrice": 1000.25}),
    "take_profit": ("market", "sell", 0.01, None, {"takeProfitPrice": 9000.5}),
    "take_profit_limit": ("limit", "sell", 0.01, 8999.5, {"takeProfitPrice": 9000.5}),
    "reduce_only": ("limit", "sell", 0.01, 9999.5, {"reduceOnly": True}),
    # What a desk has no word for, but a user of its library has.
    "in_quote": ("market", "buy", 50.5, None, {"cost": 50.5}),
    "fee_in_base": ("limit", "sell", 0.25, 9999.5, {"oflags": "fcib"}),
    "fee_in_quote": ("limit", "buy", 0.25, 1000.25, {"oflags": "fciq"}),
    "fee_and_post": ("limit", "sell", 0.25, 9999.5, {"oflags": "fcib,post"}),
}


def sent(client: "ccxt.kraken", name: str, expires: int) -> dict[str, str]:
    """The body of the request for that order, which is only to be checked."""
    kind, side, amount, price, params = ORDERS[name]
    asked = {**params, "validate": "true"}
    if params.get("timeInForce") == "GTD":
        asked["expiretm"] = str(expires)
    client.last_request_body = ""  # that of the order before
    with contextlib.suppress(ccxt.BaseError):  # refused or not: it has been sent
        client.create_order(PAIR, kind, side, amount, price, asked)
    return dict(parse_qsl(client.last_request_body))


def main() -> None:
    """Asks for each."""
    steps = Steps()
    client = exchange(steps)
    client.load_markets()
    expires = int(time.time()) + EXPIRES_SECONDS
    for name in ORDERS:
        steps.do(name, partial(sent, client, name, expires))
    steps.end()


if __name__ == "__main__":
    main()
