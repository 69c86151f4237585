"""Rows as files: the exchange's export, pages of its answers, and what stands beside them."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final

from ledger_rows import PRICES, Accounts

from zoe.domain.ledger_row import LedgerRow, text_of
from zoe.domain.marks import MarkTable

COLUMNS: Final = (
    *("txid", "refid", "time", "type", "subtype", "aclass", "asset", "amount", "fee", "balance"),
)
PAGE: Final = 50


def moment(at_ns: int) -> str:
    """A time as Kraken's exports write it, with decimals."""
    seconds, rest = divmod(at_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest:09d}"


def export(rows: Iterable[LedgerRow], pending: Sequence[LedgerRow] = ()) -> bytes:
    """An export, with copies of the pending rows before the rows themselves."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        fields = [
            *(row.ledger_id, row.refid, moment(row.time_ns), row.type, row.subtype, "currency"),
            *(row.wallet, text_of(row.amount), text_of(row.fee), text_of(row.balance)),
        ]
        if row in pending:
            writer.writerow(["", *fields[1:-1], ""])
        writer.writerow(fields)
    return text.getvalue().encode()


def page(rows: Iterable[LedgerRow]) -> bytes:
    """An answer of REST ``Ledgers``."""
    entries = ",".join(
        f'"{row.ledger_id}":{{"refid":"{row.refid}",'
        f'"time":{row.time_ns // 10**9}.{row.time_ns % 10**9:09d},'
        f'"type":"{row.type}","subtype":"{row.subtype}","aclass":"currency",'
        f'"asset":"{row.wallet}","amount":"{text_of(row.amount)}",'
        f'"fee":"{text_of(row.fee)}","balance":"{text_of(row.balance)}"}}'
        for row in rows
    )
    return f'{{"error":[],"result":{{"count":9,"ledger":{{{entries}}}}}}}'.encode()


def line(row: LedgerRow) -> bytes:
    """A row of REST ``Ledgers`` with its id, as in JSON Lines."""
    return b'{"id":' + page((row,)).partition(b'"ledger":{')[2][:-3].replace(b":{", b",", 1)


def write_lines(made: Accounts, place: Path) -> None:
    """Rows in JSON Lines, doubled and in any order, with what stands beside them."""
    place.mkdir(parents=True, exist_ok=True)
    rng, marks = Random(1), MarkTable(made.marks())
    rows = [*made.rows, *made.rows[::7]]
    rng.shuffle(rows)
    (place / "ledger.jsonl").write_bytes(b"".join(line(row) + b"\n" for row in rows))
    (place / "trades.jsonl").write_text("")
    first: dict[str, LedgerRow] = {}
    for row in sorted(made.rows, key=lambda row: row.time_ns):
        first.setdefault(row.ledger_id if row.refid == "Unknown" else row.refid, row)
    told = [
        json.dumps({"refid": refid, "asset": asset, "usd": str(mark.price)})
        for refid, row in first.items()
        for asset in (*PRICES,)
        if (mark := marks.mark(asset, row.time_ns)) is not None
    ]
    (place / "marks.jsonl").write_text("".join(text + "\n" for text in told))
    refids = {row.ledger_id: row.refid for row in made.rows}
    paid = [
        json.dumps({"refid": refids[name], "usd": text_of(usd)})
        for name, usd in made.declared.items()
    ]
    (place / "basis.jsonl").write_text("".join(text + "\n" for text in paid))
    final = {asset: str(Decimal(cents) / 100) for asset, cents in PRICES.items()}
    (place / "final_marks.json").write_text(json.dumps(final))


def write(made: Accounts, place: Path) -> None:
    """Half of the rows as an export, and all but the first as pages, the newest first."""
    place.mkdir(parents=True, exist_ok=True)
    half = len(made.rows) // 2
    (place / "ledgers.csv").write_bytes(export(made.rows[:half], made.rows[:3]))
    for number, start in enumerate(range(len(made.rows) - PAGE, -PAGE, -PAGE)):
        rows = made.rows[max(start, 1) : start + PAGE]
        (place / f"page{number:05d}.json").write_bytes(page(rows))
    declared = "".join(f"{name},{text_of(usd)}\n" for name, usd in made.declared.items())
    (place / "declared.csv").write_text(f"ledger_id,usd\n{declared}")
    marks = "".join(
        f"{mark.asset},{mark.price},{moment(mark.time_ns).replace(' ', 'T')}Z,{mark.source}\n"
        for mark in made.marks()
    )
    (place / "marks.csv").write_text(f"asset,price,time,source\n{marks}")
