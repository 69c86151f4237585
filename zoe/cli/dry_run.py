"""``zoe order place --dry-run``: the request that would be sent, and nothing sent."""

import secrets
import time
from argparse import Namespace
from decimal import ROUND_FLOOR, Decimal
from typing import Final
from urllib.parse import urlencode

from zoe.adapters.kraken import trading_calls
from zoe.adapters.kraken.ws_session import KrakenSession
from zoe.cli import show
from zoe.domain.errors import ConfigError
from zoe.domain.ids import client_order_id
from zoe.domain.order import Intent, Order, OrderType, Side, State, TimeInForce
from zoe.domain.quantity import Price, Quantity

DEADLINE_NS: Final = 5_000_000_000
#: No pair has finer lots; the desk rounds to the pair's own.
FINEST_LOT: Final = Decimal("1e-10")
_REQUEST_ID: Final = 1


def show_request(arguments: Namespace) -> int:
    """Prints the request; it holds neither key, signature nor token."""
    now_ns = time.time_ns()
    order = _order(arguments, now_ns)
    if arguments.route == "ws":
        # A session that was never opened has no token: the frame shows an empty one.
        print(KrakenSession().add(order, _REQUEST_ID, now_ns + DEADLINE_NS).decode())
        return 0
    request = _rest(order, arguments.pair, now_ns)
    if arguments.json:
        show.document(request)
    else:
        print(f"{request['method']} {request['path']}\n{request['body']}")
    return 0


def _order(arguments: Namespace, now_ns: int) -> Order:
    limit = None if arguments.limit is None else Price.of(arguments.limit)
    try:
        intent = Intent(
            intent_id=arguments.key or "",
            source="person",
            slot=None,
            pair=arguments.pair,
            side=Side(arguments.side),
            order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
            quantity=_quantity(arguments, limit),
            limit_price=limit,
            time_in_force=TimeInForce(arguments.tif or "gtc"),
            post_only=arguments.post_only,
        )
    except ValueError as problem:
        raise ConfigError(f"order place: {problem}") from problem
    own_id = client_order_id(now_ns, 0, secrets.randbits(58))
    return Order(intent, State.SENDING, cl_ord_id=own_id)


def _quantity(arguments: Namespace, limit: Price | None) -> Quantity:
    if arguments.notional is None or limit is None:
        return Quantity.of(arguments.quantity)
    show.note("the desk rounds the quantity down to the pair's own lot step")
    lots = (Decimal(arguments.notional) / limit.value / FINEST_LOT).to_integral_value(ROUND_FLOOR)
    return Quantity(lots * FINEST_LOT)


def _rest(order: Order, pair: str, now_ns: int) -> dict[str, str]:
    terms = trading_calls.Terms(deadline_ns=now_ns + DEADLINE_NS)
    call = trading_calls.add_order(trading_calls.of_desk(order, pair), terms)
    body = urlencode([("nonce", str(now_ns)), *call.params])
    return {"method": "POST", "path": call.path, "body": body}
