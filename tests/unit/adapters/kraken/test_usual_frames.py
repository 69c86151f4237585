"""Frames of the private socket in their usual form, which are decoded at once, and in any other."""

import json
from typing import Any

import pytest
from private_rows import ENTRY, NEW, STAMP, frame

from zoe.adapters.kraken.private_frames import update
from zoe.adapters.kraken.ws_session import KrakenSession
from zoe.domain.quantity import Price, Quantity
from zoe.domain.sighting import Sighting
from zoe.messages.market import FrameNotUnderstood


class Line:
    """A session that has heard its snapshots."""

    def __init__(self) -> None:
        self.session = KrakenSession()
        for channel in ("executions", "balances"):
            self.hears(frame(channel, 1, kind="snapshot"))

    def hears(self, *frames: dict[str, Any]) -> list[object]:
        said: list[object] = []
        for each in frames:
            said += self.session.received(json.dumps(each).encode(), 0)
        return said


def in_other_words(told: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The same frame in forms that are not the usual one."""
    backwards = dict(reversed(told.items()))
    return (backwards, told | {"success": True}, {"method": None} | told)


@pytest.mark.parametrize("form", [0, 1, 2])
@pytest.mark.parametrize(
    "told",
    [
        frame("executions", 2, NEW | {"ratecount": 1.25}),
        frame("executions", 2, NEW, {"order_id": 7}),
        frame("executions", 2, NEW | {"order_status": "odd", "exec_type": "odder"}),
        frame("executions", 4, NEW),
        frame("executions", 1, NEW),
        frame("balances", 2, ENTRY, ENTRY | {"ledger_id": "L-2"}),
        frame("balances", 2, ENTRY | {"fee": "NaN"}, ENTRY),
        frame("balances", 2, {"asset": "USD", "balance": 5, "wallets": []}, kind="snapshot"),
    ],
)
def test_a_frame_says_the_same_whichever_way_it_is_read(told: dict[str, Any], form: int) -> None:
    usual, other = Line(), Line()
    said = usual.hears(told)
    assert other.hears(in_other_words(told)[form]) == said
    after = (frame("executions", 3, NEW), frame("balances", 3, ENTRY))
    assert other.hears(*after) == usual.hears(*after)


@pytest.mark.parametrize(("channel", "row"), [("executions", NEW), ("balances", ENTRY)])
def test_only_the_usual_form_is_decoded_at_once(channel: str, row: dict[str, Any]) -> None:
    told = frame(channel, 2, row)
    assert update(json.dumps(told).encode()) is not None
    assert [update(json.dumps(other).encode()) for other in in_other_words(told)] == [None] * 3


def test_a_type_of_update_nobody_listed_is_read_as_no_update() -> None:
    (unread,) = Line().hears(frame("executions", 2, NEW, kind="correction"))
    assert isinstance(unread, FrameNotUnderstood)


def test_what_a_report_lacks_stays_with_what_was_said_of_it_last() -> None:
    line = Line()
    line.hears(frame("executions", 2, NEW))
    changed = {"order_qty": 0.03, "exec_type": "amended", "order_status": "new"}
    told = {"order_id": "O-1", "timestamp": STAMP}
    (amended,) = line.hears(frame("executions", 3, told | changed))
    (later,) = line.hears(
        frame("executions", 4, told | {"exec_type": "new", "order_status": "new"})
    )
    assert isinstance(amended, Sighting) and isinstance(later, Sighting)
    assert amended.description is not None and later.description is amended.description
    assert amended.description.quantity == Quantity.of("0.03")
    assert amended.description.limit_price == Price.of("90000")


def test_a_report_whose_bytes_are_no_text_costs_no_other() -> None:
    line = Line()
    spoilt = frame("executions", 2, NEW | {"order_id": "O-?"}, NEW)
    payload = json.dumps(spoilt).encode().replace(b"O-?", b"O-\xff")
    unread, told = line.session.received(payload, 0)
    assert isinstance(unread, FrameNotUnderstood) and isinstance(told, Sighting)
    (later,) = line.hears(frame("executions", 3, NEW | {"order_id": "O-2"}))
    assert isinstance(later, Sighting)


def test_an_order_is_described_in_the_digits_of_its_last_report() -> None:
    line = Line()
    told = {"order_id": "O-1", "timestamp": STAMP, "exec_type": "amended", "order_status": "new"}
    row = json.dumps(told | {"limit_price": 90001, "order_qty": "?"}).replace('"?"', "0.0200")
    told_in = b'{"channel":"executions","type":"update","data":[%b],"sequence":3}'
    line.hears(frame("executions", 2, NEW))
    (amended,) = line.session.received(told_in % row.encode(), 0)
    assert isinstance(amended, Sighting) and amended.description is not None
    assert str(amended.description.quantity.value) == "0.0200"
