"""The database itself refuses what would spoil the books, whoever writes: by direct connection."""

from collections.abc import Callable

import pytest
import stores

from zoe.domain.errors import StoreError
from zoe.store.connection import Connection, Database

Work = Callable[[Connection], object]

#: A deposit of 10 USD and a sale's worth of lots, as a careful writer books them.
SOUND = """
    INSERT INTO asset VALUES ('USD', 4), ('BTC', 10), ('ETH', 10);
    INSERT INTO raw_event (account_id, ext_id, source, refid, time_ns, type, subtype, wallet, asset,
                           amount, fee, balance, sha256, received_ns)
    SELECT 'a', 'L' || n, 'rest', 'D' || n, n, 'deposit', '', 'spot/main', 'USD', 10, 0, 10 * n,
           repeat('0', 64), n FROM generate_series(1, 9) AS n;
    INSERT INTO journal_entry (account_id, position, entry_key, refid, kind, time_ns)
    VALUES ('a', 1, 'D1', 'D1', 'deposit', 1);
    INSERT INTO posting (entry_id, line, account_id, account, asset, amount, ext_id, part)
    SELECT id, 1, 'a', 'assets:kraken:ZUSD', 'USD', 10, 'L1', 'amount' FROM journal_entry;
    INSERT INTO posting (entry_id, line, account_id, account, asset, amount)
    SELECT id, 2, 'a', 'external:deposit', 'USD', -10 FROM journal_entry;
    INSERT INTO lot_edition VALUES ('a', 'BTC', 1, 'first', 0);
    INSERT INTO lot (account_id, asset, edition, number, event, time_ns, qty, basis)
    VALUES ('a', 'BTC', 1, 1, 'T1', 1, 2, 100), ('a', 'BTC', 1, 2, 'T2', 2, 3, 300);
    INSERT INTO lot_use (account_id, asset, edition, number, lot, event, time_ns, kind,
                         qty, basis, proceeds)
    VALUES ('a', 'BTC', 1, 1, 1, 'T3', 3, 'sale', 1, 50, 70);
"""
ENTRY = "INSERT INTO journal_entry (account_id, position, entry_key, refid, kind, time_ns) VALUES "
POSTING = (
    "INSERT INTO posting (entry_id, line, account_id, account, asset, amount, ext_id, part) "
    "SELECT max(id), {0} FROM journal_entry WHERE entry_key = '{1}'"
)
USE = (
    "INSERT INTO lot_use (account_id, asset, edition, number, lot, event, time_ns, kind, "
    "qty, basis, proceeds, returns) VALUES ('a', 'BTC', 1, {0})"
)
LOT = (
    "INSERT INTO lot (account_id, asset, edition, number, event, time_ns, qty, basis) "
    "VALUES ('a', 'BTC', 1, {0})"
)
RAW = (
    "INSERT INTO raw_event (account_id, ext_id, source, refid, time_ns, type, subtype, wallet, "
    "asset, amount, fee, balance, sha256, received_ns) VALUES ('a', {0}, 'file', 'D', 1, 'deposit', '', "
    "'spot/main', 'USD', {1}, 0, 10, repeat('1', 64), 1)"
)


def entry(*lines: str, key: str = "E") -> tuple[str, ...]:
    """An entry of its own, with these lines: number, account, asset, amount, row, part."""
    return (
        f"{ENTRY}('a', 2, '{key}', 'E', 'deposit', 2)",
        *(POSTING.format(line, key) for line in lines),
    )


def line(number: int, amount: str, asset: str = "USD", row: str = "NULL, NULL") -> str:
    return f"{number}, 'a', 'account:{number}', '{asset}', {amount}, {row}"


ATTEMPTS: dict[str, tuple[tuple[str, ...], str]] = {
    "unbalanced by 1e-10": (
        entry(line(1, "1", "BTC"), line(2, "-0.9999999999", "BTC")),
        "entry E does not balance in BTC",
    ),
    "balanced only across assets": (
        entry(line(1, "1"), line(2, "-1", "ETH")),
        "entry E does not balance in ETH USD",
    ),
    "empty entry": (entry(), "entry E has 0 postings"),
    "double booking by key": (
        entry(line(1, "1"), line(2, "-1"), key="D1"),
        "journal_entry_account_id_entry_key_key",
    ),
    "double booking by row": (
        entry(line(1, "10", row="'L1', 'amount'"), line(2, "-10")),
        "posting_once",
    ),
    "a row never received": (
        entry(line(1, "10", row="'L-none', 'amount'"), line(2, "-10")),
        "posting_account_id_ext_id_fkey",
    ),
    "late postings": (
        (POSTING.format(line(3, "1"), "D1"), POSTING.format(line(4, "-1"), "D1")),
        "is closed",
    ),
    "too many decimals": (
        entry(line(1, "0.00001"), line(2, "-0.00001")),
        "0.00001 USD has too many decimals",
    ),
    "a posting of 0": (entry(line(1, "0"), line(2, "0")), "posting_amount_check"),
    "a posting of NaN": (
        entry(line(1, "'NaN'"), line(2, "'NaN'")),
        "posting_amount_check",
    ),
    "UPDATE": (
        ("UPDATE posting SET amount = amount * 2",),
        "posting is append-only: UPDATE refused",
    ),
    "DELETE": (("DELETE FROM journal_entry",), "journal_entry is append-only: DELETE refused"),
    "TRUNCATE": (("TRUNCATE raw_event CASCADE",), "is append-only: TRUNCATE refused"),
    "a duplicate id": ((RAW.format("'L1'", "11"),), "raw_event_pkey"),
    "over-consumption": (
        (
            USE.format("2, 1, 'T4', 4, 'sale', 1, 50, 70, NULL"),
            USE.format("3, 2, 'T4', 4, 'sale', 4, 300, 70, NULL"),
        ),
        "lot_sound",
    ),
    "a FIFO jump": (
        (USE.format("2, 2, 'T4', 4, 'sale', 1, 100, 70, NULL"),),
        "lot 1 of BTC is open, and older than 2",
    ),
    "basis left behind": (
        (USE.format("2, 1, 'T4', 4, 'sale', 1, 49.99, 70, NULL"),),
        "lot_sound",
    ),
    "a sale without proceeds": (
        (USE.format("2, 1, 'T4', 4, 'sale', 1, 50, NULL, NULL"),),
        "proceeds_of_a_sale",
    ),
}

#: Ways that are not in the list above, and are closed as well.
MORE: dict[str, tuple[tuple[str, ...], str]] = {
    "a reversal twice": (
        tuple(
            "INSERT INTO journal_entry "
            "(account_id, position, entry_key, refid, kind, time_ns, reverses) "
            f"SELECT 'a', {n}, 'R{n}', 'D1', 'reversal', 2, id "
            "FROM journal_entry WHERE entry_key = 'D1'"
            for n in (2, 3)
        ),
        "journal_entry_reverses_key",
    ),
    "a second writer's number": (
        (f"{ENTRY}('a', 1, 'E', 'E', 'deposit', 2)",),
        "journal_entry_account_id_position_key",
    ),
    "more in a lot by hand": (("UPDATE lot SET qty_left = qty",), "UPDATE refused"),
    "a lot away": (("DELETE FROM lot_edition",), "DELETE refused"),
    "a balance by hand": (
        ("INSERT INTO book_balance VALUES ('a', 'x', 'USD', 1)",),
        "INSERT refused",
    ),
    "a lot older than another": (
        (LOT.format("1, 'T9', 9, 1, 1"),),
        "lot 1 of BTC is not the newest",
    ),
    "a lot that begins spent": (
        (LOT.format("3, 'T9', 9, 0, 1"),),
        "lot_qty_check",
    ),
    "a lot closed that is not whole": (
        (
            USE.format("2, 1, 'T4', 4, 'sale', 1, 50, 70, NULL"),
            USE.format("3, 2, 'T4', 4, 'sale', 1, 100, 70, NULL"),
            USE.format("4, 2, 'T2', 4, 'close', 2, 200, NULL, NULL"),
        ),
        "lot 2 of BTC is closed, or not whole",
    ),
    "a lot closed that is not the youngest": (
        (USE.format("2, 1, 'T1', 4, 'close', 1, 50, NULL, NULL"),),
        "lot 2 of BTC is younger than 1",
    ),
    "a closed lot used": (
        (
            USE.format("2, 2, 'T2', 4, 'close', 3, 300, NULL, NULL"),
            USE.format("3, 1, 'T4', 4, 'sale', 1, 50, 70, NULL"),
            USE.format("4, 2, 'T4', 4, 'sale', 1, 100, 70, NULL"),
        ),
        "lot 2 of BTC is closed, or not whole",
    ),
    "something given back before what was taken later": (
        (
            USE.format("2, 1, 'T4', 4, 'sale', 1, 50, 70, NULL"),
            USE.format("3, 2, 'T4', 4, 'sale', 1, 100, 70, NULL"),
            USE.format("4, 1, 'T4', 4, 'give_back', 1, 50, NULL, 2"),
        ),
        "lot 2 of BTC is younger than 1",
    ),
    "a gift from nowhere": (
        (USE.format("2, 1, 'W', 4, 'give_back', 1, 51, NULL, 1"),),
        "use 2 gives back what was not taken",
    ),
    "a row of NaN": ((RAW.format("'L99'", "'NaN'"),), "raw_event_amount_check"),
}


@pytest.fixture(scope="module")
def database() -> Database:
    found = stores.fresh_database()
    found.run(in_one_transaction(SOUND))
    return found


def in_one_transaction(*statements: str, role: str = "") -> Work:
    """Runs them and commits; whatever is refused leaves nothing behind."""

    def work(connection: Connection) -> None:
        connection.run("START TRANSACTION")
        try:
            if role:
                connection.run(f"SET LOCAL ROLE {role}")
            for statement in statements:
                connection.run(statement)
            connection.run("COMMIT")
        except BaseException:
            connection.run("ROLLBACK")
            raise

    return work


@pytest.mark.parametrize("attempt", [*ATTEMPTS, *MORE])
def test_the_database_refuses(database: Database, attempt: str) -> None:
    statements, error = (ATTEMPTS | MORE)[attempt]
    before = contents(database)
    with pytest.raises((AssertionError, StoreError)) as refused:
        database.run(in_one_transaction(*statements))
    assert error in str(refused.value)
    assert contents(database) == before


def test_there_are_18_attempts() -> None:
    assert len(ATTEMPTS) == 18


def test_what_a_careful_writer_books_is_kept(database: Database) -> None:
    held = database.run(lambda c: c.run("SELECT account, amount FROM book_balance ORDER BY 1"))
    assert [(name, int(amount)) for name, amount in held] == [
        ("assets:kraken:ZUSD", 10),
        ("external:deposit", -10),
    ]
    lots = database.run(lambda c: c.run("SELECT qty_left, basis_left FROM lot ORDER BY number"))
    assert [(int(q), int(b)) for q, b in lots] == [(1, 50), (3, 300)]
    assert int(database.run(lambda c: c.run("SELECT gain FROM lot_use"))[0][0]) == 20


@pytest.mark.parametrize(
    "statement",
    ["UPDATE lot SET qty_left = 1", "DELETE FROM posting", "TRUNCATE mark", "DROP TABLE mark"],
)
def test_the_writers_role_can_only_insert(database: Database, statement: str) -> None:
    with pytest.raises(StoreError, match="42501"):
        database.run(in_one_transaction(statement, role="zoe_books_writer"))


def test_the_writers_role_is_enough_to_book() -> None:
    database = stores.fresh_database()
    database.run(in_one_transaction(SOUND, role="zoe_books_writer"))
    assert len(contents(database)) == 9 + 1 + 2 + 2 + 1


def test_what_came_back_may_be_taken_again() -> None:
    database = stores.fresh_database()
    database.run(in_one_transaction(SOUND))
    database.run(
        in_one_transaction(
            USE.format("2, 1, 'W', 4, 'transfer_out', 1, 50, NULL, NULL"),
            USE.format("3, 1, 'W', 5, 'give_back', 1, 50, NULL, 2"),
            USE.format("4, 1, 'T5', 6, 'sale', 1, 50, 51, NULL"),
            USE.format("5, 2, 'T2', 7, 'close', 3, 300, NULL, NULL"),
        )
    )
    left = database.run(lambda c: c.run("SELECT qty_left, basis_left FROM lot"))
    assert [[int(n) for n in lot] for lot in left] == [[0, 0], [0, 0]]


def contents(database: Database) -> list[list[object]]:
    """Every row that the books are made of, as text."""
    tables = ("raw_event", "journal_entry", "posting", "lot", "lot_use")
    sql = " UNION ALL ".join(f"SELECT CAST({name} AS text) FROM {name}" for name in tables)
    found: list[list[object]] = database.run(lambda c: c.run(f"{sql} ORDER BY 1"))
    return found
