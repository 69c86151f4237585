"""One actor on a stage: virtual time, and everybody else's address recorded."""

import json
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

import attrs

from zoe.messages.journal import HandOn, Hydrate, Hydrated, Record, Recorded, StoredRow
from zoe.runtime.actor import Actor
from zoe.runtime.message import Envelope, Message
from zoe.runtime.supervisor import Child
from zoe.runtime.virtual import VirtualRuntime

CONCLUDED: Final = {"FILLED", "CANCELED", "EXPIRED", "DENIED", "REJECTED", "ABSENT"}
ASKING: Final = {"order.sending", "order.amending"}

M = TypeVar("M", bound=Message)


class Stage:
    """Runs one actor; what it tells others is in ``said``, by their names.

    Args:
        others: Addresses whose mail is recorded.
        rows: What the journal has already; it answers at once, and keeps what is recorded.
    """

    def __init__(
        self,
        name: str,
        factory: Callable[[], Actor],
        others: tuple[str, ...],
        rows: tuple[StoredRow, ...] = (),
    ) -> None:
        self.runtime = VirtualRuntime(1)
        self.said: dict[str, list[Message]] = {other: [] for other in others}
        self.records: list[Record] = []
        self.answering = True
        self._unanswered: list[Envelope] = []
        #: Whether questions about rows are answered; they are kept in any case.
        self.reading = True
        self.questions: list[Hydrate] = []
        self.rows: list[StoredRow] = list(rows)
        self._name = name
        for other in others:
            self.runtime.endpoint(other, partial(self._heard, other))
        self.runtime.endpoint("journal", self._journal)
        self.runtime.root((Child(name, factory),))
        self.runtime.run_for(0.01)

    def _heard(self, to: str, envelope: Envelope) -> None:
        self.said[to].append(envelope.message)

    def _journal(self, envelope: Envelope) -> None:
        message = envelope.message
        if isinstance(message, Hydrate):
            self.questions.append(message)
            if not self.reading:
                return
            found = Hydrated(message.ref, self._found(message))
            self.runtime.post(message.reply_to, found, cause=envelope)
        elif isinstance(message, Record | HandOn):
            if isinstance(message, Record):
                self._keep(message)
            self._unanswered.append(envelope)
            if self.answering:
                self._answer()

    def _keep(self, record: Record) -> None:
        self.records.append(record)
        for row in record.rows:
            body, seq = json.loads(row.body), len(self.rows) + 1
            # All else is as old as can be: tests give the exchange's own times as small numbers.
            at_ns = self.runtime.clock.wall_ns() if row.kind in ASKING else 0
            self.rows.append(StoredRow(seq, row.stream, row.version, row.kind, at_ns, body))

    def answer(self) -> None:
        """What was recorded and not answered is durable now, and so is what comes."""
        self.answering = True
        self._answer()
        self.runtime.run_for(0.05)

    def _answer(self) -> None:
        unanswered, self._unanswered = self._unanswered, []
        for envelope in unanswered:
            record = envelope.message
            assert isinstance(record, Record | HandOn)
            for to, message in record.parcels:
                self.runtime.post(to, message, cause=envelope)
            if isinstance(record, Record) and record.reply_to is not None:
                self.runtime.post(record.reply_to, Recorded(record.ref), cause=envelope)

    def _found(self, wanted: Hydrate) -> tuple[StoredRow, ...]:
        if wanted.asked_since is not None:
            opening = {row.stream: row.body for row in reversed(self.rows)}
            return tuple(
                attrs.evolve(row, body=opening[row.stream])
                for row in self.rows
                if row.kind in ASKING and row.at_ns > wanted.asked_since
            )
        if wanted.filled_for is not None:
            return tuple(row for row in self.rows if row.kind == "order.fill")
        if wanted.traded_by is not None:
            return tuple(row for row in self.rows if row.kind == "order.traded")
        if wanted.stream is not None:
            found = [row for row in self.rows if row.stream == wanted.stream]
            begin = max((n for n, row in enumerate(found) if row.kind == wanted.since), default=0)
            found = found[begin:]
            return tuple(found[-1:] if wanted.last else found)
        streams: dict[str, list[StoredRow]] = {}
        for row in self.rows:
            if row.stream.startswith("order/"):
                streams.setdefault(row.stream, []).append(row)
        return tuple(
            row for rows in streams.values() if self._is_wanted(wanted, rows) for row in rows
        )

    @staticmethod
    def _is_wanted(wanted: Hydrate, rows: list[StoredRow]) -> bool:
        if wanted.order_ids:
            return any(row.body.get("order_id") in wanted.order_ids for row in rows)
        return rows[-1].body["state"] not in CONCLUDED

    def kinds(self) -> list[str]:
        """The kinds of all rows that were recorded, in order."""
        return [row.kind for record in self.records for row in record.rows]

    def tell(self, message: Message, seconds: float = 0.05) -> None:
        """Tells the actor, and lets virtual time pass."""
        self.runtime.find(self._name).tell(message)
        self.runtime.run_for(seconds)

    def tell_from(self, sender: str, message: Message, seconds: float = 0.05) -> None:
        """Tells the actor as if another one had, who then gets the reply."""
        runtime = self.runtime
        envelope = Envelope(message, 1, 1, None, None, runtime.find(sender), 0)
        runtime.deliver(runtime.find(self._name), envelope)
        runtime.run_for(seconds)

    def run(self, seconds: float) -> None:
        """Lets virtual time pass."""
        self.runtime.run_for(seconds)

    def heard(self, to: str, kind: type[M]) -> list[M]:
        """What ``to`` was told of one kind."""
        return [message for message in self.said[to] if isinstance(message, kind)]
