"""``zoe logs``: the desk's log, for people and programs."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from zoe.app import log_reading
from zoe.app.log_reading import Found, Line, Wanted
from zoe.app.log_stream import takes_colours
from zoe.cli import configured, show

PAUSE_SECONDS: Final = 0.2
BACKLOG: Final = 10
_COLOURS: Final = {"DEBUG": "2", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
_ENVELOPE: Final = (
    *("ts", "level", "event", "actor", "incarnation"),
    *("correlation_id", "causation_id", "message_id", "trace"),
)


def logs(arguments: Namespace) -> int:
    """Prints what was asked for; with ``-f`` until it is interrupted."""
    current = configured.load(arguments).log_path
    if not any(path.exists() for path in log_reading.files(current)):
        show.note(f"no log in {current.parent}: no desk has run there yet")
    ids = () if arguments.id is None else log_reading.spellings(arguments.id)
    wanted = Wanted(ids, arguments.actor, arguments.level.upper())
    colours = takes_colours(sys.stdout)
    for raw, line in _chosen(arguments, current, wanted):
        print(raw.decode("utf-8", "replace") if arguments.json else _short(line, colours))
        if arguments.follow:
            sys.stdout.flush()
    return 0


def _chosen(arguments: Namespace, current: Path, wanted: Wanted) -> Iterator[Found]:
    if arguments.follow:
        backlog = BACKLOG if arguments.lines is None else arguments.lines
        return log_reading.follow(current, wanted, _pause, backlog)
    if arguments.lines is not None:
        return iter(log_reading.newest(current, wanted, arguments.lines))
    return log_reading.lines(current, wanted)


def _pause() -> bool:
    time.sleep(PAUSE_SECONDS)
    return True


def _short(line: Line, colours: bool) -> str:
    """Time, level, actor, event and fields in one line."""
    fields = " ".join(
        f"{name}={_value(value)}" for name, value in line.items() if name not in _ENVELOPE
    )
    moment = show.plain(str(line.get("ts", ""))).replace("T", " ")
    level = show.plain(str(line.get("level")))
    actor = show.plain(str(line.get("actor") or show.NOTHING))
    text = f"{moment} {level:8} {actor:14} {show.plain(str(line['event']))} {fields}".rstrip()
    trace = "".join(
        f"\n    {show.plain(part)}" for part in str(line.get("trace") or "").splitlines()
    )
    colour = _COLOURS.get(level) if colours else None
    return f"{text}{trace}" if colour is None else f"\x1b[{colour}m{text}{trace}\x1b[0m"


def _value(value: object) -> str:
    return show.plain(value) if isinstance(value, str) else json.dumps(value)
