"""``zoe ledger``: books out of a directory, as tables, CSV and JSON."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from ledger_files import export, line, page, write, write_lines
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
    made: Accounts, exports: Path, tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "disposals.jsonl"
    code, found = documents(capsys, "replay", str(exports), "--disposals", str(file))
    assert code == 0
    assert found["rows"] == found["booked"] == found["entries"] == len(made.rows)
    assert found["pending"] == 3
    assert found["again"] > 0
    assert found["balances"] == {
        wallet: text_of(balance) for wallet, balance in made.balances.items()
    }
    left = [json.loads(text) for text in file.read_text().splitlines()]
    assert found["disposals"] == len(left)
    gains = sum(units_of_text(row["gain"]) for row in left if row["gain"])
    totals = {name: units_of_text(text) for name, text in found["totals"].items()}
    paid = sum(units_of_text(row["proceeds"]) for row in left if row["kind"] == "fee")
    assert totals["realized"] == gains - totals["fees"]
    assert totals["fees"] >= paid > 0
    assert totals["identity_residual"] == 0
    for row in left:
        for name in ("quantity", "basis"):
            parts = [units_of_text(lot[name]) for lot in row["lots"]]
            assert sum(parts) == units_of_text(row[name])
    assert found["wrong"]["violations"] == []
    assert {alarm["alarm"] for alarm in found["wrong"]["alarms"]} <= {"suspense", "one_leg"}
    assert {row["wallet"] for row in found["suspense"]} <= {"LUNA2", "FTT", "KFEE"}


def test_rows_in_json_lines_give_the_books_of_the_exports(
    made: Accounts, exports: Path, tmp_path: Path, capsys: Captured
) -> None:
    write_lines(made, tmp_path)
    _, of_exports = documents(capsys, "replay", str(exports))
    code, found = documents(capsys, "replay", str(tmp_path))
    assert code == 0
    assert found["state_hash"] == of_exports["state_hash"]
    assert (found["lots"], found["disposals"]) == (of_exports["lots"], of_exports["disposals"])
    final = json.loads((tmp_path / "final_marks.json").read_text())
    worth = sum(
        Decimal(lot["quantity"]) * Decimal(final[asset])
        for asset, lots in found["lots"].items()
        for lot in lots
    )
    assert abs(worth - Decimal(found["totals"]["lots_value"])) < Decimal("0.0001")
    assert found["totals"]["identity_residual"] == "0"


def test_rows_may_be_delivered_page_by_page_in_any_order(
    made: Accounts, tmp_path: Path, capsys: Captured
) -> None:
    write_lines(made, tmp_path)
    names = [row.ledger_id for row in made.rows]
    Random(3).shuffle(names)
    pages = [names[at : at + 9] for at in range(0, len(names), 5)]
    deliveries = tmp_path / "deliveries"
    deliveries.write_text("".join(json.dumps(page) + "\n" for page in pages))
    _, found = documents(capsys, "replay", str(tmp_path))
    words = ("replay", str(tmp_path), "--deliveries", str(deliveries))
    code, delivered = documents(capsys, *words)
    assert (code, delivered["state_hash"]) == (0, found["state_hash"])
    deliveries.write_text('["L-none"]\n')
    assert main(("ledger", *words)) == 2
    assert "line 1 is no page of known ids" in capsys.readouterr().err


def test_wallets_are_named_as_the_rows_name_them(tmp_path: Path, capsys: Captured) -> None:
    story = Story()
    row = story.row("deposit", "XXBT", "1")
    (tmp_path / "ledger.jsonl").write_bytes(line(row).replace(b'"BTC"', b'"XXBT"'))
    (tmp_path / "basis.jsonl").write_text('{"refid": "R001", "usd": "7"}\n')
    code, found = documents(capsys, "replay", str(tmp_path))
    assert (code, found["balances"]) == (0, {"XXBT": "1"})
    (lot,) = found["lots"]["BTC"]
    assert lot == {"quantity": "1", "basis": "7", "opened_by": "R001", "flag": ""}


def test_a_disposal_tells_its_fees_and_for_how_long_it_was_held(
    tmp_path: Path, capsys: Captured
) -> None:
    story, day = Story(), 86_400
    story.row("deposit", "ZUSD", "1000")
    story.row("trade", "SOL", "2", refid="B", at=day)
    story.row("trade", "ZUSD", "-200", "1", refid="B", at=day)
    story.row("trade", "SOL", "2", refid="C", at=2 * day - 1)
    story.row("trade", "ZUSD", "-300", refid="C", at=2 * day - 1)
    story.row("trade", "SOL", "-3", refid="S", at=4 * day)
    story.row("trade", "ZUSD", "450", "3", refid="S", at=4 * day)
    story.row("withdrawal", "SOL", "-0.5", "0.25", at=5 * day)
    (tmp_path / "ledgers.csv").write_bytes(export(story.rows))
    assert main(("ledger", "lots", str(tmp_path), "--disposals", "--csv")) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    wanted = ("quantity", "proceeds", "basis", "fees", "gain", "holding_days", "kind")
    assert [tuple(row[name] for name in wanted) for row in rows] == [
        ("2", "298", "201", "2", "97", "3", "sale"),
        ("1", "149", "150", "1", "-1", "3", "sale"),
        ("0.5", "", "75", "0", "", "4", "transfer_out"),
        ("0.25", "37.5", "37.5", "37.5", "0", "4", "fee"),
    ]


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
    assert found["totals"]["income"] == "125"


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
    assert [lot["basis"] for lot in found["lots"]["SOL"]] == ["5"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("ledgers.csv", "", "ledgers.csv: the file is empty"),
        ("page.json", "{}", "page.json: no page of the ledger"),
        ("marks.csv", "asset,price\nBTC,1\n", "marks.csv: the columns are asset, price, time"),
        ("marks.csv", "asset,price,time,source\nBTC,x,y,z\n", "is no mark"),
        ("declared.csv", "ledger_id,usd\nL1,a\n", "declared.csv: 'a' is no amount"),
        ("ledger.jsonl", '{"refid":"R1"}\n', "ledger.jsonl: line 1 is no row with an id"),
        ("marks.jsonl", '{"refid":"R001","asset":"BTC","usd":"x"}\n', "'x' of BTC is no mark"),
        ("basis.jsonl", '{"refid":"R001","usd":"x"}\n', "basis.jsonl: 'x' is no amount"),
        ("final_marks.json", "[]", "final_marks.json: Expected `object`"),
        ("rulings.csv", "ledger_id,kind,group\nL1,gift,x\n", "gift is none of trade, deposit"),
        ("declared.csv", 'ledger_id,usd\nL1,"1"2\n', "declared.csv: ',' expected after '\"'"),
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
    assert "holds neither ledger.jsonl, exports (*.csv) nor pages (*.json)" in said
    assert "is no directory" in said


@pytest.mark.parametrize("name", ["ledger.jsonl", "page.json", "marks.jsonl", "basis.jsonl"])
@pytest.mark.parametrize("deep", ["[" * 99_999, '{"a":' * 99_999], ids=["list", "object"])
def test_what_is_nested_without_end_is_told_like_any_file_that_is_not_understood(
    tmp_path: Path, capsys: Captured, name: str, deep: str
) -> None:
    (tmp_path / "ledger.jsonl").write_bytes(line(Story().row("deposit", "ZUSD", "1")))
    (tmp_path / name).write_text(deep)
    assert main(("ledger", "replay", str(tmp_path))) in (1, 2)
    assert name in capsys.readouterr().err
