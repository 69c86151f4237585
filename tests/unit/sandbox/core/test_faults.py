"""Planted faults: what the engine did and what its client was told, each on either route."""

from decimal import Decimal
from typing import Any

import pytest
from sandbox_trial import Client, Mirror, Socket, Trial, result_of

from zoe.sandbox.core.wire import Drop, HttpResponse

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "volume": "0.01", "price": "20000"}
SOCKET_ORDER: dict[str, Any] = {
    "order_type": "limit",
    "side": "buy",
    "order_qty": Decimal("0.01"),
    "symbol": "BTC/USD",
    "limit_price": 20000,
}


def plant(trial: Trial, where: str, what: str, **more: Any) -> None:
    trial.admin("faults", {"where": where, "what": what, **more})


def listening(trial: Trial) -> tuple[Client, Socket]:
    client = trial.first_client()
    socket = client.socket()
    socket.ask("subscribe", channel="executions")
    return client, socket


def is_open(client: Client) -> bool:
    return bool(client("OpenOrders")["open"])


def last_request(trial: Trial, name: str) -> tuple[bool, str | None]:
    rows = [
        row
        for row in trial.admin("requests", method="GET")
        if name in (row.get("method"), row.get("path", "").rpartition("/")[2])
    ]
    return rows[-1]["answered"], rows[-1]["fault"]


#: Fault, whether the engine acts at once, whether the request is answered in the end.
FATES: list[tuple[str, dict[str, Any], bool, bool]] = [
    ("late", {"ms": 3000}, True, True),
    ("lost_answer", {}, True, False),
    ("not_executed", {}, False, False),
    ("error", {"error": "EService:Busy"}, False, True),
    ("error", {"error": "EService:Busy", "executed": True}, True, True),
    ("http_502", {}, False, False),
    ("http_502", {"executed": True}, True, False),
    ("reset", {}, False, False),
    ("reset", {"executed": True}, True, False),
    ("disconnect", {"executed": True}, True, False),
    ("silence", {}, True, False),
]


@pytest.mark.parametrize(("what", "more", "acts", "answers"), FATES)
def test_what_becomes_of_a_rest_order(
    what: str, more: dict[str, Any], acts: bool, answers: bool
) -> None:
    trial = Trial()
    client = trial.first_client()
    plant(trial, "AddOrder", what, **more)
    answer = client.ask("AddOrder", **ORDER)
    asked = trial.exchanges
    assert is_open(client) is acts
    assert last_request(trial, "AddOrder") == (answers, what)
    if what in ("reset", "disconnect"):
        assert isinstance(answer, Drop)
    elif what == "http_502":
        assert isinstance(answer, HttpResponse) and answer.status == 502
    elif what == "error":
        assert result_of(answer) == ["EService:Busy"]
    else:
        assert answer is None
        trial.pass_time(3)
        assert (asked in trial.answers) is answers
    assert "txid" in client("AddOrder", **ORDER), "a fault hits once unless told otherwise"


@pytest.mark.parametrize(("what", "more", "acts", "answers"), FATES)
def test_what_becomes_of_a_socket_order(
    what: str, more: dict[str, Any], acts: bool, answers: bool
) -> None:
    trial = Trial()
    client, socket = listening(trial)
    plant(trial, "AddOrder", what, **more)
    told = socket.ask("add_order", **SOCKET_ORDER)
    assert is_open(client) is acts
    assert last_request(trial, "add_order") == (answers, what)
    assert [answer["error"] for answer in told] == (["EService:Busy"] if what == "error" else [])
    ends = what in ("http_502", "reset", "disconnect")
    assert (socket.connection in trial.drops) is ends
    trial.pass_time(3)
    late = [frame for frame in socket.frames if frame.get("req_id") == socket.requests]
    assert bool(late) is answers
    if not ends and what != "silence":
        assert bool(socket.reports("new")) is acts


def test_a_slow_request_reaches_the_engine_late_and_its_deadline_counts() -> None:
    trial = Trial()
    client, socket = listening(trial)
    plant(trial, "AddOrder", "slow", ms=4000, count=3)
    assert socket.ask("add_order", **SOCKET_ORDER) == []
    assert client.ask("AddOrder", **ORDER, deadline="2026-01-02T03:04:08Z") is None
    late = trial.exchanges
    trial.pass_time("3.9")
    assert not is_open(client)
    trial.pass_time("0.1")
    assert len(client("OpenOrders")["open"]) == 1
    assert result_of(trial.answers[late]) == ["EService:Deadline elapsed"]
    plant(trial, "AddOrder", "slow", ms=9000, ignore_deadline=True)
    trial.admin("faults", method="DELETE")
    plant(trial, "AddOrder", "slow", ms=9000, ignore_deadline=True)
    socket.ask("add_order", **SOCKET_ORDER)
    trial.pass_time(9)
    assert len(client("OpenOrders")["open"]) == 2


def test_a_socket_orders_own_deadline_is_five_seconds() -> None:
    trial = Trial()
    _, socket = listening(trial)
    plant(trial, "AddOrder", "slow", ms=5001)
    socket.ask("add_order", **SOCKET_ORDER)
    trial.pass_time(6)
    answers = [frame for frame in socket.frames if frame.get("req_id") == socket.requests]
    assert [answer["error"] for answer in answers] == ["EService:Deadline elapsed"]


def test_a_fault_hits_every_so_manieth_request_so_many_times() -> None:
    trial = Trial()
    client = trial.first_client()
    plant(trial, "*", "error", error="EAPI:Rate limit exceeded", count=2, every=3)
    told = [client("Balance") for _ in range(9)]
    hit = [answer == ["EAPI:Rate limit exceeded"] for answer in told]
    assert hit == [False, False, True, False, False, True, False, False, False]


def test_an_answer_comes_twice_on_a_socket() -> None:
    trial = Trial()
    client, socket = listening(trial)
    plant(trial, "AddOrder", "duplicate")
    assert len(socket.ask("add_order", **SOCKET_ORDER)) == 2
    assert len(client("OpenOrders")["open"]) == 1


@pytest.mark.parametrize(
    ("what", "sequences"),
    [("gap", [1, 3]), ("duplicate", [1, 2, 2, 3]), ("reorder", [1, 3, 2]), ("late", [1, 2, 3])],
)
def test_frames_of_executions_are_lost_doubled_or_swapped(what: str, sequences: list[int]) -> None:
    trial = Trial()
    client, socket = listening(trial)
    plant(trial, "executions", what, ms=2000)
    client("AddOrder", **ORDER)
    if what == "late":
        assert [frame["sequence"] for frame in socket.channel("executions")] == [1]
    trial.pass_time(2)
    assert [frame["sequence"] for frame in socket.channel("executions")] == sequences


def test_a_silent_socket_says_nothing_for_a_while_and_then_goes_on() -> None:
    trial = Trial()
    client, socket = listening(trial)
    plant(trial, "executions", "silence", ms=5000)
    client("AddOrder", **ORDER)
    heard = len(socket.frames)
    trial.pass_time("4.9")
    assert len(socket.frames) == heard
    trial.pass_time(2)
    assert socket.channel("heartbeat")
    client("CancelAll")
    assert [row["exec_type"] for row in socket.reports()] == ["canceled"]


def test_a_disconnected_socket_gets_nothing_more_and_can_be_forgotten_later() -> None:
    trial = Trial()
    socket = trial.open()
    socket.ask("subscribe", channel="book", symbol=["BTC/USD"])
    plant(trial, "book", "disconnect")
    trial.market("20000", "20001")
    assert trial.drops[socket.connection].code == 1001
    heard = len(socket.frames)
    trial.market("20010", "20011")
    socket.ask("ping")
    assert len(socket.frames) == heard
    socket.close()
    assert trial.exchange.next_wakeup() is None


def test_a_spoilt_checksum_is_noticed_and_the_next_is_right() -> None:
    trial = Trial()
    socket = trial.open()
    socket.ask("subscribe", channel="book", symbol=["BTC/USD"])
    plant(trial, "book", "bad_checksum")
    trial.market("20000", "20001")
    trial.market("20005", "20006")
    mirror = Mirror(10, 1, 8)
    assert [mirror.apply(frame) for frame in socket.channel("book")] == [True, False, True]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"where": "AddOrder"},
        {"where": "AddOrder", "what": "lightning"},
        {"where": "AddOrder", "what": "late", "ms": "4"},
        {"where": "AddOrder", "what": "late", "count": 0},
        {"where": "AddOrder", "what": "late", "wen": 1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(wanted: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="error"):
        Trial().admin("faults", wanted)


def test_frames_that_a_fault_has_hit_can_be_read_as_they_would_have_been_sent() -> None:
    trial = Trial()
    _, socket = listening(trial)
    plant(trial, "executions", "gap")
    client = trial.first_client()
    client("AddOrder", **ORDER)
    (hit,) = trial.admin("faults", method="GET")
    assert (hit["where"], hit["what"]) == ("executions", "gap")
    assert hit["frame"]["data"][0]["exec_type"] == "pending_new"
    told = [frame.get("sequence") for frame in socket.channel("executions")]
    assert told and hit["frame"]["sequence"] not in told
    other = trial.admin("keys", {"balances": {"USD": "1"}})["account"]
    assert trial.admin("faults", method="GET", query=f"account={other}") == []


@pytest.mark.parametrize(
    ("where", "what", "told"),
    [
        ("AddOrders", "late", "where is not 'AddOrders'; did you mean AddOrder?"),
        ("addorder", "late", "did you mean AddOrder?"),
        ("excutions", "gap", "did you mean executions?"),
        ("AddOrder", "latte", "what is not 'latte'; did you mean late?"),
        ("AddOrder", "gap", "where of gap is not 'AddOrder'"),
        ("executions", "bad_checksum", "where of bad_checksum is not 'executions'"),
        ("*", "repeat", "where of repeat is not '*'"),
    ],
)
def test_a_fault_that_would_never_hit_is_refused_with_the_names_there_are(
    where: str, what: str, told: str
) -> None:
    trial = Trial()
    with pytest.raises(AssertionError, match=r"it is one of ") as refused:
        plant(trial, where, what)
    assert told in str(refused.value).replace('"', "'")
    assert trial.admin("faults", {"where": "*", "what": "late"}) == {"planted": 1}


def test_the_names_of_a_refusal_are_whole() -> None:
    with pytest.raises(AssertionError) as refused:
        plant(Trial(), "nowhere", "late")
    told = str(refused.value).replace('"', " ").split()
    assert {"AddOrder", "Time", "executions", "trade", "*"} <= set(told)
