"""What is read of an open socket, however its frames are cut and whatever a bad peer sends."""

import socket
from collections.abc import Iterator

import pytest
import websocket

from zoe.adapters import socket_frames
from zoe.adapters.socket_incoming import SocketIncoming

TEXT, CONTINUED, CLOSE, PING, LAST = 1, 0, 8, 9, 0x80


def frame(kind: int, payload: bytes) -> bytes:
    return bytes((kind, len(payload))) + payload


@pytest.fixture
def ends() -> Iterator[tuple[SocketIncoming, socket.socket]]:
    """A reader, and the peer that it reads of."""
    ours, peer = socket.socketpair()
    opened = websocket.WebSocket(enable_multithread=True)
    opened.sock = ours
    ours.settimeout(0.01)
    with ours, peer:
        yield SocketIncoming(opened), peer


Ends = tuple[SocketIncoming, socket.socket]


def test_frames_are_whole_wherever_the_network_cuts_them(ends: Ends) -> None:
    incoming, peer = ends
    told = frame(TEXT | LAST, b"one") + frame(TEXT, b"tw") + frame(CONTINUED | LAST, b"o")
    for cut in range(len(told) + 1):
        heard: list[bytes] = []
        for part in (told[:cut], told[cut:]):
            peer.sendall(part)
            payloads, ended = incoming.read()
            heard += payloads
            assert ended is None
        assert heard == [b"one", b"two"]


def test_a_message_without_end_ends_the_connection(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_frames, "LONGEST", 50_000)
    incoming, peer = ends
    for part in (b"", b"x" * 100):
        incoming = SocketIncoming(incoming.opened)
        peer.sendall(frame(TEXT, b"{"))
        for _ in range(50_001):
            peer.sendall(frame(CONTINUED, part))
            payloads, ended = incoming.read()
            assert payloads == []
            if ended is not None:
                break
        assert ended is not None and "more than" in ended


def test_a_ping_is_answered_and_a_goodbye_is_told_behind_what_came_before(ends: Ends) -> None:
    incoming, peer = ends
    peer.sendall(frame(PING | LAST, b"hi") + frame(TEXT | LAST, b"last"))
    assert incoming.read() == ([b"last"], None)
    assert peer.recv(100)[:2] == bytes((0x8A, 0x80 | 2))
    peer.sendall(frame(TEXT | LAST, b"bye") + frame(CLOSE | LAST, b"\x03\xf0policy"))
    assert incoming.read() == ([b"bye"], "closed by the peer: 1008 policy")


def test_silence_is_nothing_and_a_gone_peer_is_the_end(ends: Ends) -> None:
    incoming, peer = ends
    assert incoming.read() == ([], None)
    peer.close()
    assert incoming.read() == ([], "closed by the peer without a word")
