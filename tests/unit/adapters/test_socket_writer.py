"""The sending half of a socket: at once where there is room, in order whatever happens."""

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.adapters import socket_writer
from zoe.adapters.socket_frames import Opcode, masked
from zoe.adapters.socket_writer import SocketWriter

PATIENCE_SECONDS = 60


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.settimeout(PATIENCE_SECONDS)
    with ours, theirs:
        yield ours, theirs


def writer_on(connection: socket.socket) -> tuple[SocketWriter, list[str]]:
    failures: list[str] = []
    writer = SocketWriter(failures.append)
    writer.open(connection)
    return writer, failures


def payloads(data: bytes) -> list[bytes]:
    """What the frames say that these bytes are, whole and masked."""
    found = []
    while data:
        at = {126: 4, 127: 10}.get(data[1] & 0x7F, 2)
        size = int.from_bytes(data[2:at]) if at > 2 else data[1] & 0x7F
        mask, body = data[at : at + 4], data[at + 4 : at + 4 + size]
        found.append(bytes(byte ^ mask[n % 4] for n, byte in enumerate(body)))
        data = data[at + 4 + size :]
    return found


def length(said: list[bytes]) -> int:
    """How many bytes frames of these payloads are."""
    return sum(len(masked(payload)) for payload in said)


@given(st.binary(max_size=70_000), st.sampled_from([Opcode.TEXT, Opcode.PONG]))
def test_a_masked_frame_unmasked_is_its_payload(payload: bytes, opcode: Opcode) -> None:
    frame = masked(payload, opcode)
    assert frame[0] == 0x80 | opcode and frame[1] & 0x80
    assert payloads(frame) == [payload]


def test_a_frame_leaves_in_the_senders_thread(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    writer, failures = writer_on(ours)
    writer.send(b"now")
    assert payloads(theirs.recv(100)) == [b"now"]
    assert failures == []


def test_a_frame_that_is_made_ahead_leaves_when_it_is_sent_under_a_mask_of_its_own(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = ends
    writer, _ = writer_on(ours)
    said = b"s" * 500
    writer.prepare(said)
    monkeypatch.setattr(socket_writer, "masked", lambda payload, opcode: b"made anew")
    writer.send(b"another")
    assert theirs.recv(1_000) == b"made anew"
    writer.send(said)
    assert payloads(theirs.recv(1_000)) == [said]
    writer.send(said)
    assert theirs.recv(1_000) == b"made anew"


def test_frames_that_are_made_and_never_sent_do_not_gather() -> None:
    writer = SocketWriter(lambda reason: None)
    for number in range(3 * socket_writer.MOST_READY):
        writer.prepare(b"%d" % number)
    assert len(writer._ready) <= socket_writer.MOST_READY


def test_nothing_leaves_before_the_connection_is_there(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    writer = SocketWriter(lambda reason: None)
    writer.send(b"early")
    writer.open(ours)
    writer.send(b"later")
    writer.write(0)
    assert payloads(theirs.recv(100)) == [b"early", b"later"]


def test_frames_keep_their_order_when_the_peer_reads_slowly(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)
    writer, failures = writer_on(ours)
    said = [b"%08d" % number * 200 for number in range(200)]
    for payload in said:
        writer.send(payload)
    half, heard, over = length(said) // 2, b"", threading.Event()

    def write() -> None:
        while not over.is_set():
            writer.write(PATIENCE_SECONDS)

    thread = threading.Thread(target=write)
    thread.start()
    while len(heard) < half:
        heard += theirs.recv(1 << 16)
    # These come while the thread writes.
    more = [b"more%04d" % number for number in range(100)]
    for payload in more:
        writer.send(payload)
    said += more
    while len(heard) < length(said):
        data = theirs.recv(1 << 16)
        assert data
        heard += data
    over.set()
    writer.wake()
    thread.join(PATIENCE_SECONDS)
    assert payloads(heard) == said
    assert failures == []


def test_a_connection_that_is_gone_is_said_once_something_is_sent(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    writer, failures = writer_on(ours)
    theirs.close()
    writer.send(b"into nothing")
    writer.write(0)
    assert failures == ["a send failed"]


def test_a_queue_that_only_grows_is_a_failure(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_writer, "LONGEST_QUEUE", 2)
    failures: list[str] = []
    writer = SocketWriter(failures.append)
    for _ in range(4):
        writer.send(b"x")
    assert failures == ["the peer does not read"]
