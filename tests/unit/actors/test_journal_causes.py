"""What the Journal answers follows from what it was asked, also when a group was one commit."""

from functools import partial

from journal import MemoryJournal

from zoe.actors.journal import Journal
from zoe.messages.journal import Hydrate, Hydrated, Record, Recorded, Row
from zoe.runtime.message import Envelope
from zoe.runtime.supervisor import Child
from zoe.runtime.virtual import VirtualRuntime


def test_answers_of_one_group_are_each_caused_by_their_own_request() -> None:
    runtime = VirtualRuntime(1)
    heard: list[Envelope] = []
    asker = runtime.endpoint("asker", heard.append)
    runtime.root((Child("journal", partial(Journal, "a", MemoryJournal("a"))),))
    asked = {}
    for number in range(1, 6):
        row = Row(f"stream/{number}", 1, "a.test", "{}")
        record = Record((row,), number, asker)
        asked[number] = runtime.find("journal").tell(record, correlation_id=100 + number)
    asked[9] = runtime.find("journal").tell(Hydrate(9, asker, stream="stream/1"), correlation_id=9)
    runtime.run_for(5)
    assert len(heard) == 6
    for envelope in heard:
        message = envelope.message
        assert isinstance(message, Recorded | Hydrated)
        assert envelope.causation_id == asked[message.ref]
        assert envelope.correlation_id == (9 if message.ref == 9 else 100 + message.ref)
        if isinstance(message, Recorded):
            assert envelope.anchor == asked[message.ref]
