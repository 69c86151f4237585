"""Frames come out whole however the network splits and merges them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websocket import ABNF

from zoe.adapters import socket_frames
from zoe.adapters.socket_frames import FrameStream, Heard, NotTheProtocol, Opcode

PAYLOADS = st.one_of(
    st.binary(max_size=130), st.sampled_from([126, 127, 65_535, 65_536, 70_000]).map(bytes)
)


def frame(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """As a server sends it: not masked."""
    size = len(payload)
    head = bytes([opcode | (0x80 if final else 0)])
    if size < 126:
        return head + bytes([size]) + payload
    if size < 65_536:
        return head + b"\x7e" + size.to_bytes(2) + payload
    return head + b"\x7f" + size.to_bytes(8) + payload


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, Heard]:
    """Bytes, and what they say."""
    sent, said = b"", Heard([], [])
    for _ in range(draw(st.integers(0, 6))):
        payload = draw(PAYLOADS)
        kind = draw(st.sampled_from((Opcode.TEXT, Opcode.BINARY)))
        cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=3)))
        parts = [payload[a:b] for a, b in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
        for n, part in enumerate(parts):
            sent += frame(kind if n == 0 else 0, part, final=n == len(parts) - 1)
            if n < len(parts) - 1 and draw(st.booleans()):
                sent += frame(Opcode.PING, b"between")
                said.controls.append((Opcode.PING, b"between"))
        said.messages.append(payload)
    return sent, said


@given(conversations(), st.lists(st.integers(1, 200), max_size=40))
def test_the_same_is_said_however_the_bytes_come(
    conversation: tuple[bytes, Heard], sizes: list[int]
) -> None:
    sent, said = conversation
    stream, heard, at = FrameStream(), Heard([], []), 0
    for size in (*sizes, len(sent)):
        messages, controls = stream.feed(sent[at : at + size])
        heard.messages.extend(messages)
        heard.controls.extend(controls)
        at += size
    assert heard == said


@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_are_frames_or_end_the_connection(noise: bytes, size: int) -> None:
    stream = FrameStream()
    try:
        for at in range(0, len(noise), size):
            messages, controls = stream.feed(noise[at : at + size])
            assert all(len(payload) <= len(noise) for payload in messages)
            assert all(opcode >= Opcode.CLOSE for opcode, _ in controls)
    except NotTheProtocol as problem:
        assert str(problem)


@given(PAYLOADS)
def test_a_frame_by_the_library_is_read_unless_it_is_masked(payload: bytes) -> None:
    made = ABNF(1, 0, 0, 0, ABNF.OPCODE_BINARY, 0, payload).format()
    assert FrameStream().feed(made).messages == [payload]
    masked = ABNF.create_frame(payload, ABNF.OPCODE_BINARY).format()
    if len(masked) > 10:
        with pytest.raises(NotTheProtocol):
            FrameStream().feed(masked)


def test_five_megabytes_in_small_reads_are_joined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = bytes(5_000_000)
    sent = frame(Opcode.TEXT, payload) + frame(Opcode.TEXT, b"next")
    stream, heard = FrameStream(), []
    for at in range(0, len(sent), 1_400):
        heard += stream.feed(sent[at : at + 1_400]).messages
    assert heard == [payload, b"next"]
    monkeypatch.setattr(socket_frames, "LONGEST", 1_000)
    with pytest.raises(NotTheProtocol, match="a frame of 5000000 bytes"):
        FrameStream().feed(sent[:14])
    many = frame(Opcode.TEXT, bytes(900), final=False) + frame(0, bytes(900), final=False)
    with pytest.raises(NotTheProtocol, match="a message of more"):
        FrameStream().feed(many)


@pytest.mark.parametrize(
    "wrong",
    [
        frame(0, b"a part of nothing"),
        frame(1, b"begun", final=False) + frame(1, b"and begun again"),
        frame(3, b"no such kind"),
        frame(Opcode.PING, bytes(126)),
        frame(Opcode.CLOSE, b"", final=False),
        b"\xc1\x00",
    ],
)
def test_what_no_server_may_send_ends_the_connection(wrong: bytes) -> None:
    with pytest.raises(NotTheProtocol):
        FrameStream().feed(wrong)
