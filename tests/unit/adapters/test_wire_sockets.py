"""WebSockets over the wire, against servers of this test's own, well and badly behaved."""

import base64
import contextlib
import hashlib
import queue
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs
import pytest
from websockets.sync.server import Server, ServerConnection, serve

from zoe.adapters import socket_reader, socket_writer
from zoe.messages.wire import (
    WireClose,
    WireClosed,
    WireFrame,
    WireGather,
    WireOpen,
    WireOpened,
    WirePrepare,
    WireSend,
)
from zoe.runtime.message import Message

PATIENCE_SECONDS = 60


class Peer:
    """A server whose connections come into a queue, open until the test lets go."""

    def __init__(self) -> None:
        self.connections: queue.SimpleQueue[ServerConnection] = queue.SimpleQueue()
        self._over = threading.Event()
        self._server: Server = serve(self._handle, "127.0.0.1", 0, max_size=None)
        host, port = self._server.socket.getsockname()[:2]
        self.url = f"ws://{host}:{port}/v2"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _handle(self, connection: ServerConnection) -> None:
        self.connections.put(connection)
        self._over.wait(60)

    def accepted(self) -> ServerConnection:
        return self.connections.get(timeout=PATIENCE_SECONDS)

    def stop(self) -> None:
        self._over.set()
        self._server.shutdown()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads wake up often, so that a test that needs it to happen need not wait."""
    monkeypatch.setattr(socket_reader, "POLL_SECONDS", 0.2)


def opened(wired: Any, url: str, **wishes: Any) -> WireOpened:
    wired.tells(WireOpen("feed", url, **wishes))
    news = wired.hears(WireOpened)
    assert isinstance(news, WireOpened)
    return news


def gone(connection: ServerConnection) -> bool:
    """Waits until the server sees the connection end."""
    with contextlib.suppress(Exception):
        while True:
            connection.recv(timeout=PATIENCE_SECONDS)
    return connection.close_code is not None


def test_frames_go_both_ways_whole_and_in_order(wired: Any, peer: Peer) -> None:
    assert opened(wired, peer.url) == WireOpened("feed", 1)
    server = peer.accepted()
    assert server.request is not None
    assert "Origin" not in server.request.headers
    sent = [b'{"n":%d}' % number for number in range(50)]
    # What is prepared changes nothing: neither their order nor how often each leaves.
    for payload in (*sent[30:20:-1], b"never sent"):
        wired.tells(WirePrepare("feed", 1, payload))
        wired.tells(WirePrepare("nobody's", 1, payload))
    for payload in sent:
        wired.tells(WireSend("feed", 1, payload))
    assert [server.recv(timeout=60) for _ in sent] == [payload.decode() for payload in sent]
    for payload in sent:
        server.send(payload.decode())
    heard: list[WireFrame] = []
    while sum(1 + len(frame.more) for frame in heard) < len(sent):
        heard.append(wired.hears(WireFrame))
    assert [payload for frame in heard for payload in (frame.payload, *frame.more)] == sent
    assert {(frame.connection, frame.generation) for frame in heard} == {("feed", 1)}
    assert all(frame.received_ns > 0 for frame in heard)


def test_a_proxy_of_the_environment_is_not_asked(
    wired: Any, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert opened(wired, peer.url)
    assert peer.accepted()


def test_frames_that_gather_are_whole_and_in_order(wired: Any, peer: Peer) -> None:
    opened(wired, peer.url)
    server = peer.accepted()
    wired.tells(WireGather("feed", 1, 5))
    wired.tells(WireGather("feed", 0, 60_000))
    wired.tells(WireGather("nobody's", 1, 60_000))
    sent = [b'{"n":%d}' % number for number in range(50)]
    for payload in sent:
        server.send(payload.decode())
    heard: list[bytes] = []
    while len(heard) < len(sent):
        frame = wired.hears(WireFrame)
        heard += (frame.payload, *frame.more)
    assert heard == sent


def test_large_and_fragmented_frames_arrive_whole(wired: Any, peer: Peer) -> None:
    opened(wired, peer.url)
    server = peer.accepted()
    server.send("x" * 5_000_000)
    assert wired.hears(WireFrame).payload == b"x" * 5_000_000
    server.send(iter(["one ", "two ", "", "three"]))
    assert wired.hears(WireFrame).payload == b"one two three"
    wired.tells(WireSend("feed", 1, b"y" * 3_000_000))
    assert server.recv(timeout=PATIENCE_SECONDS) == "y" * 3_000_000


def test_a_ping_of_the_server_is_answered_beside_the_traffic(wired: Any, peer: Peer) -> None:
    opened(wired, peer.url)
    server = peer.accepted()
    for text in ("first", "second"):
        answered = server.ping(text)
        server.send(text)
        assert answered.wait(PATIENCE_SECONDS)
        assert wired.hears(WireFrame).payload == text.encode()


@attrs.frozen
class Said(Message):
    """What the reader below makes of a frame."""

    text: str
    thread: int


class Reader:
    """Says each word of a frame."""

    def feed(self, payload: bytes, received_ns: int) -> list[Message]:
        assert received_ns > 0
        return [Said(word, threading.get_ident()) for word in payload.decode().split()]

    def feed_all(self, payloads: Iterable[bytes], received_ns: int) -> list[list[Message]]:
        return [self.feed(payload, received_ns) for payload in payloads]


def test_a_reader_makes_messages_of_frames_in_the_reading_thread(wired: Any, peer: Peer) -> None:
    opened(wired, peer.url, reader=Reader)
    server = peer.accepted()
    server.send("one two")
    server.send("three")
    heard = [wired.hears(Said) for _ in range(3)]
    assert [said.text for said in heard] == ["one", "two", "three"]
    assert len({said.thread for said in heard} - {threading.get_ident()}) == 1


def test_the_server_says_why_it_closes(wired: Any, peer: Peer) -> None:
    opened(wired, peer.url)
    peer.accepted().close(1008, "policy")
    assert wired.hears(WireClosed) == WireClosed("feed", 1, "closed by the peer: 1008 policy")


def test_a_connection_that_is_torn_off_is_told_once(wired: Any, peer: Peer) -> None:
    opened(wired, peer.url)
    server = peer.accepted()
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.socket.shutdown(socket.SHUT_RDWR)
    closed = wired.hears(WireClosed)
    assert (closed.connection, closed.generation) == ("feed", 1)
    assert closed.reason
    wired.tells(WireSend("feed", 1, b"into nothing"))
    assert opened(wired, peer.url).generation == 2
    assert wired.news.empty()


def test_closing_from_another_thread_wakes_the_one_that_reads(
    wired: Any, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_reader, "POLL_SECONDS", 60)
    opened(wired, peer.url)
    server = peer.accepted()
    wired.tells(WireClose("feed"))
    assert gone(server)
    assert wired.news.empty()


def test_opening_again_closes_the_old_connection_and_tells_nothing_of_it(
    wired: Any, peer: Peer
) -> None:
    opened(wired, peer.url)
    old = peer.accepted()
    assert opened(wired, peer.url).generation == 2
    new = peer.accepted()
    assert gone(old)
    wired.tells(WireSend("feed", 1, b"for the old one"))
    wired.tells(WireSend("feed", 2, b"for the new one"))
    assert new.recv(timeout=60) == "for the new one"
    new.send("hello")
    assert wired.hears(WireFrame).generation == 2


def test_sockets_of_two_names_live_side_by_side(wired: Any, peer: Peer) -> None:
    opened(wired, peer.url)
    first = peer.accepted()
    wired.tells(WireOpen("private", peer.url))
    assert wired.hears(WireOpened) == WireOpened("private", 1)
    second = peer.accepted()
    wired.tells(WireClose("private"))
    assert gone(second)
    first.send("still here")
    assert wired.hears(WireFrame).connection == "feed"


def test_a_socket_that_does_not_open_says_so(wired: Any, peer: Peer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        wired.tells(WireOpen("feed", f"ws://127.0.0.1:{taken.getsockname()[1]}"))
        closed = wired.hears(WireClosed)
    assert closed.generation == 0
    assert closed.reason.startswith("did not open: ConnectionRefusedError")
    wired.tells(WireOpen("feed", "nonsense"))
    assert wired.hears(WireClosed).reason.startswith("did not open: ValueError")


class Raw:
    """A server that shakes hands and then does what the test says with the bare socket."""

    def __init__(
        self, then: Callable[[socket.socket], object], answer: bytes | None = None
    ) -> None:
        self._then, self._answer = then, answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        connection, _ = self._listener.accept()
        with connection, self._listener:
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(4096)
            connection.sendall(self._answer or self._welcome(request))
            self._then(connection)

    @staticmethod
    def _welcome(request: bytes) -> bytes:
        lines = request.decode().split("\r\n")
        key = next(v for k, _, v in (line.partition(": ") for line in lines) if "key" in k.lower())
        digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n\r\n"
        ).encode()


def test_a_frame_that_comes_in_pieces_slower_than_the_reads_wait_is_whole(wired: Any) -> None:
    let_go = threading.Event()

    def in_pieces(connection: socket.socket) -> None:
        frame = bytes([0x81, 11]) + b"hello world"
        for cut in (1, 6):
            connection.sendall(frame[:cut])
            frame = frame[cut:]
            let_go.wait(0.5)  # longer than a read waits
        connection.sendall(frame)
        let_go.wait(PATIENCE_SECONDS)

    opened(wired, Raw(in_pieces).url)
    assert wired.hears(WireFrame).payload == b"hello world"
    let_go.set()


def test_bytes_that_are_no_text_are_delivered_as_they_are(wired: Any) -> None:
    let_go = threading.Event()

    def badly(connection: socket.socket) -> None:
        connection.sendall(bytes([0x81, 3]) + b"\xff\xfe\x00")
        let_go.wait(PATIENCE_SECONDS)

    opened(wired, Raw(badly).url)
    assert wired.hears(WireFrame).payload == b"\xff\xfe\x00"
    let_go.set()


def test_a_flood_of_pings_is_answered_and_a_binary_frame_is_a_frame(wired: Any) -> None:
    let_go = threading.Event()
    ping, answer_bytes, count = bytes([0x89, 4]) + b"ping", 10, 500

    def flooding(connection: socket.socket) -> None:
        connection.sendall(ping * count)
        awaited = count * answer_bytes
        while awaited > 0 and (answered := connection.recv(65_536)):
            awaited -= len(answered)
        connection.sendall(bytes([0x82, 5]) + b"still")
        let_go.wait(PATIENCE_SECONDS)

    opened(wired, Raw(flooding).url)
    assert wired.hears(WireFrame).payload == b"still"
    let_go.set()


@pytest.mark.parametrize(
    "noise", [bytes([0xF3, 1, 65]), bytes([0x83, 0]), bytes([0x89, 126, 0, 200]) + b"x" * 200]
)
def test_frames_against_the_protocol_end_the_connection_only(wired: Any, noise: bytes) -> None:
    let_go = threading.Event()

    def noisily(connection: socket.socket) -> None:
        connection.sendall(noise)
        let_go.wait(PATIENCE_SECONDS)

    opened(wired, Raw(noisily).url)
    assert wired.hears(WireClosed).generation == 1
    let_go.set()


def test_a_peer_that_reads_nothing_costs_the_connection_and_nobody_waits(
    wired: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_reader, "POLL_SECONDS", 4)
    let_go = threading.Event()
    opened(wired, Raw(lambda connection: let_go.wait(60)).url)
    before_ns = wired.runtime.clock.monotonic_ns()
    for _ in range(40):
        wired.tells(WireSend("feed", 1, b"x" * 1_000_000))
    assert wired.runtime.clock.monotonic_ns() - before_ns < 4_000_000_000, "as long as a send may"
    assert wired.hears(WireClosed).reason == "a send failed"
    let_go.set()


def test_a_queue_that_only_grows_costs_the_connection(
    wired: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_writer, "LONGEST_QUEUE", 3)
    monkeypatch.setattr(socket_reader, "POLL_SECONDS", 60)
    let_go = threading.Event()
    opened(wired, Raw(lambda connection: let_go.wait(60)).url)
    for _ in range(20):
        wired.tells(WireSend("feed", 1, b"x" * 8_000_000))
    assert wired.hears(WireClosed).reason == "the peer does not read"
    let_go.set()


def test_a_refusal_by_http_is_told_by_its_number_alone(wired: Any) -> None:
    answer = b"HTTP/1.1 429 Too Many\r\nSet-Cookie: who=we-are\r\nContent-Length: 2\r\n\r\nno"
    wired.tells(WireOpen("feed", Raw(lambda connection: None, answer).url))
    assert wired.hears(WireClosed).reason == "did not open: HTTP 429"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"\x00\x01\x02 what is this\r\n\r\n",
    ],
)
def test_a_server_that_shakes_no_hands_is_no_connection(wired: Any, answer: bytes) -> None:
    wired.tells(WireOpen("feed", Raw(lambda connection: None, answer).url))
    closed = wired.hears(WireClosed)
    assert closed.generation == 0
    assert closed.reason.startswith("did not open: ")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "closed by the peer"),
        (b"\x03", "closed by the peer"),
        (b"\x03\xe8", "closed by the peer: 1000"),
        (b"\x03\xf0policy \xff", "closed by the peer: 1008 policy \N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_close_frame_is_read_whatever_it_holds(data: bytes, reason: str) -> None:
    assert socket_reader.close_reason(data) == reason
