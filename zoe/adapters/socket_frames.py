"""WebSocket frames out of a stream of bytes, without I/O (RFC 6455, section 5; a client's side).

A library that reads frame by frame needs three system calls for each; here one read may hold hundreds.
"""

import enum
import os
from struct import Struct
from typing import Final, NamedTuple

#: Of one message, all its frames together; the exchange's largest are some hundred kB.
LONGEST: Final = 64 * 1024 * 1024
_LONGEST_CONTROL: Final = 125


class Opcode(enum.IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


_DATA: Final = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONTINUATION})
#: Heads of frames of a client's, by how the payload's size is written.
_SHORT: Final = Struct(">BB4s")
_MEDIUM: Final = Struct(">BBH4s")
_LONG: Final = Struct(">BBQ4s")


class NotTheProtocol(Exception):
    """The peer sends what no WebSocket server may send."""


def masked(payload: bytes, opcode: Opcode = Opcode.TEXT) -> bytes:
    """One whole frame of a client's, under a mask that nobody could know (section 5.3)."""
    size, mask = len(payload), os.urandom(4)
    if size < 126:
        head = _SHORT.pack(0x80 | opcode, 0x80 | size, mask)
    elif size < 65_536:
        head = _MEDIUM.pack(0x80 | opcode, 0x80 | 126, size, mask)
    else:
        head = _LONG.pack(0x80 | opcode, 0x80 | 127, size, mask)
    pattern = int.from_bytes((mask * (size // 4 + 1))[:size])
    return head + (int.from_bytes(payload) ^ pattern).to_bytes(size)


class Heard(NamedTuple):
    """What is whole: messages, be they text or not, and control frames, each in the order of their last byte."""

    messages: list[bytes]
    controls: list[tuple[Opcode, bytes]]


class FrameStream:
    """Makes whole messages of the bytes that come."""

    def __init__(self) -> None:
        self._rest = b""
        #: Reads of a large frame, joined when it can be whole: each alone would cost a copy of all.
        self._reads: list[bytes] = []
        self._missing = 0
        #: Frames of a message whose last has not come; none where the last message is whole.
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Heard:
        """What is complete with these bytes.

        Raises:
            NotTheProtocol: The connection is of no more use.
        """
        heard = Heard([], [])
        if self._missing > len(data):
            self._missing -= len(data)
            self._reads.append(data)
            return heard
        if self._rest:
            data = b"".join((self._rest, *self._reads, data))
            self._reads.clear()
        self._missing = 0
        messages, parts = heard.messages, self._parts
        at, end = 0, len(data)
        while end - at >= 2:
            # Nearly every frame is one of these: whole text, with a short or a two-byte length.
            begin, size = at + 2, data[at + 1]
            if size == 126:
                begin = at + 4
                if end < begin:
                    break
                size = data[at + 2] << 8 | data[at + 3]
            elif size > 126:
                begin, size = self._long(data, at)
                if end < begin:
                    break
            over = begin + size
            if end < over:
                self._missing = over - end
                break
            if data[at] == 0x81 and not parts:
                messages.append(data[begin:over])
            else:
                self._other(data[at], data[begin:over], heard)
            at = over
        self._rest = data[at:]
        return heard

    @staticmethod
    def _long(data: bytes, at: int) -> tuple[int, int]:
        """Where the payload begins, and its size, of one with an eight-byte length."""
        if data[at + 1] != 127:
            raise NotTheProtocol("a masked frame from a server")
        size = int.from_bytes(data[at + 2 : at + 10])
        if size > LONGEST and len(data) >= at + 10:
            raise NotTheProtocol(f"a frame of {size} bytes")
        return at + 10, size

    def _other(self, first: int, payload: bytes, heard: Heard) -> None:
        final, reserved = first & 0x80, first & 0x70
        try:
            opcode = Opcode(first & 0x0F)
        except ValueError:
            raise NotTheProtocol(f"opcode {first & 0x0F}") from None
        if reserved:
            raise NotTheProtocol("reserved bits")
        if opcode in _DATA:
            self._part(opcode, payload)
            if final:
                heard.messages.append(b"".join(self._parts))
                self._parts.clear()
                self._size = 0
        elif final and len(payload) <= _LONGEST_CONTROL:
            heard.controls.append((opcode, payload))
        else:
            raise NotTheProtocol("a control frame that is too long, or in parts")

    def _part(self, opcode: Opcode, payload: bytes) -> None:
        if (opcode is Opcode.CONTINUATION) != bool(self._parts):
            raise NotTheProtocol("frames of two messages mixed")
        self._parts.append(payload)
        self._size += len(payload) + 1  # one that brings nothing takes room as well
        if self._size > LONGEST:
            raise NotTheProtocol(f"a message of more than {LONGEST} bytes")
