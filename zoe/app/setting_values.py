"""What a setting's text, or TOML's own value, is made into: one converter for each type of field."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from zoe.domain.errors import ConfigError

_LONGEST_SHOWN: Final = 60


def convert(key: str, wanted: Any, value: Any, source: str) -> Any:
    """A value as its field wants it.

    Raises:
        ConfigError: It is nothing such.
    """
    converter = _CONVERTERS.get(wanted)
    assert converter is not None, f"{key} has a type without a converter"
    try:
        return converter(value)
    except (ValueError, TypeError) as problem:
        shown = repr(str(value))
        shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"
        raise ConfigError(
            f"configuration: {key} ({source}) cannot be {shown}: {problem}"
        ) from problem


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError("a whole number is needed")
    try:
        return int(value)
    except ValueError as problem:
        raise ValueError("a whole number is needed") from problem


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false is needed")
    return value


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TypeError("a number is needed")
    try:
        number = Decimal(value)
    except InvalidOperation as problem:
        raise ValueError("a number is needed") from problem
    if not number.is_finite():
        raise ValueError("a finite number is needed")
    return number


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if not isinstance(value, list):
        raise TypeError("a list of texts is needed")
    return tuple(map(_text, value))


_CONVERTERS: Final[dict[Any, Callable[[object], Any]]] = {
    int: _integer,
    bool: _boolean,
    str: _text,
    Decimal: _decimal,
    float: _decimal,  # by the section itself, which knows what it may be
    tuple[str, ...]: _texts,
}
