"""An event of the ledger, and what came of it: lots, uses of lots, and why equity changed."""

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any, Final, NamedTuple

from zoe.domain.ledger_row import Kind, LedgerRow, asset_of
from zoe.domain.lots import Lot, LotUse
from zoe.domain.marks import FEE_CREDIT, Mark


class Flow(Enum):
    """Why equity changed, in units of USD; the identity I7 adds them up."""

    EXTERNAL_CASH = "external_cash"
    DEPOSIT_BASIS = "deposit_basis"
    TRANSFERRED_BASIS = "transferred_basis"
    SALE_GAIN = "sale_gain"
    FEE_GAIN = "fee_gain"
    FEE_EXPENSE = "fee_expense"
    CASH_FEES = "cash_fees"
    CASH_DIFFERENCE = "cash_difference"  # a trade with a leg of USD only
    INCOME = "income"
    SUSPENSE_CASH = "suspense_cash"
    UNBOOKED = "unbooked"  # the worth of legs of an asset whose booking has stopped

    __hash__ = object.__hash__  # members are single; Enum's own hash is Python, and slow


class Alarm(Enum):
    """What a person should look at."""

    OVERSOLD = "oversold"
    STOPPED = "stopped"
    UNVALUED = "unvalued"
    ONE_LEG = "one_leg"
    SUSPENSE = "suspense"


class Group:
    """The rows of one event.

    Attributes:
        rows: Those that are booked.
        pending: How many are known and held behind a gap of their wallet.
        counter: Balances, by asset, of the account that its amounts are booked against.
        touched: Whether its rows have changed since the last settling.
    """

    __slots__ = (
        *("counter", "first_id", "key", "kind", "pending", "placed", "rows", "time_ns"),
        "touched",
    )

    def __init__(self, key: str, kind: Kind, counter: dict[str, int]) -> None:
        self.key = key
        self.kind = kind
        self.counter = counter
        self.rows: list[LedgerRow] = []
        self.pending = 0
        self.placed = False
        self.touched = False
        self.time_ns = 0
        self.first_id = ""

    def date(self) -> None:
        """Sets the event's time, which is that of its earliest row."""
        first = self.rows[0]
        for row in self.rows:
            if row.time_ns <= first.time_ns and (
                row.time_ns < first.time_ns or row.ledger_id < first.ledger_id
            ):
                first = row
        self.time_ns, self.first_id = first.time_ns, first.ledger_id

    def nets(self) -> dict[str, int]:
        """What it changed, by asset; assets that cancel are left out, and fee credits."""
        if len(self.rows) == 2:
            one, other = self.rows
            _, _, _, _, _, wallet, amount, fee, _ = one
            nets = {asset_of(wallet): amount - fee}
            _, _, _, _, _, wallet, amount, fee, _ = other
            nets[asset_of(wallet)] = amount - fee
            if len(nets) == 2 and 0 not in nets.values() and FEE_CREDIT not in nets:
                return nets
        sums: dict[str, int] = {}
        for row in self.rows:
            asset = asset_of(row.wallet)
            sums[asset] = sums.get(asset, 0) + row.amount - row.fee
        sums.pop(FEE_CREDIT, None)
        if 0 in sums.values():
            return {asset: net for asset, net in sums.items() if net}
        return sums


class Outcome(NamedTuple):
    """What an event did; a tuple, because a replay makes them by the hundred thousand.

    Attributes:
        flows: Units of USD by reason.
        marks: What was valued, and by which mark.
        alarms: Of each asset that a person should look at.
        stopped: Assets whose booking this event stopped.
    """

    group: Group
    time_ns: int
    lots: tuple[Lot, ...] = ()
    uses: tuple[LotUse, ...] = ()
    flows: tuple[tuple[Flow, int], ...] = ()
    marks: tuple[Mark, ...] = ()
    alarms: tuple[tuple[Alarm, str], ...] = ()
    stopped: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The event's name."""
        return self.group.key

    @property
    def kind(self) -> Kind:
        """What the event was."""
        return self.group.kind


#: An outcome of all its fields, without the price of naming them.
plain_outcome: Final[Callable[[tuple[Any, ...]], Outcome]] = partial(tuple.__new__, Outcome)
