"""Tickers in the exchange's own compact form, told apart without a decoder.

Of many tickers of a pair only the newest is decoded: written without a space and with their keys in one order, they
say whose they are at one place. Every other form is read the slow way.
"""

from typing import Final

_TICKER: Final = b'{"channel":"ticker","type":"update","data":[{"symbol":"'
_SYMBOL_AT: Final = len(_TICKER)
_FIRST_TICKER: Final = _TICKER.replace(b"update", b"snapshot")
_LONGEST_TICKER: Final = 1_000


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
