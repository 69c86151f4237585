"""What went wrong, as an exit code and one line."""

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
    if isinstance(problem, OSError) and problem.strerror:
        where = f"{problem.filename}: " if problem.filename else ""
        return f"{where}{problem.strerror}"
    return str(problem)
