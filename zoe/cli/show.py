"""Printing: JSON for programs, tables for a person's terminal, aligned text for everything else.

Standard output is the answer; notes go to standard error.
"""

import csv
import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

NANOSECONDS: Final = 1_000_000_000
NOTHING: Final = "-"
#: Columns whose text may be broken into lines.
PROSE: Final = frozenset({"story", "reason", "detail", "last_error"})
_LEAST_PROSE: Final = 20
_GAP: Final = 3

Row = Mapping[str, Any]


def document(value: Any) -> None:
    """One JSON document on standard output; for a person's eyes it is indented."""
    if sys.stdout.isatty():
        print(json.dumps(value, indent=2, default=str))
    else:
        print(json.dumps(value, separators=(",", ":"), default=str))


def note(text: str) -> None:
    """One line on standard error."""
    print(f"zoe: {plain(' '.join(text.split()))}", file=sys.stderr)


def facts(pairs: Mapping[str, Any]) -> None:
    """Names and values, a line each."""
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        print(f"{name:{width}}  {cell(value)}")


def comma_separated(columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Rows as CSV under a line of their columns; what a row lacks is empty."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if row.get(name) is None else row[name] for name in columns])


def table(columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Rows under their columns; columns that no row fills are left out."""
    texts = [[cell(row.get(name)) for name in columns] for row in rows]
    used = [n for n in range(len(columns)) if any(row[n] != NOTHING for row in texts)]
    heads = [columns[n] for n in used]
    texts = [[row[n] for n in used] for row in texts]
    if sys.stdout.isatty() and _fits(heads, texts):
        _rich_table(heads, texts)
    else:
        _text_table(heads, texts)


def _fits(heads: list[str], texts: list[list[str]]) -> bool:
    """Whether everything but prose has its place: an id must never be cut or broken."""
    stiff = [
        width for head, width in zip(heads, _widths(heads, texts), strict=True) if head not in PROSE
    ]
    room = shutil.get_terminal_size().columns - sum(stiff) - _GAP * len(heads)
    return room >= _LEAST_PROSE * (len(heads) - len(stiff))


def _widths(heads: list[str], texts: list[list[str]]) -> list[int]:
    return [max(len(row[n]) for row in (heads, *texts)) for n in range(len(heads))]


def _rich_table(heads: list[str], texts: list[list[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for n, head in enumerate(heads):
        right = all(_is_number(row[n]) for row in texts)
        drawn.add_column(
            head.replace("_", " "),
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=head not in PROSE,
        )
    for row in texts:
        drawn.add_row(*map(Text, row))
    Console().print(drawn)


def _text_table(heads: list[str], texts: list[list[str]]) -> None:
    widths = _widths(heads, texts)
    numeric = [all(_is_number(row[n]) for row in texts) for n in range(len(heads))]
    for row in (heads, *texts):
        cells = [
            f"{text:>{width}}" if right else f"{text:{width}}"
            for text, width, right in zip(row, widths, numeric, strict=True)
        ]
        print("  ".join(cells).rstrip())


def cell(value: Any) -> str:
    """A value as text that cannot command a terminal."""
    match value:
        case None | "":
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case str():
            return plain(value)
        case float():
            return f"{value:.3f}".rstrip("0").rstrip(".")
        case list() | tuple():
            return ", ".join(map(cell, value)) or NOTHING
        case dict():
            return ", ".join(f"{name} {cell(item)}" for name, item in value.items()) or NOTHING
        case _:
            return str(value)


def plain(text: str) -> str:
    """``text`` without characters that move a cursor or change a colour."""
    return text if text.isprintable() else json.dumps(text)


def moment(at_ns: int | None) -> str | None:
    """RFC 3339 with nanoseconds, as exact as the journal."""
    if at_ns is None:
        return None
    seconds, rest = divmod(at_ns, NANOSECONDS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def clock(at_ns: int | None) -> str | None:
    """Date and time of day to the millisecond, UTC, for a person."""
    if at_ns is None:
        return None
    seconds, rest = divmod(at_ns, NANOSECONDS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest // 1_000_000:03d}"


def _is_number(text: str) -> bool:
    return text == NOTHING or text.replace(".", "", 1).removeprefix("-").isdecimal()
