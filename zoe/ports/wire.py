"""The wire: the contract of whatever serves the address ``wire`` (messages/wire.py).

It never blocks its caller and never sends anything twice. A WireRequest is answered exactly once,
by WireReply or WireLost. A WireOpen is answered by WireOpened, later WireClosed, or by WireClosed
alone with generation 0. A WireGather may make frames come some milliseconds later, and a WirePrepare
may make one leave sooner that is sent afterwards. Frames of a
generation come in order, after its WireOpened and before its WireClosed; a WireClose is not
answered. All news goes to the sender of the WireOpen: WireOpened and WireClosed caused by it, what
frames say as roots of their own.
"""

from typing import Protocol

from zoe.messages.frames import FrameReader
from zoe.runtime.message import Envelope

__all__ = ["FrameReader", "Wire"]


class Wire(Protocol):
    """Serves the wire's address."""

    def handle(self, envelope: Envelope) -> None:
        """Takes any wish of messages/wire.py; never blocks."""
