"""Censor: stands between the exchange's private socket and the desk, for rare rows of the tables.

It leaves reports out, holds them back, or puts another word into them, as an exchange might that
tells less, later or in other words; the channels' sequences are numbered anew, so that the desk
sees no gap. What happened at the exchange stays as it was.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

import attrs

ADD: Final = "add_order"
AMEND: Final = "amend_order"
REPORTS: Final = frozenset({"pending_new", "new", "trade", "filled", "canceled", "expired"})
_NUMBERED: Final = ("executions", "balances")
_DESCRIBED: Final = (
    *("cl_ord_id", "symbol", "side", "order_type", "order_qty", "limit_price"),
    *("time_in_force", "post_only"),
)

Frame = dict[str, Any]


@attrs.define
class Rules:
    """What is done to which frames.

    Attributes:
        left_out: Kinds of reports, or names of methods whose answers never come.
        held_ms: For how long these kinds, or answers to these methods, are held back.
        words: Statuses that are told as others.
    """

    left_out: frozenset[str] = frozenset()
    held_ms: Mapping[str, int] = attrs.field(factory=dict)
    words: Mapping[str, str] = attrs.field(factory=dict)


class Censor:
    """Passes frames on as its ``rules`` want."""

    def __init__(self) -> None:
        self.rules = Rules()
        self._sequence: dict[str, int] = {}
        #: What reports that were left out said of their orders: the next one says it.
        self._unsaid: dict[str, Frame] = {}

    def held_ms(self, payload: bytes) -> int:
        """How long a frame is held back before it is passed on."""
        if not self.rules.held_ms:
            return 0
        return max((self.rules.held_ms.get(name, 0) for name in _names(_read(payload))), default=0)

    def passed(self, payload: bytes) -> bytes | None:
        """The frame as the desk gets it; None where it does not."""
        frame = _read(payload)
        if frame.get("method") in self.rules.left_out:
            return None
        if frame.get("channel") == "executions" and frame.get("type") == "update":
            frame["data"] = [told for row in frame["data"] if (told := self._told(row)) is not None]
            if not frame["data"]:
                return None
        return self._numbered(payload, frame)

    def _told(self, row: Frame) -> Frame | None:
        described: Frame = {name: row[name] for name in _DESCRIBED if name in row}
        unsaid = {**self._unsaid.pop(row["order_id"], {}), **described}
        if row["exec_type"] in self.rules.left_out:
            self._unsaid[row["order_id"]] = unsaid
            return None
        row |= unsaid
        for name in ("exec_type", "order_status"):
            if name in row:
                row[name] = self.rules.words.get(row[name], row[name])
        return row

    def _numbered(self, payload: bytes, frame: Frame) -> bytes:
        channel = frame.get("channel")
        if channel not in _NUMBERED or "sequence" not in frame:
            return payload
        if frame.get("type") != "snapshot":
            frame["sequence"] = self._sequence.get(channel, frame["sequence"] - 1) + 1
        self._sequence[channel] = frame["sequence"]
        return json.dumps(frame, separators=(",", ":")).encode()


def _read(payload: bytes) -> Frame:
    frame: Frame = json.loads(payload)
    return frame


def _names(frame: Frame) -> list[str]:
    if "method" in frame:
        return [frame["method"]]
    if frame.get("channel") == "executions" and frame.get("type") == "update":
        return [row["exec_type"] for row in frame["data"]]
    return []
