"""Kraken's own exports of the ledger (``ledgers.csv``), as rows of the books.

Exports list pending copies of rows, without an id or a balance, among the others; whoever opened
one in a spreadsheet may have given it other line ends, a byte order mark or another separator.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import attrs

from zoe.domain.errors import WireError
from zoe.domain.ledger_row import SECOND_NS, LedgerRow, units_of_text, wallet_of

COLUMNS: Final = ("txid", "refid", "time", "type", "asset", "amount", "fee", "balance")
_SEPARATORS: Final = ",;\t"
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z?"
)
_LONGEST_PROBLEM: Final = 200
_LINE_ENDS: Final = re.compile(r"\r\n?|\n")
#: How newer exports name the wallet beside the asset, and the suffix that other sources give it.
_EARN_SUFFIXES: Final = {
    "flexible": "F",
    "flex": "F",
    "bonded": "B",
    "locked": "S",
    "liquid": "M",
}


@attrs.frozen
class Export:
    """What an export holds.

    Attributes:
        pending: How many copies without an id or a balance were left out.
    """

    rows: tuple[LedgerRow, ...]
    pending: int


def read(data: bytes) -> Export:
    """The rows of an export, in its order.

    Raises:
        WireError: Empty, cut off, not text, without a column that is needed, or with a value that
            is none; it names the line.
    """
    lines = _lines(_text(data), data)
    header = [name.strip().lower() for name in next(lines, (0, []))[1]]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise WireError(f"no export of the ledger: column {missing[0]} is missing", data[:1_000])
    rows, pending = [], 0
    for number, values in lines:
        if not any(values):
            continue
        if len(values) != len(header):
            problem = f"line {number}: {len(values)} values under {len(header)} columns"
            raise WireError(f"{problem}; is the file cut off?", _raw(values))
        fields = dict(zip(header, map(str.strip, values), strict=True))
        if not fields["txid"] or not fields["balance"]:
            pending += 1
            continue
        try:
            rows.append(_row(fields))
        except ValueError as problem:
            text = str(problem)[:_LONGEST_PROBLEM]
            raise WireError(f"line {number}: {text}", _raw(values)) from problem
    return Export(tuple(rows), pending)


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise WireError("no export of the ledger: not UTF-8 text", data[:1_000]) from problem
    if not text.strip():
        raise WireError("the file is empty", b"")
    return text


def _lines(text: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and values."""
    text = _LINE_ENDS.sub("\n", text)
    first = text.lstrip().partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    try:
        for values in reader:
            yield reader.line_num, values
    except csv.Error as problem:
        raise WireError(f"line {reader.line_num}: {problem}", data[-1_000:]) from problem


def _raw(values: list[str]) -> bytes:
    return ",".join(values).encode()


def _row(fields: dict[str, str]) -> LedgerRow:
    return LedgerRow(
        fields["txid"],
        fields["refid"],
        _nanoseconds(fields["time"]),
        fields["type"],
        fields.get("subtype", ""),
        _wallet(fields["asset"], fields.get("wallet", "")),
        units_of_text(fields["amount"]),
        units_of_text(fields["fee"] or "0"),
        units_of_text(fields["balance"]),
    )


def _wallet(asset: str, place: str) -> str:
    """``place`` is such as ``spot / main`` or ``earn / flexible``; older exports have none."""
    if not asset:
        raise ValueError("a row without an asset")
    where, _, kind = (part.strip().lower() for part in place.partition("/"))
    if where == "earn" and "." not in asset:
        return wallet_of(f"{asset}.{_EARN_SUFFIXES.get(kind, kind.upper() or 'EARN')}")
    return wallet_of(asset)


def _nanoseconds(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no time")
    day, clock, fraction = found.groups("0")
    seconds = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC).timestamp()
    return round(seconds) * SECOND_NS + int(fraction.ljust(9, "0"))
