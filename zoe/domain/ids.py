"""Identifiers of our own making: client order ids that carry the desk's tag.

A ``cl_ord_id`` is a UUID of version 8 (RFC 9562, free layout): 48 bits of milliseconds, the desk's
16-bit tag split round the version, random bits. The exchange stores it as a 128-bit number and
need not echo case or dashes, so ids are compared as numbers.
"""

import hashlib
import re
from functools import lru_cache
from typing import Final

_HEX: Final = re.compile(r"[0-9a-f]{32}")
#: Of a UUID with its dashes.
_LONGEST_ID: Final = 36
_TAG_BITS: Final = 16
_RANDOM_BITS: Final = 58
_RANDOM: Final = (1 << _RANDOM_BITS) - 1
_VARIANT: Final = 0b10 << 62
_MILLISECONDS: Final = (1 << 48) - 1


def account_id(exchange: str, api_key: str) -> str:
    """The account's name: exchange and fingerprint of the key, never the key itself."""
    return f"{exchange}:{hashlib.sha256(api_key.encode()).hexdigest()[:16]}"


def desk_tag(account: str, desk: str) -> int:
    """The 16-bit tag that marks the orders of ``desk`` on ``account``, even without its database.

    Args:
        desk: An identity that outlives the database, and that no other desk has.
    """
    return int.from_bytes(hashlib.sha256(f"desk/{account}/{desk}".encode()).digest()[:2])


def client_order_id(wall_ns: int, tag: int, random_bits: int) -> str:
    """A new client order id as UUID text.

    Args:
        wall_ns: UTC nanoseconds; kept to the millisecond.
        tag: The desk's 16-bit tag.
        random_bits: At least 58 random bits; more are cut off.
    """
    assert 0 <= tag < 1 << _TAG_BITS, tag
    milliseconds = f"{wall_ns // 1_000_000 & _MILLISECONDS:012x}"
    rest = f"{_VARIANT | (tag & 0xF) << _RANDOM_BITS | random_bits & _RANDOM:016x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-8{tag >> 4:03x}-{rest[:4]}-{rest[4:]}"


def uuid_text(number: int) -> str:
    """A 128-bit number as UUID text."""
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def id_number(text: str) -> int | None:
    """The 128-bit number of a UUID in any case, with or without dashes; None for other text."""
    return _number(text) if len(text) <= _LONGEST_ID else _number.__wrapped__(text)


# An order's id is read by each list and report that shows the order; longer text is not kept.
@lru_cache(maxsize=4_096)
def _number(text: str) -> int | None:
    bare = text.replace("-", "").lower()
    return int(bare, 16) if _HEX.fullmatch(bare) else None


def tag_of(text: str) -> int | None:
    """The desk tag inside a client order id of our layout, None for any other id."""
    number = id_number(text)
    if number is None or (number >> 76) & 0xF != 8 or (number >> 62) & 0b11 != 0b10:
        return None
    return ((number >> 64) & 0xFFF) << 4 | (number >> _RANDOM_BITS) & 0xF
