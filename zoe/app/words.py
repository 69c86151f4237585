"""Settings that are one of a few words."""

import difflib
from collections.abc import Callable
from typing import Any


def one_of(*known: str) -> Callable[[Any, Any, str], None]:
    """An attrs validator that refuses any other word, and says which may have been meant."""
    words = f"{', '.join(known[:-1])} or {known[-1]}"
    by_lower = {word.lower(): word for word in known}

    def check(_: Any, field: Any, value: str) -> None:
        if value not in known:
            near = difflib.get_close_matches(value.lower(), by_lower, 1)
            guess = f"; did you mean {by_lower[near[0]]}?" if near else ""
            raise ValueError(f"{field.name} must be {words}, not {value!r}{guess}")

    return check
