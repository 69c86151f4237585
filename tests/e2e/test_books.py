"""The books of a desk that trades while money comes and goes, and of imports that are killed.

``ZOE_LONG`` has the import killed twenty times instead of twice.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import sandboxes
import small_account
import stores
from desks import BUSY, LOOK_SECONDS, ZOE, Row
from guests import GuestDesk, guest
from sandboxes import Sandbox

from zoe.app.ledger_replaying import own_marks
from zoe.domain.ledger import Books
from zoe.domain.ledger_audit import state_hash
from zoe.domain.ledger_row import LedgerRow, text_of
from zoe.domain.marks import MarkTable
from zoe.store.connection import Database

PATIENCE_SECONDS: Final = 60
KILLS: Final = 20 if os.environ.get("ZOE_LONG") else 2
#: What the exchange does to the stream of balances while the desk trades.
FAULTS: Final[list[Row]] = [
    {"where": "balances", "what": "gap", "every": 4, "count": 2},
    {"where": "balances", "what": "duplicate", "every": 3, "count": 3},
    {"where": "Ledgers", "what": "http_502"},
]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for all."""
    place = tmp_path_factory.mktemp("sandbox")
    with sandboxes.running(place, "--port", "0", command=(*ZOE, "sandbox")) as made:
        yield made


def money_moves(host: Sandbox, account: str) -> None:
    """A deposit, a withdrawal, one that fails, and a reward."""

    def move(**wanted: str) -> Any:
        return host.admin("funding", {"account": account, **wanted})

    move(type="deposit", asset="USD", amount="1234.5678")
    move(type="withdrawal", asset="BTC", amount="0.25", fee="0.0001")
    failing = move(type="withdrawal", asset="USD", amount="500", fee="4", status="Pending")
    move(type="withdrawal", asset="USD", ref_id=failing["ref_id"], status="Failure")
    move(type="staking", asset="BTC", amount="0.0001234567")


@pytest.mark.slow
def test_the_books_of_a_trading_desk_are_the_exchanges_to_the_last_digit(
    tmp_path: Path, host: Sandbox
) -> None:
    config = BUSY.replace("[exchange]\n", "[exchange]\nlag_ms = 500\n")
    with guest(tmp_path, config, host) as running:
        running.start()
        running.ready()
        running.trades_on(1)
        for fault in FAULTS:
            host.admin("faults", fault)
        money_moves(host, running.account)
        running.trades_on(2)
        host.admin("faults", method="DELETE")
        code, answer = running.zoe("halt", "--why", "comparing", "--timeout", "30", "--json")
        assert code == 0, answer
        # A row that was lost last of all is missed by the next look.
        running.until(lambda: booked(running) == exchanges(running), 2 * LOOK_SECONDS)
        # What the desk holds for the balances may be a look behind, too.
        running.until(lambda: running.zoe("ledger", "verify", "--json")[0] == 0, 2 * LOOK_SECONDS)
        _, drift = running.zoe("drift", "--all", "--json")
        causes = {row["theirs"]: row["cause"] for row in drift}
        assert causes["deposit 1234.5678 USD"] == "external_action"
        assert causes["withdrawal -0.2501 BTC"] == "external_action"
        assert causes["staking 0.0001234567 BTC"] == "external_action"
        code, worth = running.zoe("equity", "--json")
        assert code == 0 and worth["unmarked"] == []
        code, _ = running.zoe("pnl", "--json")
        assert code == 0
        assert running.stop() == 0
        code, verdict = running.zoe("ledger", "verify", "--json")
        assert (code, verdict["problems"]) == (0, [])


def exchanges(running: GuestDesk) -> dict[str, Decimal]:
    """The newest balance of each asset, in the exchange's own journal."""
    rows = [row for row in running.truth() if row["kind"] == "ledger"]
    return {row["asset"]: Decimal(row["balance"]) for row in rows}


def booked(running: GuestDesk) -> dict[str, Decimal]:
    """What the books hold of each asset."""
    code, worth = running.zoe("equity", "--json")
    assert code == 0, worth
    held = {row["asset"]: Decimal(row["quantity"]) for row in worth["holdings"]}
    return {asset: held.get(asset, Decimal(0)) for asset in exchanges(running)}


# Imports


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


def expected(rows: list[LedgerRow]) -> str:
    """The hash of the same rows in memory, valued by the same marks."""
    books = Books(MarkTable(own_marks(rows)))
    for row in rows:
        books.add(row)
    books.settle()
    return state_hash(books)
