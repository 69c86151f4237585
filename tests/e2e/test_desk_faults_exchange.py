"""A desk on an exchange that loses, delays, doubles and garbles what it says."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sandboxes
from commands import ZOE
from desks import BUSY, QUIET, Row
from guests import GuestDesk, guest, meddler
from sandboxes import Sandbox

#: The exchange's lists lag by little here, so that doubts are settled sooner.
LAG = "lag_ms = 500\n"
#: Each is planted while the desk trades; it trades on before the next.
FAULTS: list[list[Row]] = [
    [{"where": "book", "what": "bad_checksum"}, {"where": "book", "what": "gap", "every": 3}],
    [{"where": "executions", "what": "duplicate", "count": 5}],
    [{"where": "executions", "what": "gap"}, {"where": "executions", "what": "reorder"}],
    [{"where": "AddOrder", "what": "late", "ms": 1_500, "count": 2}],
    [{"where": "AddOrder", "what": "lost_answer"}, {"where": "CancelOrder", "what": "lost_answer"}],
    [{"where": "AddOrder", "what": "error", "error": "EService:Busy", "executed": True}],
    [{"where": "AddOrder", "what": "error", "error": "EService:Busy"}],
    [{"where": "AddOrder", "what": "http_502"}, {"where": "OpenOrders", "what": "http_502"}],
    [{"where": "AddOrder", "what": "reset", "executed": True}],
    [{"where": "*", "what": "disconnect", "every": 5, "count": 3}],
    [{"where": "executions", "what": "silence", "ms": 3_000}],
]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for all."""
    place = tmp_path_factory.mktemp("sandbox")
    with sandboxes.running(place, "--port", "0", command=(*ZOE, "sandbox")) as made:
        yield made


@pytest.mark.slow
def test_whatever_the_exchange_does_to_its_messages_a_trading_desk_agrees_with_it(
    tmp_path: Path, host: Sandbox
) -> None:
    config = BUSY.replace("[exchange]\n", f"[exchange]\n{LAG}")
    with guest(tmp_path, config, host) as running:
        running.start()
        running.ready()
        for faults in FAULTS:
            for fault in faults:
                host.admin("faults", fault)
            running.trades_on(1)
        host.admin("faults", method="DELETE")
        running.until(lambda: running.zoe("status")[0] == 0)
        assert running.settled() == []
        assert running.sent_twice() == []
        assert running.stop() == 0


#: What happens to an order's request, and the exit code of the one true answer.
FATES: list[tuple[Row, int]] = [
    ({"what": "http_502"}, 4),
    ({"what": "reset", "executed": True}, 0),
    ({"what": "error", "error": "EService:Busy"}, 4),
    ({"what": "error", "error": "EService:Busy", "executed": True}, 0),
    ({"what": "error", "error": "EOrder:Insufficient funds"}, 4),
    ({"what": "late", "ms": 2_500}, 0),
    ({"what": "lost_answer"}, 0),
    ({"what": "slow", "ms": 7_000}, 4),
    ({"what": "not_executed"}, 4),
    ({"what": "duplicate"}, 0),
]


@pytest.mark.slow
def test_whatever_becomes_of_a_persons_request_its_key_has_one_true_answer(
    tmp_path: Path, host: Sandbox
) -> None:
    config = f"[exchange]\n{LAG}{QUIET}"
    keys = [str(uuid.UUID(int=1 << 96 | number, version=4)) for number in range(len(FATES))]
    with guest(tmp_path, config, host) as running:
        running.start()
        running.quoted()
        for (fate, _), key in zip(FATES, keys, strict=True):
            running.until(lambda: running.component("exchange_api") == "ok")
            host.admin("faults", {"where": "AddOrder"} | fate)
            first = placed(running, key, "1")
            assert first[0] in (0, 4, 5), (fate, first)
        answers = [placed(running, key, "60") for key in keys]
        for (fate, code), answer in zip(FATES, answers, strict=True):
            assert answer[0] == code, (fate, answer)
        assert [placed(running, key, "60") for key in keys] == answers
        there = {row["order_id"] for row in running.truth() if row["kind"] == "order_accepted"}
        assert {answer[1] for answer in answers if answer[0] == 0} == there
        assert running.sent_twice() == []
        assert running.settled() == []
        assert running.stop() == 0


def placed(running: GuestDesk, key: str, patience: str) -> tuple[int, str | None]:
    """The exit code of an order under a key, and the exchange's id for it."""
    words = ("order", "place", "buy", "BTC/USD", "0.01", "--limit", "50000", "--json")
    code, answer = running.zoe(*words, "--key", key, "--timeout", patience)
    return code, answer.get("order_id")


#: Texts of frames, and what they are garbled into.
GARBLED: list[tuple[bytes, bytes]] = [
    (b'{"channel":"executions"', b'{"channel":"executi\xff\xff\xff"'),
    (b'{"channel":"executions"', b'{"channel" "executions"'),
    (b'"exec_type":"new"', b'"exec_type":"nwe"'),
    (b'"order_status":"', b'"order_statuz":"'),
    (b'"cl_ord_id":"', b'"cl_ord_id";"'),
    (b'{"channel":"book"', b'{"channel":"boo\x00"'),
    (b'"bids":[', b'"bids":{'),
    (b'"checksum":', b'"checksum" '),
    (b'{"method":"add_order"', b'{"method":"add_ordxr"'),
    (b'"req_id":', b'"reqqid":'),
]


@pytest.mark.slow
def test_frames_that_make_no_sense_cost_no_order_and_no_desk(tmp_path: Path, host: Sandbox) -> None:
    config = BUSY.replace("[exchange]\n", f"[exchange]\n{LAG}")
    with (
        meddler(host) as way,
        guest(tmp_path, config, host, f"ws://{way.address}") as running,
    ):
        running.start()
        running.ready()
        for old, new in GARBLED:
            way.spoil(old, new, 2)
            running.until(lambda: way.left == 0)
        running.trades_on(1)
        assert running.settled() == []
        assert running.sent_twice() == []
        understood = {"exchange.frame_not_understood", "market.frame_not_understood"}
        running.until(lambda: understood <= running.events())
        assert running.stop() == 0
