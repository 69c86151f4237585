"""Where the desk's log lines go: a JSON file, and a person's terminal or a supervisor's pipe.

Lines are written by the thread that logs, each with one ``write``: a queue and a writer of its
own would be cheaper for that thread, and would lose the last lines of a process that is killed,
which are the ones people look for. A closed file is compressed at once by whoever wrote the
next line; at eight megabytes that takes some tens of milliseconds.

Secrets never get here by design. The redactor is the last net, for what design overlooked.
"""

import contextlib
import json
import math
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import quote, quote_plus

import attrs
from loguru import logger

from zoe.app.log_file import LogFile
from zoe.app.log_stream import LogStream, takes_colours
from zoe.domain.bounds import one_of, within
from zoe.domain.words import counted
from zoe.runtime import trace

FILE: Final = "zoe.jsonl"
REDACTED: Final = "[redacted]"
#: Every line has these, in this order, before the event's own fields; null outside a turn.
IDS: Final = ("actor", "incarnation", "correlation_id", "causation_id", "message_id")
#: A Kraken private key is 64 bytes in base64: 86 characters and two equals signs.
_KEY_LIKE: Final = re.compile(r"[A-Za-z0-9+/]{80,}={0,2}")
_KEY_LENGTH: Final = 80
_SHORTEST_SECRET: Final = 4
#: Where a record carries its finished line from the format to the file; no event's own field.
_LINE: Final = "__line__"
_COLOURS: Final = {"DEBUG": "2", "INFO": "36", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
#: What a line says in detail has the terminal's own colour, unless somebody should look at it.
_FIELDS: Final = {level: colour for level, colour in _COLOURS.items() if level != "INFO"}
#: What people see all day long is said in fewer words: the fields, and how they are said.
_PHRASES: Final = {
    "order.state_changed": (
        ("side", "quantity", "pair", "limit_price", "was", "state"),
        "{side} {quantity} {pair} at {limit_price}: {was} > {state}",
    )
}
_UUID: Final = re.compile(r"([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@attrs.frozen
class LogSettings:
    """The ``[log]`` section.

    Attributes:
        level: The least that is written: DEBUG, INFO, WARNING, ERROR or CRITICAL.
        file_bytes: A file is closed and compressed when it would grow beyond this.
        files: How many closed files are kept.
    """

    level: str = attrs.field(default="INFO", validator=one_of(*_COLOURS))
    file_bytes: int = attrs.field(default=8_000_000, validator=within(1_000, 10**12))
    files: int = attrs.field(default=20, validator=within(1, 100_000))


class Redactor:
    """Takes known secrets, and whatever looks like a private key, out of texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: set[str] = set()
        self._known: re.Pattern[str] | None = None
        for secret in secrets:
            self.register(secret)

    def register(self, secret: str) -> None:
        """From here on ``secret`` is never written, nor its URL-encoded and escaped spellings."""
        if len(secret) < _SHORTEST_SECRET:
            return
        escaped = (json.dumps(secret)[1:-1], repr(secret)[1:-1])
        self._spellings.update((secret, quote(secret, safe=""), quote_plus(secret), *escaped))
        # The longest first: a secret may hold another one.
        longest = sorted(self._spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest)))

    def clean(self, text: str) -> str:
        """``text`` without what must not be seen."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        return _KEY_LIKE.sub(REDACTED, text) if len(text) >= _KEY_LENGTH else text


def set_up(
    settings: LogSettings,
    directory: Path,
    redactor: Redactor,
    stream: TextIO | None = None,
    *,
    json_lines: bool = False,
) -> LogFile:
    """Sends every line to ``directory/zoe.jsonl`` and to ``stream``; returns the file.

    Args:
        settings: Level and sizes.
        directory: Made if absent, for this user alone.
        redactor: Asked about every text; more may be registered later.
        stream: Standard error unless given. A terminal gets short coloured lines.
        json_lines: The same lines on a terminal as elsewhere.

    Raises:
        OSError: the directory or the file cannot be written.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = LogFile(directory / FILE, settings.file_bytes, settings.files)
    # Two steps: the patcher must be in place before the first line can be written.
    logger.remove()
    logger.configure(patcher=patcher(redactor))
    logger.add(
        file,
        level=settings.level,
        format=_json_format,
        backtrace=False,
        diagnose=False,  # it prints the values of variables, keys among them
    )
    logger.add(
        _to_stream(sys.stderr if stream is None else stream, json_lines),
        level=settings.level,
        format=_json_format,
        backtrace=False,
        diagnose=False,
    )
    return file


def silence() -> None:
    """Drops every line: for commands whose answer is all that people want to see."""
    logger.remove()


def patcher(redactor: Redactor) -> Callable[[Any], None]:
    """Adds the turn's ids to a record and makes everything in it plain and clean.

    The record itself is changed, not only what is written: loguru prints whole records to
    standard error when a sink fails.
    """

    def patch(record: Any) -> None:
        trace.patch(record)
        error = record["exception"]
        if error is not None:
            lines = traceback.format_exception(error.type, error.value, error.traceback)
            record["extra"]["trace"] = "".join(lines)
            record["exception"] = None
        record["message"] = redactor.clean(record["message"])
        record["extra"] = {
            name: plain(value, redactor.clean) for name, value in record["extra"].items()
        }

    return patch


def plain(value: object, clean: Callable[[str], str]) -> Any:
    """``value`` as JSON can say it; decimals as text, so that no digit is lost."""
    match value:
        case None | bool() | int() if not isinstance(value, Enum):
            return value
        case float() if math.isfinite(value):
            return value
        case Enum():
            return plain(value.value, clean)
        case Mapping():
            return {clean(str(key)): plain(item, clean) for key, item in value.items()}
        case tuple() | list():
            return [plain(item, clean) for item in value]
        case set() | frozenset():
            return sorted((plain(item, clean) for item in value), key=str)
        case _:
            return clean(str(value))


def json_line(record: Any) -> str:
    """One compact JSON object, without the line's end; ASCII, so that any reader can take it."""
    extra = {name: value for name, value in record["extra"].items() if name != _LINE}
    line: dict[str, object] = {
        "ts": _timestamp(record["time"]),
        "level": record["level"].name,
        "event": record["message"],
    }
    line.update((name, extra.pop(name, None)) for name in IDS)
    # An event's own field must not pass for one of the line's.
    line.update((f"{name}_" if name in line else name, value) for name, value in extra.items())
    return json.dumps(line, separators=(",", ":"))


def short_line(record: Any) -> str:
    """What a person sees: time of day, level, actor, event, and the fields that say something.

    Long ids are cut short and nothing is said twice; the file has everything.
    """
    extra = record["extra"]
    level = record["level"].name
    actor = str(extra.get("actor") or "-")
    said = {
        name: _brief(_shown(value))
        for name, value in extra.items()
        if name not in IDS
        and name not in (_LINE, "trace")
        and value is not None
        and not (isinstance(value, str) and actor.endswith(f"/{value}"))
    }
    colour = _COLOURS.get(level, "0")
    when = f"{record['time']:%H:%M:%S}.{record['time'].microsecond // 1000:03d}"
    text = (
        f"\x1b[2m{when}\x1b[0m \x1b[{colour}m{level:8}\x1b[0m {_brief(actor):15} "
        f"\x1b[1;{colour}m{_shown(record['message'])}\x1b[0m "
        f"\x1b[{_FIELDS.get(level, '0')}m{_in_words(record['message'], said)}"
    )
    return f"{text}{_indented(extra.get('trace'))}\x1b[0m"


def _in_words(event: str, said: dict[str, str]) -> str:
    names, phrase = _PHRASES.get(event, ((), ""))
    words = []
    if names and said.keys() >= set(names):
        words.append(phrase.format_map(said))
        said = {name: value for name, value in said.items() if name not in names}
    return " ".join([*words, *(f"{name}={value}" for name, value in said.items())])


def _brief(text: str) -> str:
    return _UUID.sub(r"\1", text)


def _json_format(record: Any) -> str:
    # loguru formats what is returned with the record; the line goes in as a value, since it
    # is full of braces.
    record["extra"][_LINE] = json_line(record)
    return f"{{extra[{_LINE}]}}\n"


def _to_stream(stream: TextIO, json_lines: bool) -> Callable[[Any], None]:
    short = stream.isatty() and not json_lines
    show, note = (short_line, _short_note) if short else (json_line, _json_note)
    lines, plain = LogStream(stream, note), short and not takes_colours(stream)

    def write(message: Any) -> None:
        line = show(message.record)
        # A terminal that was closed, or a pipe nobody reads, is no reason to stop trading.
        with contextlib.suppress(OSError, ValueError):
            lines.write(_COLOUR.sub("", line) if plain else line)

    return write


def _short_note(count: int) -> str:
    return f"… {counted(count, 'line')} in the log file alone"


def _json_note(count: int) -> str:
    line = {
        "ts": _timestamp(datetime.now(UTC)),
        "level": "INFO",
        "event": "log.left_out",
        **dict.fromkeys(IDS),
    }
    return json.dumps(line | {"lines": count}, separators=(",", ":"))


def _timestamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    # Texts of the exchange must not be able to command the terminal.
    return text if text.isprintable() else json.dumps(text)


def _indented(text: str | None) -> str:
    return "".join(f"\n    {_shown(line)}" for line in (text or "").splitlines())
