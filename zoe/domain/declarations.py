"""What people say of rows that the rows do not say: the basis of a deposit, what a row in suspense
was, and which of two contents is right that came under one id. The newest of each is in force."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

import attrs

from zoe.domain.ledger import Ruling, Terms
from zoe.domain.ledger_entry import Posting, entry_of
from zoe.domain.ledger_row import SECOND_NS, Kind, LedgerRow


class What(Enum):
    """The kind of a declaration."""

    BASIS = "basis"
    RULING = "ruling"
    CONTENT = "content"


@attrs.frozen
class Declaration:
    """One thing that was said of one row.

    Attributes:
        at_ns: Our wall time.
        usd: Units that were paid for a deposit (``BASIS``).
        ruling: What the row is (``RULING``).
        sha256: Of the content that is right, as is its time (``CONTENT``).
    """

    ledger_id: str
    what: What
    why: str
    at_ns: int
    usd: int | None = None
    ruling: Ruling | None = None
    sha256: str | None = None
    time_ns: int | None = None


@attrs.frozen
class Told:
    """A content that came under an id; the first one is what the inbox holds."""

    row: LedgerRow
    received_ns: int


@attrs.frozen
class Decided:
    """Which contents are right.

    Attributes:
        firsts: What came first, of rows of which something else was accepted.
        refused: What a person decided against.
    """

    accepted: Mapping[str, LedgerRow]
    firsts: Mapping[str, LedgerRow]
    refused: tuple[LedgerRow, ...]


def terms_of(declarations: Iterable[Declaration]) -> Terms:
    """The terms in force, out of everything that was ever declared, in its order."""
    declared: dict[str, int] = {}
    rulings: dict[str, Ruling] = {}
    for said in declarations:
        if said.usd is not None:
            declared[said.ledger_id] = said.usd
        if said.ruling is not None:
            rulings[said.ledger_id] = said.ruling
    return Terms(declared, rulings)


def decided(declarations: Iterable[Declaration], told: Mapping[str, Sequence[Told]]) -> Decided:
    """Which contents are in force, and which are not any more.

    Args:
        told: Every content of the ids that something was accepted of, the first one first.
    """
    newest = {said.ledger_id: said for said in declarations if said.what is What.CONTENT}
    accepted: dict[str, LedgerRow] = {}
    firsts: dict[str, LedgerRow] = {}
    refused: list[LedgerRow] = []
    for name, said in newest.items():
        contents = told[name]
        right = min(
            (content.row for content in contents if content.row.sha256 == said.sha256),
            key=lambda row: abs(row.time_ns - (said.time_ns or 0)),
        )
        accepted[name] = right
        if not right.agrees(contents[0].row):
            firsts[name] = contents[0].row
        refused += (
            content.row
            for content in contents
            if content.received_ns <= said.at_ns and not right.agrees(content.row)
        )
    return Decided(accepted, firsts, tuple(refused))


@attrs.frozen
class Entered:
    """What the journal says of a row, after all corrections.

    Attributes:
        number: How often it was corrected.
        key: Of the entry that is in force; None where the last one was only taken back.
    """

    number: int
    key: str | None
    kind: Kind
    refid: str
    time_ns: int
    postings: tuple[Posting, ...]

    def says(self, row: LedgerRow, kind: Kind) -> bool:
        """Whether it is what the row, being of that kind, moved."""
        wanted = entry_of(row, kind).postings
        if not wanted or not self.postings:
            return wanted == self.postings
        return (
            _lines(self.postings) == _lines(wanted)
            and self.kind is kind
            and self.refid == row.refid
            and abs(self.time_ns - row.time_ns) < SECOND_NS
        )


def _lines(postings: Iterable[Posting]) -> list[tuple[str, str, int]]:
    return [(posting.account, posting.asset, posting.amount) for posting in postings]
