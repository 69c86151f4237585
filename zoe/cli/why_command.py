"""``zoe why``: how something came about, from the market's tick to the books."""

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from zoe.app import log_reading
from zoe.app.log_reading import Wanted
from zoe.cli import configured, show
from zoe.cli.reading_commands import read
from zoe.cli.rows import LIQUIDITY
from zoe.domain.errors import ConfigError
from zoe.store import reading
from zoe.store.connection import Database

NOTHING_KNOWN: Final = 1
LINES_LOOKED_AT: Final = 20
_IDS: Final = (
    *("intent_id", "cl_ord_id", "order_id", "exec_id", "trade_id"),
    *("ledger_id", "ref_id", "decision", "key"),
)
_DECISION: Final = "decision.made"
#: Nanoseconds from here on are a moment (2001 at the earliest), fewer a while.
_LEAST_MOMENT: Final = 10**18

Row = dict[str, Any]
#: What the scout had written down of the pairs that decisions are about, by the decisions' places.
Ranks = dict[int, Row]


def why(arguments: Namespace) -> int:
    """Prints the chain of an id; 1 when nothing is known of it."""
    wanted = arguments.id.strip()
    if not wanted:
        raise ConfigError("why: an id is needed")
    settings = configured.load(arguments)
    nothing: tuple[list[Row], Ranks] = ([], {})
    rows, ranks = read(settings, lambda found: _told(found, settings.log_path, wanted), nothing)
    if arguments.json:
        show.document(_document(wanted, rows, ranks))
    elif rows:
        _show(rows, ranks)
    if rows:
        return 0
    show.note(f"nothing is known of {wanted}; zoe logs --id {wanted} may know more")
    return NOTHING_KNOWN


def _told(database: Database, log: Path, wanted: str) -> tuple[list[Row], Ranks]:
    rows = _chain(database, log, wanted)
    found = {
        row["seq"]: reading.rank_before(database, row["account_id"], tick["symbol"], row["seq"])
        for row in rows
        if (tick := _tick(row)) is not None
    }
    return rows, {seq: rank for seq, rank in found.items() if rank is not None}


def _chain(database: Database, log: Path, wanted: str) -> list[Row]:
    """The chain of an id that stands in the journal, or in the log only: most messages leave
    lines there, with the root that they share with journalled ones."""
    rows = reading.why(database, wanted)
    if rows:
        return rows
    asked = Wanted(log_reading.spellings(wanted), named=True)
    near = log_reading.newest(log, asked, LINES_LOOKED_AT)
    roots = {str(line["correlation_id"]) for _, line in near if line.get("correlation_id")}
    found = {
        (row["account_id"], row["seq"]): row
        for root in roots
        for row in reading.why(database, root)
    }
    return [found[place] for place in sorted(found)][: reading.MOST_ROWS]


def _document(wanted: str, rows: list[Row], ranks: Ranks) -> dict[str, Any]:
    return {
        "id": wanted,
        "complete": len(rows) < reading.MOST_ROWS,
        "ticks": [tick for row in rows if (tick := _tick(row)) is not None],
        "ranks": [
            {"seq": seq, "scan_seq": rank["seq"], "at": show.moment(rank["at_ns"])}
            | {name: rank[name] for name in ("symbol", "rank", "score")}
            for seq, rank in ranks.items()
        ],
        "rows": [_plain(row) for row in rows],
    }


def _plain(row: Row) -> dict[str, Any]:
    ids = {
        name: row[name]
        for name in ("message_id", "correlation_id", "causation_id", "anchor_seq", "account_id")
    }
    ids |= {name: row["body"][name] for name in _IDS if row["body"].get(name) is not None}
    return {
        "seq": row["seq"],
        "at": show.moment(row["at_ns"]),
        "stream": row["stream"],
        "version": row["version"],
        "kind": row["kind"],
        "ids": ids,
        "body": row["body"],
    }


def _tick(row: Row) -> dict[str, Any] | None:
    """The quote that a decision saw; its message is the decision's cause."""
    quote = row["body"].get("quote")
    if row["kind"] != _DECISION or not isinstance(quote, dict):
        return None
    received_ns = quote.get("received_ns")
    exchange_ns = quote.get("exchange_ns")
    return {
        "seq": row["seq"],
        "message_id": row["causation_id"],
        "symbol": quote.get("symbol"),
        "bid": quote.get("bid"),
        "ask": quote.get("ask"),
        "age_ms": quote.get("age_ms"),
        "received": show.moment(None if received_ns is None else int(received_ns)),
        "exchange": show.moment(None if exchange_ns is None else int(exchange_ns)),
    }


def _show(rows: list[Row], ranks: Ranks) -> None:
    """A line for each row; above each decision its pair's rank, and the tick that it saw."""
    lines: list[Row] = []
    for row in rows:
        tick, rank = _tick(row), ranks.get(row["seq"])
        if rank is not None:
            lines.append({"kind": "scan.rank", "story": _told_rank(rank)})
        if tick is not None:
            lines.append({"kind": "market.tick", "story": _told_tick(tick)})
        lines.append(_line(row))
    show.table(("seq", "time", "kind", "story", "correlation"), lines)
    if len(rows) >= reading.MOST_ROWS:
        show.note(f"only the first {len(rows)} rows are shown")


def _line(row: Row) -> Row:
    return {
        "seq": row["seq"],
        "time": show.clock(row["at_ns"]),
        "kind": row["kind"],
        "story": _TOLD.get(row["kind"], _told_fields)(row["body"]),
        "correlation": row["correlation_id"],
    }


def _told_rank(rank: Row) -> str:
    return (
        f"{rank['symbol']} ranked {rank['rank']} with a score of {rank['score']} at "
        f"{show.moment(rank['at_ns'])} (row {rank['seq']})"
    )


def _told_tick(tick: Row) -> str:
    return (
        f"{tick['symbol']} bid {tick['bid']} ask {tick['ask']}, received {tick['received']}, "
        f"{tick['age_ms']} ms before the decision"
    )


def _told_decision(body: Row) -> str:
    wants = [
        f"{want['slot']} {want['side']} {want['quantity']} at {want['price']} ({want['reason']})"
        for want in body.get("wants", [])
    ]
    reasons = f"; {', '.join(body['reasons'])}" if body.get("reasons") else ""
    return f"{body.get('strategy')} wants {'; '.join(wants) or 'nothing'}{reasons}"


def _told_opening(body: Row) -> str:
    price = "market" if body.get("limit_price") is None else f"at {body['limit_price']}"
    if body.get("trigger_price") is not None:
        price = f"{body['order_type']} at {body['trigger_price']}, {price}"
    flags = "".join(f", {name}" for name in ("post_only", "reduce_only") if body.get(name))
    slot = f" {body['slot']}" if body.get("slot") else ""
    return (
        f"{body['side']} {body['quantity']} {body['pair']} {price}, {body['time_in_force']}{flags}, "
        f"for {body['source']}{slot}; risk: {_told_verdict(body.get('verdict'))}; "
        f"by {body.get('route') or '-'} as {body.get('cl_ord_id') or '-'}"
    )


def _told_verdict(text: str | None) -> str:
    """The officer's code, with the values that it looked at."""
    try:
        verdict = json.loads(text or "")
        return f"{verdict['code']} ({show.cell(verdict['values'])})"
    except (ValueError, TypeError, KeyError):
        return text or show.NOTHING


def _told_fill(body: Row) -> str:
    return (
        f"{body['side']} {body['quantity']} {body['pair']} at {body['price']}, cost {body['cost']}, "
        f"fee {body['fee']} {body['fee_asset']}, {LIQUIDITY.get(body['liquidity'], body['liquidity'])}, trade {body['trade_id']} "
        f"({body['exec_id']}) of {body['order_id']}"
    )


def _told_amending(body: Row) -> str:
    return (
        f"{body['was_quantity']} at {body['was_limit_price'] or 'market'} to {body['quantity']} at "
        f"{body['limit_price'] or 'market'}, for {body.get('source')}: {body.get('reason')}; "
        f"risk: {_told_verdict(body.get('verdict'))}; {body.get('order_id')}"
    )


def _told_amended(body: Row) -> str:
    return (
        f"{body['quantity']} at {body['limit_price'] or 'market'}, filled "
        f"{body['filled_quantity']}; {body.get('order_id')}"
    )


def _told_balance(body: Row) -> str:
    return (
        f"{body['asset']} {body['amount']}, fee {body['fee']}, balance {body['balance']}; "
        f"{body['type']} {body['ledger_id']}"
    )


def _told_fields(body: Row) -> str:
    return ", ".join(
        _told_field(name, value) for name, value in body.items() if value not in (None, "", [], {})
    )


def _told_field(name: str, value: Any) -> str:
    """A name and its value; a moment as people write it."""
    if name.endswith("_ns") and isinstance(value, int) and value >= _LEAST_MOMENT:
        return f"{name.removesuffix('_ns')} {show.moment(value)}"
    if isinstance(value, dict):
        value = {key: item for key, item in value.items() if item is not None}
    return f"{name} {show.cell(value)}"


_TOLD: Final[dict[str, Callable[[Row], str]]] = {
    _DECISION: _told_decision,
    "order.sending": _told_opening,
    "order.denied": _told_opening,
    "order.adopted": _told_opening,
    "order.amending": _told_amending,
    "order.amended": _told_amended,
    "order.fill": _told_fill,
    "balance.changed": _told_balance,
}
