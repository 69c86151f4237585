"""The exchange's refusals and their texts (facts, sections 1.4 and 2.2)."""

from typing import Final


class Refusal(Exception):
    """A request that is not carried out; its text is the exchange's own."""


INVALID_KEY: Final = "EAPI:Invalid key"
INVALID_SIGNATURE: Final = "EAPI:Invalid signature"
INVALID_NONCE: Final = "EAPI:Invalid nonce"
BAD_REQUEST: Final = "EAPI:Bad request"
FEATURE_DISABLED: Final = "EAPI:Feature disabled"
INVALID_ARGUMENTS: Final = "EGeneral:Invalid arguments"
PERMISSION_DENIED: Final = "EGeneral:Permission denied"
UNKNOWN_METHOD: Final = "EGeneral:Unknown method"
UNAVAILABLE: Final = "EService:Unavailable"
DEADLINE_ELAPSED: Final = "EService:Deadline elapsed"
MARKET_MODE: Final = "EService:Market in {} mode"
UNKNOWN_PAIR: Final = "EQuery:Unknown asset pair"
UNKNOWN_ASSET: Final = "EQuery:Unknown asset"
UNKNOWN_ORDER: Final = "EOrder:Unknown order"
INSUFFICIENT_FUNDS: Final = "EOrder:Insufficient funds"
ORDER_MINIMUM: Final = "EOrder:Order minimum not met"
COST_MINIMUM: Final = "EOrder:Cost minimum not met"
TICK_SIZE: Final = "EOrder:Tick size check failed"
INVALID_PRICE: Final = "EOrder:Invalid price"
INVALID_ORDER: Final = "EOrder:Invalid order"
POST_ONLY: Final = "EOrder:Post only order"
WOULD_TRIGGER: Final = "EOrder:Invalid order:Order would trigger immediately"
NO_INDEX: Final = "EGeneral:Invalid arguments:Index unavailable"
LOCKOUT: Final = "EGeneral:Temporary lockout"
THROTTLED: Final = "EService: Throttled: {}"
CALLS_LIMIT: Final = "EAPI:Rate limit exceeded"
RATE_LIMIT: Final = "EOrder:Rate limit exceeded"
UNKNOWN_TRADE: Final = "EQuery:Unknown trade"
ORDERS_LIMIT: Final = "EOrder:Orders limit exceeded"
#: The exchange's own text for this is not known (facts, section 9, row 14).
DUPLICATE_CL_ORD_ID: Final = "EOrder:Invalid order:cl_ord_id is in use"
INVALID_SESSION: Final = "ESession:Invalid session"
TOKEN_NOT_FOUND: Final = "Token(s) not found"
UNSUPPORTED_EVENT: Final = "Unsupported event"
PAIR_NOT_SUPPORTED: Final = "Currency pair not supported {}"
ALREADY_SUBSCRIBED: Final = "Already subscribed"
DEPTH_NOT_SUPPORTED: Final = "Subscription depth not supported"

REASON_USER: Final = "User requested"
REASON_POST_ONLY: Final = "Post only order"
REASON_IOC: Final = "Immediate or cancel"
REASON_FOK: Final = "Fill or kill"
REASON_SELF_TRADE: Final = "Self trade prevention"
REASON_NO_LIQUIDITY: Final = "Insufficient liquidity"
REASON_REPLACED: Final = "Order replaced"
REASON_TRIGGER: Final = "Order would trigger immediately"
REASON_FUNDS: Final = "Insufficient funds"
REASON_DEAD_MAN: Final = "Cancel all orders after"


def invalid(field: str) -> Refusal:
    """``EGeneral:Invalid arguments:<field>``."""
    return Refusal(f"{INVALID_ARGUMENTS}:{field}")
