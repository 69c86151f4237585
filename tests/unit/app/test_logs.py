"""Log lines: their shape, what they must never hold, and the files they go to."""

import base64
import enum
import gzip
import io
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from zoe.app import logs
from zoe.runtime.log import log

pytestmark = pytest.mark.usefixtures("quiet_logger")

SECRET = base64.b64encode(bytes(range(64))).decode()
OTHER_KEY = base64.b64encode(bytes(range(100, 164))).decode()
PASSWORD = 'pa"ss/wo rd'


class Side(enum.Enum):
    BUY = "buy"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def set_up(folder: Path, stream: io.StringIO | None = None, **changes: Any) -> Path:
    redactor = logs.Redactor((SECRET, PASSWORD))
    return logs.set_up(
        logs.LogSettings(**changes), folder / "log", redactor, stream or io.StringIO()
    ).path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_has_the_promised_fields_first_and_in_order(tmp_path: Path) -> None:
    path = set_up(tmp_path)
    log.info("order.state_changed", order_id="O1", price=Decimal("0.10"), side=Side.BUY)
    (line,) = lines(path)
    assert list(line) == ["ts", "level", "event", *logs.IDS, "order_id", "price", "side"]
    assert line["ts"].endswith("Z") and len(line["ts"]) == len("2026-01-01T00:00:00.000000Z")
    assert (line["level"], line["event"]) == ("INFO", "order.state_changed")
    assert (line["price"], line["side"], line["actor"]) == ("0.10", "buy", None)


def test_ids_of_the_turn_stand_before_the_events_own_fields(tmp_path: Path) -> None:
    path = set_up(tmp_path)
    log.info("some.event", reason="x", actor="orders", correlation_id=7, message_id=2**60)
    (line,) = lines(path)
    assert list(line)[3:] == [*logs.IDS, "reason"]
    assert (line["actor"], line["correlation_id"], line["message_id"]) == ("orders", 7, 2**60)


def test_an_events_own_field_cannot_pass_for_one_of_the_lines(tmp_path: Path) -> None:
    path = set_up(tmp_path)
    log.info("some.event", level="L2", ts="never")
    (line,) = lines(path)
    assert (line["level"], line["level_"], line["ts_"]) == ("INFO", "L2", "never")


def test_planted_secrets_reach_neither_the_file_nor_the_stream(tmp_path: Path) -> None:
    stream = io.StringIO()
    path = set_up(tmp_path, stream)
    log.warning(
        "wire.lost",
        body=f"key={SECRET}&x",
        nested={"list": [("a", f"p={PASSWORD}")], SECRET: 1},
        unknown=OTHER_KEY,
        encoded=SECRET.replace("=", "%3D").replace("/", "%2F").replace("+", "%2B"),
        problem=ValueError(f"bad {PASSWORD!r}"),
    )
    try:
        raise RuntimeError(f"connecting with {PASSWORD} failed") from ValueError(SECRET)
    except RuntimeError as error:
        log.opt_exception("reader.crashed", error)
    for text in (path.read_text(), stream.getvalue()):
        assert text.count("\n") == 2
        for secret in (SECRET, SECRET[:40], OTHER_KEY, "pa\\", "ss/wo"):
            assert secret not in text, secret
        assert logs.REDACTED in text
    assert "RuntimeError: connecting with [redacted] failed" in lines(path)[1]["trace"]


def test_a_sink_that_fails_prints_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(tmp_path)

    def broken(_message: object) -> None:
        raise OSError("disk full")

    logger.add(broken, format="{message}")
    log.error("store.down", password=PASSWORD, key=SECRET)
    shown = capsys.readouterr().err
    assert "disk full" in shown and "store.down" in shown
    assert SECRET not in shown and "ss/wo" not in shown


def test_a_secret_registered_later_is_hidden_from_then_on() -> None:
    redactor = logs.Redactor()
    assert redactor.clean("x hunter22 x") == "x hunter22 x"
    redactor.register("hunter22")
    assert redactor.clean("x hunter22 x") == "x [redacted] x"


def test_a_very_short_secret_does_not_blank_every_line() -> None:
    assert logs.Redactor(("", "a")).clean("an answer") == "an answer"


def test_a_digest_and_a_long_path_are_no_keys() -> None:
    redactor = logs.Redactor()
    for harmless in ("0123456789abcdef" * 4, "/a_folder/with-a.name" * 9):
        assert redactor.clean(harmless) == harmless


def test_a_terminal_gets_short_coloured_lines_that_cannot_command_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    set_up(tmp_path, terminal)
    log.warning("market.refused", symbol="BTC/USD", error="\x1b[2Jgone\n")
    text = terminal.getvalue()
    assert text.count("\n") == 1 and "\x1b[33m" in text
    assert "symbol=BTC/USD" in text and '"\\u001b[2Jgone\\n"' in text
    assert "\x1b[2J" not in text and "correlation_id" not in text


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_who_wants_no_colours_gets_the_same_short_lines_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    terminal = Terminal()
    monkeypatch.setenv(name, value)
    set_up(tmp_path, terminal)
    log.warning("market.refused", symbol="BTC/USD")
    text = terminal.getvalue()
    assert "\x1b" not in text and "market.refused symbol=BTC/USD\n" in text


def test_a_terminal_that_wants_json_gets_the_lines_of_the_file(tmp_path: Path) -> None:
    terminal = Terminal()
    redactor = logs.Redactor(())
    file = logs.set_up(logs.LogSettings(), tmp_path, redactor, terminal, json_lines=True)
    log.warning("market.refused", symbol="BTC/USD")
    assert terminal.getvalue() == file.path.read_text()


def test_a_terminal_is_told_nothing_twice_and_no_id_longer_than_people_compare(
    tmp_path: Path,
) -> None:
    terminal = Terminal()
    path = set_up(tmp_path, terminal)
    ours, other = "46206a11-58d2-d701-668c-bf75fb22e5b5", "8a1c6068-4dfa-2580-59cb-fba87212cbd2"
    log.info("order.placed", actor=f"orders/{ours}", intent_id=ours, after=other, reason=None)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    assert shown.split()[2:] == ["orders/46206a11", "order.placed", "after=8a1c6068"]
    (line,) = lines(path)
    assert (line["intent_id"], line["after"], line["reason"]) == (ours, other, None)


def test_a_terminal_is_told_in_few_words_what_becomes_of_an_order(tmp_path: Path) -> None:
    terminal = Terminal()
    set_up(tmp_path, terminal)
    change = {"side": "buy", "quantity": "0.1", "pair": "BTC/USD", "was": "PENDING"}
    log.info("order.state_changed", **change, limit_price="9", state="WORKING", filled="0")
    log.info("order.state_changed", **change, limit_price=None, state="FILLED", filled="0.1")
    limit, market = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines()
    assert limit.endswith(" buy 0.1 BTC/USD at 9: PENDING > WORKING filled=0")
    assert market.endswith("side=buy quantity=0.1 pair=BTC/USD was=PENDING state=FILLED filled=0.1")


def test_anything_else_than_a_terminal_gets_the_files_lines(tmp_path: Path) -> None:
    stream = io.StringIO()
    path = set_up(tmp_path, stream)
    log.info("some.event", braces="{0} {extra} <red>", ids=frozenset({2, 1}))
    assert stream.getvalue() == path.read_text()
    assert lines(path)[0]["braces"] == "{0} {extra} <red>"


def test_a_closed_stream_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    path = set_up(tmp_path, stream)
    stream.close()
    log.info("some.event")
    assert len(lines(path)) == 1
    assert capsys.readouterr().err == ""


def test_files_are_rotated_compressed_counted_and_private(tmp_path: Path) -> None:
    path = set_up(tmp_path, file_bytes=2_000, files=3)
    for number in range(200):
        log.info("some.event", number=number)
    logger.complete()
    closed = sorted(path.parent.glob("zoe.*.jsonl.gz"))
    assert len(closed) == 3
    texts = [gzip.decompress(name.read_bytes()).decode() for name in closed]
    kept = [json.loads(line) for text in texts for line in text.splitlines()]
    numbers = [line["number"] for line in [*kept, *lines(path)]]
    assert numbers == list(range(numbers[0], 200))
    assert {name.stat().st_mode & 0o777 for name in path.parent.iterdir()} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_lines_below_the_level_are_not_written(tmp_path: Path) -> None:
    path = set_up(tmp_path, level="WARNING")
    log.info("some.event")
    log.error("other.event")
    assert [line["event"] for line in lines(path)] == ["other.event"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\udc80", b"\xff", object()])
def test_whatever_is_logged_the_line_is_json(tmp_path: Path, value: object) -> None:
    path = set_up(tmp_path)
    log.info("some.event", value=value)
    (line,) = lines(path)
    assert isinstance(line["value"], str)
