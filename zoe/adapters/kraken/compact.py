"""Frames in the exchange's own compact form, read without a JSON decoder.

Nine in ten public frames are one change of one book, or one ticker, written without a space and with
their keys in one order. Such a frame is matched as a whole; every other form, every number with an exponent, a
sign or absurdly many digits does not match, and is read the slow way, which says what is wrong with it.
"""

import re
from typing import Final

from zoe.domain.book import Written

_NUMBER: Final = rb"(0|[1-9][0-9]{0,19}+)(?:\.([0-9]{1,20}+))?+"
_LEVEL: Final = rb'\{"price":%b,"qty":%b\}' % (_NUMBER, _NUMBER)
#: What is checked and not kept.
_MORE: Final = _LEVEL.replace(b"(0|", b"(?:0|").replace(b"([0-9]", b"(?:[0-9]")
_SIDE: Final = rb"(?:%b((?:,%b)*+))?+" % (_LEVEL, _MORE)
_BOOK: Final = re.compile(
    rb'\{"channel":"book","type":"update","data":\[\{"symbol":"([A-Za-z0-9/._-]{1,40}+)",'
    rb'"bids":\[%b\],"asks":\[%b\],'
    rb'"checksum":([0-9]{1,10}+),"timestamp":"([^"\\\x80-\xff]{1,40}+)"\}\]\}' % (_SIDE, _SIDE)
).fullmatch
_EACH_LEVEL: Final = re.compile(_LEVEL).findall
_TICKER: Final = b'{"channel":"ticker","type":"update","data":[{"symbol":"'
_FIRST_TICKER: Final = _TICKER.replace(b"update", b"snapshot")
_LONGEST_TICKER: Final = 1_000
_ZERO: Final = b"0"

#: Symbol; whole and decimals of the first bid's price, and of its quantity; the other bids; the asks likewise;
#: checksum; timestamp. What a frame lacks is empty.
BookText = tuple[
    bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes
]


def book(payload: bytes) -> BookText | None:
    """The parts of a change of one book; None for any other frame."""
    match = _BOOK(payload)
    return None if match is None else match.groups(b"")  # type: ignore[return-value]  # thirteen


def ticker(payload: bytes) -> bytes | None:
    """Whose ticker a frame is; None for any other frame. What it says is not looked at."""
    begin = len(_TICKER)
    if not payload.startswith(_TICKER):
        begin = len(_FIRST_TICKER)
        if not payload.startswith(_FIRST_TICKER):
            return None
    # One row, and no text in which a brace could stand for something else.
    if len(payload) >= _LONGEST_TICKER or payload.count(b"{") != 2 or b"\\" in payload:
        return None
    end = payload.find(b'"', begin)
    return payload[begin:end] if end > 0 and payload.endswith(b"}]}") else None


def levels(
    first: tuple[bytes, bytes, bytes, bytes], more: bytes, price_precision: int, qty_precision: int
) -> list[Written] | None:
    """One side's changes in whole units; None where the slow way must say what they are.

    Args:
        first: The first level's four parts, empty for no level.
        more: The other levels.
    """
    found: list[Written] = []
    if not first[0]:
        return found
    for whole, decimals, qty_whole, qty_decimals in (first, *(_EACH_LEVEL(more) if more else ())):
        if len(decimals) != price_precision or len(qty_decimals) != qty_precision:
            if len(decimals) > price_precision or len(qty_decimals) > qty_precision:
                return None
            decimals = decimals.ljust(price_precision, _ZERO)
            qty_decimals = qty_decimals.ljust(qty_precision, _ZERO)
        # What the checksum is made of is what stands in the frame, without zeros in front.
        price_text = (whole + decimals).lstrip(_ZERO) or _ZERO
        qty_text = (qty_whole + qty_decimals).lstrip(_ZERO) or _ZERO
        found.append((int(price_text), int(qty_text), price_text + qty_text))
    return found
