"""Points in time as UTC nanoseconds: the forms they have on the wire."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Final

import msgspec

SECOND_NS: Final = 1_000_000_000
MILLISECOND_NS: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_SECONDS: Final = re.compile(r"(\d{1,11})(?:\.(\d{1,9})\d*)?", re.ASCII)


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


@lru_cache(maxsize=64)  # what happens at one moment is told in many pieces
def rfc3339(at_ns: int) -> str:
    """With microseconds: ``2026-01-02T03:04:05.000100Z``."""
    seconds, rest = divmod(at_ns, SECOND_NS)
    return f"{_second(seconds)}.{rest // 1000:06d}Z"


def rfc3339_nanoseconds(at_ns: int) -> str:
    """With nanoseconds, as candles print them."""
    seconds, rest = divmod(at_ns, SECOND_NS)
    return f"{_second(seconds)}.{rest:09d}Z"


def rfc3339_seconds(at_ns: int) -> str:
    """Without a fraction."""
    return f"{_second(at_ns // SECOND_NS)}Z"


def rfc1123(at_ns: int) -> str:
    """As the Time call prints it."""
    return format_datetime(datetime.fromtimestamp(at_ns // SECOND_NS, UTC))


def parse_rfc3339(value: str) -> int:
    """Nanoseconds of a time with a zone.

    Raises:
        ValueError: It is something else.
    """
    found = _RFC3339.fullmatch(value)
    if found is None:
        raise ValueError(f"not a time: {value[:40]!r}")
    return _whole(found[1], found[3]) + _fraction(found[2])


@lru_cache(maxsize=64)  # deadlines of one moment share their second
def _whole(second: str, zone: str) -> int:
    moment = datetime.fromisoformat(second.upper() + zone.upper().replace("Z", "+00:00"))
    whole = moment - _EPOCH
    return (whole.days * 86_400 + whole.seconds) * SECOND_NS


def seconds(at_ns: int) -> msgspec.Raw:
    """Unix seconds with seven decimals, as REST prints them."""
    whole, rest = divmod(at_ns, SECOND_NS)
    return msgspec.Raw(f"{whole}.{rest // 100:07d}".encode())


def parse_seconds(value: str) -> int:
    """Nanoseconds of unix seconds.

    Raises:
        ValueError: It is something else.
    """
    found = _SECONDS.fullmatch(value)
    if found is None:
        raise ValueError(f"not unix seconds: {value[:40]!r}")
    return int(found[1]) * SECOND_NS + _fraction(found[2])


def _fraction(digits: str | None) -> int:
    return int((digits or "").ljust(9, "0"))
