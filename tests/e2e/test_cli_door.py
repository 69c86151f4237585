"""Commands that a running desk answers, against a control socket that does what a test wants."""

import json
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import attrs
import commands
import pytest
from commands import Done

KEY: Final = "0190a0a0-0000-8000-8000-00000000000a"
PLACE: Final = ("order", "place", "buy", "BTC/USD", "0.01", "--limit", "50000")
SUMMARY: Final = {
    "intent_id": KEY,
    "cl_ord_id": "0190a0a0-0000-8000-8000-00000000000b",
    "order_id": "OABCDE-FGHIJ-KLMNOP",
    "pair": "BTC/USD",
    "side": "buy",
    "order_type": "limit",
    "quantity": "0.01",
    "state": "PENDING",
    "source": "person",
    "reason": None,
    "filled_quantity": "0",
    "limit_price": "50000.10",
    "slot": None,
}
PATIENCE_SECONDS: Final = 120

Row = dict[str, Any]
Talk = Callable[[socket.socket, Row], None]


@attrs.define
class Door:
    """A control socket: notes what it is asked, and answers as the test says."""

    state: Path
    talk: Talk
    asked: list[Row] = attrs.field(factory=list)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                line = lines.readline()
                if line:
                    self.asked.append(json.loads(line))
                    self.talk(connection, self.asked[-1])


def zoe(state: Path, *words: str) -> Done:
    environ = {"PATH": os.environ["PATH"], "HOME": str(state), "ZOE_STATE_DIR": str(state)}
    return commands.run(words, environ, state)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "desk.sock"))
    listener.listen()
    served = Door(tmp_path, answer(0, {}))
    thread = threading.Thread(target=served.serve, args=(listener,), daemon=True)
    thread.start()
    yield served
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(PATIENCE_SECONDS)


def answer(code: int, result: Row | None, error: tuple[str, str] | None = None) -> Talk:
    said = None if error is None else {"code": error[0], "text": error[1]}

    def talk(connection: socket.socket, request: Row) -> None:
        row = {"id": request["id"], "exit": code, "result": result, "error": said}
        connection.sendall(json.dumps(row).encode() + b"\n")

    return talk


def raw(*parts: bytes) -> Talk:
    """Sends these bytes, then closes."""

    def talk(connection: socket.socket, request: Row) -> None:
        for part in parts:
            connection.sendall(part)

    return talk


def silence(connection: socket.socket, request: Row) -> None:
    connection.recv(1)  # until the other side gives up


# A desk that answers


def test_an_order_is_placed_and_shown(door: Door) -> None:
    door.talk = answer(0, SUMMARY)
    done = zoe(door.state, *PLACE, "--post-only", "--tif", "gtc", "--key", KEY, "--timeout", "7")
    assert (done.returncode, done.stderr) == (0, "")
    assert "OABCDE-FGHIJ-KLMNOP" in done.stdout
    assert door.asked == [
        {
            "id": 1,
            "command": "order.place",
            "params": {
                "side": "buy",
                "pair": "BTC/USD",
                "quantity": "0.01",
                "limit_price": "50000",
                "notional": None,
                "time_in_force": "gtc",
                "post_only": True,
            },
            "key": KEY,
            "timeout_seconds": 7,
        }
    ]


def test_an_amend_and_the_seldom_wishes_of_an_order_are_said_as_they_were_given(door: Door) -> None:
    door.talk = answer(0, SUMMARY)
    done = zoe(door.state, "order", "amend", KEY, "--price", "50100.10", "--key", KEY)
    assert done.returncode == 0, done.stderr
    sell = ("order", "place", "sell", "BTC/USD", "0.01", "--stop", "48000", "--reduce-only")
    assert zoe(door.state, *sell).returncode == 0
    amend, place = door.asked
    assert (amend["command"], amend["key"]) == ("order.amend", KEY)
    assert amend["params"] == {"order": KEY, "quantity": None, "limit_price": "50100.10"}
    assert (place["params"]["stop"], place["params"]["reduce_only"]) == ("48000", True)


def test_the_answer_as_json_keeps_every_digit(door: Door) -> None:
    door.talk = answer(0, SUMMARY)
    done = zoe(door.state, *PLACE, "--json", "--key", KEY)
    assert json.loads(done.stdout) == {**SUMMARY, "error": None}


def test_a_key_is_made_where_none_is_given_and_said_on_standard_error(door: Door) -> None:
    first, second = zoe(door.state, *PLACE), zoe(door.state, *PLACE)
    keys = [row["key"] for row in door.asked]
    assert [re.search("[0-9a-f-]{36}", done.stderr) for done in (first, second)] != [None, None]
    assert keys[0] in first.stderr
    assert keys[1] in second.stderr
    assert keys[0] != keys[1]
    # A program that reads the answer alone can ask again too, whatever became of the order.
    door.talk = answer(5, None, ("timed_out", "ask again with the same key"))
    told = json.loads(zoe(door.state, *PLACE, "--json").stdout)
    assert (told["key"], told["error"]["code"]) == (door.asked[2]["key"], "timed_out")


@pytest.mark.parametrize("code", [1, 2, 4, 5, 6])
def test_the_exit_code_is_the_desks_own(door: Door, code: int) -> None:
    door.talk = answer(code, {"intent_id": KEY}, ("PRICE_COLLAR", "price 1, against 2"))
    done = zoe(door.state, *PLACE, "--key", KEY)
    assert done.returncode == code
    assert done.stderr == "zoe: PRICE_COLLAR: price 1, against 2\n"
    done = zoe(door.state, *PLACE, "--key", KEY, "--json")
    assert done.returncode == code
    assert json.loads(done.stdout) == {
        "intent_id": KEY,
        "error": {"code": "PRICE_COLLAR", "text": "price 1, against 2"},
    }


def test_an_unknown_pair_is_answered_with_the_nearest_one(door: Door) -> None:
    door.talk = answer(1, None, ("UNKNOWN_PAIR", "pair BTC/UDS"))
    done = zoe(door.state, "order", "place", "buy", "btc/uds", "1", "--limit", "1")
    assert "did you mean BTC/USD?" in done.stderr


def test_a_market_order_has_no_limit(door: Door) -> None:
    assert zoe(door.state, "order", "place", "sell", "ETH/USD", "2").returncode == 0
    params = door.asked[0]["params"]
    assert (params["limit_price"], params["quantity"], params["side"]) == (None, "2", "sell")


def test_a_notional_goes_to_the_desk_which_knows_the_lots(door: Door) -> None:
    words = ("order", "place", "buy", "BTC/USD", "--notional", "100", "--limit", "50000")
    assert zoe(door.state, *words).returncode == 0
    params = door.asked[0]["params"]
    assert (params["quantity"], params["notional"]) == (None, "100")


def test_a_cancel_names_the_order(door: Door) -> None:
    assert zoe(door.state, "order", "cancel", "OABCDE-FGHIJ-KLMNOP").returncode == 0
    cancel = ("order", "cancel", KEY.upper().replace("-", ""), "--key", KEY)
    assert zoe(door.state, *cancel).returncode == 0
    assert door.asked[1]["key"] == KEY
    assert [row["params"] for row in door.asked] == [
        {"order": "OABCDE-FGHIJ-KLMNOP"},
        {"order": KEY},
    ]


@pytest.mark.parametrize("word", ["halt", "resume"])
def test_the_trading_state_is_changed_with_a_reason(door: Door, word: str) -> None:
    door.talk = answer(0, {"state": "HALTED", "open": []})
    done = zoe(door.state, word, "--why", "going out", "--key", KEY, "--json")
    assert json.loads(done.stdout) == {"state": "HALTED", "open": [], "error": None}
    asked = door.asked[0]
    more = {"all": False} if word == "halt" else {}
    assert (asked["command"], asked["key"]) == (word, KEY)
    assert asked["params"] == {"why": "going out", **more}


def test_a_halt_that_is_not_settled_shows_what_is_open(door: Door) -> None:
    door.talk = answer(5, {"state": "HALTED", "open": [SUMMARY]}, ("timed_out", "1 order is open"))
    done = zoe(door.state, "halt")
    assert done.returncode == 5
    assert "OABCDE-FGHIJ-KLMNOP" in done.stdout


def test_status_shows_actors_components_and_budget(door: Door) -> None:
    result = {
        "mode": "sandbox",
        "trading_state": "ACTIVE",
        "reconciled": True,
        "doubts": 0,
        "actors": [{"name": "journal", "restarts": 2, "mailbox": 3}],
        "components": [{"component": "exchange_api", "status": "ok", "detail": "", "age_ms": 12}],
        "budget": {"tier": "pro", "threshold": 180, "pairs": {"BTC/USD": "3.5"}},
        "orders": [SUMMARY],
    }
    door.talk = answer(0, result)
    done = zoe(door.state, "status")
    assert done.returncode == 0
    for text in ("sandbox", "ACTIVE", "journal", "exchange_api", "3.5", "OABCDE-FGHIJ-KLMNOP"):
        assert text in done.stdout
    door.talk = answer(1, result, ("not_healthy", "not reconciled yet"))
    done = zoe(door.state, "status", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "not_healthy"


def test_texts_of_the_exchange_cannot_command_the_terminal(door: Door) -> None:
    door.talk = answer(4, {"reason": "\x1b[2J\x07boo"}, ("not_placed", "\x1b[2J\x07boo"))
    done = zoe(door.state, *PLACE)
    assert done.returncode == 4
    assert "\x1b" not in done.stdout + done.stderr
    assert "boo" in done.stdout


def test_the_market_is_watched_where_the_desk_trades(door: Door) -> None:
    door.talk = answer(0, {"exchange_urls": {"ws": "ws://127.0.0.1:1/v2"}})
    done = zoe(door.state, "watch", "--for", "1")
    assert (done.returncode, done.stdout) == (4, "")
    assert "ws://127.0.0.1:1/v2" in done.stderr


# A desk that is not there, or does not answer


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("watch",),
        ("budget",),
        PLACE,
        ("order", "amend", "OABCDE-FGHIJ-KLMNOP", "--price", "1"),
        ("order", "cancel", "OABCDE-FGHIJ-KLMNOP"),
        ("halt",),
        ("reduce",),
        ("resume",),
        ("flatten",),
        ("flatten", "--yes"),
        ("strategy", "list"),
    ],
    ids=" ".join,
)
def test_without_a_desk_the_exit_code_is_3(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = zoe(tmp_path, *words)
    assert (done.returncode, done.stdout) == (3, "")
    assert "no desk is running" in done.stderr
    assert done.stderr.count("\n") == 1
    done = zoe(tmp_path, *words, "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["code"] == "no_desk"


def test_a_socket_that_a_dead_desk_left_behind_is_no_desk(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "desk.sock"))
    left.close()
    assert zoe(tmp_path, "status").returncode == 3


@pytest.mark.parametrize(
    "talk",
    [
        raw(),
        raw(b'{"id":1,"exit":0,"resu'),
        raw(b"not json\n"),
        raw(b"[]\n"),
        raw(b'{"id":1,"exit":"zero"}\n'),
        raw(b"\xff\xfe\n"),
        raw(b'{"id":7,"exit":0}\n'),
        raw(b"[" * 100_000, b"\n"),
    ],
    ids=[
        "closed",
        "closed mid-answer",
        "not json",
        "a list",
        "a wrong type",
        "not text",
        "another's answer",
        "deep",
    ],
)
def test_an_answer_that_says_nothing_leaves_the_outcome_unknown(door: Door, talk: Talk) -> None:
    door.talk = talk
    done = zoe(door.state, *PLACE)
    assert (done.returncode, done.stdout) == (5, "")
    assert f"ask again with --key {door.asked[0]['key']}" in done.stderr


def test_a_desk_that_is_silent_is_a_timeout(door: Door) -> None:
    door.talk = silence
    done = zoe(door.state, *PLACE, "--timeout", "1", "--key", KEY)
    assert done.returncode == 5
    assert done.stderr == f"zoe: the desk did not answer in 4 s; ask again with --key {KEY}\n"


def test_a_desk_that_dribbles_is_a_timeout_too(door: Door) -> None:
    stop = threading.Event()

    def dribble(connection: socket.socket, request: Row) -> None:
        try:
            while not stop.wait(0.2):
                connection.sendall(b" ")
        except OSError:
            pass  # the other side gave up

    door.talk = dribble
    try:
        assert zoe(door.state, "status", "--timeout", "1").returncode == 5
    finally:
        stop.set()


def test_an_answer_in_pieces_is_an_answer(door: Door) -> None:
    line = json.dumps({"id": 1, "exit": 0, "result": {"big": "x" * 300_000}, "error": None})
    pieces = [line[n : n + 7_001].encode() for n in range(0, len(line), 7_001)]
    door.talk = raw(b'{"id":99,"exit":0}\n', *pieces, b"\n")
    done = zoe(door.state, "status", "--json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["big"]) == 300_000


# Nonsense never reaches a desk


@pytest.mark.parametrize(
    "words",
    [
        ("order", "place", "buy", "BTC/USD"),
        (*PLACE, "--notional", "5"),
        ("order", "place", "buy", "BTC/USD", "--notional", "5"),
        ("order", "place", "buy", "BTC/USD", "1", "--post-only"),
        ("order", "place", "buy", "BTC/USD", "1", "--tif", "ioc"),
        (*PLACE, "--post-only", "--tif", "fok"),
        (*PLACE, "--route", "ws"),
        (*PLACE, "--config", "nowhere.toml"),
    ],
)
def test_nonsense_is_refused_before_a_desk_is_asked(door: Door, words: tuple[str, ...]) -> None:
    done = zoe(door.state, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert door.asked == []


def test_a_dry_run_prints_the_request_and_sends_nothing(door: Door) -> None:
    done = zoe(door.state, *PLACE, "--post-only", "--dry-run", "--json")
    assert (done.returncode, door.asked) == (0, [])
    request = json.loads(done.stdout)
    assert (request["method"], request["path"]) == ("POST", "/0/private/AddOrder")
    for text in ("pair=BTC%2FUSD", "volume=0.01", "price=50000", "oflags=fciq%2Cpost"):
        assert text in request["body"]
    done = zoe(door.state, *PLACE, "--dry-run", "--route", "ws")
    frame = json.loads(done.stdout)
    assert frame["method"] == "add_order"
    assert frame["params"]["token"] == ""
    assert '"limit_price":50000,' in done.stdout
