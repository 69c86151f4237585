"""Whether a book can still be believed: what else is heard of its pair is held against it."""

from collections import deque
from decimal import Decimal
from typing import Final

MS: Final = 1_000_000
#: Decisions whose ages are remembered.
KEPT: Final = 1_000

#: How far apart two channels may tell of the same moment.
APART_NS: Final = 2_000_000_000
#: A change that is due comes within this, or never.
STILL_NS: Final = 5_000_000_000

#: The best bid and ask, None where the side is empty.
Prices = tuple[Decimal | None, Decimal | None]


def trade_contradicts(shown: Prices, taker_side: str, price: Decimal) -> bool:
    """Whether a trade was made at another price than the book shows on the side it took from."""
    bid, ask = shown
    return price != (ask if taker_side == "buy" else bid)


def ticker_contradicts(shown: Prices, told: Prices) -> bool:
    """Whether a ticker names other best prices than the book."""
    return shown != told


def is_proof(book_ns: int, other_ns: int) -> bool:
    """Whether what was heard at ``other_ns`` cannot be older than the book's last change.

    Where the clock was set back in between nobody knows, and the book is not believed.
    """
    return abs(other_ns - book_ns) > APART_NS


def stands_still(proof_ns: int, now_ns: int) -> bool:
    """Whether the change that was first proven due at ``proof_ns`` has not come."""
    return abs(now_ns - proof_ns) > STILL_NS


class Ages:
    """How old what decisions saw was: the newest ages, and the greatest of all, in nanoseconds."""

    def __init__(self) -> None:
        self._newest: deque[int] = deque(maxlen=KEPT)
        self._count = 0
        self._greatest = 0

    def add(self, age_ns: int) -> None:
        """Counts a decision by the age of what it saw."""
        self._newest.append(age_ns)
        self._count += 1
        self._greatest = max(self._greatest, age_ns)

    def shown(self) -> dict[str, int]:
        """The ages as status shows them: what half, and 99 %, of the newest decisions saw was no
        older; in ms."""
        if not self._newest:
            return {"decisions": 0}
        ages = sorted(self._newest)
        last = len(ages) - 1
        return {
            "decisions": self._count,
            "p50_ms": ages[last // 2] // MS,
            "p99_ms": ages[-(-last * 99 // 100)] // MS,
            "max_ms": self._greatest // MS,
        }
