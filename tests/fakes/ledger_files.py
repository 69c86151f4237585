"""Rows as files: the exchange's export, pages of its answers, and what stands beside them."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ledger_rows import Accounts

from zoe.domain.ledger_row import LedgerRow, text_of

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
