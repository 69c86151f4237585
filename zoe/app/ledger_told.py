"""What stands beside the rows of a data set in JSON Lines (``ledger.jsonl``): marks of each event
(``marks.jsonl``: refid, asset, usd), the basis of deposits (``basis.jsonl``: refid, usd), what assets
are worth in the end (``final_marks.json``), and in which order rows are delivered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import msgspec

from zoe.app.file_lines import lines
from zoe.domain.errors import ConfigError
from zoe.domain.ledger_row import NO_REFID, LedgerRow, asset_of, units_of_text, wallet_of
from zoe.domain.marks import USD, Mark
from zoe.domain.watched import Watched, unwatched

ROWS: Final = "ledger.jsonl"
MARKS: Final = "marks.jsonl"
BASIS: Final = "basis.jsonl"
FINAL: Final = "final_marks.json"
_SOURCE: Final = "given"


def event_marks(
    directory: Path, rows: Sequence[LedgerRow], watched: Watched = unwatched
) -> list[Mark]:
    """A mark for each event that has one: of the time of its first row.

    A refid that no row has may be a row's id, as for rows that share none.
    """
    path = directory / MARKS
    if not path.exists():
        return []
    times: dict[str, int] = {}
    for row in rows:
        for name in {row.refid, row.ledger_id} - NO_REFID:
            times[name] = min(row.time_ns, times.get(name, row.time_ns))
    return [
        _mark(path, line["asset"], line["usd"], times[line["refid"]])
        for line in _objects(path, ("refid", "asset", "usd"), watched)
        if line["refid"] in times
    ]


def final_marks(directory: Path) -> dict[str, Mark] | None:
    """What one of each asset is worth in the end; None where nobody says."""
    path = directory / FINAL
    if not path.exists():
        return None
    try:
        told = msgspec.json.decode(path.read_bytes(), type=dict[str, Decimal])
    except (msgspec.MsgspecError, RecursionError) as problem:
        raise ConfigError(f"{path}: {problem}") from problem
    marks = (_mark(path, asset, usd, 0) for asset, usd in told.items() if usd)
    return {mark.asset: mark for mark in marks}


def declared(directory: Path, rows: Iterable[LedgerRow]) -> dict[str, int]:
    """Units of USD that were paid for deposits, by the id of the first row of their refid."""
    path = directory / BASIS
    if not path.exists():
        return {}
    first: dict[str, str] = {}
    for row in rows:
        first.setdefault(row.refid, row.ledger_id)
        first.setdefault(row.ledger_id, row.ledger_id)
    found = {}
    for line in _objects(path, ("refid",)):
        paid = line.get("usd", line.get("basis"))
        try:
            name = first.get(line["refid"])
            if name is not None:
                found[name] = units_of_text(str(paid))
        except ValueError as problem:
            raise ConfigError(f"{path}: {problem}") from problem
    return found


def deliveries(
    path: Path, rows: Iterable[LedgerRow], watched: Watched = unwatched
) -> Iterator[list[LedgerRow]]:
    """Rows in the order, and as often, as the file's pages list their ids; a page is a line.

    Raises:
        ConfigError: A line is no list of ids, or names an id that no row has.
    """
    known = {row.ledger_id: row for row in rows}
    for number, line in enumerate(lines(path, "pages", watched), 1):
        if not line.strip():
            continue
        try:
            names = msgspec.json.decode(line)
            if isinstance(names, dict):
                names = names.get("ids", names.get("ledger"))
            yield [known[name] for name in ([names] if isinstance(names, str) else names)]
        except (msgspec.MsgspecError, KeyError, TypeError, RecursionError) as problem:
            raise ConfigError(f"{path}: line {number} is no page of known ids") from problem


def codes(rows: Iterable[bytes]) -> Mapping[str, str]:
    """How the rows write each wallet: the last spelling, by ours."""
    assets = (line.partition(b'"asset"')[2].split(b'"', 2)[1:2] for line in rows)
    found = {name[0].decode("utf-8", "replace") for name in assets if name}
    return {wallet_of(code): code for code in sorted(found)}


def _mark(path: Path, asset: str, usd: Any, at_ns: int) -> Mark:
    name = asset_of(wallet_of(asset))
    try:
        return Mark(name, Decimal(str(usd)), at_ns, _SOURCE, f"{name}/{USD}")
    except (InvalidOperation, ValueError) as problem:
        raise ConfigError(f"{path}: {usd!r} of {asset} is no mark") from problem


def _objects(
    path: Path, columns: tuple[str, ...], watched: Watched = unwatched
) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines(path, "marks", watched), 1):
        if not line.strip():
            continue
        try:
            found = _LINE.decode(line)
        except (msgspec.MsgspecError, RecursionError) as problem:
            raise ConfigError(f"{path}: line {number}: {problem}") from problem
        if not isinstance(found, dict) or any(name not in found for name in columns):
            raise ConfigError(f"{path}: line {number} lacks one of {', '.join(columns)}")
        yield found


#: Numbers that are not quoted are exact all the same.
_LINE: Final = msgspec.json.Decoder(Any, float_hook=Decimal)
