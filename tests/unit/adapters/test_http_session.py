"""HTTP answers that come too slowly or are too large, from a server that is only a socket."""

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
import requests

from zoe.adapters import http_session
from zoe.adapters.http_session import HttpAnswer, exchange, new_session, why

PATIENCE_SECONDS = 60
Speak = Callable[[socket.socket, threading.Event], None]


class Peer:
    """Speaks to each connection after it has heard a request, as often as one comes."""

    def __init__(self, speak: Speak) -> None:
        self._speak = speak
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        self.connections = 0
        self.ending = threading.Event()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, body: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=body, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(PATIENCE_SECONDS)
            self._start(lambda taken=connection: self._serve(taken))  # type: ignore[misc]  # bound now

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while connection.recv(65_536):
                    self._speak(connection, self.ending)
            except OSError:
                return  # the client has had enough

    def end(self) -> None:
        self.ending.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def peer() -> Iterator[Callable[[Speak], Peer]]:
    made: list[Peer] = []

    def make(speak: Speak) -> Peer:
        made.append(Peer(speak))
        return made[-1]

    yield make
    for each in made:
        each.end()


def asked(where: Peer, seconds: float = 30) -> HttpAnswer:
    with new_session() as session:
        return exchange(session, ("GET", where.url), (("X", "SIGNATURE"),), b"", seconds)


def whole(body: bytes, headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (headers, len(body), body)


def drip(text: bytes) -> Speak:
    """A byte every 50 ms: each in time, all together never."""

    def speak(connection: socket.socket, ending: threading.Event) -> None:
        for number in range(len(text)):
            connection.sendall(text[number : number + 1])
            if ending.wait(0.05):
                return

    return speak


@pytest.mark.parametrize(
    "text",
    [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000, whole(b"x" * 1_000), b"x" * 1_000],
    ids=["headers", "body", "status"],
)
def test_an_answer_that_drips_is_cut_at_the_total_time(
    peer: Callable[[Speak], Peer], text: bytes
) -> None:
    quick = (
        text[: text.index(b"\r\n\r\n") + 4] if text.endswith(b"x") and b"\r\n\r\n" in text else b""
    )

    def speak(connection: socket.socket, ending: threading.Event) -> None:
        connection.sendall(quick)
        drip(text[len(quick) :])(connection, ending)

    begun = time.monotonic()
    with pytest.raises(requests.RequestException) as caught:
        asked(peer(speak), 0.5)
    # Its bytes alone would take longer.
    assert 0.4 < time.monotonic() - begun < 40
    assert "SIGNATURE" not in str(caught.value)


def test_a_quick_answer_after_a_slow_one_has_its_own_time(peer: Callable[[Speak], Peer]) -> None:
    def speak(connection: socket.socket, ending: threading.Event) -> None:
        ending.wait(0.7)
        connection.sendall(whole(b"fine"))

    where = peer(speak)
    with new_session() as session:
        for _ in range(8):
            answer = exchange(session, ("GET", where.url), (), b"", 5)  # less than all
            assert (answer.status, answer.body) == (200, b"fine")
    assert where.connections == 1, "one connection for all"


def test_a_body_that_unpacks_to_more_than_any_answer_is_refused_before_it_is_unpacked(
    peer: Callable[[Speak], Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_session, "LARGEST_BODY", 1_000_000)
    bomb = gzip.compress(b"0" * 50_000_000)
    where = peer(
        lambda connection, _: connection.sendall(whole(bomb, b"Content-Encoding: gzip\r\n"))
    )
    tracemalloc.start()
    with pytest.raises(requests.RequestException, match="more than 1000000 bytes"):
        asked(where)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_large_plain_body_is_refused_too_and_one_that_just_fits_is_not(
    peer: Callable[[Speak], Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_session, "LARGEST_BODY", 1_000_000)
    fits = peer(lambda connection, _: connection.sendall(whole(b"x" * 1_000_000)))
    assert len(asked(fits).body) == 1_000_000
    large = peer(lambda connection, _: connection.sendall(whole(b"x" * 1_000_001)))
    with pytest.raises(requests.RequestException, match="more than"):
        asked(large)


def test_a_packed_body_is_unpacked_and_a_damaged_one_is_no_answer(
    peer: Callable[[Speak], Peer],
) -> None:
    packed = whole(gzip.compress(b"fine"), b"Content-Encoding: gzip\r\n")
    assert asked(peer(lambda connection, _: connection.sendall(packed))).body == b"fine"
    damaged = whole(b"not gzip at all", b"Content-Encoding: gzip\r\n")
    with pytest.raises(requests.RequestException):
        asked(peer(lambda connection, _: connection.sendall(damaged)))


def test_a_failure_is_told_by_its_kind_and_the_systems_words_and_never_by_what_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    call = ("GET", f"http://127.0.0.1:{port}/?key=SECRET")
    with new_session() as session, pytest.raises(requests.RequestException) as failed:
        exchange(session, call, (("API-Key", "SECRET"),), b"", PATIENCE_SECONDS)
    assert "SECRET" in str(failed.value)
    assert why(failed.value) == "ConnectionError: Connection refused"
    assert why(requests.exceptions.ContentDecodingError("of SECRET")) == "ContentDecodingError"
