"""The dead-man's switch: when the exchange may be asked to wait longer before it cancels our orders.

It cancels every order of the account, those placed by hand too (facts sheet, section 1.7).
"""

from typing import Final

import attrs

TIMEOUT_SECONDS: Final = 60
#: Kraken advises to ask every 15 to 30 seconds.
PERIOD_SECONDS: Final = 15
#: A proof of life that took longer proves that something hangs.
PROOF_NS: Final = 10_000_000_000
#: From here on before the end of the time nobody relies on it any more.
MARGIN_SECONDS: Final = 5


_RELIABLE_NS: Final = (TIMEOUT_SECONDS - MARGIN_SECONDS) * 1_000_000_000


@attrs.frozen
class Switch:
    """What is known of the switch; times are monotonic nanoseconds.

    Attributes:
        asked_ns: When the request left that the exchange has acknowledged; None while it has not.
    """

    asked_ns: int | None = None

    def armed(self, now_ns: int) -> bool:
        """Whether the exchange is sure to cancel our orders if we fall silent now."""
        return self.asked_ns is not None and now_ns < self.asked_ns + _RELIABLE_NS


def proves_life(began_ns: int, now_ns: int) -> bool:
    """Whether a round that began then was quick enough to ask for more time."""
    return now_ns - began_ns <= PROOF_NS
