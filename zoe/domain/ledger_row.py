"""A row of the exchange's ledger as every source gives it: amounts in whole units, names in one
spelling.

Amounts are ints counted in 10^-10 of the asset, the finest step of any ledger of Kraken (facts
sheet, section 3): exact, quick, and the same whatever a thread's decimal context says.
"""

import hashlib
import re
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from zoe.domain.quantity import EXACT

DIGITS: Final = 10
ONE: Final = 10**DIGITS
#: More digits than any account has; refuses exponents that would cost the memory of their digits.
_MOST_DIGITS: Final = 40
_WRITTEN: Final = re.compile(r"[-+]?[0-9]{0,40}\.?[0-9]{0,40}([eE][-+]?[0-9]{1,3})?")

#: Names whose id differs from what Kraken's newer APIs call them (facts sheet, section 4.1).
_NAMES: Final = {
    "XXBT": "BTC",
    "XBT": "BTC",
    "XXDG": "DOGE",
    "XDG": "DOGE",
    "FEE": "KFEE",
    **{f"X{name}": name for name in ("ETC", "ETH", "LTC", "MLN", "REP", "XLM", "XMR", "XRP")},
    "XZEC": "ZEC",
    **{f"Z{name}": name for name in ("AUD", "CAD", "EUR", "GBP", "JPY", "USD")},
}
#: Decimals of the exchange's ledger, where they are not ten (facts sheet, section 4.1).
_DECIMALS: Final = {
    **dict.fromkeys(("USD", "EUR", "GBP", "CAD", "AUD", "CHF", "AED"), 4),
    **dict.fromkeys(("DOGE", "XLM", "XRP"), 8),
    "JPY": 2,
    "KFEE": 2,
}
#: Staked (with the days of its bond), opt-in and automatic rewards, bonded, parachain, on hold.
_FOLDED: Final = re.compile(r"(.+?)(03|04|07|14|21|28|30|60|90)?\.(S|F|M|B|P|HOLD)")
_TOKENIZED: Final = ".T"
_STAKED_ETHER: Final = "ETH2"
#: Texts that stand where a refid is not known: such rows share nothing.
NO_REFID: Final = frozenset({"", "Unknown", "unknown"})
SECOND_NS: Final = 1_000_000_000


class Kind(Enum):
    """What a row is, as far as the books care."""

    TRADE = "trade"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    INCOME = "income"
    MOVE = "move"
    ROLLOVER = "rollover"
    SUSPENSE = "suspense"

    __hash__ = object.__hash__  # members are single; Enum's own hash is Python, and slow


#: ``Kind.value``, without the price of asking an enum.
WORDS: Final = {kind: kind.value for kind in Kind}
_KINDS: Final = {
    **dict.fromkeys(("trade", "spend", "receive", "sale", "conversion"), Kind.TRADE),
    **dict.fromkeys(("staking", "reward", "dividend"), Kind.INCOME),
    "deposit": Kind.DEPOSIT,
    "withdrawal": Kind.WITHDRAWAL,
    "rollover": Kind.ROLLOVER,
}
_KINDS_OF_SUBTYPES: Final = {
    ("earn", "reward"): Kind.INCOME,
    **{
        ("earn", subtype): Kind.MOVE
        for subtype in (
            *("allocation", "deallocation", "autoallocation", "autoallocate", "migration"),
        )
    },
    **{
        ("transfer", subtype): Kind.MOVE
        for subtype in ("spottostaking", "stakingfromspot", "stakingtospot", "spotfromstaking")
    },
}


def units(value: Decimal) -> int:
    """``value`` counted in 10^-10.

    Raises:
        ValueError: Not a whole number of them, not finite, or absurdly large.
    """
    if not value.is_finite() or value.adjusted() > _MOST_DIGITS:
        raise ValueError(f"{str(value)[:60]} is no amount")
    scaled = EXACT.scaleb(value, DIGITS)
    count = int(scaled)
    if count != scaled:
        raise ValueError(f"{str(value)[:60]} has more than {DIGITS} decimals")
    return count


def units_of_text(text: str) -> int:
    """The amount that a text of Kraken's writes, such as ``-0.0050000000``.

    Raises:
        ValueError: It is no amount, or has more than ten decimals that are not zero.
    """
    whole, _, fraction = text.partition(".")
    if (
        len(fraction) <= DIGITS
        and text.isascii()
        and (fraction.isdigit() or fraction == "")
        and whole.removeprefix("-").isdigit()
        and len(whole) <= _MOST_DIGITS
    ):
        return int(whole + fraction.ljust(DIGITS, "0"))
    if not _WRITTEN.fullmatch(text):
        raise ValueError(f"{text[:60]!r} is no amount")
    try:
        return units(Decimal(text))
    except ArithmeticError as problem:
        raise ValueError(f"{text[:60]!r} is no amount") from problem


def decimal_of(count: int) -> Decimal:
    """Units as the number they stand for."""
    return EXACT.scaleb(Decimal(count), -DIGITS)


def text_of(count: int) -> str:
    """Units as plain text: without trailing zeros, ``0`` for zero."""
    whole, fraction = divmod(abs(count), ONE)
    text = f"{whole}.{fraction:0{DIGITS}d}".rstrip("0").rstrip(".")
    return f"-{text}" if count < 0 else text


@lru_cache(maxsize=4096)
def wallet_of(code: str) -> str:
    """One spelling of a wallet: ``XXBT`` is ``BTC``, ``XBT.M`` is ``BTC.M``, ``ZUSD`` is ``USD``.

    Old rows and other sources use other names of the same wallet, whose balances are one chain.
    """
    name, dot, suffix = code.partition(".")
    return f"{_NAMES.get(name, name)}{dot}{suffix}"


@lru_cache(maxsize=4096)
def asset_of(wallet: str) -> str:
    """The asset that a wallet holds: ``DOT28.S`` holds DOT; an unknown suffix is its own asset."""
    folded = _FOLDED.fullmatch(wallet)
    name = folded[1] if folded else wallet
    return "ETH" if name == _STAKED_ETHER else _NAMES.get(name, name)


def decimals_of(asset: str) -> int:
    """How many decimals the exchange's ledger keeps of an asset."""
    return _DECIMALS.get(asset, DIGITS)


@lru_cache(maxsize=4096)
def knows_wallet(wallet: str) -> bool:
    """Whether the wallet's name is of a form whose meaning is known."""
    return "." not in wallet or wallet.endswith(_TOKENIZED) or bool(_FOLDED.fullmatch(wallet))


@lru_cache(maxsize=4096)
def kind_of(word: str, subtype: str, wallet: str) -> Kind:
    """What a row of this type is, in this wallet."""
    found = _KINDS.get(word) or _KINDS_OF_SUBTYPES.get((word, subtype))
    if found is None or not knows_wallet(wallet):
        return Kind.SUSPENSE
    return found


@lru_cache(maxsize=4096)
def key_end(word: str, subtype: str, wallet: str) -> str:
    """How the key of an event ends that has a refid: with its kind."""
    return f":{WORDS[kind_of(word, subtype, wallet)]}"


class LedgerRow(NamedTuple):
    """One row: balance after = balance before + amount - fee, in its wallet.

    A tuple, because a replay makes them by the hundred thousand.

    Attributes:
        refid: Tells which rows belong together; not unique where it is ``Unknown``.
        time_ns: UTC nanoseconds, as exactly as the source said.
        type: As Kraken wrote it, as is ``subtype``; unknown ones are kept.
        wallet: In the spelling of ``wallet_of``.
        amount: Signed units of 10^-10, as are ``fee`` and ``balance``.
        fee: More than zero where it was paid, less where it was given back.
        balance: Of the wallet, after this row.
    """

    ledger_id: str
    refid: str
    time_ns: int
    type: str
    subtype: str
    wallet: str
    amount: int
    fee: int
    balance: int

    @property
    def asset(self) -> str:
        """The asset that the row's wallet holds."""
        return asset_of(self.wallet)

    @property
    def net(self) -> int:
        """What the row changed in its wallet."""
        return self.amount - self.fee

    @property
    def before(self) -> int:
        """The wallet's balance before this row."""
        return self.balance - self.amount + self.fee

    @property
    def kind(self) -> Kind:
        """What the row is; suspense for everything that is not known to be something."""
        return kind_of(self.type, self.subtype, self.wallet)

    @property
    def payload(self) -> tuple[str | int, ...]:
        """What must be the same whenever this id comes again: all but the time's decimals."""
        return (
            *(self.refid, self.type, self.subtype, self.wallet),
            *(self.amount, self.fee, self.balance),
        )

    @property
    def sha256(self) -> str:
        """The payload's hash, as hex; the same from every source, whatever decimals it writes."""
        text = "\x1f".join((self.ledger_id, *map(str, self.payload)))
        return hashlib.sha256(text.encode()).hexdigest()

    def agrees(self, other: "LedgerRow") -> bool:
        """Whether both are the same row. An export cuts times to the second; the stream's words for
        a row and REST's differ (``trade`` has the subtype ``tradespot`` in REST only)."""
        if abs(self.time_ns - other.time_ns) >= SECOND_NS:
            return False
        if self.payload == other.payload:
            return True
        is_known = self.kind is not Kind.SUSPENSE and self.kind is other.kind
        return is_known and self._money == other._money

    @property
    def _money(self) -> tuple[str | int, ...]:
        return self.refid, self.wallet, self.amount, self.fee, self.balance

    @property
    def group_and_kind(self) -> tuple[str, Kind]:
        """Which rows are one event, and what it is: those of one refid and kind, else one row.

        Rows of ``earn`` without a refid come in pairs of one time and size.
        """
        kind, refid = kind_of(self.type, self.subtype, self.wallet), self.refid
        if refid not in NO_REFID:
            return f"{refid}:{WORDS[kind]}", kind
        if self.type == "earn":
            return f"{self.time_ns}:{abs(self.amount)}:{WORDS[kind]}", kind
        return f"{self.ledger_id}:{WORDS[kind]}", kind
