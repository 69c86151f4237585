"""Frames in the exchange's own compact form, read without a JSON decoder.

Nine in ten public frames are one change of one book, or one ticker, written without a space and with
their keys in one order. Such a frame is matched as a whole; every other form, every number with an exponent, a
sign or absurdly many digits does not match, and is read the slow way, which says what is wrong with it.
"""

import re
from collections.abc import Callable
from typing import Final

from zoe.domain.book import Written

# Only repeats of one character are possessive: Python 3.11.2 takes a possessive group for matched
# that failed behind its beginning, and "1." was a number.
_NUMBER: Final = rb"(0|[1-9][0-9]{0,19}+)(?:\.([0-9]{1,20}+))?"
_LEVEL: Final = rb'\{"price":%b,"qty":%b\}' % (_NUMBER, _NUMBER)
#: What is checked here and taken apart later.
_ANY: Final = _LEVEL.replace(b"(0|", b"(?:0|").replace(b"([", b"(?:[")
_SIDE: Final = rb"((?:%b(?:,%b)*)?)" % (_ANY, _ANY)
_BEGIN: Final = rb'\{"channel":"book","type":"update","data":\[\{"symbol":"([^"\\]{1,40}+)",'
# What is no time is found when the time is read, if it is read at all.
_END: Final = rb'\],"checksum":([0-9]{1,10}+),"timestamp":"([^"]{1,40}+)"\}\]\}'

#: A change of one side, as nearly every one is. Symbol; something where it is the asks'; whole and decimals of
#: its first level's price and quantity; its other levels; checksum; timestamp.
one_side: Final[Callable[[bytes], re.Match[bytes] | None]] = re.compile(
    rb'%b"bids":\[(\],"asks":\[)?%b((?:,%b)*)(?(2)|\],"asks":\[)%b' % (_BEGIN, _LEVEL, _ANY, _END)
).fullmatch
#: A change of any form. Symbol; bids; asks; checksum; timestamp.
both_sides: Final[Callable[[bytes], re.Match[bytes] | None]] = re.compile(
    rb'%b"bids":\[%b\],"asks":\[%b%b' % (_BEGIN, _SIDE, _SIDE, _END)
).fullmatch
_EACH_LEVEL: Final = re.compile(_LEVEL).findall

#: One that is longer holds more levels than books have, and is looked at level by level.
LONGEST_OF_A_BOOK: Final = 256 * 1024

_TICKER: Final = b'{"channel":"ticker","type":"update","data":[{"symbol":"'
_SYMBOL_AT: Final = len(_TICKER)
_FIRST_TICKER: Final = _TICKER.replace(b"update", b"snapshot")
_LONGEST_TICKER: Final = 1_000
_ZERO: Final = b"0"


def ticker(payload: bytes) -> bytes | None:
    """Whose ticker a frame is; None for any other frame. What it says is not looked at."""
    begin = _SYMBOL_AT
    if not payload.startswith(_TICKER):
        begin = len(_FIRST_TICKER)
        if not payload.startswith(_FIRST_TICKER):
            return None
    # One row, and no text in which a brace could stand for something else.
    if len(payload) >= _LONGEST_TICKER or payload.rfind(b"{") >= begin or b"\\" in payload:
        return None
    end = payload.find(b'"', begin)
    return payload[begin:end] if end > 0 and payload.endswith(b"}]}") else None


def levels(side: bytes, price_precision: int, qty_precision: int) -> list[Written] | None:
    """One side's changes, of what was matched; None where the slow way must say what they are."""
    found: list[Written] = []
    for whole, decimals, qty_whole, qty_decimals in _EACH_LEVEL(side) if side else ():
        if len(decimals) != price_precision or len(qty_decimals) != qty_precision:
            if len(decimals) > price_precision or len(qty_decimals) > qty_precision:
                return None
            decimals = decimals.ljust(price_precision, _ZERO)
            qty_decimals = qty_decimals.ljust(qty_precision, _ZERO)
        # What the checksum is made of is what stands in the frame, without zeros in front.
        price = (whole + decimals).lstrip(_ZERO)
        if not price:
            return None
        qty = (qty_whole + qty_decimals).lstrip(_ZERO)
        found.append((int(price), price + qty if qty else b""))
    return found
