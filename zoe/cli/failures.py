"""What went wrong, as an exit code and one line."""

import os
import traceback
from pathlib import Path
from typing import Final

from zoe.app.door_client import NoAnswer, NoDesk
from zoe.cli import show
from zoe.domain.errors import (
    ConfigError,
    ExchangeRejected,
    ExchangeThrottled,
    ExchangeUnavailable,
    StoreError,
    WireError,
    ZoeError,
)

#: Where zoe's own sources are.
_OURS: Final = Path(__file__).parents[1]

NO: Final = 1
USAGE: Final = 2
NO_DESK: Final = 3
REFUSED: Final = 4
TIMED_OUT: Final = 5

_CODES: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (NoDesk, NO_DESK, "no_desk"),
    (NoAnswer, TIMED_OUT, "no_answer"),
    (ConfigError, USAGE, "configuration"),
    (StoreError, USAGE, "store"),
    (WireError, NO, "not_understood"),
    (ExchangeRejected, REFUSED, "refused"),
    (ExchangeThrottled, REFUSED, "throttled"),
    (ExchangeUnavailable, REFUSED, "unavailable"),
    (OSError, USAGE, "place"),
    (ZoeError, NO, "error"),
)


def tell(problem: ZoeError | OSError, *, json: bool) -> int:
    """The exit code of an error, after telling people of it.

    Args:
        json: Put it on standard output too, as the document that was asked for.
    """
    code, word = next((c, w) for kind, c, w in _CODES if isinstance(problem, kind))
    text = _words(problem)
    show.note(text)
    if json:
        show.document({"error": {"code": word, "text": text}})
    return code


def _words(problem: ZoeError | OSError) -> str:
    if not isinstance(problem, OSError) or (str(problem) and not problem.strerror):
        return str(problem)
    if isinstance(problem.filename, str | bytes):
        return f"{os.fsdecode(problem.filename)}: {problem.strerror}"
    return f"{problem.strerror or type(problem).__name__}{_call_of(problem)}"


def _call_of(problem: OSError) -> str:
    """Where of ours the call is that failed: of an error that names no file nothing else tells it."""
    for frame in reversed(traceback.extract_tb(problem.__traceback__)):
        place = Path(frame.filename)
        if place.is_relative_to(_OURS):
            return f" ({place.relative_to(_OURS.parent)}:{frame.lineno}: {frame.line})"
    return ""
