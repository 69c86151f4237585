"""What a person does about what the exchange says."""

from typing import Final

INVALID_NONCE: Final = "EAPI:Invalid nonce"
#: The beginning of what the exchange says, and what to do then; the first that fits.
_REMEDIES: Final = (
    ("EAPI:Invalid key", "make a key in Kraken's settings, then zoe keys import kraken.txt"),
    ("EAPI:Invalid signature", "the private key is not this key's: zoe keys import kraken.txt"),
    (INVALID_NONCE, "another program uses this key: give each program a key of its own"),
    ("EAPI:Rate limit", "wait 15 seconds; nothing else may use this key meanwhile"),
    ("EGeneral:Temporary lockout", "stop every program with this key for 15 minutes"),
    ("EGeneral:Permission denied", "give the key the missing permission in Kraken's settings"),
    ("EService", "the exchange is not well: look at status.kraken.com and try again later"),
)


def remedy(said: str) -> str | None:
    """What to do then; None where the exchange has said nothing of its own."""
    for beginning, advice in _REMEDIES:
        if said.startswith(beginning):
            return advice
    if said.startswith("E"):
        return "the exchange refuses what zoe asks of it: look for a newer zoe"
    return None
