"""What leaves towards a socket, and when nothing does any more."""

from zoe.sandbox.core.faults import Faults
from zoe.sandbox.core.outbox import Outbox, Session
from zoe.sandbox.core.wire import Drop, Frame


def test_a_socket_that_is_ended_is_forgotten_by_everybody_at_once() -> None:
    outbox = Outbox(Faults())
    session = Session(1, False, 0, 0)
    outbox.sessions[1] = session
    told: list[Session] = []
    outbox.on_drop = told.append
    outbox.frame(session, "book", b"{}")
    outbox.drop(session, 1001, "idle")
    outbox.drop(session, 1001, "idle")
    outbox.frame(session, "book", b"{}")
    outbox.answer(session, b"{}", 0, None)
    assert told == [session]
    assert [type(delivery.payload) for delivery in outbox.take()] == [Frame, Drop]
    assert outbox.take() == []


def test_a_place_kept_for_an_answer_is_before_what_followed() -> None:
    outbox = Outbox(Faults())
    session = outbox.sessions[1] = Session(1, True, 0, 0)
    outbox.frame(session, "status", b"1")
    place = outbox.mark
    outbox.frame(session, "executions", b"3")
    outbox.answer(session, b"2", 0, place)
    outbox.answer(session, b"4", 0, None)
    assert [delivery.payload for delivery in outbox.take()] == [
        Frame(b"1"),
        Frame(b"2"),
        Frame(b"3"),
        Frame(b"4"),
    ]
