"""``zoe order place|amend|cancel --dry-run``: the request that would be sent, and nothing sent."""

import secrets
import time
from argparse import Namespace
from decimal import ROUND_FLOOR, Decimal
from typing import Final
from urllib.parse import urlencode

import msgspec

from zoe.adapters.kraken import trading_calls
from zoe.adapters.kraken.api import Call
from zoe.adapters.kraken.numbers import rfc3339
from zoe.adapters.kraken.order_form import NewOrder, socket_params
from zoe.adapters.kraken.socket_requests import OrderIds, Sender, SocketAmend
from zoe.adapters.kraken.trading_calls import Terms
from zoe.cli import show
from zoe.domain import order_wish
from zoe.domain.errors import ConfigError
from zoe.domain.ids import client_order_id, id_number, uuid_text

DEADLINE_NS: Final = 5_000_000_000
#: No pair has finer lots; the desk rounds to the pair's own.
FINEST_LOT: Final = Decimal("1e-10")
_REQUEST_ID: Final = 1


def show_request(arguments: Namespace) -> int:
    """Prints the request; it holds neither key, signature nor token."""
    now_ns = time.time_ns()
    try:
        order = new_order(arguments, now_ns)
    except (ValueError, ArithmeticError) as problem:
        raise ConfigError(f"order place: {problem}") from problem
    if arguments.route == "ws":
        print(_frame(order, now_ns + DEADLINE_NS))
        return 0
    call = trading_calls.add_order(order, Terms(deadline_ns=now_ns + DEADLINE_NS))
    return _print(call, now_ns, arguments)


def show_amend(arguments: Namespace) -> int:
    """Prints the request that changes an order; one of the exchange's ids is taken as it is."""
    now_ns = time.time_ns()
    order_id, cl_ord_id = _named(arguments.order)
    quantity = None if arguments.quantity is None else Decimal(arguments.quantity)
    limit = None if arguments.price is None else Decimal(arguments.price)
    if arguments.route == "ws":
        show.note("the desk always sends the order's total quantity with it")
        change = SocketAmend(order_id=order_id, cl_ord_id=cl_ord_id, quantity=quantity, limit=limit)
        print(Sender("", now_ns + DEADLINE_NS).amend_order(change, _REQUEST_ID).decode())
        return 0
    wanted = trading_calls.Amend(txid=order_id, cl_ord_id=cl_ord_id, quantity=quantity, limit=limit)
    return _print(trading_calls.amend_order(wanted, now_ns + DEADLINE_NS), now_ns, arguments)


def show_cancel(arguments: Namespace) -> int:
    """Prints the request that cancels an order, named as for ``show_amend``."""
    now_ns = time.time_ns()
    order_id, cl_ord_id = _named(arguments.order)
    if arguments.route == "ws":
        theirs, ours = (() if name is None else (name,) for name in (order_id, cl_ord_id))
        ids = OrderIds(theirs, ours)
        print(Sender("", now_ns + DEADLINE_NS).cancel_order(ids, _REQUEST_ID).decode())
        return 0
    return _print(trading_calls.cancel_order(order_id, cl_ord_id), now_ns, arguments)


def _named(name: str) -> tuple[str | None, str | None]:
    """The exchange's id, or the client's own."""
    number = id_number(name)
    return (name, None) if number is None else (None, uuid_text(number))


def _print(call: Call, now_ns: int, arguments: Namespace) -> int:
    body = urlencode([("nonce", str(now_ns)), *call.params])
    request = {"method": "POST", "path": call.path, "body": body}
    if arguments.json:
        show.document(request)
    else:
        print(f"{request['method']} {request['path']}\n{request['body']}")
    return 0


def new_order(arguments: Namespace, now_ns: int) -> NewOrder:
    """The order that the arguments describe.

    Raises:
        ValueError: The exchange has none such.
    """
    limit = None if arguments.limit is None else Decimal(arguments.limit)
    trigger = arguments.stop or arguments.take_profit
    text = arguments.expires
    expires_ns = None if text is None else order_wish.moment_ns(text, now_ns)
    if arguments.reduce_only:
        show.note("the desk itself sees to --reduce-only: the exchange has it for margin only")
    return NewOrder(
        pair=arguments.pair.upper(),
        side=arguments.side,
        order_type=order_wish.order_type(
            {
                "limit_price": arguments.limit,
                "stop": arguments.stop,
                "take_profit": arguments.take_profit,
            }
        ).value,
        quantity=_quantity(arguments, limit or Decimal(trigger or 0)),
        limit=limit,
        trigger=None if trigger is None else Decimal(trigger),
        time_in_force=None if limit is None else arguments.tif or "gtc",
        post_only=arguments.post_only,
        reduce_only=arguments.reduce_only,
        expire_ns=expires_ns,
        cl_ord_id=client_order_id(now_ns, 0, secrets.randbits(58)),
    )


def _quantity(arguments: Namespace, price: Decimal) -> Decimal:
    if arguments.notional is None:
        return Decimal(arguments.quantity)
    show.note("the desk rounds the quantity down to the pair's own lot step")
    lots = (Decimal(arguments.notional) / price / FINEST_LOT).to_integral_value(ROUND_FLOOR)
    return lots * FINEST_LOT


def _frame(order: NewOrder, deadline_ns: int) -> str:
    """The frame with an empty token: nobody has logged in."""
    params = socket_params(order) | {"deadline": rfc3339(deadline_ns), "token": ""}
    frame = {"method": "add_order", "params": params, "req_id": _REQUEST_ID}
    return msgspec.json.encode(frame).decode()
