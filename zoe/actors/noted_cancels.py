"""What the Journal makes of cancels that were noted while the store was down."""

import json

import attrs

from zoe.ports.journal import EmergencyNotes, JournalStore, NotedCancel


@attrs.frozen
class Noted:
    """Cancels that were noted while the store was down.

    Attributes:
        start: How many of them are journalled already.
        version: Of the newest that is, 0 where none ever was.
    """

    cancels: tuple[NotedCancel, ...]
    start: int = 0
    version: int = 0


def look(store: JournalStore, notes: EmergencyNotes, stream: str) -> Noted:
    """What is noted; a crash may have kept what is journalled from being forgotten."""
    cancels = notes.read()
    newest = store.stream(stream, last=True) if cancels else ()
    if not newest:
        return Noted(cancels)
    known = [cancel.message_id for cancel in cancels]
    last = newest[0].body["message_id"]
    return Noted(cancels, known.index(last) + 1 if last in known else 0, newest[0].version)


def body_of(cancel: NotedCancel) -> str:
    """The body of the row that journals it."""
    return json.dumps(attrs.asdict(cancel), sort_keys=True, separators=(",", ":"))
