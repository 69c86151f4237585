"""The books on PostgreSQL: one call a booking, so one round trip and one durable transaction."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from zoe.domain.booking import (
    Booking,
    Delivery,
    Edition,
    JournalEntry,
    LotOpened,
    LotUsed,
    PinnedMark,
    StoredBooks,
)
from zoe.domain.declarations import Declaration, terms_of
from zoe.domain.ledger_row import LedgerRow, decimals_of, text_of, units_of_text
from zoe.domain.marks import Mark
from zoe.domain.quantity import plain
from zoe.domain.watched import Watched, unwatched
from zoe.ports.ledger_store import DriftRow
from zoe.store import declarations
from zoe.store.connection import Connection, Database

_BOOK: Final = "SELECT book(:account, CAST(:batch AS jsonb))"
#: Rows that are fetched at a time; a row is some 200 bytes of text.
PAGE: Final = 20_000
_WRITTEN: Final = """
    SELECT (SELECT count(*) FROM raw_event WHERE account_id = :account),
           (SELECT count(*) FROM declaration WHERE account_id = :account)
"""
_DRIFT: Final = """
    INSERT INTO drift (account_id, number, at_ns, subject, status, cause, ours, theirs, repair)
    SELECT :account, CAST(r ->> 0 AS bigint), CAST(r ->> 1 AS bigint), r ->> 2, r ->> 3, r ->> 4,
           r ->> 5, r ->> 6, r ->> 7
      FROM jsonb_array_elements(CAST(:rows AS jsonb)) AS r
"""
_ROWS: Final = """
    SELECT r.arrival, json_build_array(r.ext_id, r.refid, greatest(r.time_ns, f.time_ns), r.type,
           r.subtype, r.wallet, CAST(r.amount AS text), CAST(r.fee AS text),
           CAST(r.balance AS text)) AS row
      FROM raw_event r
      LEFT JOIN (SELECT ext_id, max(time_ns) AS time_ns FROM raw_refined
                  WHERE account_id = :account GROUP BY ext_id) f USING (ext_id)
     WHERE r.account_id = :account AND r.arrival > :after ORDER BY r.arrival LIMIT :page
"""
_ENTRIES: Final = """
    SELECT position, to_json(entry_key) AS row FROM journal_entry
     WHERE account_id = :account AND position > :after ORDER BY position LIMIT :page
"""
_IN_FORCE: Final = """
    SELECT asset, max(edition) AS edition FROM lot_edition WHERE account_id = :account GROUP BY 1
"""
_LOTS: Final = f"""
    SELECT row_number() OVER (ORDER BY asset, number) AS place,
           json_build_array(asset, edition, number, event, time_ns, CAST(qty AS text),
                            CAST(basis AS text), flag) AS row
      FROM lot JOIN ({_IN_FORCE}) e USING (asset, edition) WHERE account_id = :account
"""
_USES: Final = f"""
    SELECT row_number() OVER (ORDER BY asset, number) AS place,
           json_build_array(asset, edition, number, lot, event, time_ns, kind, CAST(qty AS text),
                            CAST(basis AS text), CAST(proceeds AS text), returns) AS row
      FROM lot_use JOIN ({_IN_FORCE}) e USING (asset, edition) WHERE account_id = :account
"""
_MARKS: Final = """
    SELECT row_number() OVER (ORDER BY asset, at_ns) AS place,
           json_build_array(at_ns, asset, CAST(usd AS text), time_ns, source, route) AS row
      FROM mark WHERE account_id = :account
"""
_ALL_OF: Final = (
    "SELECT place, row FROM ({0}) each_row WHERE place > :after ORDER BY place LIMIT :page"
)
#: What is read page by page, and as what.
_READ: Final[dict[str, tuple[str, type[Any]]]] = {
    "journal_entry": (_ENTRIES, str),
    "raw_event": (_ROWS, list[Any]),
    "mark": (_ALL_OF.format(_MARKS), list[Any]),
    "lot": (_ALL_OF.format(_LOTS), list[Any]),
    "lot_use": (_ALL_OF.format(_USES), list[Any]),
}
_PAGES: Final = "SELECT " + " + ".join(
    f"(SELECT count(*) / {PAGE} + 1 FROM {table} WHERE account_id = :account)" for table in _READ
)


class PostgresLedger:
    """Implements ``ports.ledger_store.LedgerStore``; used from one thread at a time."""

    def __init__(self, database: Database, account_id: str) -> None:
        self._database = database
        self.account_id = account_id
        #: How many declarations the books know that are booked here; None where they were not read.
        self._declared: int | None = None

    def book(self, bookings: Sequence[Booking], notes: Sequence[DriftRow] = ()) -> None:
        """See LedgerStore."""
        texts = [_text(booking, self._declared) for booking in bookings]
        if len(texts) == 1 and not notes:
            self._database.run_prepared(_BOOK, account=self.account_id, batch=texts[0])
            return

        def work(connection: Connection) -> None:
            connection.run("START TRANSACTION")
            for text in texts:
                connection.run(_BOOK, account=self.account_id, batch=text)
            if notes:
                connection.run(_DRIFT, account=self.account_id, rows=_drift_text(notes))
            connection.run("COMMIT")

        self._database.run(work)

    def load(self, watched: Watched | None = None) -> StoredBooks:
        """See LedgerStore."""
        # One moment for all of it, or a booking that comes in between tears it apart.
        return self._database.run(lambda connection: self._load(connection, watched))

    def _load(self, connection: Connection, watched: Watched | None) -> StoredBooks:
        connection.run("START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        tables: dict[str, list[Any]] = {table: [] for table in _READ}
        # Only for people pages are counted: that takes a look at each row.
        total = 0 if watched is None else self._how_many_pages(connection)
        for table, page in (watched or unwatched)(self._pages(connection), "pages", total):
            tables[table] += page
        editions = connection.run(_IN_FORCE, account=self.account_id)
        said = declarations.load(connection, self.account_id)
        rows = map(_row, tables["raw_event"])
        accepted = said.decided.accepted
        found = StoredBooks(
            rows=tuple(accepted.get(row.ledger_id, row) for row in rows),
            journaled=frozenset(tables["journal_entry"]),
            position=len(tables["journal_entry"]),
            marks=tuple(map(_mark, tables["mark"])),
            editions=tuple(Edition(asset, number, "") for asset, number in editions),
            lots=tuple(map(_lot, tables["lot"])),
            uses=tuple(map(_use, tables["lot_use"])),
            terms=terms_of(said.all),
            firsts=said.decided.firsts,
            refused=said.decided.refused,
            entered=said.entered,
        )
        connection.run("COMMIT")
        self._declared = len(said.all)
        return found

    def _how_many_pages(self, connection: Connection) -> int:
        return int(connection.run(_PAGES, account=self.account_id)[0][0])

    def _pages(self, connection: Connection) -> Iterator[tuple[str, list[Any]]]:
        for table, (sql, kind) in _READ.items():
            for page in self._pages_of(connection, sql, kind):
                yield table, page

    def _pages_of(self, connection: Connection, sql: str, kind: type[Any]) -> Iterator[list[Any]]:
        """Rows as one JSON text a page: pg8000 would decode value by value."""
        whole = f"SELECT max(place), CAST(json_agg(row) AS text) FROM ({sql}) AS page (place, row)"
        decoder = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]  # of the page's rows
        after = 0
        while True:
            values = {"account": self.account_id, "after": after, "page": PAGE}
            last, text = connection.run(whole, **values)[0]
            if text is None:
                return
            rows = decoder.decode(text)
            yield rows
            after = last
            if len(rows) < PAGE:
                return

    def is_unchanged(self, rows: int) -> bool:
        """See LedgerStore."""
        ((stored, declared),) = self._database.run_prepared(_WRITTEN, account=self.account_id)
        return (stored, declared) == (rows, self._declared)

    def declare(self, said: Sequence[Declaration]) -> None:
        """See LedgerStore."""
        declarations.insert(self._database, self.account_id, said)

    def note_drift(self, rows: Sequence[DriftRow]) -> None:
        """See LedgerStore."""
        self._database.run_prepared(_DRIFT, account=self.account_id, rows=_drift_text(rows))

    def drift(self) -> tuple[DriftRow, ...]:
        """See LedgerStore."""
        sql = (
            "SELECT number, at_ns, subject, status, cause, ours, theirs, repair FROM drift "
            "WHERE account_id = :account ORDER BY id"
        )
        rows = self._database.run_prepared(sql, account=self.account_id)
        return tuple(DriftRow(*row) for row in rows)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _drift_text(rows: Sequence[DriftRow]) -> str:
    return _json([
        (r.number, r.at_ns, r.subject, r.status, r.cause, r.ours, r.theirs, r.repair) for r in rows
    ])  # fmt: skip


def _text(booking: Booking, declared: int | None) -> str:
    assets = {posting.asset for e in booking.entries for posting in e.entry.postings}
    return _json(
        {
            "declared": declared,
            "assets": [(asset, decimals_of(asset)) for asset in sorted(assets)],
            "rows": [_raw(delivery) for delivery in booking.deliveries],
            "refined": [(d.row.ledger_id, d.row.time_ns, d.received_ns) for d in booking.refined],
            "conflicts": [_conflict(delivery) for delivery in booking.conflicts],
            "entries": [_entry(entry) for entry in booking.entries],
            "marks": [
                (
                    *(pin.mark.asset, pin.at_ns, plain(pin.mark.price), pin.mark.time_ns),
                    *(pin.mark.source, pin.mark.route),
                )
                for pin in booking.marks
            ],
            "editions": [(e.asset, e.number, e.reason, booking.at_ns) for e in booking.editions],
            "undone": _uses(booking.undone),
            "lots": [
                (
                    *(lot.asset, lot.edition, lot.number, lot.event, lot.time_ns),
                    *(text_of(lot.quantity), text_of(lot.basis), lot.flag),
                )
                for lot in booking.lots
            ],
            "uses": _uses(booking.uses),
        }
    )


def _raw(delivery: Delivery) -> tuple[object, ...]:
    row = delivery.row
    return (
        *(row.ledger_id, delivery.source, row.refid, row.time_ns, row.type, row.subtype),
        *(row.wallet, row.asset, text_of(row.amount), text_of(row.fee), text_of(row.balance)),
        *(row.sha256, delivery.correlation_id, delivery.received_ns),
    )


def _conflict(delivery: Delivery) -> tuple[object, ...]:
    row = delivery.row
    said = {
        "refid": row.refid,
        "time_ns": row.time_ns,
        "type": row.type,
        "subtype": row.subtype,
        "wallet": row.wallet,
        "asset": row.asset,
        "amount": text_of(row.amount),
        "fee": text_of(row.fee),
        "balance": text_of(row.balance),
    }
    return row.ledger_id, row.sha256, delivery.source, said, delivery.received_ns


def _entry(booked: JournalEntry) -> tuple[object, ...]:
    entry = booked.entry
    # Each number of a row is two lines: the wallet's, and what stands against it.
    # A correction books no row a second time.
    lines = [
        (p.account, p.asset, text_of(p.amount), None if place % 2 or booked.correction else p.part)
        for place, p in enumerate(entry.postings)
    ]
    row, reverses = entry.row, booked.reverses
    return booked.position, booked.key, row.refid, booked.kind, row.time_ns, lines, reverses


def _uses(uses: Iterable[LotUsed]) -> list[tuple[object, ...]]:
    return [
        (
            *(use.asset, use.edition, use.number, use.lot, use.event, use.time_ns, use.kind),
            *(text_of(use.quantity), text_of(use.basis)),
            *(None if use.proceeds is None else text_of(use.proceeds), use.returns),
        )
        for use in uses
    ]


def _row(values: list[Any]) -> LedgerRow:
    amounts = (units_of_text(text) for text in values[6:])
    return LedgerRow(*values[:6], *amounts)


def _lot(values: list[Any]) -> LotOpened:
    asset, edition, number, event, time_ns, quantity, basis, flag = values
    amounts = units_of_text(quantity), units_of_text(basis)
    return LotOpened(asset, edition, number, event, time_ns, *amounts, flag)


def _use(values: list[Any]) -> LotUsed:
    values[7:10] = (None if text is None else units_of_text(text) for text in values[7:10])
    return LotUsed(*values)


def _mark(values: list[Any]) -> PinnedMark:
    at_ns, asset, usd, time_ns, source, route = values
    return PinnedMark(at_ns, Mark(asset, Decimal(usd), time_ns, source, route))
