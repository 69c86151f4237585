"""``zoe ledger``: books out of a directory, as tables, CSV and JSON."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from ledger_files import export, page, write
from ledger_rows import Accounts
from ledger_story import Story

from zoe.cli.main import main
from zoe.domain.ledger_row import text_of, units_of_text

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made() -> Accounts:
    return Accounts(7).make(200)


@pytest.fixture(scope="module")
def exports(made: Accounts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("exports")
    write(made, place)
    return place


def documents(captured: Captured, *words: str) -> tuple[int, Any]:
    code = main(("ledger", *words, "--json"))
    return code, json.loads(captured.readouterr().out)


def test_a_replay_tells_balances_lots_gains_and_what_is_wrong(
    made: Accounts, exports: Path, capsys: Captured
) -> None:
    code, found = documents(capsys, "replay", str(exports))
    assert code == 0
    assert found["rows"] == found["booked"] == len(made.rows)
    assert found["pending"] == 3
    assert found["again"] > 0
    assert {row["wallet"]: row["balance"] for row in found["balances"]} == {
        wallet: text_of(balance) for wallet, balance in made.balances.items()
    }
    gains = sum(units_of_text(row["gain"]) for row in found["disposals"] if row["gain"])
    profit = {name: units_of_text(text) for name, text in found["profit"].items()}
    assert gains == profit["sale_gains"] + profit["fee_gains"]
    assert found["wrong"]["violations"] == []
    assert {alarm["alarm"] for alarm in found["wrong"]["alarms"]} <= {"suspense", "one_leg"}


def test_disposals_of_a_year_and_an_asset_are_a_table_for_a_tax_return(
    exports: Path, capsys: Captured
) -> None:
    words = ("ledger", "lots", str(exports), "--disposals", "--csv")
    assert main(words) == 0
    every = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert main((*words, "--year", "2023", "--asset", "btc")) == 0
    some = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert some == [
        row for row in every if row["asset"] == "BTC" and row["disposed"].startswith("2023-")
    ]
    assert some
    for row in every:
        assert bool(row["proceeds"]) == (row["kind"] != "transfer_out")


def test_a_report_has_a_line_for_each_day(exports: Path, capsys: Captured) -> None:
    code, found = documents(capsys, "report", str(exports))
    assert code == 0
    assert main(("ledger", "report", str(exports), "--csv")) == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [line["day"] for line in lines] == [day["day"] for day in found["days"]]
    earned = sum(units_of_text(day["profit"]) for day in found["days"])
    unrealized = units_of_text(found["days"][-1]["unrealized"])
    parts = (found["profit"]["realized"], found["profit"]["income"])
    assert earned == unrealized + sum(map(units_of_text, parts))


@pytest.mark.parametrize("command", ["replay", "report", "lots"])
def test_tables_are_for_people(exports: Path, capsys: Captured, command: str) -> None:
    assert main(("ledger", command, str(exports))) == 0
    said = capsys.readouterr()
    assert "BTC" in said.out
    assert "suspense" in said.err


def test_own_trades_are_the_marks_where_nobody_gave_any(tmp_path: Path, capsys: Captured) -> None:
    story = Story()
    story.row("deposit", "ZUSD", "1000")
    story.row("trade", "SOL", "2", refid="T", at=2)
    story.row("trade", "ZUSD", "-250", refid="T", at=2)
    story.row("earn/reward", "SOL", "1", at=3)
    (tmp_path / "page.json").write_bytes(page(story.rows))
    code, found = documents(capsys, "replay", str(tmp_path))
    assert code == 0
    assert found["profit"]["income"] == "125"


def test_a_missing_row_is_told_and_is_exit_code_1(tmp_path: Path, capsys: Captured) -> None:
    story = Story()
    rows = [story.row("deposit", "ZUSD", "1") for _ in range(3)]
    (tmp_path / "ledgers.csv").write_bytes(export((rows[0], rows[2])))
    assert main(("ledger", "replay", str(tmp_path))) == 1
    assert "rows of USD are missing before L003" in capsys.readouterr().err


def test_rulings_pair_what_the_rows_do_not(tmp_path: Path, capsys: Captured) -> None:
    story = Story()
    story.row("deposit", "ZUSD", "5")
    story.row("adjustment", "ZUSD", "-5")
    story.row("adjustment", "SOL", "1")
    (tmp_path / "ledgers.csv").write_bytes(export(story.rows))
    (tmp_path / "rulings.csv").write_text("ledger_id,kind,group\nL002,trade,x\nL003,trade,x\n")
    code, found = documents(capsys, "replay", str(tmp_path))
    assert (code, found["wrong"]["alarms"]) == (0, [])
    assert [(lot["asset"], lot["basis"]) for lot in found["lots"]] == [("SOL", "5")]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("ledgers.csv", "", "ledgers.csv: the file is empty"),
        ("page.json", "{}", "page.json: no page of the ledger"),
        ("marks.csv", "asset,price\nBTC,1\n", "marks.csv: the columns are asset, price, time"),
        ("marks.csv", "asset,price,time,source\nBTC,x,y,z\n", "is no mark"),
        ("declared.csv", "ledger_id,usd\nL1,a\n", "declared.csv: 'a' is no amount"),
        ("rulings.csv", "ledger_id,kind,group\nL1,gift,x\n", "gift is none of trade, deposit"),
    ],
)
def test_a_file_that_is_not_understood_is_named(
    tmp_path: Path, capsys: Captured, name: str, text: str, problem: str
) -> None:
    story = Story()
    story.row("deposit", "ZUSD", "1")
    (tmp_path / "a.csv").write_bytes(export(story.rows))
    (tmp_path / name).write_text(text)
    assert main(("ledger", "replay", str(tmp_path))) in (1, 2)
    assert problem in capsys.readouterr().err


def test_a_directory_without_rows_is_refused(tmp_path: Path, capsys: Captured) -> None:
    assert main(("ledger", "replay", str(tmp_path))) == 2
    assert main(("ledger", "replay", str(tmp_path / "none"))) == 2
    said = capsys.readouterr().err
    assert "holds neither exports (*.csv) nor pages (*.json)" in said
    assert "is no directory" in said
