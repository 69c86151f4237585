"""Frames in the exchange's own compact form, read without a JSON decoder.

Nine in ten public frames are one change of one book, or one ticker, written without a space and with
their keys in one order. Such a frame is matched as a whole; every other form, every number with an exponent, a
sign or absurdly many digits does not match, and is read the slow way, which says what is wrong with it.
"""

import re
from typing import Final

from zoe.domain.book import Level

_NUMBER: Final = r"(?:0|[1-9]\d{0,19})(?:\.\d{1,20})?"
_SYMBOL: Final = r"([A-Za-z0-9/._-]{1,40})"
_LEVEL: Final = rf'\{{"price":{_NUMBER},"qty":{_NUMBER}\}}'
_LEVELS: Final = rf"((?:{_LEVEL}(?:,{_LEVEL})*)?)"
_BOOK: Final = re.compile(
    rf'\{{"channel":"book","type":"update","data":\[\{{"symbol":"{_SYMBOL}",'
    rf'"bids":\[{_LEVELS}\],"asks":\[{_LEVELS}\],'
    r'"checksum":(\d{1,10}),"timestamp":"([^"\\]{1,40})"\}\]\}'
).fullmatch
_EACH_LEVEL: Final = re.compile(r'\{"price":(\d+)(?:\.(\d+))?,"qty":(\d+)(?:\.(\d+))?\}').findall
_TICKERS: Final = (
    '{"channel":"ticker","type":"update","data":[{"symbol":"',
    '{"channel":"ticker","type":"snapshot","data":[{"symbol":"',
)
_LONGEST_TICKER: Final = 1_000

#: Symbol, bids, asks, checksum, timestamp; the sides for ``changes``.
BookText = tuple[str, str, str, str, str]


def book(text: str) -> BookText | None:
    """The parts of a change of one book; None for any other frame."""
    match = _BOOK(text)
    return None if match is None else match.groups()  # type: ignore[return-value]  # five groups


def ticker(text: str) -> str | None:
    """Whose ticker a frame is; None for any other frame. What it says is not looked at."""
    for beginning in _TICKERS:
        if text.startswith(beginning):
            start = len(beginning)
            end = text.find('"', start)
            # One row, and no text in which a brace could stand for something else.
            whole = text.endswith("}]}") and text.count("{") == 2 and "\\" not in text
            return text[start:end] if whole and end > 0 and len(text) < _LONGEST_TICKER else None
    return None


def changes(
    bids: str, asks: str, price_precision: int, qty_precision: int
) -> tuple[list[Level], list[Level]] | None:
    """Both sides' changes in whole units; None where a number has too many decimals."""
    try:
        return (
            _levels(bids, price_precision, qty_precision) if bids else [],
            _levels(asks, price_precision, qty_precision) if asks else [],
        )
    except ValueError:
        return None


def _levels(side: str, price_precision: int, qty_precision: int) -> list[Level]:
    found: list[Level] = []
    for whole, fraction, qty_whole, qty_fraction in _EACH_LEVEL(side):
        if len(fraction) != price_precision:
            fraction = _padded(fraction, price_precision)
        if len(qty_fraction) != qty_precision:
            qty_fraction = _padded(qty_fraction, qty_precision)
        found.append((int(whole + fraction), int(qty_whole + qty_fraction)))
    return found


def _padded(fraction: str, precision: int) -> str:
    if len(fraction) > precision:
        raise ValueError("too many decimals")
    return fraction.ljust(precision, "0")
