"""HTTP over the wire, against a server of this test's own that misbehaves when it is told to."""

import http.server
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from zoe.messages.wire import WireLost, WireReply, WireRequest

PATIENCE_SECONDS = 60


class Handler(http.server.BaseHTTPRequestHandler):
    """Does what the path of a request says."""

    protocol_version = "HTTP/1.1"
    #: Set in the subclass of each server.
    test: "Server"

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.test.requests.append((self.path, dict(self.headers), body))
        self.test.arrived.release()
        getattr(self, self.path.partition("?")[0].strip("/"))()

    do_GET = do_POST

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def fine(self) -> None:
        self._answer(200, b"fine")

    def bad(self) -> None:
        self._answer(502, b"<html>bad gateway</html>")

    def elsewhere(self) -> None:
        self._answer(302, b"", Location="/fine")

    def large(self) -> None:
        self._answer(200, b"x" * 5_000_000)

    def once(self) -> None:
        self._answer(200, b"once", Connection="close")
        self.close_connection = True

    def held(self) -> None:
        self.test.released.wait(PATIENCE_SECONDS)
        self._answer(200, b"held")

    def drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while not self.test.released.wait(0.05):
            self.wfile.write(b".")

    def reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.shutdown(socket.SHUT_RD)
        self.close_connection = True

    def cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"half")
        self.close_connection = True


class Server:
    """Answers by the path: what each asks for stands in ``Handler``."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.arrived = threading.Semaphore(0)
        self.released = threading.Event()
        handler = type("OwnHandler", (Handler,), {"test": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def received(self) -> str:
        """Waits for one more request, and returns its path."""
        assert self.arrived.acquire(timeout=PATIENCE_SECONDS)
        return self.requests[-1][0]

    def stop(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def request(
    server: Server, number: int, path: str, lane: str = "private", seconds: int = 30
) -> WireRequest:
    headers = (("API-Sign", "SIGNATURE"), ("User-Agent", "zoe"))
    return WireRequest(number, lane, "POST", server.url + path, headers, b"nonce=1", seconds)


def test_an_answer_comes_back_and_the_request_went_out_as_it_was(
    wired: Any, server: Server
) -> None:
    wired.tells(request(server, 7, "/fine"))
    reply = wired.hears(WireReply)
    assert (reply.request_id, reply.status, reply.body) == (7, 200, b"fine")
    (path, headers, body) = server.requests[0]
    assert (path, body) == ("/fine", b"nonce=1")
    assert (headers["API-Sign"], headers["User-Agent"]) == ("SIGNATURE", "zoe")


@pytest.mark.parametrize(
    ("path", "status", "size"),
    [("/bad", 502, 24), ("/elsewhere", 302, 0), ("/large", 200, 5_000_000)],
)
def test_any_answer_is_an_answer_and_no_redirect_is_followed(
    wired: Any, server: Server, path: str, status: int, size: int
) -> None:
    wired.tells(request(server, 1, path))
    reply = wired.hears(WireReply)
    assert (reply.status, len(reply.body)) == (status, size)
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("path", ["/reset", "/cut"])
def test_a_connection_that_breaks_is_lost_and_nothing_is_sent_twice(
    wired: Any, server: Server, path: str, method: str
) -> None:
    wired.tells(attrs.evolve(request(server, 1, path), method=method))
    lost = wired.hears(WireLost)
    assert lost.request_id == 1
    assert "SIGNATURE" not in lost.reason
    wired.tells(request(server, 2, "/fine"))
    assert wired.hears(WireReply).request_id == 2
    assert [path for path, _, _ in server.requests] == [path, "/fine"]


def test_nobody_there_is_lost(wired: Any, server: Server) -> None:
    server.stop()
    wired.tells(request(server, 1, "/fine"))
    assert wired.hears(WireLost).reason == "ConnectionError: Connection refused"


def test_a_dripping_answer_is_cut_at_the_total_time_and_the_lane_goes_on(
    wired: Any, server: Server
) -> None:
    before_ns = wired.runtime.clock.monotonic_ns()
    wired.tells(request(server, 1, "/drip", seconds=1))
    wired.tells(request(server, 2, "/fine"))
    lost = wired.hears(WireLost)
    passed_ns = wired.runtime.clock.monotonic_ns() - before_ns
    assert (lost.request_id, lost.reason) == (1, "no answer in time")
    assert 900_000_000 < passed_ns < 30_000_000_000
    # The first call still holds its thread: the second has another, and another session.
    assert not server.released.is_set()
    assert wired.hears(WireReply).request_id == 2


def test_an_answer_that_comes_too_late_is_not_told_any_more(wired: Any, server: Server) -> None:
    wired.tells(request(server, 1, "/held", seconds=1))
    assert wired.hears(WireLost).request_id == 1
    server.released.set()
    for number in (2, 3):
        wired.tells(request(server, number, "/fine"))
        assert wired.hears(WireReply).request_id == number
    assert wired.news.empty()


def test_requests_of_a_lane_leave_one_at_a_time_in_order_and_lanes_do_not_wait_for_each_other(
    wired: Any, server: Server
) -> None:
    wired.tells(request(server, 1, "/held"))
    wired.tells(request(server, 2, "/fine?second"))
    wired.tells(request(server, 3, "/fine?third"))
    assert server.received() == "/held"
    wired.tells(request(server, 9, "/fine?other", lane="public"))
    assert server.received() == "/fine?other"
    assert wired.hears(WireReply).request_id == 9
    server.released.set()
    assert [wired.hears(WireReply).request_id for _ in range(3)] == [1, 2, 3]
    paths = [path for path, _, _ in server.requests]
    assert paths == ["/held", "/fine?other", "/fine?second", "/fine?third"]


def test_a_connection_that_the_server_closed_between_requests_costs_nothing(
    wired: Any, server: Server
) -> None:
    for number in range(3):
        wired.tells(request(server, number, "/once"))
        assert wired.hears(WireReply).body == b"once"
    assert len(server.requests) == 3


def test_a_proxy_of_the_environment_is_not_asked(
    wired: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    wired.tells(request(server, 1, "/fine"))
    assert wired.hears(WireReply).body == b"fine"


def test_neither_signature_nor_body_of_a_request_is_in_its_repr(server: Server) -> None:
    shown = repr(request(server, 1, "/fine"))
    assert "SIGNATURE" not in shown
    assert "nonce" not in shown
