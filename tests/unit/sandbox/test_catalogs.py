"""Which pairs a sandbox lists: the table's, a file's, and generated ones."""

import csv
import json
from pathlib import Path

import pytest

from zoe.sandbox import catalogs
from zoe.sandbox.core.catalog import Catalog, Pair
from zoe.sandbox.problems import CannotStart

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "fixtures"


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return path


def catalog(listed: catalogs.Listed) -> Catalog:
    return Catalog(listed.assets, listed.pairs)


@pytest.mark.parametrize(
    ("symbol", "names"),
    [
        ("BTC/USD", ("XXBTZUSD", "XBTUSD", "XBT/USD")),
        ("DOGE/USD", ("XDGUSD", "XDGUSD", "XDG/USD")),
        ("DOGE/BTC", ("XXDGXXBT", "XDGXBT", "XDG/XBT")),
        ("USDT/USD", ("USDTZUSD", "USDTUSD", "USDT/USD")),
        ("SOL/USD", ("SOLUSD", "SOLUSD", "SOL/USD")),
        ("BTC/USDT", ("XBTUSDT", "XBTUSDT", "XBT/USDT")),
        ("ETH/BTC", ("XETHXXBT", "ETHXBT", "ETH/XBT")),
    ],
)
def test_pairs_have_the_exchanges_own_names(symbol: str, names: tuple[str, str, str]) -> None:
    pair = catalog(catalogs.well_known()).pairs[symbol]
    assert (pair.rest_id, pair.altname, pair.wsname) == names


def test_the_table_has_the_precisions_of_the_instrument_channel() -> None:
    recorded = json.loads(shared("ws-v2-instrument-snapshot.json").read_text())["data"]
    rows = {row["symbol"]: row for row in recorded["pairs"]}
    decimals = {row["id"]: row["precision"] for row in recorded["assets"]}
    listed = catalogs.well_known()
    for pair in listed.pairs:
        row = rows[pair.symbol]
        assert (pair.qty_decimals, pair.cost_decimals) == (
            row["qty_precision"],
            row["cost_precision"],
        ), pair
        finer = {"DOGE/BTC"}  # its tick has become finer since that recording
        assert pair.price_decimals == row["price_precision"] or pair.symbol in finer
    for asset in listed.assets:
        assert asset.decimals == decimals.get(asset.symbol, asset.decimals), asset


def test_the_table_has_the_names_and_minimums_of_the_list_of_pairs() -> None:
    with shared("kraken-pairs.csv").open() as file:
        rows = {row["description"]: row for row in csv.DictReader(file)}
    for pair in catalogs.well_known().pairs:
        row = rows[pair.wsname]
        assert pair.rest_id == row["market_ticker"]
        assert pair.qty_min == round(float(row["minimum_order_size"]) * 10**pair.qty_decimals)


def test_a_recorded_instrument_snapshot_is_a_catalogue() -> None:
    path = shared("ws-v2-instrument-snapshot.json")
    rows = json.loads(path.read_text())["data"]
    listed = catalogs.from_file(path)
    assert [pair.symbol for pair in listed.pairs] == [row["symbol"] for row in rows["pairs"]]
    assert [asset.symbol for asset in listed.assets] == [row["id"] for row in rows["assets"]]
    found = catalog(listed).pairs["BTC/USD"]
    assert (found.rest_id, found.tick, found.qty_min, found.cost_min) == (
        "XXBTZUSD",
        1,
        10_000,
        50_000,
    )
    assert {pair.status for pair in listed.pairs} == {"online", "cancel_only", "reduce_only"}


def test_a_list_of_pairs_is_a_catalogue() -> None:
    path = shared("kraken-pairs.csv")
    with path.open() as file:
        rows = list(csv.DictReader(file))
    listed = catalogs.from_file(path)
    assert [(p.wsname, p.rest_id) for p in listed.pairs] == [
        (row["description"], row["market_ticker"]) for row in rows
    ]
    known = catalog(listed)
    assert known.pairs["BTC/JPY"].price_decimals == 0
    assert known.pairs["AIXBT/USD"].qty_decimals == 5
    assert known.pair("XXBTZUSD") is known.pair("BTC/USD")


def test_the_csv_rows_tell_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("description\nXBT/USD\n")
    with pytest.raises(CannotStart, match="minimum_price_variation"):
        catalogs.from_file(path)


def test_a_tick_of_several_units_stays_one(tmp_path: Path) -> None:
    pair = {
        "symbol": "ABC/USD",
        "base": "ABC",
        "quote": "USD",
        "status": "online",
        "qty_precision": 5,
        "price_precision": 3,
        "cost_precision": 8,
        "cost_min": 0.5,
        "price_increment": 0.005,
        "qty_min": 1e-05,
    }
    assets = [
        {"id": name, "status": "depositonly", "precision": 5, "precision_display": 2}
        for name in ("ABC", "USD")
    ]
    frame = {"channel": "instrument", "data": {"assets": assets, "pairs": [pair]}}
    path = tmp_path / "instrument.json"
    path.write_text(json.dumps(frame))
    listed = catalogs.from_file(path)
    assert (listed.pairs[0].tick, listed.pairs[0].qty_min) == (5, 1)
    assert listed.assets[0].status == "deposit_only"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        "{",
        "no csv",
        "description\nBTC/USD",
        '{"data":{"assets":[],"pairs":[]}}',
        "\x00",
        '{"data":1}',
    ],
)
def test_a_file_that_is_no_catalogue_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "catalogue"
    path.write_text(content)
    with pytest.raises(CannotStart) as told:
        catalogs.from_file(path)
    assert "\n" not in str(told.value)


def test_pairs_are_chosen_by_any_name_in_the_order_given() -> None:
    listed = catalogs.choose(None, "XETHZUSD, BTC/USD,SOL/USD,ETHUSD")
    assert [pair.symbol for pair in listed.pairs] == ["ETH/USD", "BTC/USD", "SOL/USD"]
    assert len(listed.assets) == len(catalogs.well_known().assets)


def test_a_pair_that_is_not_known_is_answered_with_a_guess() -> None:
    with pytest.raises(CannotStart, match="did you mean BTC/USD"):
        catalogs.choose(None, "btc/usd")


def test_no_pairs_at_all_are_refused() -> None:
    with pytest.raises(CannotStart):
        catalogs.choose(None, ",")


def test_all_means_a_thousand_and_every_start_finds_the_same() -> None:
    listed = catalogs.choose(None, "all")
    assert len({pair.symbol for pair in listed.pairs}) == catalogs.ALL_PAIRS
    assert listed == catalogs.choose(None, "all")
    known: tuple[Pair, ...] = catalogs.well_known().pairs
    assert listed.pairs[: len(known)] == known
    names = [name for p in listed.pairs for name in {p.symbol, p.altname, p.rest_id, p.wsname}]
    assert len(names) == len(set(names))
