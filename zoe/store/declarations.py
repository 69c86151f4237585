"""What people declared of rows, in PostgreSQL: in, and out with all that it is about."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import attrs
import msgspec

from zoe.domain.declarations import Decided, Declaration, Entered, Told, What, decided
from zoe.domain.ledger import Ruling
from zoe.domain.ledger_entry import Posting
from zoe.domain.ledger_row import Kind, LedgerRow, text_of, units_of_text
from zoe.store.connection import Connection, Database

_INSERT: Final = """
    INSERT INTO declaration (account_id, ext_id, what, usd, kind, event, sha256, time_ns, why, at_ns)
    SELECT :account, r ->> 0, r ->> 1, CAST(r ->> 2 AS numeric), r ->> 3, r ->> 4, r ->> 5,
           CAST(r ->> 6 AS bigint), r ->> 7, CAST(r ->> 8 AS bigint)
      FROM jsonb_array_elements(CAST(:rows AS jsonb)) WITH ORDINALITY AS given (r, place)
     ORDER BY place
"""
_ALL: Final = """
    SELECT ext_id, what, CAST(usd AS text), kind, event, sha256, time_ns, why, at_ns
      FROM declaration WHERE account_id = :account ORDER BY number
"""
_CONTENTS_OF: Final = """
    WITH about AS ({0})
    SELECT ext_id, refid, greatest(r.time_ns, f.time_ns), type, subtype, wallet,
           CAST(amount AS text), CAST(fee AS text), CAST(balance AS text), received_ns
      FROM raw_event r JOIN about USING (ext_id)
      LEFT JOIN (SELECT ext_id, max(time_ns) AS time_ns FROM raw_refined
                  WHERE account_id = :account GROUP BY 1) f USING (ext_id)
     WHERE r.account_id = :account
    UNION ALL
    (SELECT ext_id, said ->> 'refid', CAST(said ->> 'time_ns' AS bigint), said ->> 'type',
            said ->> 'subtype', said ->> 'wallet', said ->> 'amount', said ->> 'fee',
            said ->> 'balance', received_ns
       FROM raw_conflict JOIN about USING (ext_id)
      WHERE account_id = :account ORDER BY received_ns, sha256)
"""
_CONTENTS: Final = _CONTENTS_OF.format(
    "SELECT DISTINCT ext_id FROM declaration WHERE account_id = :account AND what = 'content'"
)
_CONTENTS_OF_ONE: Final = _CONTENTS_OF.format("SELECT CAST(:name AS text) AS ext_id")
_CONFLICTS: Final = """
    SELECT DISTINCT ext_id FROM raw_conflict c
     WHERE account_id = :account AND NOT EXISTS (
           SELECT 1 FROM declaration d WHERE d.account_id = c.account_id AND d.ext_id = c.ext_id
              AND d.what = 'content' AND d.at_ns >= c.received_ns)
     ORDER BY 1
"""
#: Keys of corrections begin with the row's id, which therefore holds no slash (see 0010).
_ENTERED: Final = """
    SELECT d.ext_id, e.position, e.entry_key, e.kind, e.refid, e.time_ns, e.reverses IS NOT NULL,
           p.account, p.asset, CAST(p.amount AS text)
      FROM (SELECT DISTINCT ext_id FROM declaration
             WHERE account_id = :account AND what IN ('ruling', 'content')) d
      JOIN journal_entry e ON e.account_id = :account AND split_part(e.entry_key, '/', 1) = d.ext_id
      JOIN posting p ON p.entry_id = e.id
     ORDER BY e.position, p.line
"""


@attrs.frozen
class Declared:
    """Everything that was declared in an account, and what it is about."""

    all: tuple[Declaration, ...] = ()
    decided: Decided = attrs.field(factory=lambda: Decided({}, {}, ()))
    entered: dict[str, Entered] = attrs.field(factory=dict)


def insert(database: Database, account: str, said: Sequence[Declaration]) -> None:
    """Makes declarations durable, in their order, all of them or none."""
    rows = [
        (
            *(d.ledger_id, d.what.value, None if d.usd is None else text_of(d.usd)),
            *((d.ruling.kind.value, d.ruling.group) if d.ruling else (None, None)),
            *(d.sha256, d.time_ns, d.why, d.at_ns),
        )
        for d in said
    ]
    database.run_prepared(_INSERT, account=account, rows=msgspec.json.encode(rows).decode())


def load(connection: Connection, account: str) -> Declared:
    """All of it, within the transaction that is open."""
    found = tuple(map(_declaration, connection.run(_ALL, account=account)))
    if not found:
        return Declared()
    told: dict[str, list[Told]] = {}
    for *values, received_ns in connection.run(_CONTENTS, account=account):
        told.setdefault(values[0], []).append(Told(_row(values), received_ns))
    entered = _entered(connection.run(_ENTERED, account=account))
    return Declared(found, decided(found, told), entered)


def contents(connection: Connection, account: str, name: str) -> list[LedgerRow]:
    """Every content that came under one id, the first one first."""
    rows = connection.run(_CONTENTS_OF_ONE, account=account, name=name)
    return [_row(values[:-1]) for values in rows]


def conflicts(connection: Connection, account: str) -> list[str]:
    """Ids that came with other content since anybody decided which is right."""
    return [str(name) for (name,) in connection.run(_CONFLICTS, account=account)]


def _declaration(values: list[Any]) -> Declaration:
    name, what, usd, kind, event, sha256, time_ns, why, at_ns = values
    ruling = None if kind is None else Ruling(Kind(kind), event)
    paid = None if usd is None else units_of_text(usd)
    return Declaration(name, What(what), why, at_ns, paid, ruling, sha256, time_ns)


def _row(values: list[Any]) -> LedgerRow:
    return LedgerRow(*values[:6], *map(units_of_text, values[6:9]))


def _entered(rows: Iterable[list[Any]]) -> dict[str, Entered]:
    """The newest entry of each row, from its lines in their order."""
    lines: dict[str, dict[int, list[list[Any]]]] = {}
    for values in rows:
        lines.setdefault(values[0], {}).setdefault(values[1], []).append(values)
    found = {}
    for name, entries in lines.items():
        newest = entries[max(entries)]
        _, _, key, kind, refid, time_ns, is_reversal, *_ = newest[0]
        number = int(key.split("/")[1]) if "/" in key else 0
        postings = tuple(
            Posting(values[7], values[8], units_of_text(values[9]), "") for values in newest
        )
        found[name] = Entered(
            *(number, None if is_reversal else key, Kind(kind), refid, time_ns),
            () if is_reversal else postings,
        )
    return found
