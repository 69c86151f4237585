"""What clients ask for, either route's words made Terms (facts, sections 1.7, 1.8 and 2.10)."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import attrs

from zoe.sandbox.core import errors
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.errors import Refusal, invalid
from zoe.sandbox.core.moments import SECOND_NS, parse_rfc3339, parse_seconds
from zoe.sandbox.core.money import from_number, from_text
from zoe.sandbox.core.orders import Terms
from zoe.sandbox.core.world import World

#: How far ahead a deadline may lie, by route: nearest and farthest.
REST_WINDOW: Final = (2 * SECOND_NS, 60 * SECOND_NS)
SOCKET_WINDOW: Final = (SECOND_NS // 2, 60 * SECOND_NS)
SOCKET_DEADLINE_NS: Final = 5 * SECOND_NS
_NEAREST_EXPIRY_NS: Final = 5 * SECOND_NS
_FARTHEST_EXPIRY_NS: Final = 31 * 86_400 * SECOND_NS
_LARGEST_REF: Final = 2**31
_LONG_UUID: Final = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII
)
_SHORT_UUID: Final = re.compile(r"[0-9a-f]{32}", re.IGNORECASE | re.ASCII)
_FREE_TEXT: Final = re.compile(r"[!-~]{1,18}", re.ASCII)
_TIMES_IN_FORCE: Final = ("gtc", "gtd", "ioc", "fok")
_STP_TYPES: Final = ("cancel-newest", "cancel-oldest", "cancel-both")
_LATER_TYPES: Final = frozenset(
    {"iceberg", "stop-loss", "take-profit", "stop-loss-limit", "take-profit-limit"}
    | {"trailing-stop", "trailing-stop-limit", "settle-position"}
)


@attrs.frozen
class NewOrder:
    """An order as asked for; without ``deadline_ns`` it may come as late as it likes."""

    terms: Terms
    deadline_ns: int | None
    validate: bool


def rest_order(world: World, params: Mapping[str, str], received_ns: int) -> NewOrder:
    """AddOrder's parameters.

    Raises:
        Refusal: They make no sense.
    """
    pair = rest_pair(world, params)
    for name in params:
        if name.startswith("close[") or name in ("displayvol", "reduce_only", "starttm"):
            _only_nothing(params[name])
    if params.get("leverage", "none") not in ("none", "0", ""):
        raise Refusal(errors.FEATURE_DISABLED)
    flags = frozenset(filter(None, params.get("oflags", "").split(",")))
    if not flags <= {"post", "fcib", "fciq", "nompp"}:
        raise Refusal(errors.FEATURE_DISABLED) if "viqc" in flags else invalid("oflags")
    kind = _order_type(params.get("ordertype", ""), "ordertype")
    price = rest_units(params, "price", pair.price_decimals) if kind == "limit" else 0
    terms = Terms(
        pair,
        _choice(params.get("type"), ("buy", "sell"), "type"),
        kind,
        rest_units(params, "volume", pair.qty_decimals),
        price,
        _choice(params.get("timeinforce", "GTC").lower(), _TIMES_IN_FORCE, "timeinforce"),
        "post" in flags,
        _choice(params.get("stptype", _STP_TYPES[0]), _STP_TYPES, "stptype"),
        "fcib" in flags,
        _cl_ord_id(params.get("cl_ord_id")),
        _userref(params.get("userref")),
        _expiry(params.get("expiretm", "0"), received_ns),
    )
    deadline_ns = deadline_of(params.get("deadline"), received_ns, REST_WINDOW)
    return NewOrder(_sensible(terms), deadline_ns, params.get("validate") in ("true", "1"))


def rest_pair(world: World, params: Mapping[str, str]) -> Pair:
    """The pair by any of its names."""
    if not params.get("pair"):
        raise invalid("pair")
    pair = world.catalog.pair(params["pair"])
    if pair is None:
        raise Refusal(errors.UNKNOWN_PAIR)
    return pair


def rest_units(params: Mapping[str, str], name: str, places: int) -> int:
    """A number in text, as units."""
    try:
        return from_text(params.get(name, ""), places)
    except ValueError:
        raise invalid(name) from None


#: The fields of add_order and their kinds; see ``checked``.
ADD_FIELDS: Final = {
    "token": "string",
    "order_type": "string",
    "side": "string",
    "order_qty": "number_float",
    "symbol": "string",
    "limit_price": "number_float",
    "limit_price_type": "string",
    "time_in_force": "string",
    "post_only": "boolean",
    "reduce_only": "boolean",
    "margin": "boolean",
    "no_mpp": "boolean",
    "validate": "boolean",
    "expire_time": "string",
    "effective_time": "string",
    "deadline": "string",
    "cl_ord_id": "string",
    "order_userref": "number_integer",
    "fee_preference": "string",
    "stp_type": "string",
    "sender_sub_id": "string",
    "display_qty": "number_float",
    "cash_order_qty": "number_float",
    "triggers": "object",
    "conditional": "object",
}
_LATER_FIELDS: Final = (
    *("reduce_only", "margin", "effective_time", "display_qty"),
    *("cash_order_qty", "triggers", "conditional"),
)


def socket_order(world: World, params: Mapping[str, Any], received_ns: int) -> NewOrder:
    """add_order's parameters, whose fields and kinds have been checked.

    Raises:
        Refusal: They make no sense.
    """
    pair = socket_pair(world, params)
    if any(params.get(name) for name in _LATER_FIELDS):
        raise Refusal(errors.FEATURE_DISABLED)
    kind = _order_type(params.get("order_type", ""), "order_type")
    price = socket_units(params, "limit_price", pair.price_decimals) if kind == "limit" else 0
    if params.get("limit_price_type", "static") != "static":
        raise Refusal(errors.FEATURE_DISABLED)
    expires = params.get("expire_time")
    stp_type = params.get("stp_type", "cancel_newest").replace("_", "-")
    terms = Terms(
        pair,
        _choice(params.get("side"), ("buy", "sell"), "side"),
        kind,
        socket_units(params, "order_qty", pair.qty_decimals),
        price,
        _choice(params.get("time_in_force", "gtc").lower(), _TIMES_IN_FORCE, "time_in_force"),
        params.get("post_only", False),
        _choice(stp_type, _STP_TYPES, "stp_type"),
        _choice(params.get("fee_preference", "quote"), ("base", "quote"), "fee_preference")
        == "base",
        _cl_ord_id(params.get("cl_ord_id")),
        _userref(params.get("order_userref")),
        0 if expires is None else _near(_time(expires, "expire_time"), received_ns),
    )
    deadline_ns = deadline_of(params.get("deadline"), received_ns, SOCKET_WINDOW)
    deadline_ns = deadline_ns or received_ns + SOCKET_DEADLINE_NS
    return NewOrder(_sensible(terms), deadline_ns, params.get("validate", False))


def socket_pair(world: World, params: Mapping[str, Any]) -> Pair:
    """The pair by its symbol."""
    symbol = params.get("symbol")
    if not isinstance(symbol, str):
        raise invalid("symbol")
    pair = world.catalog.pairs.get(symbol)
    if pair is None:
        raise Refusal(errors.PAIR_NOT_SUPPORTED.format(symbol[:40]))
    return pair


def socket_units(params: Mapping[str, Any], name: str, places: int) -> int:
    """A JSON number, as units."""
    try:
        units = from_number(params.get(name, Decimal("NaN")), places)
    except ValueError:
        raise invalid(name) from None
    if units < 0:
        raise invalid(name)
    return units


def checked(method: str, params: Mapping[str, Any], fields: Mapping[str, str]) -> None:
    """Refuses what a method does not know and what is of another kind (facts, 2.2)."""
    for name, value in params.items():
        kind = fields.get(name)
        if kind is None:
            said = f"Unsupported field: '{name[:40]}' for the given msg type: "
            raise Refusal(said + method.replace("_", " "))
        if not _is(value, kind):
            raise Refusal(f"{name.capitalize()} field must be a {kind}")


def _is(value: object, kind: str) -> bool:
    match kind:
        case "number_float":
            return isinstance(value, int | Decimal) and not isinstance(value, bool)
        case "number_integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case _:
            return isinstance(value, dict)


def _sensible(terms: Terms) -> Terms:
    """What the parts say of each other."""
    limit = terms.order_type == "limit"
    if terms.qty == 0:
        raise invalid("volume")
    if terms.post_only and (not limit or terms.time_in_force in ("ioc", "fok")):
        raise invalid("post_only")
    if terms.time_in_force == "fok" and not limit:
        raise invalid("timeinforce")
    if (terms.time_in_force == "gtd") != bool(terms.expires_ns):
        raise invalid("expiretm")
    if terms.cl_ord_id is not None and terms.userref:
        raise invalid("cl_ord_id and userref exclude each other")
    return terms


def _order_type(value: str, field: str) -> str:
    if value in _LATER_TYPES:
        raise Refusal(errors.FEATURE_DISABLED)
    return _choice(value, ("limit", "market"), field)


def _only_nothing(value: str) -> None:
    if value not in ("", "0", "false"):
        raise Refusal(errors.FEATURE_DISABLED)


def _choice(value: str | None, among: tuple[str, ...], field: str) -> str:
    if value not in among:
        raise invalid(field)
    return value


def _cl_ord_id(value: str | None) -> str | None:
    if not value:
        return None
    if not any(form.fullmatch(value) for form in (_FREE_TEXT, _SHORT_UUID, _LONG_UUID)):
        raise invalid("cl_ord_id")
    return value


def _userref(value: str | int | None) -> int:
    try:
        number = int(value or 0)
    except ValueError:
        raise invalid("userref") from None
    if not -_LARGEST_REF <= number < _LARGEST_REF:
        raise invalid("userref")
    return number


def _expiry(value: str, received_ns: int) -> int:
    if value in ("", "0"):
        return 0
    try:
        at_ns = parse_seconds(value.lstrip("+"))
    except ValueError:
        raise invalid("expiretm") from None
    return _near(received_ns + at_ns if value.startswith("+") else at_ns, received_ns)


def _near(expires_ns: int, received_ns: int) -> int:
    if not _NEAREST_EXPIRY_NS <= expires_ns - received_ns <= _FARTHEST_EXPIRY_NS:
        raise invalid("expiretm")
    return expires_ns


def deadline_of(value: str | None, received_ns: int, window: tuple[int, int]) -> int | None:
    """When a request is too late; None for never."""
    if not value:
        return None
    at_ns = _time(value, "deadline")
    if at_ns <= received_ns:
        raise Refusal(errors.DEADLINE_ELAPSED)
    if not window[0] <= at_ns - received_ns <= window[1]:
        raise invalid("deadline")
    return at_ns


def _time(value: str, field: str) -> int:
    try:
        return parse_rfc3339(value)
    except ValueError:
        raise invalid(field) from None
