"""Settings that are one of a few words."""

from collections.abc import Callable
from typing import Any

from zoe.domain.words import hint


def one_of(*known: str) -> Callable[[Any, Any, str], None]:
    """An attrs validator that refuses any other word, and says which may have been meant."""
    words = f"{', '.join(known[:-1])} or {known[-1]}"

    def check(_: Any, field: Any, value: str) -> None:
        if value not in known:
            raise ValueError(f"{field.name} must be {words}, not {value!r}{hint(value, known)}")

    return check
