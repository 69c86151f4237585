"""An account that lives a little: ledger rows as the exchange would write them, from a seed."""

from decimal import Decimal
from random import Random
from typing import Final

from zoe.domain.ledger_row import ONE, LedgerRow

#: USD 4 decimals, coins 8: what the exchange's ledger keeps.
CENT: Final = ONE // 10_000
COIN: Final = ONE // 10**8
SECOND_NS: Final = 10**9
BEGAN_NS: Final = 1_700_000_000 * SECOND_NS
PRICES: Final = {"BTC": 50_000, "ETH": 2_500, "SOL": 100}


class Account:
    """Writes rows whose balances follow from each other."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(seed)
        self._now_ns = BEGAN_NS
        self._number = 0
        self.balances: dict[str, int] = {}
        self.rows: list[LedgerRow] = []

    def row(self, refid: str, kind: str, wallet: str, amount: int, fee: int = 0) -> LedgerRow:
        """One change of one wallet."""
        self._number += 1
        self._now_ns += self._rng.randrange(1, 1_000) * 1_000
        balance = self.balances[wallet] = self.balances.get(wallet, 0) + amount - fee
        names = (f"L{self._number:06d}", refid, self._now_ns, kind, "", wallet)
        row = LedgerRow(*names, amount, fee, balance)
        self.rows.append(row)
        return row

    def event(self) -> None:
        """Something happens: mostly trades."""
        self._now_ns += self._rng.randrange(1, 600) * SECOND_NS
        refid = f"T{self._number:06d}"
        coin = self._rng.choice(sorted(PRICES))
        quantity = self._rng.randrange(1, 10**8) * COIN
        worth = quantity * PRICES[coin] // CENT * CENT
        held, usd = self.balances.get(coin, 0), self.balances.get("USD", 0)
        match self._rng.randrange(10):
            case 0:
                self.row(refid, "deposit", "USD", self._rng.randrange(1, 10**6) * 10**4 * CENT)
            case 1:
                self.row(refid, "deposit", coin, quantity)
            case 2 if held > 2 * quantity:
                self.row(refid, "withdrawal", coin, -quantity, quantity // COIN // 100 * COIN)
            case 3 if held > 2 * quantity:
                fee = quantity // COIN // 100 * COIN
                self.row(refid, "withdrawal", coin, -quantity, fee)
                self.row(refid, "withdrawal", coin, quantity, -fee)
            case 4:
                self.row(refid, "staking", coin, quantity // COIN // 50 * COIN)
            case 5 | 6 | 7 if held > quantity:
                self.row(refid, "trade", coin, -quantity)
                self.row(refid, "trade", "USD", worth, worth // CENT // 400 * CENT)
            case _ if usd > 2 * worth > 0:
                self.row(refid, "trade", "USD", -worth, worth // CENT // 400 * CENT)
                self.row(refid, "trade", coin, quantity)
            case _:
                self.row(refid, "deposit", "USD", 10**6 * 10**4 * CENT)


def lived(seed: int, events: int) -> Account:
    """An account after so many events."""
    account = Account(seed)
    for _ in range(events):
        account.event()
    return account


def price(asset: str) -> Decimal:
    """USD of one coin."""
    return Decimal(PRICES[asset])
