"""The exchange's own word about its limits: what it refused for, and the pause that asks for.

A pause that follows soon upon another is twice as long (facts sheet, section 1.4).
"""

import re
from typing import Final

import attrs

SECOND_NS: Final = 1_000_000_000


@attrs.frozen
class Hit:
    """A refusal for a limit.

    Attributes:
        engine: Of a pair's engine counter; otherwise of the key's calls.
        pause_seconds: What the exchange asked for, None where it did not say.
    """

    engine: bool
    pause_seconds: int | None = None


LOCKOUT_SECONDS: Final = 900
_UNTIL: Final = re.compile(r"throttled:\s*(\d{1,12})$", re.IGNORECASE)


def limit_hit(code: str, exchange_ns: int) -> Hit | None:
    """What a throttled answer says about limits; None for one that is about something else.

    Args:
        exchange_ns: The exchange's time, for the answers that name the time to come back.
    """
    lower = code.lower()
    if "nonce" in lower:
        return None
    if "lockout" in lower:
        return Hit(False, LOCKOUT_SECONDS)
    until = _UNTIL.search(code)
    if until is not None:
        return Hit(False, min(max(int(until[1]) - exchange_ns // SECOND_NS, 0), LOCKOUT_SECONDS))
    return Hit(lower.startswith("eorder"))


#: Pauses after the exchange's word, doubled with each that follows soon.
FIRST_PAUSE_NS: Final = 2 * SECOND_NS
LONGEST_PAUSE_NS: Final = 60 * SECOND_NS
_FORGOTTEN_AFTER_NS: Final = 120 * SECOND_NS


@attrs.frozen
class Hold:
    """A pause that the exchange asked for by refusing.

    Attributes:
        strikes: How often in a row; a longer pause each time.
    """

    until_ns: int = 0
    strikes: int = 0

    def struck(self, now_ns: int, asked_seconds: int | None = None) -> "Hold":
        """The pause after another refusal; a pause that the exchange names is kept to.

        Refusals during a pause are of actions that left before it: they make it no longer.
        """
        if now_ns < self.until_ns and asked_seconds is None:
            return self
        strikes = self.strikes + 1 if self.is_remembered(now_ns) else 1
        pause = min(FIRST_PAUSE_NS << min(strikes - 1, 10), LONGEST_PAUSE_NS)
        if asked_seconds is not None:
            pause = max(pause, asked_seconds * SECOND_NS)
        return Hold(max(now_ns + pause, self.until_ns), strikes)

    def is_remembered(self, now_ns: int) -> bool:
        """Whether it goes on, or was not long ago."""
        return self.strikes > 0 and now_ns <= self.until_ns + _FORGOTTEN_AFTER_NS

    def wait_ns(self, now_ns: int) -> int:
        """What is left of the pause."""
        return max(self.until_ns - now_ns, 0)
