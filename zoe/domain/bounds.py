"""What a setting's value may be: validators that say in one form what is allowed, and what was given."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs

from zoe.domain.words import hint

Validator = Callable[[object, "attrs.Attribute[Any]", Any], None]


def within(least: Decimal | int, most: Decimal | int) -> Validator:
    """Refuses a value outside least to most, both included."""

    def check(_: object, attribute: "attrs.Attribute[Any]", value: Decimal | int) -> None:
        if not least <= value <= most:
            raise ValueError(f"{attribute.name} must be {least} to {most}, not {value}")

    return check


def one_of(*known: str | int) -> Validator:
    """Refuses any other word or number, and says which word may have been meant."""
    words = list(map(str, known))
    allowed = f"{', '.join(words[:-1])} or {words[-1]}"

    def check(_: object, attribute: "attrs.Attribute[Any]", value: str | int) -> None:
        if value not in known:
            meant = hint(str(value), words)
            raise ValueError(f"{attribute.name} must be {allowed}, not {value!r}{meant}")

    return check


def filled(_: object, attribute: "attrs.Attribute[Any]", value: str) -> None:
    """Refuses an empty text."""
    if not value:
        raise ValueError(f"{attribute.name} must not be empty")
