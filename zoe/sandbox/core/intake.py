"""What both routes check of what clients ask for (facts, sections 1.7, 1.8 and 2.10)."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from zoe.sandbox.core import errors
from zoe.sandbox.core.errors import Refusal, invalid
from zoe.sandbox.core.moments import SECOND_NS, parse_rfc3339, parse_seconds
from zoe.sandbox.core.orders import TRIGGERED, Terms

#: How far ahead a deadline may lie, by route: nearest and farthest.
REST_WINDOW: Final = (2 * SECOND_NS, 60 * SECOND_NS)
SOCKET_WINDOW: Final = (SECOND_NS // 2, 60 * SECOND_NS)
SOCKET_DEADLINE_NS: Final = 5 * SECOND_NS
_NEAREST_EXPIRY_NS: Final = 5 * SECOND_NS
_FARTHEST_EXPIRY_NS: Final = 31 * 86_400 * SECOND_NS
_LARGEST_REF: Final = 2**31
#: A UUID with dashes or without, or a short free text.
_CL_ORD_ID: Final = re.compile(
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|[!-~]{1,18}", re.ASCII
)
TIMES_IN_FORCE: Final = ("gtc", "gtd", "ioc", "fok")
#: What JSON's values of each kind are made.
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "number_float": (int, Decimal),
    "number_integer": (int,),
    "boolean": (bool,),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
}
STP_TYPES: Final = ("cancel-newest", "cancel-oldest", "cancel-both")
_LATER_TYPES: Final = frozenset(
    {"iceberg", "trailing-stop", "trailing-stop-limit", "settle-position"}
)


class NewOrder(msgspec.Struct, frozen=True):
    """An order as asked for; without ``deadline_ns`` it may come as late as it likes."""

    terms: Terms
    deadline_ns: int | None
    validate: bool


class Fields:
    """What a method knows: each field's kind by name."""

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self.kinds = kinds
        self._fitting = frozenset(
            (name, kind) for name, word in kinds.items() for kind in _KINDS[word]
        )

    def fit(self, params: Mapping[str, Any]) -> bool:
        """Whether it knows all of them, and each is of its kind."""
        return self._fitting.issuperset(zip(params, map(type, params.values()), strict=True))


def checked(method: str, params: Mapping[str, Any], fields: Fields) -> None:
    """Refuses what a method does not know and what is of another kind (facts, 2.2)."""
    if fields.fit(params):
        return
    for name, value in params.items():
        kind = fields.kinds.get(name)
        if kind is None:
            said = f"Unsupported field: '{name[:40]}' for the given msg type: "
            raise Refusal(said + method.replace("_", " "))
        if type(value) not in _KINDS[kind]:
            raise Refusal(f"{name.capitalize()} field must be a {kind}")


def sensible(terms: Terms) -> Terms:
    """What the parts say of each other."""
    if terms.qty == 0 and not terms.quote_qty:
        raise invalid("volume")
    if terms.quote_qty and (terms.order_type != "market" or terms.side != "buy"):
        raise invalid("viqc")
    if terms.post_only and (terms.order_type != "limit" or terms.time_in_force in ("ioc", "fok")):
        raise invalid("post_only")
    if terms.time_in_force == "fok" and terms.order_type != "limit":
        raise invalid("timeinforce")
    if terms.time_in_force == "ioc" and terms.order_type in TRIGGERED and not terms.has_limit:
        raise invalid("timeinforce")
    if (terms.time_in_force == "gtd") != bool(terms.expires_ns):
        raise invalid("expiretm")
    if terms.starts_ns and (terms.quote_qty or 0 < terms.expires_ns <= terms.starts_ns):
        raise invalid("starttm")
    if terms.cl_ord_id is not None and terms.userref:
        raise invalid("cl_ord_id and userref exclude each other")
    return terms


def order_type(value: str, field: str) -> str:
    """One that this exchange has."""
    if value in _LATER_TYPES:
        raise Refusal(errors.FEATURE_DISABLED)
    return choice(value, ("limit", "market", *TRIGGERED), field)


def toward(kind: str, side: str) -> int:
    """Where ``#`` and stops go from the last price: 1 up, -1 down."""
    up = side == "buy"
    return 1 if up == kind.startswith("stop-loss") else -1


def only_nothing(value: str) -> None:
    """Refuses what this exchange does not do."""
    if value not in ("", "0", "false", "False"):
        raise Refusal(errors.FEATURE_DISABLED)


def choice(value: str | None, among: tuple[str, ...], field: str) -> str:
    """One of some."""
    if value not in among:
        raise invalid(field)
    return value


def cl_ord_id(value: str | None) -> str | None:
    """The client's own id, in one of its forms (facts, 1.8)."""
    if not value:
        return None
    if _CL_ORD_ID.fullmatch(value) is None:
        raise invalid("cl_ord_id")
    return value


def userref(value: str | int | None) -> int:
    """A number that fits 32 bits; 0 where there is none."""
    try:
        number = int(value or 0)
    except ValueError:
        raise invalid("userref") from None
    if not -_LARGEST_REF <= number < _LARGEST_REF:
        raise invalid("userref")
    return number


def expiry(value: str, received_ns: int) -> int:
    """Unix seconds, or seconds from now with a plus."""
    if value in ("", "0"):
        return 0
    try:
        at_ns = parse_seconds(value.lstrip("+"))
    except ValueError:
        raise invalid("expiretm") from None
    return near(received_ns + at_ns if value.startswith("+") else at_ns, received_ns)


def start(value: str, received_ns: int) -> int:
    """As ``expiry``, but any time to come within a month."""
    if value in ("", "0"):
        return 0
    try:
        at_ns = parse_seconds(value.lstrip("+"))
    except ValueError:
        raise invalid("starttm") from None
    at_ns = received_ns + at_ns if value.startswith("+") else at_ns
    return soon(at_ns, received_ns, "starttm")


def soon(at_ns: int, received_ns: int, field: str) -> int:
    """A time to come, within a month."""
    if not 0 < at_ns - received_ns <= _FARTHEST_EXPIRY_NS:
        raise invalid(field)
    return at_ns


def near(expires_ns: int, received_ns: int) -> int:
    """An end that is neither too near nor too far."""
    if not _NEAREST_EXPIRY_NS <= expires_ns - received_ns <= _FARTHEST_EXPIRY_NS:
        raise invalid("expiretm")
    return expires_ns


def deadline_of(value: str | None, received_ns: int, window: tuple[int, int]) -> int | None:
    """When a request is too late; None for never."""
    if not value:
        return None
    at_ns = moment(value, "deadline")
    if at_ns <= received_ns:
        raise Refusal(errors.DEADLINE_ELAPSED)
    if not window[0] <= at_ns - received_ns <= window[1]:
        raise invalid("deadline")
    return at_ns


def moment(value: str, field: str) -> int:
    """A time with a zone."""
    try:
        return parse_rfc3339(value)
    except ValueError:
        raise invalid(field) from None
