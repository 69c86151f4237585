"""What the Journal is asked to do, and the calls to the store that come of it; a part of that actor."""

from typing import Final

import attrs

from zoe.domain.quick import quick
from zoe.messages.journal import Hydrate, Parcel, Record
from zoe.ports.journal import JournalRow, NotedCancel
from zoe.runtime.message import Envelope

_journal_row: Final = quick(JournalRow)


@attrs.frozen(weakref_slot=False, eq=False)
class Waiting:
    """Rows with the envelope they came in, and when that was."""

    record: Record
    envelope: Envelope
    at_ns: int

    def has_rows_of(self, stream: str) -> bool:
        """Whether any of the rows is of a stream."""
        return any(row.stream == stream for row in self.record.rows)


def numbered(
    group: tuple[Waiting, ...], account_id: str, first_seq: int, anchor_seq: dict[int, int]
) -> tuple[JournalRow, ...]:
    """A group's rows as they are stored, numbered from this one on.

    Args:
        anchor_seq: The newest row of each message that had any, by its id; the group's own are added.
    """
    rows: list[JournalRow] = []
    seq = first_seq
    for waiting in group:
        envelope = waiting.envelope
        anchor = None if envelope.anchor is None else anchor_seq.get(envelope.anchor)
        for row in waiting.record.rows:
            numbered_row = _journal_row(
                seq,
                account_id,
                row.stream,
                row.version,
                row.kind,
                waiting.at_ns,
                envelope.message_id,
                envelope.correlation_id,
                envelope.causation_id,
                anchor,
                row.body,
            )
            rows.append(numbered_row)
            seq += 1
        anchor_seq[envelope.message_id] = seq - 1
    return tuple(rows)


@attrs.frozen(eq=False)
class Behind:
    """What is handed on when the rows ``last`` are durable, and the envelope that causes it."""

    last: Waiting
    parcels: tuple[Parcel, ...]
    envelope: Envelope


@attrs.frozen
class Asked:
    """A Hydrate, and the envelope that its answer is caused by."""

    request: Hydrate
    envelope: Envelope


@attrs.frozen
class Open:
    """Learn the newest row's number."""


@attrs.define
class Commit:
    """Make a group durable; ``again`` once it was tried."""

    group: tuple[Waiting, ...]
    rows: tuple[JournalRow, ...]
    again: bool = False


@attrs.frozen
class Collect:
    """Journal the cancels that were noted."""


@attrs.frozen
class Forget:
    """Empty the notes of what is journalled."""

    cancels: tuple[NotedCancel, ...]


@attrs.frozen
class Probe:
    """See whether the store answers, where nothing else asks it."""


#: The one call to the store that is under way, or waits to be tried again.
Work = Open | Commit | Collect | Forget | Probe | Asked
