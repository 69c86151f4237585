"""The sandbox's shell on real sockets: faults as a client meets them, and clients who misbehave."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import stores
import websocket
from sandboxes import PATIENCE_SECONDS, Sandbox, Socket, running

from zoe.sandbox.protocols import UNREAD_BYTES

ORDER: dict[str, Any] = {
    "pair": "XBTUSD",
    "type": "buy",
    "ordertype": "limit",
    "price": "40000",
    "volume": "0.01",
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    place = tmp_path_factory.mktemp("sandbox")
    options = ("--market", "quiet", "--pairs", "BTC/USD,ETH/USD", "--tier", "pro")
    with running(place, *options) as running_one:
        running_one.market("50000", "50010")
        yield running_one
        # Nothing that a client does may be worth a word.
        assert running_one.said() == ""


@pytest.fixture(autouse=True)
def no_fault_outlives_its_test(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.admin("faults", method="DELETE")


def plant(sandbox: Sandbox, where: str, what: str, **more: Any) -> None:
    sandbox.admin("faults", {"where": where, "what": what, **more})


def placed(sandbox: Sandbox) -> int:
    return len(sandbox.journal("order_accepted"))


# HTTP


@pytest.mark.parametrize("path", ["/", "/0", "/1/public/Time", "/v2", "/sandbox", "/favicon.ico"])
def test_what_is_not_there_is_404(sandbox: Sandbox, path: str) -> None:
    answer = sandbox.http.get(sandbox.ready["rest"] + path, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 404


def test_an_unknown_method_is_an_error_of_the_exchange(sandbox: Sandbox) -> None:
    assert sandbox.public("Nonsense") == ["EGeneral:Unknown method"]


def test_a_body_without_end_is_refused(sandbox: Sandbox) -> None:
    answer = requests.post(
        f"{sandbox.ready['admin']}/keys", data=b"x" * (2 << 20), timeout=PATIENCE_SECONDS
    )
    assert answer.status_code == 413


def test_many_requests_share_a_connection(sandbox: Sandbox) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), PATIENCE_SECONDS) as client:
        client.sendall(b"GET /0/public/Time HTTP/1.1\r\nhost: here\r\n\r\n" * 3)
        read = b""
        while read.count(b"unixtime") < 3:
            read += client.recv(65_536)
        assert read.count(b"HTTP/1.1 200 OK\r\n") == 3
        assert b"\r\ndate: " in read


def test_answers_on_a_kept_connection_do_not_wait_for_acknowledgements(sandbox: Sandbox) -> None:
    def quarter_within() -> float:
        """Seconds within which a quarter of the answers come."""
        seconds = []
        for _ in range(40):
            begun = time.monotonic()
            sandbox.public("Time")
            seconds.append(time.monotonic() - begun)
        return sorted(seconds)[10]

    # Nagle's algorithm and delayed acknowledgements together cost 40 ms an answer, each time;
    # what else has the processor may cost as much for a while.
    stores.eventually(lambda: quarter_within() < 0.03, "answers at once")


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /0/public/\xff HTTP/1.1\r\nhost: here\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: here\r\n\r\n",
        b"GET /v2 HTTP/1.1\r\nhost: here\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"POST /sandbox/keys HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /sandbox/keys HTTP/1.1\r\nhost: here\r\ncontent-length: 3\r\n\r\n\xff{\x00",
    ],
)
def test_what_is_no_request_is_400(sandbox: Sandbox, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), PATIENCE_SECONDS) as client:
        with suppress(ConnectionError):  # it may answer, and close, before all of it is written
            client.sendall(sent)
        assert client.recv(100).startswith(b"HTTP/1.1 400")


def test_a_bad_gateway_is_a_page_and_the_order_was_not_placed(sandbox: Sandbox) -> None:
    before = placed(sandbox)
    plant(sandbox, "AddOrder", "http_502")
    answer = sandbox.post("AddOrder", **ORDER)
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")
    assert placed(sandbox) == before


@pytest.mark.parametrize("executed", [True, False])
def test_a_reset_is_a_reset(sandbox: Sandbox, executed: bool) -> None:
    before = placed(sandbox)
    plant(sandbox, "AddOrder", "reset", executed=executed)
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        sandbox.post("AddOrder", **ORDER)
    assert placed(sandbox) == before + executed


def test_a_late_answer_comes_when_it_is_due_and_holds_nobody_up(sandbox: Sandbox) -> None:
    plant(sandbox, "AddOrder", "late", ms=60_000)
    before = placed(sandbox)
    with pytest.raises(requests.ReadTimeout):
        sandbox.post("AddOrder", timeout=0.1, **ORDER)
    stores.eventually(lambda: placed(sandbox) == before + 1, "its execution")
    plant(sandbox, "AddOrder", "late", ms=600)
    begun = time.monotonic()
    assert "txid" in sandbox.private("AddOrder", **ORDER)
    assert 0.6 < time.monotonic() - begun < 60


def test_a_lost_answer_never_comes(sandbox: Sandbox) -> None:
    before = placed(sandbox)
    plant(sandbox, "AddOrder", "lost_answer")
    with pytest.raises(requests.ReadTimeout):
        sandbox.post("AddOrder", timeout=0.3, **ORDER)
    stores.eventually(lambda: placed(sandbox) == before + 1, "its execution")


# Sockets


def test_a_socket_elsewhere_is_404(sandbox: Sandbox) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as told:
        websocket.create_connection(f"ws://127.0.0.1:{sandbox.port}/v1")
    assert told.value.status_code == 404


def test_the_151st_socket_of_ten_minutes_is_refused_by_429(tmp_path: Path) -> None:
    with running(tmp_path, "--market", "quiet") as sandbox:
        for _ in range(150):
            websocket.create_connection(sandbox.ready["ws"], timeout=PATIENCE_SECONDS).close()
        for which in ("ws", "ws_auth"):
            with pytest.raises(websocket.WebSocketBadStatusException) as told:
                websocket.create_connection(sandbox.ready[which], timeout=PATIENCE_SECONDS)
            assert told.value.status_code == 429
        assert sandbox.public("SystemStatus")["status"] == "online"  # calls go on


def test_no_compression_is_agreed_on(sandbox: Sandbox) -> None:
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    ws = websocket.create_connection(sandbox.ready["ws"], header=offer, timeout=PATIENCE_SECONDS)
    headers = {name.lower() for name in ws.getheaders() or {}}
    assert "sec-websocket-extensions" not in headers
    ws.close()


def test_fragments_and_pings_and_bytes_are_understood(sandbox: Sandbox) -> None:
    client = sandbox.socket()
    text = b'{"method":"ping","req_id":77}'
    for opcode, part, fin in ((1, text[:9], 0), (0, text[9:], 1)):
        client.ws.send_frame(websocket.ABNF(fin, 0, 0, 0, opcode, 1, part))
    assert client.until(lambda frame: frame.get("req_id") == 77)["method"] == "pong"
    client.ws.ping("are you there")
    client.ws.send_binary(text)
    assert client.until(lambda frame: frame.get("req_id") == 77)["method"] == "pong"


@pytest.mark.parametrize("payload", ["", "{", "[]", '{"method":7}', "\x00" * 50_000])
def test_nonsense_is_answered_with_an_error(sandbox: Sandbox, payload: str) -> None:
    client = sandbox.socket()
    client.ws.send(payload)
    assert client.until(lambda frame: "error" in frame)["success"] is False
    assert client.ask("ping")["method"] == "pong"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x82\0\0\0\0\xff\xfe", 1007),
        (b"\x83\x80\0\0\0\0", 1002),
        (b"\x81\x02hi", 1002),
        (b"\xf1\x80\0\0\0\0", 1002),
        (b"\x81\xff" + b"\xff" * 8 + b"\0\0\0\0", 1009),
    ],
    ids=["no text", "no opcode", "not masked", "reserved bits", "too long"],
)
def test_what_is_no_frame_closes_the_socket_with_a_code(
    sandbox: Sandbox, sent: bytes, code: int
) -> None:
    client = sandbox.socket()
    client.receive()
    assert client.ws.sock is not None
    client.ws.sock.sendall(sent)
    opcode, data = client.ws.recv_data()
    assert (opcode, int.from_bytes(data[:2], "big")) == (websocket.ABNF.OPCODE_CLOSE, code)


def test_a_frame_without_end_closes_the_socket(sandbox: Sandbox) -> None:
    client = sandbox.socket()
    client.receive()
    # It closes before all of it is written, which the writer may be told first.
    with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
        client.ws.send("x" * (2 << 20))
        while True:
            client.ws.recv()  # a goodbye is an empty text


def test_a_disconnect_closes_the_socket_with_a_code_and_the_next_one_works(
    sandbox: Sandbox,
) -> None:
    client = sandbox.socket("ws_auth")
    client.subscribe("executions")
    plant(sandbox, "AddOrder", "disconnect", executed=True)
    before = placed(sandbox)
    client.send(
        "add_order",
        symbol="BTC/USD",
        side="buy",
        order_type="limit",
        order_qty=0.01,
        limit_price=40000.0,
    )
    opcode = -1
    while opcode != websocket.ABNF.OPCODE_CLOSE:
        opcode, data = client.ws.recv_data()
    assert int.from_bytes(data[:2], "big") == 1001
    assert placed(sandbox) == before + 1
    assert sandbox.socket("ws_auth").add("buy", 0.01, 40000.0)["success"]


def test_a_reset_of_a_socket_is_a_reset(sandbox: Sandbox) -> None:
    client = sandbox.socket("ws_auth")
    client.subscribe("executions")
    plant(sandbox, "AddOrder", "reset")
    client.send(
        "add_order",
        symbol="BTC/USD",
        side="buy",
        order_type="limit",
        order_qty=0.01,
        limit_price=40000.0,
    )
    with pytest.raises(ConnectionResetError):
        while True:
            client.ws.recv()


def test_a_late_frame_keeps_its_place_and_holds_no_other_socket_up(sandbox: Sandbox) -> None:
    slow, quick = sandbox.socket("ws_auth"), sandbox.socket("ws_auth")
    slow.subscribe("executions")
    plant(sandbox, "executions", "late", ms=4_000)
    begun = time.monotonic()
    slow.send(
        "add_order",
        symbol="BTC/USD",
        side="buy",
        order_type="limit",
        order_qty=0.01,
        limit_price=40000.0,
    )
    assert quick.ask("ping")["method"] == "pong"
    assert time.monotonic() - begun < 4
    assert slow.report("new")["exec_type"] == "new"
    assert time.monotonic() - begun > 4
    sequence = [frame["sequence"] for frame in slow.frames if "sequence" in frame]
    assert sequence == sorted(sequence)


def test_heartbeats_come_when_nothing_else_does(sandbox: Sandbox) -> None:
    client = sandbox.socket()
    begun = time.monotonic()
    client.subscribe("book", symbol=["ETH/USD"])
    for _ in range(2):
        client.until(lambda frame: frame.get("channel") == "heartbeat")
    assert 1 < time.monotonic() - begun < PATIENCE_SECONDS


def test_who_does_not_read_is_closed_with_1008_and_costs_little(tmp_path: Path) -> None:
    # Who takes more than five seconds to read as far as the goodbye is cut off before it.
    stores.eventually(lambda: ends_with_1008(tmp_path), "a goodbye that is read in time")


def ends_with_1008(place: Path) -> bool:
    """Whether a client that did not read at first reads a goodbye then."""
    with running(place, "--market", "quiet") as sandbox:
        other, idle = sandbox.socket(), sandbox.socket()
        begun_mb = sandbox.pss_mb()
        for method in ("subscribe", "unsubscribe") * 3_000:
            wanted = {"method": method, "params": {"channel": "instrument"}}
            idle.ws.send(json.dumps(wanted))

        def grown_mb() -> float:
            assert other.ask("ping")["method"] == "pong"  # others are served meanwhile
            return sandbox.pss_mb() - begun_mb

        unread_mb = UNREAD_BYTES >> 20
        stores.eventually(lambda: grown_mb() > 0.75 * unread_mb, "as much waits as may")
        assert max(grown_mb() for _ in range(20)) < 40
        read, end = rest(idle)
        assert sandbox.said() == ""
        if end != b"\x88\x0f" + (1008).to_bytes(2) + b"slow consumer":
            return False
        assert read > UNREAD_BYTES
        return True


def rest(client: Socket) -> tuple[int, bytes]:
    """How many bytes come until the end or a goodbye of 17 bytes, and the last so many."""
    assert client.ws.sock is not None
    read, end = 0, b""
    with suppress(ConnectionError):
        while not end.startswith(b"\x88") and (said := client.ws.sock.recv(1 << 20)):
            read += len(said)
            end = (end + said)[-17:]
    return read, end
