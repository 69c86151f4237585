"""``zoe ledger declare``, ``rule``, ``accept``, ``report`` and ``lots`` on the books in the store."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import stores
from ledger_files import export
from ledger_story import Story

from zoe.cli.main import main
from zoe.domain.difference import OPEN, UNKNOWN
from zoe.domain.ledger_row import ONE, LedgerRow
from zoe.ports.ledger_store import DriftRow
from zoe.store.ledger import PostgresLedger

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PostgresLedger:
    """An empty store, found as a person's commands find it."""
    database = stores.fresh_database()
    monkeypatch.setenv("DATABASE_URL", stores.url_of(database))
    monkeypatch.setenv("ZOE_STATE_DIR", str(tmp_path))
    return PostgresLedger(database, "kraken:a")


def zoe(capsys: Captured, *words: str) -> tuple[int, Any]:
    code = main(("ledger", *words, "--account", "kraken:a", "--json"))
    return code, json.loads(capsys.readouterr().out)


def take(capsys: Captured, place: Path, rows: list[LedgerRow]) -> int:
    (place / "ledgers.csv").write_bytes(export(rows))
    return zoe(capsys, "import", str(place / "ledgers.csv"))[0]


def story() -> Story:
    """Trades that say what a coin is worth, a deposit of one, and two rows of unknown kinds."""
    found = Story()
    found.row("deposit", "ZUSD", "1000")
    found.row("trade", "SOL", "2", refid="T", at=2)
    found.row("trade", "ZUSD", "-200", refid="T", at=2)
    found.row("deposit", "SOL", "1")
    found.row("adjustment", "SOL", "-1")
    found.row("adjustment", "DOT", "20")
    return found


def test_a_deposit_is_flagged_until_somebody_declares_what_was_paid(
    tmp_path: Path, capsys: Captured
) -> None:
    assert take(capsys, tmp_path, story().rows) == 0
    code, found = zoe(capsys, "report")
    assert code == 0
    assert [(lot["asset"], lot["flag"]) for lot in found["undeclared"]] == [("SOL", "fmv_assumed")]
    assert main(("ledger", "report", "--account", "kraken:a")) == 0
    assert "deposited SOL is assumed: zoe ledger declare L004 USD" in capsys.readouterr().err
    assert [lot["rows"] for lot in found["undeclared"]] == [["L004"]]
    code, said = zoe(capsys, "declare", "L004", "55.5", "--why", "the receipt")
    assert (code, said["declared"]) == (0, ["L004"])
    code, found = zoe(capsys, "report")
    assert (code, found["undeclared"]) == (0, [])
    code, lots = zoe(capsys, "lots", "--asset", "sol")
    assert [lot["basis"] for lot in lots] == ["200", "55.5"]
    assert zoe(capsys, "verify")[0] == 0


def test_every_deposit_to_be_declared_is_counted_and_an_income_is_none(
    tmp_path: Path, capsys: Captured
) -> None:
    found = story()
    found.row("deposit", "SOL", "2")
    found.row("staking", "DOT", "3")
    assert take(capsys, tmp_path, found.rows) == 0
    assert main(("ledger", "report", "--account", "kraken:a")) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "assumed" in line]
    (note,) = notes
    assert "declare L004 USD says what was paid (and 1 more" in note
    _, told = zoe(capsys, "report")
    rows = {lot["asset"]: lot["rows"] for lot in told["undeclared"]}
    assert rows == {"SOL": ["L007"], "DOT": []}


def test_rows_in_suspense_are_paired_by_a_ruling(tmp_path: Path, capsys: Captured) -> None:
    take(capsys, tmp_path, story().rows)
    assert main(("ledger", "report", "--account", "kraken:a")) == 0
    told = capsys.readouterr().err
    assert "1 x suspense: SOL (L005)" in told
    assert "1 x suspense: DOT (L006)" in told
    code, said = zoe(capsys, "rule", "L005", "L006", "--as", "trade", "--why", "a swap by hand")
    assert (code, said["declared"]) == (0, ["L005", "L006"])
    code, found = zoe(capsys, "report")
    assert (code, found["wrong"]["alarms"]) == (0, [])
    assert main(("ledger", "lots", "--account", "kraken:a", "--disposals", "--csv")) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["asset"], row["quantity"], row["basis"]) == ("SOL", "1", "100")
    assert zoe(capsys, "verify")[0] == 0


def test_a_conflict_is_listed_and_settled_by_accepting_one_content(
    tmp_path: Path, capsys: Captured
) -> None:
    rows = story().rows
    wrong = rows[3]._replace(amount=3 * ONE, balance=5 * ONE)
    take(capsys, tmp_path, [*rows[:3], wrong, *rows[4:]])
    assert take(capsys, tmp_path, rows) == 1
    code, found = zoe(capsys, "report")
    assert (code, found["wrong"]["conflicts"]) == (1, ["L004"])
    assert zoe(capsys, "verify")[0] == 1
    code, contents = zoe(capsys, "accept", "L004")
    assert [content["amount"] for content in contents] == ["3", "1"]
    assert zoe(capsys, "accept", "L004", "2", "--why", "the export is right")[0] == 0
    code, verdict = zoe(capsys, "verify")
    assert (code, verdict["problems"]) == (0, [])
    assert zoe(capsys, "report")[0] == 0
    # The same file again changes nothing, and is no conflict any more.
    assert take(capsys, tmp_path, rows) == 0


@pytest.mark.parametrize("changed", [(1, 0, ONE), (ONE, 1, ONE), (ONE, 0, 1)])
def test_more_decimals_than_an_asset_has_refuse_the_file_and_nothing_is_booked(
    tmp_path: Path, capsys: Captured, changed: tuple[int, int, int]
) -> None:
    rows = story().rows
    amount, fee, balance = changed
    odd = rows[0]._replace(amount=amount, fee=fee, balance=balance)
    (tmp_path / "ledgers.csv").write_bytes(export([rows[0], odd]))
    file = str(tmp_path / "ledgers.csv")
    assert main(("ledger", "import", file, "--account", "kraken:a")) == 1
    assert "row L001 has more decimals than USD has" in capsys.readouterr().err
    code, found = zoe(capsys, "report")
    assert (code, found["profit"]["cash_in"]) == (0, "0")


def test_a_file_that_is_cut_off_between_rows_is_made_whole_by_the_next(
    tmp_path: Path, capsys: Captured
) -> None:
    rows = story().rows
    take(capsys, tmp_path, [rows[0], rows[2], rows[1]])
    take(capsys, tmp_path, rows[:1] + rows[5:])
    code, verdict = zoe(capsys, "verify")
    assert (code, verdict["problems"]) == (0, [])
    take(capsys, tmp_path, [rows[4]])
    code, verdict = zoe(capsys, "verify")
    assert (code, verdict["held"]) == (1, 1)
    take(capsys, tmp_path, rows)
    code, verdict = zoe(capsys, "verify")
    assert (code, verdict["held"], verdict["booked"]) == (0, 0, len(rows))


REFUSED = (
    (("declare", "L777", "5"), "no row has the id L777"),
    (("declare", "L004", "five"), "'five' is no amount"),
    (("declare", "L001", "5"), "L001 brought no coins: deposit of 1000 USD"),
    (("declare", "L005", "5"), "L005 brought no coins: adjustment of -1 SOL"),
    (("declare", "L004", "--", "-5"), "nobody pays -5 USD"),
    (("rule", "L004/1", "--as", "trade"), "L004/1 is no id of a ledger row"),
    (("accept", "L777"), "no row has the id L777"),
    (("accept", "L004", "2"), "L004 came with 1 contents"),
)


def test_what_cannot_be_said_is_refused_in_a_line(tmp_path: Path, capsys: Captured) -> None:
    take(capsys, tmp_path, story().rows)
    for words, problem in REFUSED:
        assert main(("ledger", words[0], "--account", "kraken:a", *words[1:])) == 2
        assert problem in capsys.readouterr().err


def test_a_row_that_a_desk_could_not_read_is_told_until_a_file_brings_it(
    tmp_path: Path, capsys: Captured, store: PostgresLedger
) -> None:
    rows = story().rows
    take(capsys, tmp_path, rows[:-1])
    store.note_drift([DriftRow(1, 1, "row L006", OPEN, UNKNOWN, "-", "is no row", "set aside")])
    code, found = zoe(capsys, "report")
    assert (code, found["wrong"]["unread"]) == (1, ["L006"])
    code, verdict = zoe(capsys, "verify")
    assert (code, len(verdict["problems"])) == (1, 1)
    for words in (("pnl",), ("equity",)):
        main((*words, "--account", "kraken:a", "--json"))
        told = capsys.readouterr()
        assert json.loads(told.out)["unread"] == ["L006"]
        assert "row L006 of the exchange's ledger cannot be read" in told.err
    take(capsys, tmp_path, rows)
    assert (zoe(capsys, "report")[0], zoe(capsys, "verify")[0]) == (0, 0)
