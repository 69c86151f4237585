"""When to connect again: soon after a random drop, ever more slowly after many, never too often.

Sources: facts sheet, section 2.1: a handful of immediate tries, then 1 s to 60 s with jitter; about
150 connects in any ten minutes from one address, then the address is shut out for ten.
"""

from typing import Final

import attrs

SECOND_NS: Final = 1_000_000_000
WINDOW_NS: Final = 600 * SECOND_NS
#: Below the exchange's 150: another connection of ours may count too.
MOST_CONNECTS: Final = 60
#: Pauses in milliseconds by the number of failures in a row.
PAUSES_MS: Final = (100, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000)
CHANCES: Final = 1024
#: A connection that lived so long has cleared the failures before it.
GOOD_AFTER_NS: Final = 30 * SECOND_NS


@attrs.frozen
class Reconnect:
    """What is known of earlier connects.

    Attributes:
        connects_ns: When each connect of the last ten minutes was to happen, oldest first.
    """

    failures: int = 0
    connects_ns: tuple[int, ...] = ()

    def connected(self) -> "Reconnect":
        """After a connection that was good: the next failure is the first again."""
        return attrs.evolve(self, failures=0)

    def next(self, now_ns: int, chance: int, lived_ns: int = 0) -> "tuple[int, Reconnect]":
        """How long to wait before the next connect, and what is then known.

        Args:
            chance: From 0 to 1023, at random: spreads the clients that one outage has cut off.
            lived_ns: How long the connection that ended had been good.
        """
        failures = 0 if lived_ns >= GOOD_AFTER_NS else self.failures
        pause_ns = PAUSES_MS[min(failures, len(PAUSES_MS) - 1)] * 1_000_000
        pause_ns += pause_ns * chance // (5 * CHANCES)
        recent = tuple(at for at in self.connects_ns if at > now_ns - WINDOW_NS)
        if len(recent) >= MOST_CONNECTS:
            pause_ns = max(pause_ns, recent[-MOST_CONNECTS] + WINDOW_NS - now_ns)
        return pause_ns, Reconnect(failures + 1, (*recent, now_ns + pause_ns)[-MOST_CONNECTS:])
