"""REST calls about deposits, withdrawals and earn, and what they answer (facts sheet, section 1.6).

For people who use the adapter from their own program (``KrakenClient.call``); the desk reads the
ledger instead. Only what reads has a builder: zoe moves no funds. The forms of other answers are here
for whoever has one from another tool: ``api.parse_exact`` reads it.
"""

from decimal import Decimal

import attrs
import msgspec

from zoe.adapters.kraken import api
from zoe.adapters.kraken.api import Call, private
from zoe.adapters.kraken.numbers import ns_to_seconds


class Transfer(msgspec.Struct, frozen=True):
    """A deposit or a withdrawal; ``refid`` is the ledger's.

    Attributes:
        status_prop: Beside the status: return, onhold, cancel-pending, canceled, cancel-denied.
    """

    method: str
    asset: str
    refid: str
    amount: Decimal
    time: int
    status: str
    aclass: str = "currency"
    txid: str | None = None
    info: str | None = None
    fee: Decimal | None = None
    network: str | None = None
    key: str | None = None
    originators: list[str] | None = None
    status_prop: str | None = msgspec.field(name="status-prop", default=None)


class Transfers(msgspec.Struct, frozen=True):
    """Transfers, and where to go on if they came in pages."""

    rows: list[Transfer]
    next_cursor: str | None = None


class DepositMethod(msgspec.Struct, frozen=True, rename="kebab"):
    """A way to deposit; ``limit`` is an amount, or false."""

    method: str
    limit: bool | Decimal = False
    fee: Decimal | None = None
    gen_address: bool = False
    minimum: Decimal | None = None
    address_setup_fee: Decimal | None = None
    fee_percentage: Decimal | None = None


class DepositAddress(msgspec.Struct, frozen=True):
    """An address; ``expiretm`` is "0" where it never expires."""

    address: str
    expiretm: str = "0"
    new: bool = False
    memo: str | None = None
    tag: str | None = None


class WithdrawalMethod(msgspec.Struct, frozen=True):
    """A way to withdraw."""

    asset: str
    method: str
    network: str | None = None
    minimum: Decimal | None = None


class WithdrawalAddress(msgspec.Struct, frozen=True):
    """An address that was set up by hand; ``key`` is its name."""

    address: str
    asset: str
    method: str
    key: str
    verified: bool = False
    memo: str | None = None
    tag: str | None = None


class WithdrawalInfo(msgspec.Struct, frozen=True):
    """What a withdrawal would cost."""

    method: str
    limit: Decimal
    amount: Decimal
    fee: Decimal


class Reference(msgspec.Struct, frozen=True):
    """The id of a withdrawal."""

    refid: str


class AccountTransfer(msgspec.Struct, frozen=True):
    """A transfer between accounts."""

    transfer_id: str
    status: str


class ReportId(msgspec.Struct, frozen=True):
    """The id of an export."""

    id: str


class Report(msgspec.Struct, frozen=True):
    """An export and how far it is; times are seconds as text."""

    id: str
    descr: str
    format: str
    report: str
    status: str
    fields: str = "all"
    asset: str = "all"
    subtype: str | None = None
    aclass: str | None = None
    starttm: str = "0"
    endtm: str = "0"
    createdtm: str = "0"
    expiretm: str = "0"
    completedtm: str = "0"
    datastarttm: str = "0"
    dataendtm: str = "0"
    flags: str = "0"
    delete: bool | None = None
    cancel: bool | None = None


class ReportRemoved(msgspec.Struct, frozen=True):
    """An export was deleted or canceled."""

    delete: bool = False
    cancel: bool = False


class Pending(msgspec.Struct, frozen=True):
    """Whether an allocation is still under way."""

    pending: bool


class EarnStrategies(msgspec.Struct, frozen=True):
    """Earn products; their terms are kept as they came."""

    items: list[dict[str, object]]
    next_cursor: str | None = None


class EarnAllocations(msgspec.Struct, frozen=True):
    """What is allocated to earn products, in one currency; the parts are kept as they came."""

    converted_asset: str
    total_allocated: Decimal
    total_rewarded: Decimal
    items: list[dict[str, object]]
    next_cursor: str | None = None


@attrs.frozen
class TransferFilter:
    """Which transfers; times are UTC nanoseconds.

    Attributes:
        cursor: True asks for pages, a text for the next one.
    """

    asset: str | None = None
    aclass: str | None = None
    method: str | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    cursor: bool | str | None = None
    limit: int | None = None

    def params(self) -> dict[str, api.Given]:
        """As parameters."""
        return {
            "asset": self.asset,
            "aclass": self.aclass,
            "method": self.method,
            "start": None if self.start_ns is None else ns_to_seconds(self.start_ns),
            "end": None if self.end_ns is None else ns_to_seconds(self.end_ns),
            "cursor": self.cursor,
            "limit": self.limit,
        }


def deposit_status(wanted: TransferFilter | None = None) -> Call:
    """DepositStatus."""
    return private("DepositStatus", **(wanted or TransferFilter()).params())


def withdraw_status(wanted: TransferFilter | None = None) -> Call:
    """WithdrawStatus."""
    return private("WithdrawStatus", **(wanted or TransferFilter()).params())


class _TransferPage(msgspec.Struct):
    deposit: list[Transfer] | None = None
    deposits: list[Transfer] | None = None
    withdrawal: list[Transfer] | None = None
    withdrawals: list[Transfer] | None = None
    next_cursor: str | None = None


def read_transfers(result: bytes) -> Transfers:
    """Deposits or withdrawals: a list, or a page where a cursor was given."""
    if result == b"null":
        return Transfers([])
    if result.lstrip().startswith(b"["):
        return Transfers(api.parse_exact(list[Transfer], result))
    page = api.parse_exact(_TransferPage, result)
    rows = page.deposit or page.deposits or page.withdrawal or page.withdrawals or []
    return Transfers(rows, page.next_cursor or None)
