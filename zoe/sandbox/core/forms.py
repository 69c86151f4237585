"""The fields of REST requests, as texts: queries, forms and JSON objects (facts, 1.1)."""

import re
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from zoe.sandbox.core import errors
from zoe.sandbox.core.errors import Refusal
from zoe.sandbox.core.wire import HttpRequest

_LISTED: Final = re.compile(r"(\w+)\[(\d{0,3})\](?:\[(\w+(?:\]\[\w+)?)\])?", re.ASCII)
#: Numbers stay the text they are: REST's parameters are texts.
_BODY: Final = msgspec.json.Decoder(dict[str, Any], float_hook=str)


class Fields(dict[str, str]):
    """The fields of a request; lists are in them with commas, and in ``lists`` as they came."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[str, list[Any]] = {}

    def rows(self, name: str) -> list["Fields"]:
        """A list of objects.

        Raises:
            Refusal: It is something else.
        """
        rows = self.lists.get(name, [])
        if not all(isinstance(row, dict) for row in rows):
            raise errors.invalid(name)
        return [_flat(row) for row in rows]


def fields_of(request: HttpRequest) -> Fields:
    """The fields of a request's body.

    Raises:
        Refusal: It cannot be read.
    """
    if "json" not in request.headers.get("content-type", "").lower():
        return form(request.body)
    try:
        return _flat(_BODY.decode(request.body))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Refusal(errors.BAD_REQUEST) from None


def _flat(found: dict[str, Any]) -> Fields:
    fields = Fields()
    for name, value in found.items():
        if isinstance(value, dict):
            fields.update({f"{name}[{part}]": _text(inner) for part, inner in value.items()})
        elif value is not None:
            fields[name] = _text(value)
        if isinstance(value, list):
            fields.lists[name] = value
    return fields


def form(body: bytes) -> Fields:
    """A form's fields; ``orders[0][price]=1`` and ``orders[]=1`` are lists.

    Raises:
        Refusal: It cannot be read.
    """
    try:
        pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    except ValueError:
        raise Refusal(errors.BAD_REQUEST) from None
    fields, listed = Fields(), dict[str, dict[str, Any]]()
    for name, value in pairs:
        found = _LISTED.fullmatch(name)
        if found is None:
            fields[name] = value
            continue
        rows = listed.setdefault(found[1], {})
        number = found[2] or str(len(rows))
        if found[3] is None:
            rows[number] = value
        else:
            row = rows.setdefault(number, {})
            if isinstance(row, dict):
                row[found[3].replace("][", "[") + "]" * ("][" in found[3])] = value
    fields.lists = {name: list(rows.values()) for name, rows in listed.items()}
    return fields


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(_text(part) for part in value)
        case _:
            return str(value)
