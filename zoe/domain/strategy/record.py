"""Views and states as text: what the journal keeps, so that a decision can be made again.

The text is the same for the same values (sorted keys, no blanks); decimals, ints and floats come
back exactly as they were. A state of an older schema is migrated by its strategy or refused.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar

import attrs
import cattrs

from zoe.domain.errors import ConfigError
from zoe.domain.strategy.view import Decision, Engine, Strategy, View, Want

T = TypeVar("T")
#: From a schema to the next one.
Migrations = Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]

_CONVERTER: Final = cattrs.Converter()
_CONVERTER.register_structure_hook(Decimal, lambda text, _: Decimal(text))


class StateRefused(ConfigError):
    """A stored state that this code cannot read: it is never guessed."""


class DecisionDiffers(Exception):
    """The same View and state gave other wants than were journalled."""


def text(value: Any) -> str:
    """Canonical JSON of a View, a Want, a Sleeve or a state."""
    plain = _CONVERTER.unstructure(value)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), default=_digits)


def _digits(value: object) -> str:
    assert isinstance(value, Decimal), value
    return str(value)


def read(kind: type[T], stored: str) -> T:
    """The value that ``text`` wrote."""
    return _CONVERTER.structure(json.loads(stored), kind)


def digest(view: View) -> str:
    """Names a View by all that is in it."""
    return digest_of(text(view))


def digest_of(stored: str) -> str:
    """Names a View by its text."""
    return hashlib.sha256(stored.encode()).hexdigest()


def read_state(kind: type[T], stored: str, migrations: Migrations | None = None) -> T:
    """A state as it was stored, brought to the schema of ``kind``.

    Raises:
        StateRefused: It has a newer schema, one that nobody migrates, or other fields.
    """
    body = json.loads(stored)
    wanted = attrs.fields_dict(kind)["schema"].default  # type: ignore[arg-type]  # an attrs class
    steps = migrations or {}
    found = body.get("schema") if isinstance(body, dict) else None
    if not isinstance(found, int):
        raise StateRefused(f"state without a schema: {stored[:80]}")
    while body["schema"] != wanted:
        step = steps.get(body["schema"])
        if step is None:
            raise StateRefused(f"state of schema {found}, {kind.__name__} is of {wanted}")
        before = body["schema"]
        body = step(body)
        assert body["schema"] > before, "a migration leads to a later schema"
    unknown = sorted(set(body) - set(attrs.fields_dict(kind)))  # type: ignore[arg-type]  # the same
    if unknown:
        raise StateRefused(f"state of schema {found} with unknown fields {', '.join(unknown)}")
    try:
        return _CONVERTER.structure(body, kind)
    except (cattrs.BaseValidationError, ArithmeticError, LookupError, TypeError, ValueError) as bad:
        raise StateRefused(f"state of schema {found} is not readable: {bad}") from bad


def again(strategy: Engine | Strategy, state: Any, view: View, wants: tuple[Want, ...]) -> Decision:
    """Decides once more on a stored View.

    Raises:
        DecisionDiffers: Not the same wants, bit for bit.
    """
    decision = strategy.decide(state, view)
    if text(decision.wants) != text(wants):
        raise DecisionDiffers(f"journalled {text(wants)}, again {text(decision.wants)}")
    return decision
