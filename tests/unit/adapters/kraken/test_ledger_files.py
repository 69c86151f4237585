"""Exports and pages of the ledger: read whole, or refused with the line that is wrong."""

import json
from contextlib import suppress
from io import BufferedReader, BytesIO, RawIOBase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_files import export, page
from ledger_rows import Accounts

from zoe.adapters.kraken import ledger_csv, ledger_pages
from zoe.adapters.kraken.ledger_pages import MOST_UNREAD
from zoe.domain.errors import WireError
from zoe.domain.ledger_row import LedgerRow, units_of_text
from zoe.domain.unread_rows import problem_of

MADE = tuple(Accounts(5).make(120).rows)
OLD = b'"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"\n'
ROW = b'"L1","R1","2021-03-24 21:43:10","deposit","","currency","XXBT","0.5","0","0.5"\n'


def read_csv(data: bytes) -> ledger_csv.Export:
    return ledger_csv.read(BytesIO(data))


def test_an_export_and_pages_hold_the_same_rows() -> None:
    assert read_csv(export(MADE)).rows == MADE
    assert ledger_pages.read(page(MADE)) == MADE


def test_case_14_pending_copies_have_no_id_and_are_left_out() -> None:
    found = read_csv(export(MADE, MADE[:7]))
    assert (found.rows, found.pending) == (MADE, 7)


def test_an_old_export_is_read_as_kraken_wrote_it() -> None:
    (row,) = read_csv(OLD + ROW).rows
    half = units_of_text("0.5")
    assert row == LedgerRow("L1", "R1", 1616622190 * 10**9, "deposit", "", "BTC", half, 0, half)


@pytest.mark.parametrize(
    ("place", "wallet"),
    [
        ("spot / main", "DOT"),
        ("earn / flexible", "DOT.F"),
        ("earn / bonded", "DOT.B"),
        ("earn / other", "DOT.OTHER"),
        ("", "DOT"),
    ],
)
def test_a_new_export_names_the_wallet_beside_the_asset(place: str, wallet: str) -> None:
    text = (
        "txid,refid,time,type,subtype,aclass,subclass,asset,wallet,amount,fee,balance\n"
        f"L1,R1,2025-03-24 21:43:10,earn,reward,currency,crypto,DOT,{place},1,0,1\n"
    )
    (row,) = read_csv(text.encode()).rows
    assert row.wallet == wallet


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n\n"])
def test_other_line_ends_and_a_byte_order_mark_are_read(end: bytes) -> None:
    data = b"\xef\xbb\xbf" + export(MADE).replace(b"\n", end)
    assert read_csv(data).rows == MADE


@pytest.mark.parametrize("separator", [b";", b"\t"])
def test_another_separator_is_read(separator: bytes) -> None:
    assert read_csv(export(MADE).replace(b'","', b'"' + separator + b'"')).rows == MADE


def test_blank_lines_before_the_columns_are_counted_and_left_out() -> None:
    assert read_csv(b"\xef\xbb\xbf\n\r\n" + export(MADE)).rows == MADE
    with pytest.raises(WireError, match="line 4: '0,5' is no amount"):
        read_csv(b"\n\n" + OLD + ROW.replace(b"0.5", b"0,5"))


@given(st.integers(0, 600), st.sampled_from((b"\n", b"\r\n", b"\r")))
def test_what_is_no_text_is_said_with_its_line(rows: int, end: bytes) -> None:
    data = OLD + ROW * rows + ROW.replace(b"XXBT", b"\xff") + ROW
    with pytest.raises(WireError, match=f"line {rows + 2} is not UTF-8 text"):
        read_csv(data.replace(b"\n", end))


class Counted(RawIOBase):
    """A file of rows without end, which tells how far it was read."""

    def __init__(self) -> None:
        self.told = 0

    def readable(self) -> bool:
        return True

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]  # the stub's is wider
        data = (ROW * (len(room) // len(ROW) + 2))[self.told % len(ROW) :][: len(room)]
        if not self.told:
            data = (OLD + ROW.replace(b"XXBT", b"") + data)[: len(room)]
        self.told += len(data)
        room[:] = data
        return len(data)


def test_a_file_is_read_no_further_than_its_first_mistake() -> None:
    file = Counted()
    with pytest.raises(WireError, match="line 2: a row without an asset"):
        ledger_csv.read(BufferedReader(file))
    assert file.told < 100_000


def test_an_export_without_rows_is_no_mistake() -> None:
    assert read_csv(OLD).rows == ()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \r\n", "the file is empty"),
        (b"\xff\xfe\x00", "line 1 is not UTF-8 text"),
        (b"one,two\n1,2\n", "column txid is missing"),
        (OLD + ROW[:40], "unexpected end of data"),
        (OLD + ROW.replace(b'","0.5"\n', b'"\n'), "line 2: 9 values under 10 columns"),
        (OLD + ROW.replace(b"0.5", b"0,5"), "line 2: '0,5' is no amount"),
        (OLD + ROW.replace(b"0.5", b"0.12345678901"), "line 2: .* more than 10 decimals"),
        (OLD + ROW.replace(b"2021-03", b"2021-13"), "line 2: month must be in 1..12"),
        (OLD + ROW.replace(b"2021-03-24 21", b"24.3.2021 21"), "line 2: .* is no time"),
        (OLD + ROW.replace(b"XXBT", b""), "line 2: a row without an asset"),
        (OLD + b'"' + b"x" * 200_000 + b'"\n', "line 2: field larger"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(data: bytes, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        read_csv(data)


@given(data=st.binary(max_size=300), cut=st.integers(0, 4_000), flip=st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_only_wire_errors_come_out(data: bytes, cut: int, flip: int) -> None:
    whole, paged = export(MADE[:30]), page(MADE[:30])
    for text in (data, OLD + data, whole[:cut] + data, whole[:cut] + bytes([flip]) + whole[cut:]):
        with suppress(WireError):
            read_csv(text)
    for text in (data, paged[:cut], paged[:cut] + bytes([flip]) + paged[cut:]):
        with suppress(WireError):
            ledger_pages.read(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"error":["EAPI:Invalid key"]}',
        page(MADE[:1]).replace(b'"time":1', b'"time":1e99,"x":1'),
        page(MADE[:1]).replace(b'"amount":"', b'"amount":"x'),
    ],
)
def test_what_is_no_page_is_refused(data: bytes) -> None:
    with pytest.raises(WireError, match="no page of the ledger"):
        ledger_pages.read(data)


def test_a_page_may_come_without_its_envelope_and_with_other_names() -> None:
    bare = b'{"ledger":{"L1":{"refid":null,"time":1.25,"type":"deposit","asset":"XXBT",'
    (row,) = ledger_pages.read(bare + b'"amount":"1.0000000000","fee":"0","balance":"1"}}}')
    assert (row.wallet, row.refid, row.time_ns) == ("BTC", "", 1_250_000_000)


FINE = {
    "refid": "R1",
    "time": 1616622190.5,
    "type": "deposit",
    "subtype": "",
    "asset": "ZUSD",
    "amount": "2.5",
    "fee": "0",
    "balance": "2.5",
}


@pytest.mark.parametrize(
    ("spoiled", "words"),
    [
        ({"amount": "0.12345678901"}, "more than 10 decimals"),
        ({"amount": "2.50001"}, "more decimals than USD"),
        ({"amount": "NaN"}, "no amount"),
        ({"amount": 2.5}, "Expected `str`"),
        ({"type": 7}, "Expected `str`"),
        ({"type": "a\0"}, "zero byte"),
        ({"asset": None}, "Expected `str`"),
        ({"time": "now"}, "in quotes"),
        ({"time": 1e12}, "time of no year"),
        ({"time": -1}, "whole number"),
        ({"balance": ...}, "missing required field `balance`"),
        ({"time": ...}, "missing required field `time`"),
    ],
)
def test_a_row_of_a_page_that_makes_no_sense_is_set_aside_alone(
    spoiled: dict[str, object], words: str
) -> None:
    bad = {name: value for name, value in (FINE | spoiled).items() if value is not ...}
    rows = {"L1": FINE, "L2": bad, "L3": FINE}
    for found in (
        ledger_pages.read_page(json.dumps({"ledger": rows, "count": 3}).encode()),
        ledger_pages.read_by_id(json.dumps(rows).encode()),
    ):
        assert [row.ledger_id for row in found.rows] == ["L1", "L3"]
        (unread,) = found.unread
        assert unread.ledger_id == "L2" and words in unread.problem


def test_a_page_whose_rows_are_mostly_none_is_another_form_and_is_refused() -> None:
    rows: dict[str, object] = {f"L{n}": {} for n in range(MOST_UNREAD + 1)}
    few = {f"F{n}": FINE for n in range(MOST_UNREAD)}
    with pytest.raises(WireError, match="11 rows are none, the first L0: "):
        ledger_pages.read_page(json.dumps({"ledger": rows | few}).encode())
    found = ledger_pages.read_page(json.dumps({"ledger": rows | few | {"L": FINE}}).encode())
    assert len(found.unread) == MOST_UNREAD + 1


def test_of_rows_that_were_asked_for_by_id_one_that_can_be_read_is_not_refused_for_the_others() -> (
    None
):
    rows: dict[str, object] = {f"L{n}": {} for n in range(2 * MOST_UNREAD)} | {"L": FINE}
    found = ledger_pages.read_by_id(json.dumps(rows).encode())
    assert [row.ledger_id for row in found.rows] == ["L"]
    assert len(found.unread) == 2 * MOST_UNREAD


@pytest.mark.parametrize("ledger_id", ["", "L\0"])
@pytest.mark.parametrize("row", [FINE, {}])
def test_a_row_that_nobody_could_be_told_of_by_its_id_refuses_its_page(
    ledger_id: str, row: dict[str, object]
) -> None:
    with pytest.raises(WireError, match="is no id of a row"):
        ledger_pages.read_page(json.dumps({"ledger": {ledger_id: row}}).encode())
    file = json.dumps(FINE | {"id": ledger_id}).encode()
    (read,) = ledger_pages.read_lines([file])
    assert problem_of(read) is not None


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{}", b'{"ledger": []}', b'{"ledger": 1}'])
def test_what_is_no_page_of_the_exchange_s_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        ledger_pages.read_page(data)
