"""Names of pairs: ``BTC/USD`` here, ``BTC-USD`` there."""

import re
from typing import Final

_PAIR: Final = re.compile(r"[A-Z0-9.]{1,20}[-/][A-Z0-9]{1,10}")


def theirs(pair: str) -> str:
    """The exchange's name of a pair that is written in either way.

    Raises:
        ValueError: No pair can be called so.
    """
    name = pair.strip().upper()
    if not _PAIR.fullmatch(name):
        raise ValueError(f"{pair[:40]!r} is no pair: write it as BTC/USD or BTC-USD")
    return name.replace("/", "-")


def ours(symbol: str) -> str:
    """Our name of a pair.

    Raises:
        ValueError: No pair can be called so.
    """
    return theirs(symbol).replace("-", "/")
