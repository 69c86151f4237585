"""Views as a strategist makes them, of what it was told; a part of that actor.

What money comes to is worked out once a second: it changes no faster than a decision needs it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from zoe.actors.strategist_eyes import Eyes
from zoe.actors.strategist_purse import Purse
from zoe.actors.strategist_scan import Scanner
from zoe.domain.catalog import Instrument
from zoe.domain.ratelimit import Room
from zoe.domain.risk import TradingState
from zoe.domain.strategy.own import Account, Budget
from zoe.domain.strategy.view import View, quick_view

ZERO: Final = Decimal(0)
SECOND_NS: Final = 1_000_000_000


class Views:
    """Makes the View that an engine decides on, out of what the strategist was told."""

    def __init__(self, eyes: Eyes, purse: Purse, scanner: Scanner | None) -> None:
        self._eyes = eyes
        self._purse = purse
        self._scanner = scanner
        self.trading_state = TradingState.HALTED
        self.maintenance = False
        self.rooms: dict[str, Room] = {}
        self._held: tuple[Mapping[str, Decimal], tuple[tuple[str, Decimal], ...]] | None = None
        self._accounts: dict[str, tuple[tuple[int, int, Instrument], Account]] = {}
        self._worth: tuple[int, Decimal | None, Decimal] = (-1, None, ZERO)

    def view(self, pair: str, cause: int, now_ns: int, monotonic_ns: int) -> View | None:
        """A View of one pair now; None where its quote or the pair itself is not known yet."""
        eyes, purse = self._eyes, self._purse
        instrument, touch = eyes.of(pair), eyes.touch(pair, now_ns)
        if instrument is None or touch is None:
            return None
        room = self.rooms.get(pair)
        return quick_view(
            now_ns=now_ns,
            cause=cause,
            instrument=instrument,
            touch=touch,
            held=self._balances(),
            trading_state=self.trading_state,
            book=eyes.book(pair, now_ns),
            tape=eyes.tape(pair, now_ns),
            scouted=None if self._scanner is None else self._scanner.scouted(pair),
            bars=eyes.bars_shown(pair),
            siblings=eyes.siblings(pair, now_ns),
            account=self._account(instrument, now_ns),
            fills=purse.fills(pair),
            working=purse.working(instrument, now_ns),
            budget=None if room is None else _budget(room, monotonic_ns),
            maintenance=self.maintenance,
        )

    def _balances(self) -> tuple[tuple[str, Decimal], ...] | None:
        balances = self._purse.balances
        if balances is None:
            return None
        if self._held is None or self._held[0] is not balances:
            self._held = (balances, tuple(sorted(balances.items())))
        return self._held[1]

    def _account(self, pair: Instrument, now_ns: int) -> Account:
        """The account as it was at the last whole second, or when the purse changed since."""
        name = now_ns // SECOND_NS, self._purse.version, pair
        known = self._accounts.get(pair.symbol)
        if known is None or known[0] != name:
            known = self._accounts[pair.symbol] = (name, self._worked_out(pair, now_ns))
        return known[1]

    def _worked_out(self, pair: Instrument, now_ns: int) -> Account:
        purse = self._purse
        holding = purse.sleeve.of(pair.symbol)
        equity, day = self._money(now_ns)
        return Account(
            sleeve=int(purse.sellable(pair).scaleb(pair.qty_precision)),
            owned=int(holding.quantity.scaleb(pair.qty_precision)),
            sleeve_cost=holding.cost,
            sleeve_since_ns=holding.since_ns,
            cash=purse.cash(pair),
            quote_usd=self._eyes.usd(pair.quote),
            equity_usd=equity,
            pair_day_usd=self.day_usd(pair.symbol, now_ns),
            strategy_day_usd=day,
            maker_fee_bps=purse.fee_bps(pair.symbol, now_ns, maker=True),
            taker_fee_bps=purse.fee_bps(pair.symbol, now_ns, maker=False),
        )

    def _money(self, now_ns: int) -> tuple[Decimal | None, Decimal]:
        second = now_ns // SECOND_NS
        if self._worth[0] != second:
            self._worth = (second, self.equity_usd(), self.all_days_usd(now_ns))
        return self._worth[1:]

    def equity_usd(self) -> Decimal | None:
        """What the balances come to, of what can be valued; None while they are unknown."""
        if self._purse.balances is None:
            return None
        total = ZERO
        for asset, amount in self._purse.balances.items():
            price = self._eyes.usd(asset) if amount else None
            if price is not None:
                total += amount * price
        return total

    def day_usd(self, pair: str, now_ns: int) -> Decimal:
        """What the strategy has won in a pair since 00:00 UTC."""
        usd = self._eyes.usd(pair.partition("/")[2])
        if usd is None:
            return ZERO
        return self._purse.day_quote(pair, self._eyes.mid(pair), now_ns) * usd

    def all_days_usd(self, now_ns: int) -> Decimal:
        """What the strategy has won since 00:00 UTC in all pairs that it has traded."""
        return sum((self.day_usd(pair, now_ns) for pair in self._purse.traded_pairs), ZERO)


def _budget(room: Room, monotonic_ns: int) -> Budget:
    """The ceiling provides for the cancels already."""
    return Budget(room.used(monotonic_ns), room.ceiling_milli, 0)
