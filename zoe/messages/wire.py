"""Messages of the wire port: requests and sockets; the address is ``wire``."""

from collections.abc import Callable
from typing import ClassVar

import attrs

from zoe.messages.frames import FrameReader
from zoe.runtime.message import Lane, Message


@attrs.frozen
class WireRequest(Message):
    """One HTTP request, sent once; answered by WireReply or WireLost with its ``request_id``.

    Attributes:
        lane: Requests of one lane leave one at a time, in order.
        headers: May hold a signature, so neither they nor the body are in the repr.
        timeout_seconds: In total, not per read.
    """

    request_id: int
    lane_name: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    timeout_seconds: int


@attrs.frozen
class WireReply(Message):
    """The answer, whatever its status."""

    request_id: int
    status: int
    body: bytes = attrs.field(repr=False)


@attrs.frozen
class WireLost(Message):
    """No answer: whether it was executed is unknown."""

    request_id: int
    reason: str


@attrs.frozen
class WireOpen(Message):
    """Open a socket; its news goes to the sender. An open one of that name is closed first.

    Attributes:
        reader: Makes what decodes its frames in the reader's thread; None delivers WireFrame.
    """

    connection: str
    url: str
    reader: Callable[[], FrameReader] | None = attrs.field(default=None, repr=False)


@attrs.frozen
class WireOpened(Message):
    """The socket is open; ``generation`` tells it from earlier ones of the name."""

    connection: str
    generation: int


@attrs.frozen
class WireClosed(Message):
    """The socket is gone, or did not open (generation 0)."""

    connection: str
    generation: int
    reason: str


@attrs.frozen(weakref_slot=False)
class WireSend(Message):
    """Send a frame, if this generation is still open; a closed one says so by WireClosed."""

    connection: str
    generation: int
    payload: bytes = attrs.field(repr=False)


@attrs.frozen
class WirePrepare(Message):
    """A frame that is to be sent in a moment: whatever can be done about it may be done already.

    It is sent by a WireSend of the same payload, and never without.
    """

    connection: str
    generation: int
    payload: bytes = attrs.field(repr=False)


@attrs.frozen
class WireGather(Message):
    """Nobody is in haste: frames of this generation may wait for others before they are read.

    Attributes:
        milliseconds: At most so long; 0 for at once, as every socket begins.
    """

    connection: str
    generation: int
    milliseconds: int


@attrs.frozen
class WireClose(Message):
    """Close the socket of that name; nobody is told."""

    lane: ClassVar[Lane] = Lane.CONTROL
    connection: str


@attrs.frozen(weakref_slot=False)
class WireFrame(Message):
    """A frame as it came, with those that came with it: they are one turn of who reads them.

    Attributes:
        more: The frames behind it that were there at the same moment, in order.
    """

    connection: str
    generation: int
    payload: bytes
    received_ns: int
    more: tuple[bytes, ...] = ()
