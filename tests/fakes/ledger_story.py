"""A short ledger, written row by row in the exchange's own words; balances count themselves."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from zoe.domain.ledger import Books, Terms
from zoe.domain.ledger_row import LedgerRow, text_of, units_of_text, wallet_of
from zoe.domain.lots import Lot
from zoe.domain.marks import Mark, MarkTable

SECOND_NS: Final = 10**9
PRICES: Final = {
    "EUR": "1.1",
    "USDT": "1",
    "BTC": "50000",
    "ETH": "2000",
    "DOT": "5",
    "SOL": "100",
    "AAPLx": "200",
}


class Story:
    """Rows of one account, a second apart unless said otherwise."""

    def __init__(self) -> None:
        self.rows: list[LedgerRow] = []
        self._balances: dict[str, int] = {}

    def row(
        self,
        words: str,
        wallet: str,
        amount: str,
        fee: str = "0",
        refid: str | None = None,
        at: float | None = None,
    ) -> LedgerRow:
        """Adds a row; ``words`` are type and subtype, as in ``earn/reward``."""
        kind, _, subtype = words.partition("/")
        name, number = wallet_of(wallet), len(self.rows) + 1
        change, paid = units_of_text(amount), units_of_text(fee)
        self._balances[name] = balance = self._balances.get(name, 0) + change - paid
        time_ns = number * SECOND_NS if at is None else round(at * SECOND_NS)
        row = LedgerRow(
            *(f"L{number:03d}", refid or f"R{number:03d}", time_ns, kind, subtype, name),
            *(change, paid, balance),
        )
        self.rows.append(row)
        return row


def marks(prices: Mapping[str, str] = PRICES) -> MarkTable:
    """The same price at all times."""
    return MarkTable(Mark(asset, Decimal(price), 0, "made") for asset, price in prices.items())


def books_of(
    rows: Iterable[LedgerRow],
    terms: Terms | None = None,
    prices: Mapping[str, str] = PRICES,
) -> Books:
    """Books with these rows, settled to the end."""
    books = Books(marks(prices), terms)
    for row in rows:
        books.add(row)
    books.settle()
    return books


def lots(books: Books, asset: str) -> list[tuple[str, str]]:
    """What is left of the open lots of an asset and of their basis."""
    return [shown(lot) for lot in books.open_lots(asset)]


def shown(lot: Lot) -> tuple[str, str]:
    """Quantity and basis that are left."""
    return text_of(lot.left), text_of(lot.basis_left)


def uses(books: Books) -> list[tuple[str, str, str, str, str | None]]:
    """Asset, kind, quantity, basis and proceeds of every slice that left a lot."""
    return [
        (
            *(use.lot.asset, use.kind, text_of(use.quantity), text_of(use.basis)),
            None if use.proceeds is None else text_of(use.proceeds),
        )
        for use in books.uses()
    ]


def flows(books: Books) -> dict[str, str]:
    """Why equity is what it is, without what is zero."""
    return {flow.value: text_of(amount) for flow, amount in books.flows.items() if amount}


def alarms(books: Books) -> list[tuple[str, str]]:
    """Every alarm with its asset, in the order of events."""
    return [(alarm.value, asset) for outcome in books.outcomes for alarm, asset in outcome.alarms]
