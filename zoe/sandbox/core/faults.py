"""Faults on request: what goes wrong between the engine and a client."""

import difflib
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import attrs

from zoe.sandbox.core import errors
from zoe.sandbox.core.moments import MILLISECOND_NS, SECOND_NS

#: What can happen to a request, whichever route it comes by.
_REQUEST: Final = frozenset(
    {"late", "lost_answer", "slow", "not_executed", "error", "http_502", "reset"}
    | {"duplicate", "silence", "disconnect", "throttled", "lockout", "token_expiry"}
    | {"policy", "idle_close", "message_rate"}
)
#: What can happen to a channel's frame.
_FRAME: Final = frozenset(
    {"late", "duplicate", "reorder", "gap", "bad_checksum", "silence", "disconnect", "reset"}
    | {"policy", "idle_close", "message_rate", "repeat"}
)
#: Of those, what ``*`` means for frames too.
_ANY_FRAME: Final = frozenset({"reorder", "gap", "bad_checksum", "silence", "disconnect"})
#: Faults that are about books only.
_BOOKS: Final = frozenset({"bad_checksum", "repeat"})
#: Faults after which a request is answered all the same.
ANSWERED: Final = frozenset({"late", "slow", "error", "duplicate", "throttled", "lockout"})
#: Faults that are told as an error of the exchange.
SAID: Final = frozenset({"error", "throttled", "lockout"})
#: How a socket ends by a fault: code (None for without a word) and reason.
ENDS: Final[Mapping[str, tuple[int | None, str]]] = {
    "reset": (None, "reset"),
    "http_502": (None, "reset"),
    "disconnect": (1001, "disconnect"),
    "idle_close": (1000, "idle"),
    "policy": (1008, "policy violation"),
}
WHATS: Final = _REQUEST | _FRAME
CHANNELS: Final = frozenset(
    {"executions", "balances", "book", "ticker", "trade", "ohlc", "instrument"}
)
_DEFAULT_MS: Final = 1_000
_MOST_SPOILED: Final = 10_000


@attrs.define(eq=False)
class Fault:
    """One planted fault: hits every ``every``-th of what it is about, ``count`` times."""

    where: str
    what: str
    ms: int = _DEFAULT_MS
    error: str = "EService:Unavailable"
    count: int = 1
    every: int = 1
    executed: bool = False
    ignore_deadline: bool = False
    seen: int = 0

    def said(self, now_ns: int) -> str:
        """The error text of a request that gets one."""
        match self.what:
            case "throttled":
                return errors.THROTTLED.format((now_ns + self.ms * MILLISECOND_NS) // SECOND_NS)
            case "lockout":
                return errors.LOCKOUT
            case _:
                return self.error


@attrs.frozen
class Spoiled:
    """A frame of a private channel that a fault has hit."""

    at_ns: int
    account: str
    where: str
    what: str
    frame: bytes


class Faults:
    """Everything planted; the first that fits is taken.

    Attributes:
        operations: What requests ask for, whichever route they come by.
        spoiled: The newest frames of private channels that were hit, the oldest first.
    """

    def __init__(self) -> None:
        self.operations: frozenset[str] = frozenset()
        self.planted: list[Fault] = []
        #: Channels that something planted is about, or was.
        self.channels: set[str] = set()
        self.spoiled: deque[Spoiled] = deque(maxlen=_MOST_SPOILED)

    def plant(self, fault: Fault) -> None:
        """Plants a fault; it acts from here on."""
        self.planted.append(fault)
        self.channels |= CHANNELS if fault.where == "*" else CHANNELS & {fault.where}

    def clear(self) -> None:
        """Nothing is planted any more."""
        self.planted.clear()
        self.channels.clear()

    def for_request(self, operation: str) -> Fault | None:
        """What happens to this request."""
        for fault in self.planted:
            if fault.where in (operation, "*") and fault.what in _REQUEST:
                return self._hit(fault)
        return None

    def for_frame(self, channel: str) -> Fault | None:
        """What happens to this frame."""
        for fault in self.planted:
            if fault.where not in (channel, "*") or (fault.what in _BOOKS and channel != "book"):
                continue
            kinds = _FRAME if fault.where == channel else _ANY_FRAME
            if fault.what in kinds and channel in CHANNELS:
                return self._hit(fault)
        return None

    def _hit(self, fault: Fault) -> Fault | None:
        fault.seen += 1
        if fault.seen % fault.every:
            return None
        fault.count -= 1
        if fault.count <= 0:
            self.planted.remove(fault)
        return fault


def fault_from(wanted: dict[str, Any], operations: frozenset[str]) -> Fault:
    """A fault as the admin call describes it.

    Raises:
        ValueError: It makes no sense, or would never hit anything.
    """
    kinds: dict[str, type] = {
        "where": str,
        "what": str,
        "ms": int,
        "error": str,
        "count": int,
        "every": int,
        "executed": bool,
        "ignore_deadline": bool,
    }
    for name, value in wanted.items():
        if name not in kinds:
            raise ValueError(f"{name[:40]} is not a field of a fault")
        if type(value) is not kinds[name]:
            raise ValueError(f"{name} must be {kinds[name].__name__}")
    if "where" not in wanted or "what" not in wanted:
        raise ValueError("a fault needs where and what")
    _known("what", wanted["what"], WHATS)
    _known("where", wanted["where"], operations | CHANNELS | {"*"})
    _known(f"where of {wanted['what']}", wanted["where"], _places(wanted["what"], operations))
    if min(wanted.get("ms", 0), wanted.get("count", 1) - 1, wanted.get("every", 1) - 1) < 0:
        raise ValueError("ms must be at least 0, count and every at least 1")
    return Fault(**wanted)


def _places(what: str, operations: frozenset[str]) -> frozenset[str]:
    """Where a fault may hit something."""
    channels = frozenset({"book"}) if what in _BOOKS else CHANNELS
    found = (operations if what in _REQUEST else frozenset()) | (
        channels if what in _FRAME else frozenset()
    )
    return found | {"*"} if what in _REQUEST | _ANY_FRAME else found


def _known(field: str, word: str, known: frozenset[str]) -> None:
    if word in known:
        return
    by_lower = {name.lower(): name for name in sorted(known)}
    near = difflib.get_close_matches(word.lower(), by_lower, 1)
    guess = f"; did you mean {by_lower[near[0]]}?" if near else ""
    words = " ".join(sorted(known))
    raise ValueError(f"{field} is not {word[:40]!r}{guess}; it is one of {words}")
