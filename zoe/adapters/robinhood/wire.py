"""Rows of answers as they come (facts sheet, sections 3 and 4.2), of both versions of the interface.

A number may stand in quotes or not, whatever the documents say: both are read, exactly.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Generic, TypeVar

import msgspec

from zoe.domain.errors import WireError

T = TypeVar("T")
#: Of an amount or a price: more no exchange has, and none could be computed with.
_MOST_DIGITS: Final = 60
_MOST_EXPONENT: Final = 40
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
SECOND_NS: Final = 1_000_000_000


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever amounts it has are finite and of a size that amounts have."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal) and not _is_amount(value):
                raise ValueError(f"{name} is absurd, or no number")


def _is_amount(value: Decimal) -> bool:
    return (
        value.is_finite()
        and len(value.as_tuple().digits) <= _MOST_DIGITS
        and abs(value.adjusted()) <= _MOST_EXPONENT
    )


class Page(msgspec.Struct, Generic[T]):
    """Some rows, and where more are."""

    results: list[T]
    next: str | None = None


class FeeTier(_Row, frozen=True, kw_only=True):
    """What trading costs: a fraction of the notional."""

    fee_ratio: Decimal


class Account(_Row, frozen=True, kw_only=True):
    """An account; v1 has one and says no more of it than this needs."""

    account_number: str
    status: str
    buying_power: Decimal
    buying_power_currency: str = "USD"
    is_api_tradable: bool = True
    fee_tier_status: FeeTier | None = None


class HoldingRow(_Row, frozen=True, kw_only=True):
    """What there is of one asset."""

    asset_code: str
    total_quantity: Decimal
    quantity_available_for_trading: Decimal


class PairRow(_Row, frozen=True, kw_only=True):
    """A pair; its least order is a quantity in v1, an amount of USD in v2, and may be missing."""

    symbol: str
    asset_code: str
    quote_code: str
    asset_increment: Decimal
    quote_increment: Decimal
    status: str
    min_order_size: Decimal | None = None
    min_order_amount: Decimal | None = None
    is_api_tradable: bool = True


class QuoteRow(_Row, frozen=True, kw_only=True):
    """Best prices: those of v2 without fees, those of v1 with what Robinhood adds."""

    symbol: str
    bid: Decimal | None = None
    ask: Decimal | None = None
    bid_inclusive_of_sell_spread: Decimal | None = None
    ask_inclusive_of_buy_spread: Decimal | None = None

    @property
    def prices(self) -> tuple[Decimal | None, Decimal | None]:
        """Bid and ask of whichever version."""
        bid = self.bid_inclusive_of_sell_spread if self.bid is None else self.bid
        return bid, self.ask_inclusive_of_buy_spread if self.ask is None else self.ask


class EstimateRow(_Row, frozen=True, kw_only=True):
    """What a quantity would cost or bring."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    price: Decimal | None = None


class ExecutionRow(_Row, frozen=True, kw_only=True):
    """One execution; it has neither an id nor a fee."""

    effective_price: Decimal
    quantity: Decimal
    timestamp: str


class ConfigRow(_Row, frozen=True, kw_only=True):
    """An order's terms."""

    asset_quantity: Decimal | None = None
    quote_amount: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


class OrderRow(_Row, frozen=True, kw_only=True):
    """An order."""

    id: str
    symbol: str
    side: str
    type: str
    state: str
    filled_asset_quantity: Decimal
    created_at: str
    updated_at: str
    client_order_id: str | None = None
    average_price: Decimal | None = None
    executions: list[ExecutionRow] = []
    fee_charged: Decimal | None = None
    market_order_config: ConfigRow | None = None
    limit_order_config: ConfigRow | None = None
    stop_loss_order_config: ConfigRow | None = None
    stop_limit_order_config: ConfigRow | None = None

    @property
    def config(self) -> ConfigRow:
        """Its terms, whatever its type."""
        told = (
            self.market_order_config,
            self.limit_order_config,
            self.stop_loss_order_config,
            self.stop_limit_order_config,
        )
        return next((config for config in told if config is not None), ConfigRow())


ACCOUNT: Final = msgspec.json.Decoder(Account)
ACCOUNTS: Final = msgspec.json.Decoder(Page[Account])
HOLDINGS: Final = msgspec.json.Decoder(Page[HoldingRow])
PAIRS: Final = msgspec.json.Decoder(Page[PairRow])
QUOTES: Final = msgspec.json.Decoder(Page[QuoteRow])
ESTIMATES: Final = msgspec.json.Decoder(Page[EstimateRow])
ORDERS: Final = msgspec.json.Decoder(Page[OrderRow])
ORDER: Final = msgspec.json.Decoder(OrderRow)


def parse(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """An answer's body.

    Raises:
        WireError: It is of another form, or a number in it makes no sense.
    """
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as problem:
        raise WireError(f"not understood: {problem}", body) from problem


def nanoseconds(text: str) -> int:
    """UTC nanoseconds of an RFC 3339 text of any zone, with up to nine decimals.

    Raises:
        ValueError: Another form.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is not a time")
    second, fraction, zone = found.groups()
    moment = datetime.fromisoformat(second + ("+00:00" if zone == "Z" else zone))
    return (moment - _EPOCH) // _SECOND * SECOND_NS + int((fraction or "").ljust(9, "0"))


def rfc3339(at_ns: int) -> str:
    """A moment as a query has it, in whole seconds before it."""
    return datetime.fromtimestamp(at_ns // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
