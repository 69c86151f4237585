"""Auditor: compares the exchange's ground truth with the desk's journal, as an outsider would.

It shares no code with what it judges: it reads JSON texts, knows the names of their fields, and
imports nothing else of zoe (an import contract sees to it). The exchange's records are the truth.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import attrs
import msgspec

Record = Mapping[str, Any]

ADDS: Final = ("add_order", "/0/private/AddOrder")
AMEND: Final = "amend_order"
_WORKING: Final = ("SENDING", "PENDING", "WORKING", "IN_DOUBT", "WAITING")
_NOTHING: Final = Decimal(0)
_JSON: Final = msgspec.json.Decoder()


class JournalLine(msgspec.Struct, frozen=True):
    """One row of the desk's journal as anybody reads it from the store."""

    seq: int
    stream: str
    version: int
    kind: str
    at_ns: int
    body: Record


@attrs.frozen
class Evidence:
    """What an audit looks at, once nothing is in flight.

    Attributes:
        truth: The exchange's records, in engine order.
        journal: The desk's rows, in order.
        halts: Times (UTC nanoseconds) from a halt's answer until trading was resumed.
        by_hand: How many orders somebody else placed, without a client order id.
        amended_by_hand: How many amends somebody else made.
    """

    truth: Sequence[Record]
    journal: Sequence[JournalLine]
    halts: Sequence[tuple[int, int]] = ()
    by_hand: int = 0
    amended_by_hand: int = 0

    def of(self, kind: str) -> list[Record]:
        """The exchange's records of one kind."""
        return self._records.get(kind, [])

    def rows(self, kind: str) -> list[JournalLine]:
        """The journal's rows of one kind."""
        return self._lines.get(kind, [])

    @cached_property
    def _records(self) -> Mapping[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for record in self.truth:
            found.setdefault(record["kind"], []).append(record)
        return found

    @cached_property
    def _lines(self) -> Mapping[str, list[JournalLine]]:
        found: dict[str, list[JournalLine]] = {}
        for line in self.journal:
            found.setdefault(line.kind, []).append(line)
        return found

    @cached_property
    def orders(self) -> Mapping[str, list[JournalLine]]:
        """The rows of each order, by stream."""
        found: dict[str, list[JournalLine]] = {}
        for line in self.journal:
            if line.stream.startswith("order/"):
                found.setdefault(line.stream, []).append(line)
        return found


def evidence(
    truth: Iterable[bytes],
    rows: Iterable[tuple[Any, ...]],
    halts: Sequence[tuple[int, int]] = (),
    by_hand: tuple[int, int] = (0, 0),
) -> Evidence:
    """Reads the exchange's journal and the desk's into one Evidence.

    Args:
        rows: (seq, stream, version, kind, at_ns, message_id, body as JSON text), in any order.
        by_hand: Orders that somebody else placed, and amends that somebody else made.
    """
    known = tuple(rows)
    bodies = _JSON.decode_lines("\n".join([row[-1] for row in known]))
    lines = [_line(row, body) for row, body in zip(known, bodies, strict=True)]
    lines.sort(key=_seq)
    return Evidence(_JSON.decode_lines(b"\n".join(truth)), lines, halts, *by_hand)


def _line(row: tuple[Any, ...], body: Record) -> JournalLine:
    seq, stream, version, kind, at_ns, _message_id, _body = row
    return JournalLine(seq, stream, version, kind, at_ns, body)


def _seq(line: JournalLine) -> int:
    return line.seq


def audit(found: Evidence) -> list[str]:
    """Every violation, in words; none where the desk was right."""
    return [
        *_sent_once(found),
        *_durable_before_sent(found),
        *_terms(found),
        *_amended_once(found),
        *_amended_as_decided(found),
        *_amended_there(found),
        *_known(found),
        *_ends(found),
        *_gone(found),
        *_fills(found),
        *_balances(found),
        *_streams(found),
        *_traceable(found),
        *_halted(found),
    ]


def _sent_once(found: Evidence) -> list[str]:
    """No intent is sent twice, nor placed twice."""
    sent = Counter(_client(r) for r in found.of("request") if _is_add(r))
    placed = Counter(_client(r) for r in found.of("order_accepted"))
    nameless = placed.pop(None, 0), sent.pop(None, 0)
    said = [] if max(nameless) <= found.by_hand else [f"{nameless} orders without a client id"]
    return [
        *said,
        *(f"intent {i} was sent {n} times" for i, n in sent.items() if n > 1),
        *(f"intent {i} was placed {n} times" for i, n in placed.items() if n > 1),
    ]


def _is_add(request: Record) -> bool:
    return request.get("method") in ADDS or request.get("path") in ADDS


def _client(record: Record) -> str | None:
    name = record.get("cl_ord_id")
    return None if name is None else str(name).replace("-", "").lower()


def _durable_before_sent(found: Evidence) -> list[str]:
    """Whatever reached the exchange has its row, written before it can have left."""
    written = {_client(line.body): line.at_ns for line in found.rows("order.sending")}
    said = []
    for request in found.of("request"):
        if not _is_add(request) or _client(request) is None:
            continue
        at_ns = written.get(_client(request))
        if at_ns is None:
            said.append(f"intent {request['cl_ord_id']} was sent without a row")
        elif at_ns > request["ns"]:
            said.append(f"intent {request['cl_ord_id']} was sent before its row was written")
    return said


def _terms(found: Evidence) -> list[str]:
    """What was placed is what was decided: pair, side, quantity, price."""
    wanted = {_client(line.body): line.body for line in found.rows("order.sending")}
    said = []
    for record in found.of("order_accepted"):
        ours = wanted.get(_client(record))
        if ours is None:
            continue
        here = (ours["pair"], ours["side"], Decimal(ours["quantity"]))
        there = (record["symbol"], record["side"], Decimal(record["qty"]))
        limit = ours["limit_price"]
        same_price = limit is None or Decimal(limit) == Decimal(record["price"])
        if here != there or not same_price:
            said.append(f"order {record['order_id']} was placed as {there}, not as {here}")
    return said


def _amended_once(found: Evidence) -> list[str]:
    """No amend is sent without its row, nor more often than it was decided."""
    decided = Counter(line.body["order_id"] for line in found.rows("order.amending"))
    sent = Counter(r.get("order_id") for r in found.of("request") if r.get("method") == AMEND)
    return [
        f"order {i} was amended {n} times after {decided[i]} decisions"
        for i, n in sent.items()
        if n > decided[i]
    ]


def _amended_as_decided(found: Evidence) -> list[str]:
    """What an order becomes by an amend is what was decided, but for amends by hand."""
    decided: dict[str, list[Record]] = {}
    for line in found.rows("order.amending"):
        decided.setdefault(line.body["order_id"], []).append(line.body)
    strange = [
        record
        for record in found.of("order_amended")
        if not any(_is_amended(record, ours) for ours in decided.get(record["order_id"], []))
    ]
    if len(strange) <= found.amended_by_hand:
        return []
    return [f"order {r['order_id']} was amended to {r['qty']} @ {r['price']}" for r in strange]


def _amended_there(found: Evidence) -> list[str]:
    """No order is said to be amended to what it never became."""
    became: dict[str, list[Record]] = {}
    for record in (*found.of("order_accepted"), *found.of("order_amended")):
        became.setdefault(record["order_id"], []).append(record)
    return [
        f"order {ours['order_id']} is {ours['quantity']} @ {ours['limit_price']} here, never there"
        for ours in (line.body for line in found.rows("order.amended"))
        if not any(_is_amended(record, ours) for record in became.get(ours["order_id"], []))
    ]


def _is_amended(record: Record, ours: Record) -> bool:
    # An amend below what is filled leaves that much.
    enough = Decimal(record["qty"]) >= Decimal(ours["quantity"])
    filled = Decimal(record["qty"]) == Decimal(ours["quantity"]) or record.get("batch", 1) > 1
    limit = ours["limit_price"]
    same_price = limit is None or Decimal(limit) == Decimal(record["price"])
    return enough and filled and same_price


def _known(found: Evidence) -> list[str]:
    """Every order at the exchange is in the journal under its id, once."""
    streams: dict[str, set[str]] = {}
    for stream, lines in found.orders.items():
        for line in lines:
            order_id = line.body.get("order_id")
            if order_id is not None:
                streams.setdefault(order_id, set()).add(stream)
    accepted = {record["order_id"] for record in found.of("order_accepted")}
    return [
        *(f"order {i} is unknown to the journal" for i in sorted(accepted - streams.keys())),
        *(f"order {i} is unknown to the exchange" for i in sorted(streams.keys() - accepted)),
        *(f"order {i} stands in two streams" for i, s in sorted(streams.items()) if len(s) > 1),
    ]


def _ends(found: Evidence) -> list[str]:
    """The journal's last state of each order is the exchange's."""
    theirs = _states(found)
    said = []
    for stream, lines in found.orders.items():
        order_id = next((n for line in lines if (n := line.body.get("order_id"))), None)
        state = lines[-1].body["state"]
        if order_id is None or order_id not in theirs:
            if state in _WORKING:
                said.append(f"{stream} ends as {state} and was never placed")
            continue
        # Two words for one end: it depends on the order's kind which one the exchange says.
        state = "CANCELED" if state == "EXPIRED" else state
        there = theirs[order_id]
        if there != (state if state not in _WORKING else "WORKING"):
            said.append(f"order {order_id} is {state} here and {there} there")
    return said


def _states(found: Evidence) -> Mapping[str, str]:
    """How each order stands at the exchange, by its id; ABSENT where it knows the order no more."""
    gone = {r["order_id"] for k in ("order_canceled", "order_expired") for r in found.of(k)}
    lost = {record["order_id"] for record in found.of("order_lost")}
    wanted = {r["order_id"]: Decimal(r["qty"]) for r in found.of("order_accepted")}
    wanted |= {r["order_id"]: Decimal(r["qty"]) for r in found.of("order_amended")}
    left = dict(wanted)
    for record in found.of("fill"):
        if record["order_id"] in left:
            left[record["order_id"]] -= Decimal(record["qty"])
    states = {order_id: "WORKING" if rest > 0 else "FILLED" for order_id, rest in left.items()}
    # Also where an amend below what was filled has ended it.
    states |= dict.fromkeys(gone & wanted.keys(), "CANCELED")
    return states | dict.fromkeys(lost & wanted.keys(), "ABSENT")


def _gone(found: Evidence) -> list[str]:
    """No order is given up that the exchange has not lost."""
    lost = {record["order_id"] for record in found.of("order_lost")}
    given_up = {line.body["order_id"] for line in found.rows("order.vanished")}
    return [f"order {i} was given up, and not lost there" for i in sorted(given_up - lost)]


def _fills(found: Evidence) -> list[str]:
    """Every match is booked once, with its quantity, price and fee."""
    there = {record["exec_id"]: record for record in found.of("fill")}
    booked = found.rows("order.fill")
    counts = Counter(line.body["exec_id"] for line in booked)
    said = [
        *(f"fill {i} is not in the journal" for i in sorted(there.keys() - counts.keys())),
        *(f"fill {i} is not at the exchange" for i in sorted(counts.keys() - there.keys())),
        *(f"fill {i} is booked {n} times" for i, n in counts.items() if n > 1),
    ]
    for line in booked:
        record = there.get(line.body["exec_id"])
        if record is not None:
            said += _same_numbers(line.body, record)
    return said


def _same_numbers(ours: Record, theirs: Record) -> list[str]:
    pairs = (("quantity", "qty"), ("price", "price"), ("cost", "cost"), ("fee", "fee"))
    return [
        f"fill {ours['exec_id']}: {here} {ours[here]} here and {theirs[there]} there"
        for here, there in pairs
        if Decimal(ours[here]) != Decimal(theirs[there])
    ]


def _balances(found: Evidence) -> list[str]:
    """The newest balance of each asset is that of the exchange's newest ledger row."""
    newest = {record["asset"]: record["balance"] for record in found.of("ledger")}
    there = {asset: Decimal(balance) for asset, balance in newest.items()}
    here: dict[str, Decimal] = {}
    for line in found.journal:
        if line.kind == "balance.snapshot":
            here = {b["asset"]: Decimal(b["balance"]) for b in line.body["balances"]}
        elif line.kind == "balance.changed":
            here[line.body["asset"]] = Decimal(line.body["balance"])
    return [
        f"balance of {asset}: {here.get(asset)} here and {there.get(asset)} there"
        for asset in sorted(there.keys() | here.keys())
        if here.get(asset, _NOTHING) != there.get(asset, _NOTHING)
    ]


def _streams(found: Evidence) -> list[str]:
    """Versions have no gaps, message ids and numbers are used once."""
    versions: dict[str, int] = {}
    said = []
    for line in found.journal:
        if line.version != versions.get(line.stream, 0) + 1:
            said.append(f"{line.stream} jumps to version {line.version}")
        versions[line.stream] = line.version
    if len({line.seq for line in found.journal}) != len(found.journal):
        said.append("a number is used twice")
    return said


def _traceable(found: Evidence) -> list[str]:
    """Every order that was sent follows from a decision or a command that stands before it."""
    at = {f"{line.stream}@{line.version}": line.seq for line in found.journal}
    said = []
    for line in found.rows("order.sending"):
        cause = line.body.get("decision")
        if cause not in at or at[cause] >= line.seq:
            said.append(f"{line.stream} follows from {cause}, which is not before it")
    return said


def _halted(found: Evidence) -> list[str]:
    """No order of the desk's is accepted between a halt's answer and the resume."""
    return [
        f"order {record['order_id']} was accepted during a halt"
        for record in found.of("order_accepted")
        if _client(record) is not None
        and any(begin < record["ns"] < end for begin, end in found.halts)
    ]
