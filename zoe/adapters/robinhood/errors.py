"""What a status and a body say of a request (facts sheet, section 1.6)."""

from typing import Final

import msgspec

from zoe.adapters.http_session import HttpAnswer
from zoe.domain.errors import ExchangeRejected, ExchangeThrottled, ExchangeUnavailable

#: A wait that somebody asks for is no longer than this.
LONGEST_WAIT_SECONDS: Final = 300
_TOO_MANY: Final = 429
_TIMEOUT: Final = 408
_MOST_TEXT: Final = 300


class _Error(msgspec.Struct):
    detail: str = ""
    attr: str | None = None


class _Errors(msgspec.Struct):
    type: str
    errors: list[_Error] = []


_ERRORS: Final = msgspec.json.Decoder(_Errors)


def unwrap(answer: HttpAnswer, *, write: bool) -> bytes:
    """The body of an answer that says yes.

    Args:
        write: Whether the request would have changed something: it may have, even over a limit.

    Raises:
        ExchangeRejected: Understood and refused.
        ExchangeThrottled: Over a limit; never of a write.
        ExchangeUnavailable: Anything else; whether a write was done is unknown.
    """
    status = answer.status
    if 200 <= status < 300:
        return answer.body
    told = f"HTTP {status}: {_text(answer.body)}".rstrip(": ")
    if status == _TOO_MANY and not write:
        raise ExchangeThrottled(told, _seconds(answer.header("Retry-After")))
    if 400 <= status < 500 and status not in (_TOO_MANY, _TIMEOUT):
        raise ExchangeRejected(told)
    raise ExchangeUnavailable(told)


def _text(body: bytes) -> str:
    """What the answer says, on one line; nothing of a page of HTML."""
    try:
        said = _ERRORS.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    each = (
        f"{error.attr}: {error.detail}" if error.attr else error.detail for error in said.errors
    )
    text = f"{said.type} {'; '.join(each)}"
    return " ".join(text[:_MOST_TEXT].split())


def _seconds(text: str | None) -> int | None:
    """Of ``Retry-After``, where it is a number; a date there nobody has seen."""
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:9]), LONGEST_WAIT_SECONDS)
