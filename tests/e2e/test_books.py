"""Imports into the books, killed again and again; ``test_shared_account`` has the books of a desk.

``ZOE_LONG`` has the import killed twenty times instead of twice.
"""

import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Final

import commands
import pytest
import small_account
import stores
from commands import ZOE

from zoe.app.ledger_replaying import own_marks
from zoe.domain.ledger import Books
from zoe.domain.ledger_audit import state_hash
from zoe.domain.ledger_row import LedgerRow, text_of
from zoe.domain.marks import MarkTable
from zoe.store.connection import Database

PATIENCE_SECONDS: Final = 60
KILLS: Final = 20 if os.environ.get("ZOE_LONG") else 2


def line_of(row: LedgerRow) -> str:
    """A row as REST's Ledgers gives it, with its id."""
    seconds = Decimal(row.time_ns) / 10**9
    told = {"id": row.ledger_id, "refid": row.refid, "type": row.type, "subtype": row.subtype}
    told |= {"aclass": "currency", "asset": row.wallet, "amount": text_of(row.amount)}
    told |= {"fee": text_of(row.fee), "balance": text_of(row.balance)}
    return json.dumps(told)[:-1] + f', "time": {seconds}}}'


def url_of(database: Database) -> str:
    server = database.server
    assert server.socket is not None
    place = server.socket.rpartition("/")[0]
    return f"postgresql://{server.user}:{server.password}@/{server.database}?host={place}"


def importing(place: Path, url: str) -> "subprocess.Popen[str]":
    environ = {"PATH": os.environ["PATH"], "HOME": str(place), "ZOE_STATE_DIR": str(place)}
    return subprocess.Popen(
        (*ZOE, "ledger", "import", "rows.jsonl", "--account", "kraken:a", "--json"),
        env=environ | {"DATABASE_URL": url},
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_an_import_that_is_killed_again_and_again_ends_as_one_that_was_not(tmp_path: Path) -> None:
    rows = small_account.lived(11, 500 * KILLS).rows
    (tmp_path / "rows.jsonl").write_text("".join(line_of(row) + "\n" for row in rows))
    database = stores.fresh_database()
    url = url_of(database)

    def there() -> int:
        return int(database.run(lambda c: c.run("SELECT count(*) FROM raw_event"))[0][0])

    for _ in range(KILLS):
        process = importing(tmp_path, url)
        more = min(there() + 1, len(rows))

        def is_time(more: int = more, process: "subprocess.Popen[str]" = process) -> bool:
            return there() >= more or process.poll() is not None

        stores.eventually(is_time, "rows come in", PATIENCE_SECONDS)
        process.kill()
        process.communicate(timeout=PATIENCE_SECONDS)
    process = importing(tmp_path, url)
    said, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, errors
    told = json.loads(said)
    assert told["rows"] == told["booked"] == len(rows)
    assert told["state_hash"] == expected(rows)


def test_what_is_not_booked_for_want_of_a_row_is_said_with_every_sum(tmp_path: Path) -> None:
    rows = small_account.lived(11, 50).rows
    missing = [row for n, row in enumerate(rows) if n != 1]
    (tmp_path / "rows.jsonl").write_text("".join(line_of(row) + "\n" for row in missing))
    url = url_of(stores.fresh_database())
    told = json.loads(importing(tmp_path, url).communicate(timeout=PATIENCE_SECONDS)[0])
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ZOE_STATE_DIR": str(tmp_path)}
    assert told["held"] > 0
    for command in ("equity", "pnl"):
        done = commands.run((command, "--json"), environ | {"DATABASE_URL": url}, tmp_path)
        assert json.loads(done.stdout)["held"] == told["held"]
        assert "not booked, for want of those before: zoe ledger verify" in done.stderr


def expected(rows: list[LedgerRow]) -> str:
    """The hash of the same rows in memory, valued by the same marks."""
    books = Books(MarkTable(own_marks(rows)))
    for row in rows:
        books.add(row)
    books.settle()
    return state_hash(books)
