"""Private REST calls about the account, and what they answer (facts sheet, sections 1.3 and 1.6)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from zoe.adapters.kraken import api
from zoe.adapters.kraken.api import Call, private
from zoe.adapters.kraken.symbols import split_wallet
from zoe.domain.errors import WireError


class ExtendedBalance(msgspec.Struct, frozen=True):
    """A wallet with what open orders hold; credit only where there is a credit line."""

    balance: Decimal
    hold_trade: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)
    credit_used: Decimal = Decimal(0)

    @property
    def available(self) -> Decimal:
        """What new orders may use."""
        return self.balance + self.credit - self.credit_used - self.hold_trade


class TradeBalance(msgspec.Struct, frozen=True):
    """Sums over the account in one asset; ``margin_level`` is absent without open positions."""

    equivalent: Decimal = msgspec.field(name="eb")
    trade: Decimal = msgspec.field(name="tb")
    margin: Decimal = msgspec.field(name="m")
    unrealized: Decimal = msgspec.field(name="n")
    cost_basis: Decimal = msgspec.field(name="c")
    valuation: Decimal = msgspec.field(name="v")
    equity: Decimal = msgspec.field(name="e")
    free_margin: Decimal = msgspec.field(name="mf")
    margin_level: Decimal | None = msgspec.field(name="ml", default=None)
    unexecuted: Decimal = msgspec.field(name="uv", default=Decimal(0))


class Fee(msgspec.Struct, frozen=True):
    """A pair's fee in percent, with the tier it comes from; amounts absent at the ends of the table."""

    fee: Decimal
    min_fee: Decimal | None = None
    max_fee: Decimal | None = None
    next_fee: Decimal | None = None
    tier_volume: Decimal | None = None
    next_volume: Decimal | None = None


class TradeVolume(msgspec.Struct, frozen=True):
    """The 30-day volume and the fees of the pairs asked for, taker and maker, by canonical id.

    A pair that has no maker's fee of its own is in ``fees`` only.
    """

    currency: str
    volume: Decimal
    fees: dict[str, Fee]
    fees_maker: dict[str, Fee]
    schedules: object = None


class ApiKeyInfo(msgspec.Struct, frozen=True, rename="camel"):
    """The key itself: what it may do and until when; its ``nonce`` is the last that was accepted."""

    api_key_name: str = ""
    nonce: str = "0"
    nonce_window: int = 0
    permissions: list[str] = []
    valid_until: str | None = None
    query_from: str | None = None
    query_to: str | None = None
    ip_allowlist: list[str] = []
    created_time: str | None = None
    modified_time: str | None = None
    last_used: str | None = None


class SocketToken(msgspec.Struct, frozen=True):
    """A token for the private socket, to be used first within ``expires`` seconds."""

    token: str
    expires: int = 900

    def __repr__(self) -> str:
        return f"SocketToken(expires={self.expires})"


class Position(msgspec.Struct, frozen=True):
    """An open margin position; zoe has none, and shows those of others."""

    ordertxid: str
    pair: str
    time: Decimal
    type: str
    ordertype: str
    cost: Decimal
    fee: Decimal
    vol: Decimal
    vol_closed: Decimal
    margin: Decimal
    posstatus: str = "open"
    value: Decimal | None = None
    net: str | None = None
    terms: str = ""
    rollovertm: str = "0"
    misc: str = ""
    oflags: str = ""


def balance() -> Call:
    """Balance: holds included, pending withdrawals not."""
    return private("Balance")


def balance_extended() -> Call:
    """BalanceEx."""
    return private("BalanceEx")


def trade_balance(asset: str | None = None) -> Call:
    """TradeBalance in ``asset``; the exchange's default is ZUSD."""
    return private("TradeBalance", asset=asset)


def trade_volume(pairs: tuple[str, ...] | None = None, fee_schedule: bool | None = None) -> Call:
    """TradeVolume; without pairs there are no fees in the answer."""
    return private("TradeVolume", pair=pairs, fee_schedule=fee_schedule)


def open_positions(txids: tuple[str, ...] | None = None, docalcs: bool | None = None) -> Call:
    """OpenPositions."""
    return private("OpenPositions", txid=txids, docalcs=docalcs)


def websockets_token() -> Call:
    """GetWebSocketsToken."""
    return private("GetWebSocketsToken")


def api_key_info() -> Call:
    """GetApiKeyInfo; needs no permission."""
    return private("GetApiKeyInfo")


def read_balance(result: bytes) -> dict[str, Decimal]:
    """Balances by the exchange's wallet names; an account without assets may answer nothing."""
    return {} if result == b"null" else api.parse_exact(dict[str, Decimal], result)


def read_balance_extended(result: bytes) -> dict[str, ExtendedBalance]:
    """Wallets by the exchange's names."""
    return {} if result == b"null" else api.parse_exact(dict[str, ExtendedBalance], result)


def spot_totals(wallets: Mapping[str, ExtendedBalance]) -> dict[str, tuple[Decimal, Decimal]]:
    """Balance and what is available of each asset, spot wallets only, by v2 names."""
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for key, wallet in wallets.items():
        asset, kind, _ = split_wallet(key)
        if kind == "spot":
            held, free = found.get(asset, (Decimal(0), Decimal(0)))
            found[asset] = (held + wallet.balance, free + wallet.available)
    return found


#: The documentation's names and those that are really sent; either may come.
_FEE_NAMES: Final = {
    "minfee": "min_fee",
    "maxfee": "max_fee",
    "nextfee": "next_fee",
    "tiervolume": "tier_volume",
    "nextvolume": "next_volume",
}


class _TradeVolume(msgspec.Struct):
    currency: str
    volume: Decimal
    fees: dict[str, dict[str, Decimal | None]] | None = None
    fees_maker: dict[str, dict[str, Decimal | None]] | None = None
    schedules: object = None


def read_trade_volume(result: bytes) -> TradeVolume:
    """TradeVolume, whichever of the two spellings it comes in."""
    raw = api.parse_exact(_TradeVolume, result)
    return TradeVolume(
        raw.currency,
        raw.volume,
        _fees(raw.fees or {}, result),
        _fees(raw.fees_maker or {}, result),
        raw.schedules,
    )


def _fees(rows: Mapping[str, Mapping[str, Decimal | None]], result: bytes) -> dict[str, Fee]:
    spelled = {
        pair: {_FEE_NAMES.get(name, name): value for name, value in row.items()}
        for pair, row in rows.items()
    }
    try:
        return msgspec.convert(spelled, dict[str, Fee])
    except msgspec.ValidationError as problem:
        raise WireError(str(problem), result) from problem
