"""A recording as the market: its books come out again, and clients trade with them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sandbox_trial import BTC_USD, ETH_USD, SECOND_NS, Trial

from zoe.sandbox import catalogs, recorded
from zoe.sandbox.core.books import checksum
from zoe.sandbox.problems import CannotStart

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "fixtures"
Frame = dict[str, Any]


def book(kind: str, bids: str, asks: str, second: int | None = None) -> Frame:
    """A frame; levels are written as ``price x quantity``."""
    row: Frame = {"symbol": "BTC/USD", "bids": levels(bids), "asks": levels(asks)}
    if second is not None:
        row["timestamp"] = f"2026-01-02T03:04:{second:02}.000000Z"
    return {"channel": "book", "type": kind, "data": [row]}


def levels(text: str) -> list[Frame]:
    pairs = (level.split("x") for level in text.split())
    return [{"price": float(price), "qty": float(qty)} for price, qty in pairs]


def play(path: Path, *frames: Frame) -> Trial:
    path.write_text("".join(json.dumps(frame) + "\n" for frame in frames))
    return Trial(market=recorded.from_file(path, (BTC_USD, ETH_USD)))


def shown(trial: Trial) -> tuple[list[list[str]], list[list[str]]]:
    (depth,) = trial.public("Depth", pair="XBTUSD").values()
    return [row[:2] for row in depth["bids"]], [row[:2] for row in depth["asks"]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recording.jsonl"


def test_levels_come_change_and_go_at_the_recordings_pace(path: Path) -> None:
    trial = play(
        path,
        book("snapshot", "100x1 99x2", "101x1 102x2", 5),
        book("update", "100x0", "101x3", 7),
        book("update", "99.5x4", "", 8),
    )
    assert shown(trial) == (
        [["100.00000", "1.000"], ["99.00000", "2.000"]],
        [["101.00000", "1.000"], ["102.00000", "2.000"]],
    )
    trial.pass_time(2)
    assert shown(trial) == (
        [["99.00000", "2.000"]],
        [["101.00000", "3.000"], ["102.00000", "2.000"]],
    )
    trial.pass_time(1)
    assert shown(trial)[0] == [["99.50000", "4.000"], ["99.00000", "2.000"]]


def test_a_price_may_change_sides_within_a_frame(path: Path) -> None:
    trial = play(
        path,
        book("snapshot", "100x1", "101x1", 5),
        book("update", "101x2", "101x0 102x1", 6),
    )
    trial.pass_time(1)
    assert shown(trial) == (
        [["101.00000", "2.000"], ["100.00000", "1.000"]],
        [["102.00000", "1.000"]],
    )
    assert trial.public("Ticker", pair="XBTUSD")["XXBTZUSD"]["c"][0] == "0.00000"


def test_it_begins_again_when_it_has_ended(path: Path) -> None:
    trial = play(path, book("snapshot", "100x1", "101x1"), book("update", "100x0 90x1", ""))
    for _ in range(5):
        assert shown(trial)[0] == [["100.00000", "1.000"]]
        trial.pass_time("0.1")
        assert shown(trial)[0] == [["90.00000", "1.000"]]
        trial.pass_time("0.1")


def test_levels_beyond_the_recorded_depth_go_without_a_word(path: Path) -> None:
    bids = " ".join(f"{100 - n}x1" for n in range(10))
    trial = play(path, book("snapshot", bids, "200x1", 5), book("update", "150x1", "", 6))
    trial.pass_time(1)
    prices = [price for price, _ in shown(trial)[0]]
    assert len(prices) == 10
    assert (prices[0], prices[-1]) == ("150.00000", "92.00000")


def test_clients_trade_with_what_is_shown(path: Path) -> None:
    trial = play(path, book("snapshot", "100x1", "101x1", 5), book("update", "100x0", "98x1", 9))
    client = trial.first_client()
    client.limit("buy", "0.5", "98.5", oflags="post")
    trial.pass_time(4)
    trades = client("TradesHistory")["trades"].values()
    assert [(trade["price"], trade["vol"]) for trade in trades] == [("98.5", "0.50000000")]


def test_recorded_trades_take(path: Path) -> None:
    trade = {"symbol": "BTC/USD", "side": "sell", "price": 100.0, "qty": 0.25, "trade_id": 7}
    trial = play(
        path,
        book("snapshot", "100x1", "101x1"),
        {"channel": "trade", "type": "update", "data": [trade]},
        {"channel": "heartbeat"},
    )
    trial.pass_time("0.15")
    assert shown(trial)[0] == [["100.00000", "0.750"]]


@pytest.mark.parametrize(
    "write",
    [
        lambda frames: json.dumps(frames),
        lambda frames: json.dumps(frames, indent=1),
        lambda frames: json.dumps({"init": frames[0], "updates": frames[1:]}),
        lambda frames: json.dumps({"init": frames[0], "updates": frames[1:]}, indent=1),
        lambda frames: "\n \n" + "\r\n".join(map(json.dumps, frames)),
        lambda frames: "\n\n".join(json.dumps(each) for each in (7, *frames, None)),
    ],
)
def test_however_frames_are_written_down_the_market_is_the_same(
    path: Path, write: Callable[[list[Frame]], str]
) -> None:
    frames = [
        book("snapshot", "100x1 99x1", "101x1", 1),
        book("update", "100x0", "102x3", 2),
        book("update", "98x2", "", 4),
    ]
    shows = []
    for text in ("\n".join(map(json.dumps, frames)), write(frames)):
        path.write_text(text)
        trial = Trial(market=recorded.from_file(path, (BTC_USD, ETH_USD)))
        for _ in range(12):
            trial.pass_time("0.5")
            shows.append(shown(trial))
    assert shows[:12] == shows[12:] and len({str(each) for each in shows}) == len(frames)


def test_what_was_recorded_compressed_is_played_as_far_as_it_is_whole(path: Path) -> None:
    first = book("snapshot", "100x1", "101x1", 1)
    second = book("update", "100x5", "", 2)
    lines = [(json.dumps(frame) + "\n").encode() for frame in (first, second)]
    members = [gzip.compress(line) for line in lines]
    for packed, bid in ((b"".join(members), "5.000"), (members[0] + members[1][:20], "1.000")):
        path.write_bytes(packed)
        trial = Trial(market=recorded.from_file(path, (BTC_USD, ETH_USD)))
        trial.pass_time("1.05")
        assert shown(trial)[0] == [["100.00000", bid]]


def test_every_checksum_of_a_recording_comes_out_again() -> None:
    path = SHARED / "ws-v2-book-btcusd-depth10.json"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    told = json.loads(path.read_text())
    frames = [told["init"], *told["updates"]]
    listed = catalogs.choose(None, "BTC/USD")
    market = recorded.from_file(path, listed.pairs)
    trial = Trial(assets=listed.assets, pairs=listed.pairs, market=market)
    begun_ns = trial.now_ns
    for frame in frames:
        books = trial.exchange.world.books
        assert checksum(books["BTC/USD"]) == frame["data"][0]["checksum"]
        due_ns = trial.exchange.next_wakeup()
        assert due_ns is not None
        trial.now_ns = due_ns
        trial.exchange.wake(due_ns)
    assert 45 < (trial.now_ns - begun_ns) / SECOND_NS < 55


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "nothing",
        "[1]",
        '{"channel":"book","type":"update","data":[{"symbol":"BTC/USD"}]}',
        '{"channel":"book","type":"update","data":7}',
        '{"channel":"book","type":"snapshot","data":[{"symbol":"NO/USD","bids":[],"asks":[]}]}',
        json.dumps(book("snapshot", "100.00001x1", "")),
        json.dumps(book("snapshot", "", "")) + "\nhalf of a li",
        b"\x1f\x8bnothing of gzip's",
        gzip.compress(b"[1]", mtime=0)[:12] + bytes(30),
    ],
)
def test_what_cannot_be_played_is_refused_in_one_line(path: Path, content: str | bytes) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(CannotStart) as told:
        recorded.from_file(path, (BTC_USD,))
    assert "\n" not in str(told.value) and "None" not in str(told.value)
