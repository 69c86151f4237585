"""Kraken's own exports of the ledger (``ledgers.csv``), as rows of the books.

Exports list pending copies of rows, without an id or a balance, among the others; whoever opened
one in a spreadsheet may have given it other line ends, a byte order mark or another separator.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from sys import intern
from typing import BinaryIO, Final

import attrs

from zoe.domain.errors import WireError
from zoe.domain.ledger_row import SECOND_NS, LedgerRow, units_of_text, wallet_of

COLUMNS: Final = ("txid", "refid", "time", "type", "asset", "amount", "fee", "balance")
_SEPARATORS: Final = ",;\t"
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z?"
)
_LONGEST_PROBLEM: Final = 200
_RAW_BYTES: Final = 1_000
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


def read(file: BinaryIO) -> Export:
    """The rows of an export, in its order; of the file no more than a line is held.

    Raises:
        WireError: Empty, cut off, not text, without a column that is needed, or with a value that
            is none; it names the line.
    """
    lines = _lines(file)
    header = [name.strip().lower() for name in next(lines, (0, []))[1]]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise WireError(f"no export of the ledger: column {missing[0]} is missing", _raw(header))
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


def _lines(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and values; closes the file."""
    number = 0
    try:
        with io.TextIOWrapper(file, "utf-8-sig") as text:  # whatever ends a line, it comes as \n
            first = next(text, "")
            while first.isspace():
                number += 1
                first = next(text, "")
            if not first:
                raise WireError("the file is empty", b"")
            separator, before = max(_SEPARATORS, key=first.count), number
            reader = csv.reader(chain((first,), text), delimiter=separator, strict=True)
            for values in reader:
                number = before + reader.line_num
                yield number, values
    except UnicodeDecodeError as problem:
        good = problem.object[: problem.start]  # behind the lines that were told
        number += max(good.count(b"\n"), good.count(b"\r")) + 1
        words = f"no export of the ledger: line {number} is not UTF-8 text"
        raise WireError(words, good[-_RAW_BYTES:]) from problem
    except csv.Error as problem:
        raise WireError(f"line {number + 1}: {problem}", b"") from problem


def _raw(values: list[str]) -> bytes:
    return ",".join(values).encode()


def _row(fields: dict[str, str]) -> LedgerRow:
    return LedgerRow(
        fields["txid"],
        fields["refid"],
        _nanoseconds(fields["time"]),
        intern(fields["type"]),  # a few words, in millions of rows
        intern(fields.get("subtype", "")),
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
