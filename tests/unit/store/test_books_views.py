"""The views of the books, on a story of a few rows; and what verify finds when rows are spoiled."""

import re
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import stores

from zoe.app import stored_books
from zoe.app.stored_books import Imported
from zoe.domain.ledger_row import LedgerRow, units_of_text
from zoe.domain.quantity import plain
from zoe.store.connection import Connection, Database
from zoe.store.ledger import PostgresLedger

ACCOUNT = "kraken:a"
DAY_NS = 86_400 * 10**9


def row(number: int, refid: str, kind: str, wallet: str, *amounts: str) -> LedgerRow:
    """Amount, fee and balance; two rows a day."""
    units = tuple(map(units_of_text, amounts))
    when = number // 2 * DAY_NS + number
    return LedgerRow(f"L{number}", refid, when, kind, "", wallet, *units)


ROWS = [
    row(2, "D1", "deposit", "USD", "1000", "1", "999"),
    row(4, "T1", "trade", "USD", "-400", "1", "598"),
    row(5, "T1", "trade", "BTC", "4", "0", "4"),
    row(6, "T2", "trade", "BTC", "-1", "0", "3"),
    row(7, "T2", "trade", "USD", "150", "0.5", "747.5"),
    row(8, "W1", "withdrawal", "BTC", "-1", "0.1", "1.9"),
    row(9, "S1", "staking", "BTC", "0.5", "0", "2.4"),
    row(10, "W2", "withdrawal", "USD", "-100", "2", "645.5"),
]


def booked(rows: Sequence[LedgerRow] = ROWS) -> Database:
    database = stores.fresh_database()
    stored_books.take(PostgresLedger(database, ACCOUNT), rows, Imported())
    return database


@pytest.fixture(scope="module")
def database() -> Database:
    return booked()


def read(database: Database, sql: str) -> list[list[Any]]:
    found: list[list[Any]] = database.run(lambda connection: connection.run(sql))
    return found


def test_every_view_has_the_columns_that_its_page_names(database: Database) -> None:
    page = (Path(__file__).parents[3] / "docs" / "views.md").read_text()
    told = re.findall(r"^\| `(\w+)`(?: \(table\))? \| [^|]*\| `([^`]+)`", page, re.MULTILINE)
    found: dict[str, list[str]] = {}
    columns = "SELECT table_name, column_name FROM information_schema.columns"
    for name, column in read(database, f"{columns} ORDER BY ordinal_position"):
        if column != "account_id":  # in each of them
            found.setdefault(name, []).append(column)
    assert len(told) > 10
    assert {name: found[name] for name, _ in told} == {n: words.split() for n, words in told}


def test_positions_are_open_lots_with_what_they_cost_and_are_worth(database: Database) -> None:
    (found,) = read(database, "SELECT asset, quantity, basis, average_cost FROM positions")
    # 400 and the fee for 4; 2.1 of them are gone; the reward came at the price of the last trade.
    basis = Decimal(401) - Decimal("210.525") + 75
    assert found[:3] == ["BTC", Decimal("2.4"), basis]
    assert found[3] == pytest.approx(basis / Decimal("2.4"))


def test_profit_is_by_day_and_what_only_comes_and_goes_is_apart(database: Database) -> None:
    sql = "SELECT realized, income, cash_fees, external_cash FROM pnl_daily ORDER BY day"
    found = [[plain(value) for value in day] for day in read(database, sql)]
    assert found == [
        ["-1", "0", "1", "1000"],
        ["49.25", "0", "0", "0"],
        ["-10.025", "75", "0", "0"],
        ["-2", "0", "2", "-100"],
    ]


def test_disposals_name_what_left_and_from_which_lot(database: Database) -> None:
    sql = "SELECT kind, quantity, proceeds, basis, gain, lot FROM disposals ORDER BY number"
    assert [[str(value) for value in found] for found in read(database, sql)] == [
        ["sale", "1", "149.5", "100.25", "49.25", "1"],
        ["transfer_out", "1", "None", "100.25", "None", "1"],
        ["fee", "0.1", "15", "10.025", "4.975", "1"],
    ]


def test_snapshots_tell_what_a_wallet_held_at_the_end_of_a_day(database: Database) -> None:
    cash = read(database, "SELECT currency, balance FROM cash_snapshots ORDER BY day")
    assert [balance for _, balance in cash] == [
        Decimal(text) for text in ("999", "598", "747.5", "645.5")
    ]
    held = read(
        database, "SELECT quantity FROM holdings_snapshots WHERE wallet = 'BTC' ORDER BY day"
    )
    assert [quantity for (quantity,) in held] == [Decimal(text) for text in ("4", "3", "2.4")]


def test_books_in_order_have_no_violation(database: Database) -> None:
    assert read(database, "SELECT * FROM violation") == []
    assert stored_books.verify(database, ACCOUNT).problems == ()


SPOILED = {
    "ALTER TABLE posting DISABLE TRIGGER ALL; UPDATE posting SET amount = amount + 1 WHERE "
    "ext_id = 'L2' AND part = 'amount'": ("I1", "I2", "I5"),
    "ALTER TABLE lot DISABLE TRIGGER ALL; UPDATE lot SET qty_left = qty_left - 1 WHERE number = 1": (
        "I4",
    ),
    "ALTER TABLE lot DISABLE TRIGGER ALL; UPDATE lot SET basis = basis + 1, basis_left = basis_left "
    "+ 1 WHERE number = 2": ("the lots of BTC",),
    "ALTER TABLE raw_event DISABLE TRIGGER ALL; UPDATE raw_event SET amount = 3 WHERE ext_id = 'L5'": (
        "rows of BTC are missing",
    ),
    "ALTER TABLE book_balance DISABLE TRIGGER ALL; UPDATE book_balance SET amount = amount + 1": (
        "I2",
    ),
    f"INSERT INTO raw_conflict VALUES ('{ACCOUNT}', 'L2', 'x', 'file', '{{}}', 1)": ("I9",),
}


@pytest.mark.parametrize("statement", SPOILED)
def test_whatever_is_spoiled_is_found(statement: str) -> None:
    database = booked()

    def spoil(connection: Connection) -> None:
        # As the tables' owner who takes the guards down first.
        connection.run("START TRANSACTION")
        for part in statement.split("; "):
            connection.run(part)
        connection.run("COMMIT")

    database.run(spoil)
    problems = stored_books.verify(database, ACCOUNT).problems
    for wanted in SPOILED[statement]:
        assert any(problem.startswith(wanted) for problem in problems), problems


def test_rows_after_a_gap_are_kept_and_wait(database: Database) -> None:
    held = booked([found for found in ROWS if found.ledger_id != "L4"])
    problems = stored_books.verify(held, ACCOUNT).problems
    assert any(problem.startswith("rows of USD are missing before L7") for problem in problems)
    stored_books.take(PostgresLedger(held, ACCOUNT), ROWS, Imported())
    assert stored_books.verify(held, ACCOUNT).problems == ()
    sql = "SELECT asset, quantity_left, basis_left FROM lots ORDER BY number"
    assert read(held, sql) == read(database, sql)


def test_what_a_running_desk_has_written_half_of_is_no_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = booked([found for found in ROWS if found.ledger_id != "L4"])

    def written(_seconds: float) -> None:
        stored_books.take(PostgresLedger(database, ACCOUNT), ROWS, Imported())

    clock = SimpleNamespace(sleep=written, time_ns=time.time_ns)
    monkeypatch.setattr(stored_books, "time", clock)
    assert stored_books.verify(database, ACCOUNT).problems == ()
