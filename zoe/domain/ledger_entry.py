"""The quantity journal: what one ledger row moved, as double entry, balanced for each asset.

An entry is a function of its row alone, so that it is the same in whatever order rows come, and
nothing has to be taken back when an older row turns up.
"""

import attrs

from zoe.domain.ledger_row import Kind, LedgerRow

WALLETS = "assets:kraken:"
IN_TRANSIT = "assets:kraken:in-transit"
DEPOSIT = "external:deposit"
WITHDRAWAL = "external:withdrawal"
CONVERSION = "trading:conversion"
REWARDS = "income:rewards"
FEES = "expenses:fees"
ROLLOVER = "expenses:rollover"
UNPAIRED = "suspense:unpaired"

COUNTER = {
    Kind.TRADE: CONVERSION,
    Kind.DEPOSIT: DEPOSIT,
    Kind.WITHDRAWAL: WITHDRAWAL,
    Kind.INCOME: REWARDS,
    Kind.MOVE: IN_TRANSIT,
    Kind.ROLLOVER: ROLLOVER,
    Kind.SUSPENSE: UNPAIRED,
}
AMOUNT = "amount"
FEE = "fee"


@attrs.frozen
class Posting:
    """One line of an entry.

    Attributes:
        amount: Units of 10^-10, never zero.
        part: Which number of the row it books, ``amount`` or ``fee``.
    """

    account: str
    asset: str
    amount: int
    part: str


@attrs.frozen
class Entry:
    """What one row moved; no postings where it moved nothing (amount and fee are zero)."""

    row: LedgerRow
    postings: tuple[Posting, ...]

    @property
    def key(self) -> str:
        """Names the entry for ever: each row is booked once."""
        return self.row.ledger_id


def entry_of(row: LedgerRow, kind: Kind | None = None) -> Entry:
    """The entry of a row; amounts of each asset sum to zero.

    Args:
        kind: What a person ruled the row to be, where it cannot be told from the row.
    """
    wallet, asset = WALLETS + row.wallet, row.asset
    counter = COUNTER[kind or row.kind]
    lines: list[Posting] = []
    if row.amount:
        lines.append(Posting(wallet, asset, row.amount, AMOUNT))
        lines.append(Posting(counter, asset, -row.amount, AMOUNT))
    if row.fee:
        lines.append(Posting(wallet, asset, -row.fee, FEE))
        lines.append(Posting(FEES, asset, row.fee, FEE))
    return Entry(row, tuple(lines))
